//! Bad and unusual labels, each kind once. Rejected labels must become dead letters without any change; accepted ones
//! must be counted correctly.

use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, STOP_MAX};
use crate::joined::{Joined, await_heard};
use crate::labelled::{Inputs, close_at};
use crate::labels::{inputs, quality};
use crate::outcome::Outcome;
use crate::start_up::{assert_names, refusal};
use crate::stream::{START, input_topic};
use crate::support::{Broker, Isolation, Producer, Sent, Tidegauge, wait_for};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Event time of every prediction in this file.
const MADE: i64 = START + 3 * HOUR;
const SOON: Duration = Duration::from_secs(60);
/// Number of labels per id in the flood.
const FLOOD: usize = 50_000;

/// Configuration with a horizon of one day, so that the end comes soon.
const SHORT: &str = "windows: [{length: 1h, step: 1h}]\njoin: {horizon: 24h, lead: 1h}\n";

fn short(broker: &Broker, inputs: &Inputs, more: &'static str) -> Deployment {
    Deployment {
        labels: Some(inputs.labels.clone()),
        more,
        ..Deployment::new(broker, &inputs.predictions)
    }
}

fn send(producer: &Producer, topic: &str, partition: usize, value: Option<&[u8]>, millis: i64) {
    producer.send(
        topic,
        &Sent {
            partition: partition as i32,
            key: Some(b"\xffkey"),
            value,
            timestamp_millis: Some(millis),
            ..Sent::default()
        },
    );
}

/// Sends one prediction of class `yes` by the model `m`, at `MADE`.
fn predict(producer: &Producer, inputs: &Inputs, id: &str) {
    let value = json!({"id": id, "model": "m", "timestamp": MADE, "prediction": {"label": "yes", "score": 0.9}});
    let bytes = value.to_string().into_bytes();
    let partition = id.len() % inputs.prediction_partitions;
    send(producer, &inputs.predictions, partition, Some(&bytes), MADE);
}

/// Sends a label that arrives `minutes` minutes after `MADE`. All labels go to one partition, so they keep their order.
fn label(producer: &Producer, inputs: &Inputs, value: &Value, minutes: i64) {
    let bytes = value.to_string().into_bytes();
    let millis = MADE + minutes * MINUTE;
    send(producer, &inputs.labels, 0, Some(&bytes), millis);
}

/// Rejected labels, and the reason for each.
fn refused() -> Vec<(&'static str, Option<Vec<u8>>)> {
    let of = |value: Value| Some(value.to_string().into_bytes());
    let weighed = |weight: Value| of(json!({"id": "plain", "label": "no", "weight": weight}));
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let judges: serde_json::Map<String, Value> =
        (0..33).map(|n| (format!("j{n}"), json!(0.5))).collect();
    vec![
        ("missing_id", of(json!({"label": "no"}))),
        ("missing_id", of(json!({"id": "", "label": "no"}))),
        (
            "label_and_value",
            of(json!({"id": "plain", "label": "no", "value": 1.0})),
        ),
        ("bad_weight", weighed(json!(-1))),
        ("bad_weight", weighed(json!(0))),
        ("bad_weight", weighed(json!(1e9))),
        ("wrong_type", weighed(json!("NaN"))),
        (
            "not_json",
            text("{\"id\": \"plain\", \"label\": \"no\", \"weight\": NaN}"),
        ),
        (
            "number_out_of_range",
            text("{\"id\": \"plain\", \"label\": \"no\", \"weight\": 1e400}"),
        ),
        ("label_without_truth", of(json!({"id": "plain"}))),
        (
            "label_without_truth",
            of(json!({"id": "plain", "evaluations": {"j": null}})),
        ),
        (
            "too_many_evaluations",
            of(json!({"id": "plain", "evaluations": judges})),
        ),
        ("wrong_type", of(json!({"id": "plain", "label": 0.5}))),
        (
            "duplicate_key",
            text("{\"id\": \"plain\", \"label\": \"no\", \"label\": \"yes\"}"),
        ),
        (
            "timestamp_in_future",
            of(json!({"id": "plain", "label": "no", "timestamp": MADE + DAY})),
        ),
        (
            "timestamp_too_old",
            of(json!({"id": "plain", "label": "no", "timestamp": 0})),
        ),
        ("empty_payload", None),
        ("not_json", text("no label at all")),
    ]
}

#[test]
fn each_kind_of_label_is_refused_or_counted_where_it_belongs() {
    let Some(broker) = Broker::or_skip("each_kind_of_label_is_refused_or_counted_where_it_belongs")
    else {
        return;
    };
    let inputs = inputs(&broker, 2, 3);
    let producer = Producer::new(&broker);
    let ids = [
        "plain",
        "value",
        "maybe",
        "corrected",
        "lead",
        "too-early",
        "last",
        "too-late",
        "never",
        "judged",
    ];
    ids.iter().for_each(|id| predict(&producer, &inputs, id));
    let tell = |value: Value, minutes| label(&producer, &inputs, &value, minutes);
    tell(json!({"id": "too-early", "label": "yes"}), -61);
    tell(json!({"id": "lead", "label": "yes"}), -59);
    let refused = refused();
    for (_, value) in &refused {
        send(&producer, &inputs.labels, 0, value.as_deref(), MADE);
    }
    tell(json!({"id": "plain", "label": "yes", "weight": 1e6}), 1);
    tell(json!({"id": "value", "value": 3.5}), 2);
    tell(json!({"id": "maybe", "label": "maybe"}), 3);
    tell(json!({"id": "nobody", "label": "yes"}), 4);
    // The correction arrives before the label that it corrects, and it wins.
    let made = |label: &str, millis: i64| json!({"id": "corrected", "label": label, "timestamp": MADE + millis});
    tell(made("no", 2), 5);
    tell(made("yes", 1), 6);
    tell(
        json!({"id": "judged", "evaluations": {"faithful": 0.5, "odd": -3.0}}),
        7,
    );
    tell(json!({"id": "last", "label": "yes"}), 24 * 60);
    tell(json!({"id": "too-late", "label": "yes"}), 24 * 60 + 1);
    producer.flush();
    close_at(&producer, &inputs, START + 3 * DAY);

    let deployment = short(&broker, &inputs, SHORT);
    let mut processes = [deployment.start()];
    let joined = await_heard(&mut processes, ids.len() as i64, 11, SOON);
    await_reports(&deployment, "\"age\":\"horizon\"");
    assert!(processes[0].terminate(STOP_MAX).success());

    joined.assert_conserved();
    let counted = [
        ("joined_total", 7),
        ("expired_total", 3), // too early, too late, never
        ("labels_joined_total", 7),
        ("labels_expired_total", 3),   // too early, too late, unknown id
        ("labels_duplicate_total", 1), // a label that was corrected before it arrived
        ("corrections_total", 0),
    ];
    for (name, count) in counted {
        assert_eq!(joined.get(name), count, "{name}: {joined:#?}");
    }
    assert_letters(&deployment, &refused);
    assert_final(&deployment);
}

/// Asserts that the dead letters are the rejected labels, byte for byte, in order.
#[track_caller]
fn assert_letters(deployment: &Deployment, refused: &[(&str, Option<Vec<u8>>)]) {
    let topic = deployment.topic("dead-letters");
    let letters = deployment.broker.read(&topic, Isolation::Committed);
    let reasons: Vec<&str> = letters
        .iter()
        .map(|letter| letter.header("tidegauge.reason").unwrap())
        .collect();
    let expected: Vec<&str> = refused.iter().map(|(reason, _)| *reason).collect();
    assert_eq!(reasons, expected);
    for (letter, (reason, value)) in letters.iter().zip(refused) {
        assert_eq!(&letter.value, value, "{reason}: not byte for byte");
        assert_eq!(letter.key.as_deref(), Some(&b"\xffkey"[..]), "{reason}");
    }
}

/// Asserts the report of the day after which no label can reach it any more.
#[track_caller]
fn assert_final(deployment: &Deployment) {
    let reports = quality(&Outcome::of(deployment).reports);
    let finals: Vec<&Value> = reports
        .iter()
        .filter(|r| r["model"] == "m" && r["age"] == "horizon")
        .collect();
    let [report] = finals[..] else {
        panic!("one final day: {finals:#?}")
    };
    assert_eq!(report["predicted"], 10, "{report:#}");
    // Value, maybe, plain, corrected, lead and last. The evaluation of a judge is not a truth.
    assert_eq!(report["labelled"], 6, "{report:#}");
    assert_eq!(report["mismatched"], 1, "{report:#}");
    assert_eq!(report["positive"], "yes");
    let fields = report["confusion"].as_array().unwrap().iter();
    let fields: Vec<(&str, &str, i64)> = fields
        .map(|f| {
            let class = |name: &str| f[name].as_str().unwrap();
            (
                class("predicted"),
                class("label"),
                f["count"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        fields,
        [("yes", "maybe", 1), ("yes", "no", 1), ("yes", "yes", 3)]
    );
    let cells = |name: &str| report["evaluations"][name]["cells"].to_string();
    assert_eq!(
        (&*cells("faithful"), &*cells("odd")),
        ("[[50,1]]", "[[255,1]]")
    );
}

/// Waits until a report contains `text`.
#[track_caller]
fn await_reports(deployment: &Deployment, text: &str) {
    wait_for(&format!("a report with {text}"), SOON, || {
        std::thread::sleep(Duration::from_millis(300));
        let topic = deployment.topic("reports");
        let reports = deployment.broker.read_now(&topic, Isolation::Committed);
        reports
            .iter()
            .any(|report| report.text().contains(text))
            .then_some(())
    });
}

#[test]
fn a_flood_of_labels_of_one_id_is_one_label_and_takes_no_memory() {
    let Some(broker) =
        Broker::or_skip("a_flood_of_labels_of_one_id_is_one_label_and_takes_no_memory")
    else {
        return;
    };
    let inputs = inputs(&broker, 1, 4);
    let producer = Producer::new(&broker);
    predict(&producer, &inputs, "known");
    let tell = |n: usize, value: &Value| {
        let bytes = value.to_string().into_bytes();
        let millis = MADE + n as i64 * 20;
        send(&producer, &inputs.labels, n % 4, Some(&bytes), millis);
    };
    let known = json!({"id": "known", "label": "yes", "timestamp": MADE});
    let unknown = json!({"id": "unknown", "label": "yes", "timestamp": MADE});
    for n in 0..FLOOD {
        tell(n, &known);
        tell(n, &unknown);
    }
    close_at(&producer, &inputs, MADE + 30 * MINUTE);
    let deployment = short(&broker, &inputs, SHORT);
    let mut processes = [deployment.start()];
    let flood = 2 * FLOOD as i64;
    let joined = await_heard(&mut processes, 1, flood, 2 * SOON);
    joined.assert_conserved();
    let counted = [
        ("joined_total", 1),
        ("labels_joined_total", 1),
        ("labels_waiting", 1),
        ("labels_duplicate_total", flood - 2),
        ("corrections_total", 0),
        ("entries", 1),
    ];
    for (name, count) in counted {
        assert_eq!(joined.get(name), count, "{name}: {joined:#?}");
    }
    let bytes = joined.get("bytes");
    assert!(bytes < 100_000, "{bytes} bytes for one entry and one label");

    // Later, neither label is waiting any more, nor are the labels that moved the clock before.
    close_at(&producer, &inputs, MADE + 3 * HOUR);
    let later = await_heard(&mut processes, 2, flood + 4, SOON);
    later.assert_conserved();
    let ended = ["labels_waiting", "labels_expired_total"].map(|name| later.get(name));
    assert_eq!(ended, [0, 2], "{later:#?}");
    assert!(processes[0].terminate(STOP_MAX).success());
}

#[test]
fn a_sample_leaves_predictions_and_labels_out_together() {
    let Some(broker) = Broker::or_skip("a_sample_leaves_predictions_and_labels_out_together")
    else {
        return;
    };
    let inputs = inputs(&broker, 2, 3);
    let producer = Producer::new(&broker);
    let ids: Vec<String> = (0..4_000).map(|n| format!("sampled-{n}")).collect();
    for id in &ids {
        predict(&producer, &inputs, id);
        label(&producer, &inputs, &json!({"id": id, "label": "yes"}), 1);
    }
    close_at(&producer, &inputs, MADE + HOUR);
    let sampled = "windows: [{length: 1h, step: 1h}]\njoin: {horizon: 24h, sample: 0.25}\n";
    let deployment = short(&broker, &inputs, sampled);
    let mut processes = [deployment.start()];
    let kept = wait_for("every sampled label", SOON, || {
        std::thread::sleep(Duration::from_millis(500));
        let now = Joined::of(&processes);
        (now.get("joined_total") > 0 && now.get("pending") == 0).then_some(now)
    });
    kept.assert_conserved();
    let joined = kept.get("joined_total");
    assert!(
        (850..1_150).contains(&joined),
        "a quarter of 4,000: {kept:#?}"
    );
    assert_eq!(kept.get("labels_joined_total"), joined, "{kept:#?}");
    // Predictions and labels are counted in one metric. The closing events may or may not be in the sample.
    let left_out = 2 * (4_000 - joined);
    let told = kept.get("sampled_out_total");
    assert!(
        (left_out..=left_out + 5).contains(&told),
        "{told} of {left_out}: {kept:#?}"
    );
    assert!(processes[0].terminate(STOP_MAX).success());
}

#[test]
fn a_missing_labels_topic_is_named() {
    let Some(broker) = Broker::or_skip("a_missing_labels_topic_is_named") else {
        return;
    };
    let deployment = Deployment {
        labels: Some("nobody-made-these-labels".to_owned()),
        ..Deployment::new(&broker, &input_topic(&broker, "in", 1))
    };
    let sentence = refusal(&deployment.config(), 1);
    assert_names(
        &sentence,
        &[
            "nobody-made-these-labels",
            "does not exist",
            "create it",
            "topics.labels",
        ],
    );
}

#[test]
fn bad_objectives_are_named() {
    let Some(broker) = Broker::or_skip("bad_objectives_are_named") else {
        return;
    };
    for (objective, words) in [
        (
            "{name: a, sli: accuracy, target: 1.0}",
            ["objectives", "target"],
        ),
        (
            "{name: a, sli: accuracy, target: 0}",
            ["objectives", "target"],
        ),
        (
            "{name: a, sli: accuracy, target: 1/0}",
            ["objectives", "target"],
        ),
        (
            "{name: a, sli: accuracy, target: 0.9, goal: 1}",
            ["objectives", "goal"],
        ),
        (
            "{name: a, sli: acuracy, target: 0.9}",
            ["objectives", "acuracy"],
        ),
        (
            "{name: a, sli: {latency_ms: {at_most: -1}}, target: 0.9}",
            ["objectives", "at_most"],
        ),
    ] {
        let deployment = Deployment {
            labels: Some("labels".to_owned()),
            more: "",
            ..Deployment::new(&broker, "in")
        };
        let config = format!("{}objectives: [{objective}]\n", deployment.config());
        let mut process = Tidegauge::run(&config);
        let status = process.await_exit(SOON);
        let log = process.log();
        assert_eq!(status.code(), Some(2), "{objective}: {log}");
        assert_names(&log, &words);
    }
}
