//! The documented rights suffice, over SCRAM and over certificates. Each of them is needed: without it the process ends with a
//! sentence that names the right and the command that grants it.

use std::time::Duration;

use crate::deployment::Deployment;
use crate::deployment::outcome::{Outcome, await_end};
use crate::deployment::stream::Stream;
use crate::documented::{Rule, rules, user_without};
use crate::support::{Broker, Group, Login, Producer, SecureBroker, Tidegauge, wait_for};
use crate::{USER, assert_names, broker, last_sentence};

/// Partitions of each input topic.
const PARTITIONS: usize = 2;
/// Time limit for a stream of some thousand records.
const END_MAX: Duration = Duration::from_secs(60);
/// Processes that run side by side on a small machine.
const SIDE_BY_SIDE: usize = 3;
const HOUR_MILLIS: i64 = 3_600_000;
/// Windows and a reference from two hours of the stream.
const SHORT: &str = "windows: [{length: 15m, step: 15m}]\nlearning: {span: 2h, events_min: 200}\n";

/// First half of the stream over SCRAM, second half over a certificate, and what follows from missing rights. The steps share
/// one deployment under the default names, because the documented rules name them.
#[test]
fn the_documented_rights_suffice_and_each_is_needed() {
    let test = "the_documented_rights_suffice_and_each_is_needed";
    let Some(secure) = broker(test) else { return };
    let rules = rules();
    let admin = secure.administered(test);
    for topic in ["predictions", "labels"] {
        admin.create_topic_as(topic, PARTITIONS, &[("retention.ms", "-1")]);
    }
    grant_all(secure, &rules);
    let password = deployment(&admin, &secure.password(USER));
    let certificate = deployment(&admin, &secure.certificate(USER));
    let stream = Stream {
        events: 6_000,
        hours: 6,
        drift_from: 5,
        ..Stream::default()
    };
    let producer = Producer::new(&admin);

    let half = stream.events / 2;
    stream.write(&producer, "predictions", PARTITIONS, 0, half);
    let mut process = start(&password);
    await_progress(&mut process, half);
    assert!(process.terminate(END_MAX).success(), "{}", process.log());

    stream.write(&producer, "predictions", PARTITIONS, half, stream.events);
    stream.close(&producer, "predictions", PARTITIONS);
    let mut process = start(&certificate);
    await_end(
        &certificate.described,
        &["fraud", "churn"],
        stream.end(),
        END_MAX,
    );
    let outcome = Outcome::of(&certificate.described);
    outcome.assert_no_duplicates();
    assert!(!outcome.reports.is_empty() && !outcome.references.is_empty());
    assert!(process.terminate(END_MAX).success(), "{}", process.log());

    // Without the right to write, no transaction is committed, so each of the following processes finds these records again.
    let later = Stream {
        events: 300,
        hours: 1,
        start: stream.end() + HOUR_MILLIS,
        ..stream
    };
    later.write(&producer, "predictions", PARTITIONS, 0, later.events);
    later.close(&producer, "predictions", PARTITIONS);
    each_is_needed(secure, &admin, &rules);
    a_right_that_is_taken_away_ends_the_process(secure, &password);
}

/// A deployment, and the address and properties of its process.
struct Secured {
    described: Deployment,
    config: String,
}

fn deployment(admin: &Broker, login: &Login) -> Secured {
    let described = Deployment {
        group: Group("tidegauge".to_owned()),
        prefix: "tidegauge".to_owned(),
        labels: Some("labels".to_owned()),
        properties: login.yaml(),
        more: SHORT,
        ..Deployment::new(admin, "predictions")
    };
    let config = described.config().replace(admin.address(), &login.address);
    Secured { described, config }
}

fn start(secured: &Secured) -> Tidegauge {
    Tidegauge::run(&secured.config)
}

/// Waits until a process has counted nearly all of `events`.
#[track_caller]
fn await_progress(process: &mut Tidegauge, events: usize) {
    wait_for("the first half to be read", END_MAX, || {
        assert!(process.exited().is_none(), "{}", process.log());
        let metrics = process.get("/metrics")?.body;
        let lines = metrics
            .lines()
            .filter(|line| line.starts_with("tidegauge_events_total{"));
        let read: f64 = lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum();
        (read >= events as f64 * 0.99).then_some(()) // the bad records are no events
    });
}

/// All rules for the user, with a password and with a certificate, and all but one for each of the others.
fn grant_all(secure: &SecureBroker, rules: &[Rule]) {
    let mut lines = String::new();
    for (i, rule) in rules.iter().enumerate() {
        lines += &rule.line(&format!("User:{USER}"));
        lines += &rule.line(&format!("User:CN={USER}"));
        let others = (0..rules.len()).filter(|lacking| *lacking != i);
        lines.extend(others.map(|lacking| rule.line(&format!("User:{}", user_without(lacking)))));
    }
    secure.grant(&lines);
}

/// Starts a process for each rule whose principal lacks only that one. Members of one group run one after the other.
fn each_is_needed(secure: &SecureBroker, admin: &Broker, rules: &[Rule]) {
    let numbered: Vec<(usize, &Rule)> = rules.iter().enumerate().collect();
    let (joining, starting): (Vec<_>, Vec<_>) = numbered
        .into_iter()
        .partition(|(_, rule)| joins_without(rule));
    for some in starting.chunks(SIDE_BY_SIDE) {
        std::thread::scope(|scope| {
            for (i, rule) in some {
                scope.spawn(|| assert_needed(secure, admin, *i, rule));
            }
        });
    }
    for (i, rule) in joining {
        assert_needed(secure, admin, i, rule);
    }
}

/// True if a process without this right gets as far as the group.
fn joins_without(rule: &Rule) -> bool {
    let internal = ["panes", "outcomes", "state"]
        .iter()
        .any(|name| rule.name.contains(name));
    rule.resource != "topic" || internal
}

fn assert_needed(secure: &SecureBroker, admin: &Broker, i: usize, rule: &Rule) {
    let user = user_without(i);
    let mut secured = deployment(admin, &secure.password(&user));
    if rule.operation == "Create" {
        secured.config = secured
            .config
            .replace("prefix: 'tidegauge'", "prefix: 'tidegauge.fresh'");
    }
    let sentence = last_sentence(&mut start(&secured));
    let principal = format!("User:{user}");
    assert_names(
        &sentence,
        &["kafka-acls.sh", &rule.operation, &rule.name, &principal],
    );
    if rule.resource == "transactional-id" {
        the_told_command_grants_it(secure, &sentence, &secured);
    }
}

/// Runs the command of the sentence, and starts again.
fn the_told_command_grants_it(secure: &SecureBroker, sentence: &str, secured: &Secured) {
    let (_, command) = sentence.split_once("`kafka-acls.sh ").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    let words: Vec<&str> = command
        .split_whitespace()
        .map(|word| word.trim_matches('\''))
        .collect();
    let address = words
        .iter()
        .position(|word| *word == "--bootstrap-server")
        .unwrap();
    let ours: Vec<&str> = ["acls"]
        .iter()
        .chain(&words[..address])
        .chain(&words[address + 2..])
        .copied()
        .collect();
    secure.kafka(&ours);
    let mut process = start(secured);
    await_ready(&mut process);
    assert!(process.terminate(END_MAX).success(), "{}", process.log());
}

#[track_caller]
fn await_ready(process: &mut Tidegauge) {
    wait_for("a process to be ready", END_MAX, || {
        assert!(process.exited().is_none(), "{}", process.log());
        process
            .get("/readyz")
            .filter(|answer| answer.status == 200)
            .map(|_| ())
    });
}

fn a_right_that_is_taken_away_ends_the_process(secure: &SecureBroker, password: &Secured) {
    let mut process = start(password);
    await_ready(&mut process);
    let of_user = format!("User:{USER}");
    let words = [
        "acls",
        "--remove",
        "--force",
        "--allow-principal",
        &of_user,
        "--operation",
        "Read",
        "--topic",
        "predictions",
    ];
    secure.kafka(&words);
    let sentence = last_sentence(&mut process);
    assert_names(
        &sentence,
        &["Read on topic predictions", &of_user, "kafka-acls.sh"],
    );
}
