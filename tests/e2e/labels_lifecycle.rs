//! Labels across restarts and floods. The join is rebuilt from `outcomes`, nothing is published twice, and a nightly
//! load of labels does not delay drift evaluation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::deployment::{Deployment, EVERY_MINUTE, STOP_MAX};
use crate::joined::{Joined, await_heard};
use crate::labelled::{Inputs, close_at};
use crate::labels::{deployment, inputs, quality};
use crate::outcome::Outcome;
use crate::stream::START;
use crate::support::{Broker, Producer, Sent, Tidegauge, wait_for};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const SOON: Duration = Duration::from_secs(60);
/// Number of predictions that wait while the process is stopped.
const PENDING: usize = 100_000;
/// Number of labels in a nightly load.
const BATCH: usize = 100_000;

fn send(producer: &Producer, topic: &str, at: (usize, usize), value: String, millis: i64) {
    let (number, partitions) = at;
    producer.send(
        topic,
        &Sent {
            partition: (number % partitions) as i32,
            value: Some(value.as_bytes()),
            timestamp_millis: Some(millis),
            ..Sent::default()
        },
    );
}

fn predict(producer: &Producer, inputs: &Inputs, number: usize, millis: i64) {
    let class = if number.is_multiple_of(3) {
        "yes"
    } else {
        "no"
    };
    let value = json!({"id": format!("i{number}"), "model": "m", "timestamp": millis,
        "features": {"x": number % 7}, "prediction": {"label": class}});
    let at = (number, inputs.prediction_partitions);
    send(producer, &inputs.predictions, at, value.to_string(), millis);
}

/// Sends the label of a prediction by its number. Its partition follows another rule than that of the prediction.
fn label(producer: &Producer, inputs: &Inputs, number: usize, millis: i64) {
    let class = if number.is_multiple_of(2) {
        "yes"
    } else {
        "no"
    };
    let value = json!({"id": format!("i{number}"), "label": class});
    let at = (number / 7, inputs.label_partitions);
    send(producer, &inputs.labels, at, value.to_string(), millis);
}

fn stop(process: &mut Tidegauge) {
    assert!(process.terminate(STOP_MAX).success(), "{}", process.log());
}

/// Starts a process and waits until it is ready. Returns the process, and true if `/readyz` mentioned the rebuild
/// before.
fn start_and_watch(deployment: &Deployment) -> (Tidegauge, bool) {
    let process = deployment.start();
    let mut spoke = false;
    wait_for("/readyz to say 200", 2 * SOON, || {
        let answer = process.get("/readyz")?;
        let rebuilds = answer.body.contains("rebuilds the joins of");
        assert!(!rebuilds || answer.status == 503, "{answer:?}");
        spoke |= rebuilds;
        (answer.status == 200).then_some(())
    });
    (process, spoke)
}

#[test]
fn labels_that_come_after_a_restart_find_the_predictions_from_before_it() {
    let Some(broker) =
        Broker::or_skip("labels_that_come_after_a_restart_find_the_predictions_from_before_it")
    else {
        return;
    };
    let inputs = inputs(&broker, 2, 3);
    let deployment = deployment(&broker, &inputs);
    let producer = Producer::new(&broker);
    let pending = PENDING as i64;
    for number in 0..PENDING {
        predict(
            &producer,
            &inputs,
            number,
            START + 3 * HOUR * number as i64 / pending,
        );
    }
    // One third is labelled before the stop, one third after it, and one third never.
    for number in (0..PENDING).step_by(3) {
        label(&producer, &inputs, number, START + 3 * HOUR + 1);
    }
    close_at(&producer, &inputs, START + 4 * HOUR);
    let labelled = pending / 3 + 1;
    let mut processes = [deployment.start()];
    let before = await_heard(&mut processes, pending, labelled, 2 * SOON);
    before.assert_conserved();
    assert_eq!(before.get("joined_total"), labelled, "{before:#?}");
    stop(&mut processes[0]);

    let outputs = [
        "reports",
        "alerts.drift",
        "alerts.anomaly",
        "alerts.slo",
        "references",
    ];
    let ends = || outputs.map(|name| broker.ends(&deployment.topic(name)));
    let published = ends();
    let mut spoke = false;
    for round in 0..3 {
        let (mut process, told) = start_and_watch(&deployment);
        spoke |= told;
        let now = Joined::of(std::slice::from_ref(&process));
        assert_eq!(now, before, "after restart {round}");
        sleep(Duration::from_millis(700));
        stop(&mut process);
    }
    assert!(
        spoke,
        "/readyz never told of a rebuild of {PENDING} predictions"
    );
    assert_eq!(
        ends(),
        published,
        "a restart without input published something"
    );

    let (process, _) = start_and_watch(&deployment);
    let producer = Producer::new(&broker);
    for number in (1..PENDING).step_by(3) {
        label(&producer, &inputs, number, START + 5 * HOUR);
    }
    close_at(&producer, &inputs, START + 25 * HOUR);
    let mut processes = [process];
    // The earlier closing events are now counted too, as predictions and as labels.
    let last_seen = (pending + 2, 2 * labelled - 1 + 3);
    let after = await_heard(&mut processes, last_seen.0, last_seen.1, 2 * SOON);
    after.assert_conserved();
    assert_eq!(after.get("joined_total"), 2 * labelled - 1, "{after:#?}");
    await_day(&deployment);
    stop(&mut processes[0]);
    let outcome = Outcome::of(&deployment);
    outcome.assert_no_duplicates();
    let reports = quality(&outcome.reports);
    let day = reports
        .iter()
        .find(|r| r["model"] == "m" && r["window"]["length"] == "1d" && r["by"] == "prediction");
    let day = day.expect("the day is reported");
    assert_eq!(
        (day["predicted"].as_i64(), day["labelled"].as_i64()),
        (Some(pending), Some(2 * labelled - 1)),
        "{day:#}"
    );
}

/// Waits for the first report of a day by prediction time.
#[track_caller]
fn await_day(deployment: &Deployment) {
    wait_for("the first day's report", SOON, || {
        sleep(Duration::from_millis(300));
        let reports = quality(&Outcome::of(deployment).reports);
        let is_day = |r: &serde_json::Value| r["window"]["length"] == "1d" && r["model"] == "m";
        reports.iter().any(is_day).then_some(())
    });
}

/// Progress of a process: number of evaluated drift windows, and number of labels processed by the joins.
#[derive(Debug, Clone, Copy)]
struct Progress {
    at: Instant,
    windows: f64,
    labels: i64,
}

fn progress(process: &Tidegauge) -> Option<Progress> {
    let body = process.get("/metrics")?.body;
    let windows = body.lines().filter_map(|line| {
        let rest = line.strip_prefix("tidegauge_windows_total{model=\"m\"")?;
        rest.rsplit_once(' ')?.1.parse::<f64>().ok()
    });
    Some(Progress {
        at: Instant::now(),
        windows: windows.sum(),
        labels: Joined::of(std::slice::from_ref(process)).get("labels_total"),
    })
}

/// Lets event time advance by one minute every 50 ms, with one prediction and one label per partition, until `is_over`
/// is set.
fn go_on(broker: &Broker, inputs: &Inputs, from: i64, is_over: &AtomicBool) {
    let producer = Producer::new(broker);
    for minute in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let millis = from + minute * MINUTE;
        for partition in 0..2 {
            predict(
                &producer,
                inputs,
                10_000_000 + 2 * minute as usize + partition,
                millis,
            );
        }
        for partition in 0..inputs.label_partitions {
            label(&producer, inputs, 20_000_000 + 7 * partition, millis);
        }
        producer.flush();
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_nightly_load_of_labels_holds_up_no_drift() {
    let Some(broker) = Broker::or_skip("a_nightly_load_of_labels_holds_up_no_drift") else {
        return;
    };
    let inputs = inputs(&broker, 2, 3);
    let deployment = Deployment {
        more: EVERY_MINUTE,
        ..deployment(&broker, &inputs)
    };
    let producer = Producer::new(&broker);
    let night = START + 6 * DAY;
    for number in 0..BATCH {
        predict(
            &producer,
            &inputs,
            number,
            START + (night - START) * number as i64 / BATCH as i64,
        );
    }
    for partition in 0..inputs.label_partitions {
        label(&producer, &inputs, 20_000_000 + 7 * partition, night - 1);
    }
    producer.flush();
    let mut process = deployment.start();
    await_judged(&process);

    let is_over = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        scope.spawn(|| go_on(&broker, &inputs, night, &is_over));
        sleep(Duration::from_secs(3));
        let seen = watch_load(&process, || {
            (0..BATCH).for_each(|number| label(&producer, &inputs, number, night + 90 * MINUTE));
            producer.flush();
        });
        is_over.store(true, Ordering::Relaxed);
        seen
    });
    let (first, last) = (seen[0], seen[seen.len() - 1]);
    let gaps = seen.windows(2).map(|pair| pair[1].at - pair[0].at);
    let longest = gaps.max().unwrap();
    println!(
        "{BATCH} labels in {:?}: {} minutes judged meanwhile, none for {longest:?} at most",
        last.at - first.at,
        last.windows - first.windows
    );
    assert!(last.windows - first.windows >= 3.0, "{seen:?}");
    assert!(longest < Duration::from_secs(5), "{longest:?}: {seen:?}");
    assert_eq!(process.exited(), None);
    stop(&mut process);
}

/// Waits until windows were evaluated and their number no longer changes.
#[track_caller]
fn await_judged(process: &Tidegauge) {
    let mut last = 0.0;
    wait_for("a week of minutes to be judged", 3 * SOON, || {
        sleep(Duration::from_secs(3));
        let now = progress(process)?.windows;
        let is_settled = now > 0.0 && now == last;
        last = now;
        is_settled.then_some(())
    });
}

/// Sends a load. Returns each observation with newly evaluated minutes, until the load is processed.
fn watch_load(process: &Tidegauge, load: impl FnOnce() + Send) -> Vec<Progress> {
    let first = progress(process).unwrap();
    let mut seen = vec![first];
    thread::scope(|scope| {
        scope.spawn(load);
        wait_for("the load to be worked", 2 * SOON, || {
            let now = progress(process)?;
            let is_done = now.labels >= first.labels + BATCH as i64;
            if is_done || now.windows > seen[seen.len() - 1].windows {
                seen.push(now);
            }
            is_done.then_some(())
        });
    });
    seen
}

/// Names are dropped after one day without events. Predictions wait for labels longer: the horizon is ten days.
const FORGETFUL: &str = "windows: [{length: 1h, step: 1h}]\n\
     join: {horizon: 10d}\n\
     bounds: {retire: 24h}\n\
     segments: {keys: [country]}\n";

#[test]
fn what_was_replaced_long_ago_is_still_labelled() {
    let Some(broker) = Broker::or_skip("what_was_replaced_long_ago_is_still_labelled") else {
        return;
    };
    let inputs = inputs(&broker, 1, 2);
    let deployment = Deployment {
        more: FORGETFUL,
        ..deployment(&broker, &inputs)
    };
    let producer = Producer::new(&broker);
    let answer = |model: &str, version: &str, number: usize, millis: i64| {
        let value = json!({"id": format!("i{number}"), "model": model, "version": version, "timestamp": millis,
            "segments": {"country": version}, "prediction": {"label": "yes"}});
        let at = (0, inputs.prediction_partitions);
        send(
            &producer,
            &inputs.predictions,
            at,
            value.to_string(),
            millis,
        );
    };
    // Ten answers of a model that ends, and ten of a version that is replaced. The new version continues with one
    // answer per hour.
    for number in 0..10 {
        let millis = START + 2 * HOUR + number as i64 * MINUTE;
        answer("ends", "v1", number, millis);
        answer("lives", "v1", 100 + number, millis);
    }
    for hour in 3..12 * 24 {
        answer("lives", "v2", 1_000 + hour, START + hour as i64 * HOUR);
    }
    for day in 0..10 {
        for number in [day, 100 + day] {
            label(
                &producer,
                &inputs,
                number,
                START + day as i64 * DAY + 4 * HOUR,
            );
        }
    }
    close_at(&producer, &inputs, START + 12 * DAY);
    let mut processes = [deployment.start()];
    await_heard(&mut processes, 20 + 12 * 24 - 3, 20, SOON).assert_conserved();
    let last = format!(
        "\"as_of\":\"{}\"",
        crate::outcome::rfc3339(START + 12 * DAY)
    );
    wait_for("the last report", SOON, || {
        sleep(Duration::from_millis(500));
        let reports = Outcome::of(&deployment).reports;
        reports
            .iter()
            .any(|r| r.value.contains(&last))
            .then_some(())
    });
    stop(&mut processes[0]);
    let reports = quality(&Outcome::of(&deployment).reports);
    for (model, segment) in [
        ("ends", None),
        ("ends", Some("country=v1")),
        ("lives", None),
        ("lives", Some("country=v1")),
    ] {
        let is_final = |r: &&serde_json::Value| {
            r["age"] == "horizon"
                && r["model"] == model
                && r["version"] == "v1"
                && r["segment"].as_str() == segment
        };
        let finals: Vec<_> = reports.iter().filter(is_final).collect();
        assert_eq!(finals.len(), 1, "{model} {segment:?}: {finals:#?}");
        assert_eq!(
            finals[0]["labelled"], 10,
            "{model} {segment:?}: {:#}",
            finals[0]
        );
    }
}
