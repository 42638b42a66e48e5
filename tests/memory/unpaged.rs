//! Features that only grow, and subjects that the configuration excludes, open no alerts: no one is paged for ever, and no other
//! fault is hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::Value;
use tidegauge::detect::SubjectPattern;
use tidegauge::pipeline::Plan;
use tidegauge::pipeline::unpaged::Unpaged;

use crate::bench::{Bench, Setup, plan};
use crate::published::{assert_same, published, values};
use crate::traffic::{Event, MINUTE, START, normal};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;
const PER_MINUTE: i64 = 40;
/// Minute at which faults begin: 80 minutes after the reference is learned.
const FAULT: i64 = 200;

/// The features of one prediction: a JSON object without its braces.
type Features<'a> = &'a dyn Fn(&mut Rng, i64, i64) -> String;

/// Predictions of some hours. `features` gets the minute and the number of the row.
fn events(seed: u64, minutes: i64, features: Features<'_>) -> Vec<Event> {
    let mut random = Rng::with_seed(seed);
    let row = |nth: i64| {
        let time = START + nth * MINUTE / PER_MINUTE;
        let features = features(&mut random, nth / PER_MINUTE, nth);
        let json = format!(
            r#"{{"id":"{nth}","model":"rows","version":"1","timestamp":{time},"features":{{{features}}},"prediction":{{"score":0.5}}}}"#
        );
        Event::at(time, json)
    };
    (0..minutes * PER_MINUTE).map(row).collect()
}

fn run(events: &[Event], plan: Plan) -> Bench {
    Bench::judged(events, plan, 3)
}

fn unpaged(bench: &Bench) -> BTreeMap<String, Unpaged> {
    bench.ledger.said().unpaged["rows"].clone()
}

/// Subjects of all alerts, and the highest severity.
fn alerted(bench: &Bench) -> (BTreeSet<String>, BTreeSet<String>) {
    let alerts = values(bench, "drift").into_iter();
    let alerts: Vec<Value> = alerts.chain(values(bench, "anomaly")).collect();
    let causes = alerts
        .iter()
        .flat_map(|alert| alert["causes"].as_array().unwrap());
    let subject = |cause: &Value| cause["subject"].as_str().unwrap_or("traffic").to_owned();
    let severity = |alert: &Value| alert["severity"].as_str().unwrap().to_owned();
    (
        causes.map(subject).collect(),
        alerts.iter().map(severity).collect(),
    )
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A row number, the time in seconds, and an ordinary amount, which is a hundred times as large from minute `from` on; from then
/// on a fifth of the ages are null.
fn with_row_number(from: i64) -> impl Fn(&mut Rng, i64, i64) -> String {
    move |random, minute, row| {
        let epoch = START / 1_000 + row * 60 / PER_MINUTE;
        let factor = if minute >= from { 100.0 } else { 1.0 };
        let amount = (3.0 + normal(random)).exp() * factor;
        let age = if minute >= from && random.u32(0..5) == 0 {
            "null".to_owned()
        } else {
            random.u32(18..90).to_string()
        };
        format!(r#""row_number":{row},"epoch":{epoch},"amount":{amount},"age":{age}"#)
    }
}

#[test]
fn a_row_number_and_a_time_page_nobody_and_hide_no_fault() {
    let growing = BTreeMap::from(
        ["feature:epoch", "feature:row_number"].map(|name| (name.to_owned(), Unpaged::Growing)),
    );
    for seed in SEEDS {
        let quiet = run(&events(seed, 300, &with_row_number(i64::MAX)), plan());
        assert_eq!(alerted(&quiet), Default::default(), "seed {seed}");
        assert_eq!(unpaged(&quiet), growing, "seed {seed}");
        let reports = values(&quiet, "reports");
        let of_rows = reports
            .iter()
            .rfind(|report| report["subject"] == "feature:row_number");
        assert!(of_rows.unwrap()["distances"]["psi"].as_f64() > Some(1.0));
        let faulty = run(&events(seed, 300, &with_row_number(FAULT)), plan());
        let (subjects, severities) = alerted(&faulty);
        assert_eq!(
            subjects,
            named(&["feature:age", "feature:amount"]),
            "seed {seed}"
        );
        assert!(
            severities.contains("critical"),
            "seed {seed}: {severities:?}"
        );
        assert_eq!(unpaged(&faulty), growing, "seed {seed}");
    }
}

/// The rule is state: a run with restarts says the same as one without.
#[test]
fn restarts_do_not_change_what_grows() {
    let events = events(1, 300, &with_row_number(FAULT));
    let whole = run(&events, plan());
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan()),
        ..Setup::default()
    });
    for part in events.chunks(PER_MINUTE as usize * 37) {
        bench.produce(part);
        bench.settle().unwrap();
        bench.take_over(&["in", "panes"]);
    }
    bench.close_at(events.last().unwrap().time + 3 * MINUTE);
    bench.settle().unwrap();
    assert_same(&published(&whole), &published(&bench), "with restarts");
    assert_eq!(unpaged(&bench), unpaged(&whole));
}

/// Numbers that begin to grow after the reference was learned are a fault, such as the age of a feed that froze. The alert stays.
/// So does that of a row number that becomes null.
#[test]
fn what_begins_to_grow_and_what_grows_and_breaks_stay_faults() {
    for seed in SEEDS {
        let features = |random: &mut Rng, minute: i64, row: i64| {
            let amount = normal(random) * 10.0 + 100.0;
            let frozen = if minute < FAULT { amount } else { row as f64 };
            let grown = if minute < FAULT {
                row.to_string()
            } else {
                "null".to_owned()
            };
            format!(r#""amount":{amount},"frozen":{frozen},"grown":{grown}"#)
        };
        let bench = run(&events(seed, 400, &features), plan());
        let (subjects, severities) = alerted(&bench);
        assert_eq!(
            subjects,
            named(&["feature:frozen", "feature:grown"]),
            "seed {seed}"
        );
        assert!(severities.contains("critical"), "seed {seed}");
        for topic in ["drift", "anomaly"] {
            let alerts = values(&bench, topic);
            assert_eq!(
                alerts.last().unwrap()["status"],
                "firing",
                "seed {seed}: {topic}"
            );
        }
    }
}

/// A shift by three standard deviations, a clock, and a trend are judged.
#[test]
fn what_shifts_trends_or_starts_over_does_not_grow() {
    for seed in SEEDS {
        let features = |random: &mut Rng, minute: i64, row: i64| {
            let noise = normal(random);
            let shifted = noise + if minute < FAULT { 0.0 } else { 3.0 };
            let trend = noise + minute as f64 / 60.0;
            let minute_of_two_hours = minute % 120;
            let second = row % PER_MINUTE;
            format!(
                r#""shifted":{shifted},"trend":{trend},"clock":{minute_of_two_hours},"second":{second}"#
            )
        };
        let bench = run(&events(seed, 400, &features), plan());
        assert_eq!(unpaged(&bench), BTreeMap::new(), "seed {seed}");
        let (subjects, _) = alerted(&bench);
        assert!(subjects.contains("feature:shifted"), "{subjects:?}");
    }
}

fn excluding(patterns: &[&str]) -> Plan {
    let mut plan = plan();
    let patterns = patterns
        .iter()
        .map(|text| SubjectPattern::new(text).unwrap());
    plan.detect.exclude = patterns.collect();
    plan
}

#[test]
fn excluded_subjects_are_reported_and_open_no_alerts() {
    for seed in SEEDS {
        let plan = excluding(&["amou*", "nothing_*"]);
        let bench = run(&events(seed, 300, &with_row_number(FAULT)), plan);
        assert_eq!(alerted(&bench).0, named(&["feature:age"]), "seed {seed}");
        assert_eq!(unpaged(&bench)["feature:amount"], Unpaged::Excluded);
        let idle: Vec<_> = bench.ledger.said().idle_patterns.into_values().collect();
        assert_eq!(
            idle,
            [named(&["nothing_*"])],
            "only the partition with a model has patterns"
        );
        let reports = values(&bench, "reports");
        let mut of_amount = reports
            .iter()
            .filter(|own| own["subject"] == "feature:amount");
        assert!(of_amount.any(|own| own["verdict"] == "breach"));
    }
}

/// An open alert ends when its subject is excluded, and returns when it no longer is.
#[test]
fn an_open_alert_ends_when_its_subject_is_excluded() {
    let events = events(2, 300, &with_row_number(FAULT));
    let (first, rest) = events.split_at(240 * PER_MINUTE as usize);
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan()),
        ..Setup::default()
    });
    bench.produce(first);
    bench.settle().unwrap();
    let fires = |bench: &Bench| values(bench, "drift").last().unwrap()["status"] == "firing";
    assert!(fires(&bench));
    bench.setup.plan = Arc::new(excluding(&["feature:amount"]));
    bench.take_over(&["in", "panes"]);
    bench.produce(rest);
    bench.close_at(rest.last().unwrap().time + 3 * MINUTE);
    bench.settle().unwrap();
    let last = values(&bench, "drift").pop().unwrap();
    assert_eq!(last["change"], "resolved");
    let text = last["annotations"]["description"].as_str().unwrap();
    assert!(text.contains("detect.exclude"), "{text}");
}

/// A feature that only ever holds one value, then another: of each type, and back is not needed to see it.
#[test]
fn a_constant_that_becomes_another_is_found() {
    let changes: [(&str, &str, &str); 4] = [
        ("number", "7", "8"),
        ("zero", "0", "0.001"),
        ("text", "\"a\"", "\"b\""),
        ("truth", "false", "true"),
    ];
    for seed in SEEDS {
        let features = |_: &mut Rng, minute: i64, _: i64| {
            let now = |(name, before, after): &(&str, &str, &str)| {
                format!(
                    r#""{name}":{}"#,
                    if minute < FAULT { before } else { after }
                )
            };
            changes.iter().map(now).collect::<Vec<_>>().join(",")
        };
        let bench = run(&events(seed, 300, &features), plan());
        let expected = changes.map(|(name, ..)| format!("feature:{name}"));
        assert_eq!(alerted(&bench).0, expected.into(), "seed {seed}");
        assert_eq!(unpaged(&bench), BTreeMap::new());
    }
}
