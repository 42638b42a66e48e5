//! Orders of operators: `reference relearn` and `reference approve` over a real broker, with the processes of the group
//! running, stopped and restarted.

use std::time::Duration;

use serde_json::Value;

use crate::deployment::Deployment;
use crate::outcome::{Outcome, await_end, rfc3339};
use crate::stream::{Stream, input_topic};
use crate::support::{Broker, Producer, Sent, Tidegauge, wait_for};

const SOON: Duration = Duration::from_secs(90);
const HOUR: i64 = 3_600_000;

fn alerts(deployment: &Deployment) -> Vec<Value> {
    Outcome::of(deployment).alert_values()
}

/// Latest drift alert of `model` that fires; waits until there is one.
#[track_caller]
fn firing(deployment: &Deployment, model: &str) -> Value {
    wait_for(&format!("a drift alert of {model}"), SOON, || {
        std::thread::sleep(Duration::from_millis(400));
        deployment
            .broker
            .partitions(&deployment.topic("alerts.drift"))?;
        let mut alerts = alerts(deployment).into_iter();
        alerts.rfind(|alert| {
            alert["kind"] == "drift" && alert["model"] == model && alert["status"] == "firing"
        })
    })
}

fn control_offset(deployment: &Deployment) -> i64 {
    let control = deployment.topic("control");
    let committed = deployment.broker.committed(&deployment.group, &control);
    committed[0].offset.unwrap_or(0)
}

/// Starts a command that gives an order, and waits until the group has read it.
#[track_caller]
fn give(deployment: &Deployment, words: &[&str], before: i64) -> Tidegauge {
    let command = Tidegauge::with_config(words, &deployment.config());
    wait_for("the group to read the order", SOON, || {
        (control_offset(deployment) > before).then_some(())
    });
    command
}

#[track_caller]
fn obeyed(command: &mut Tidegauge) -> String {
    let status = command.await_exit(SOON);
    assert_eq!(status.code(), Some(0), "{}", command.log());
    command.log()
}

#[test]
fn orders_reach_their_models_and_are_audited() {
    let Some(broker) = Broker::or_skip("orders_reach_their_models_and_are_audited") else {
        return;
    };
    let stream = Stream {
        events: 30_000,
        hours: 20,
        ..Stream::default()
    };
    let input = input_topic(&broker, "in", 4);
    let deployment = Deployment::new(&broker, &input);
    let (code, said) = deployment.command(&["topics", "apply"]);
    assert_eq!(code, Some(0), "{said}");
    let unheard = ["reference", "relearn", "nobody", "--timeout", "2s"];
    let (code, said) = deployment.command(&unheard);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no process of group"), "{said}");

    let producer = Producer::new(&broker);
    let damaged = Sent {
        key: Some(b"fraud"), // brokers refuse a record without a key on a compacted topic
        value: Some(b"not json"),
        ..Sent::default()
    };
    producer.send(&deployment.topic("control"), &damaged);
    producer.flush();
    let before = stream.events * 11 / 20;
    stream.write(&producer, &input, 4, 0, before);
    let mut process = deployment.start();
    let alert = firing(&deployment, "fraud");
    firing(&deployment, "churn");
    let fingerprint = alert["fingerprint"].as_str().unwrap();
    let wrong = ["reference", "approve", "churn", fingerprint];
    let (code, said) = deployment.command(&wrong);
    assert_eq!(
        (code, said.contains("is about fraud")),
        (Some(2), true),
        "{said}"
    );

    let read = control_offset(&deployment);
    let question = ["reference", "relearn", "churn", "--dry-run"];
    let mut question = give(&deployment, &question, read);
    let read = control_offset(&deployment);
    let approve = [
        "reference",
        "approve",
        "fraud",
        fingerprint,
        "--by",
        "ann",
        "--note",
        "cents",
    ];
    let mut approve = give(&deployment, &approve, read);
    deployment.stop(&mut process);
    let mut processes = [deployment.start(), deployment.start()];
    stream.write(&producer, &input, 4, before, stream.events);
    stream.close(&producer, &input, 4);
    let said = obeyed(&mut question);
    assert!(said.contains("would learn"), "{said}");
    let said = obeyed(&mut approve);
    assert!(said.contains("On the word of ann"), "{said}");
    await_end(&deployment, &["fraud", "churn"], stream.end(), SOON);
    for process in &mut processes {
        deployment.stop(process);
    }
    assert_outcome(&deployment, &stream, &alert);
    assert_read_again_and_not_obeyed(&deployment);
}

/// Reads all orders again, as an operator may let a process do.
#[track_caller]
fn assert_read_again_and_not_obeyed(deployment: &Deployment) {
    let applied = |deployment: &Deployment| {
        let alerts = alerts(deployment).into_iter();
        let applied =
            alerts.filter(|audit| audit["kind"] == "control" && audit["model"] != Value::Null);
        applied.count()
    };
    let before = applied(deployment);
    let control = deployment.topic("control");
    let reset = [
        "offsets", "reset", "--topic", &control, "--to", "earliest", "--yes",
    ];
    let (code, said) = deployment.command(&reset);
    assert_eq!(code, Some(0), "{said}");
    let mut process = deployment.start();
    wait_for("every order to be known", SOON, || {
        let metrics = process.get("/metrics")?.body;
        let repeated = metrics
            .lines()
            .filter(|line| line.contains("outcome=\"repeated\""));
        let counts = repeated.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        (counts.sum::<u64>() == 3).then_some(())
    });
    deployment.stop(&mut process);
    assert_eq!(applied(deployment), before);
}

#[track_caller]
fn assert_outcome(deployment: &Deployment, stream: &Stream, approved: &Value) {
    let outcome = Outcome::of(deployment);
    outcome.assert_no_duplicates();
    let alerts = outcome.alert_values();
    let audits: Vec<&Value> = alerts.iter().filter(|r| r["kind"] == "control").collect();
    let told = |outcome: &str| {
        let mut told = audits.iter().filter(|audit| audit["outcome"] == outcome);
        (told.next().copied().unwrap(), told.count())
    };
    assert_eq!(audits.len(), 4, "{audits:#?}");
    let refused: Vec<&Value> = audits
        .iter()
        .filter(|audit| audit["outcome"] == "refused")
        .map(|audit| &audit["model"])
        .collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused.contains(&&Value::from("nobody")) && refused.contains(&&Value::Null));
    assert_eq!(told("would_apply").0["model"], "churn");
    let (applied, others) = told("applied");
    assert_eq!((others, &applied["note"]), (0, &Value::from("cents")));
    assert_eq!(applied["alert"], approved["fingerprint"]);
    let resolved = alerts.iter().find(|alert| {
        alert["fingerprint"] == approved["fingerprint"] && alert["status"] == "resolved"
    });
    assert_eq!(resolved.unwrap()["at"], applied["at"]);

    let of = |model: &str| -> Vec<Value> {
        let all = outcome.references.iter();
        let parsed = all.map(|r| serde_json::from_str::<Value>(&r.value).unwrap());
        parsed.filter(|r| r["model"] == model).collect()
    };
    assert_eq!((of("fraud").len(), of("churn").len()), (2, 1));
    let anew = of("fraud").pop().unwrap();
    assert_eq!(anew["span"]["start"], applied["learns_from"]);
    let end = anew["span"]["end"].as_str().unwrap().to_owned();
    assert!(
        end < rfc3339(stream.end() - HOUR),
        "two hours are judged: {end}"
    );
    let again = alerts.iter().filter(|alert| {
        alert["fingerprint"] == approved["fingerprint"] && alert["at"].as_str() > Some(&end)
    });
    assert_eq!(again.count(), 0, "the new state is ordinary");
}
