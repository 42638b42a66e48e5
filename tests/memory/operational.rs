//! Operational subjects: latency, tokens, cost and errors are judged without an objective.

use std::collections::BTreeSet;
use std::sync::Arc;

use fastrand::Rng;
use serde_json::Value;

use crate::bench::{Bench, Setup, plan};
use crate::published::values;
use crate::traffic::{Event, MINUTE, START, normal};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;
const PER_MINUTE: i64 = 100;
/// Minute at which a fault begins: an hour after the reference is learned.
const FAULT: i64 = 180;

/// What the answers of a model cost.
#[derive(Clone, Copy)]
struct Answers {
    latency: f64,
    input_tokens: f64,
    output_tokens: f64,
    cost: f64,
    /// Share of predictions that fail. They carry neither tokens nor cost nor a score.
    errors: f64,
    /// Share of answers without a latency.
    untimed: f64,
}

const ORDINARY: Answers = Answers {
    latency: 1.0,
    input_tokens: 1.0,
    output_tokens: 1.0,
    cost: 1.0,
    errors: 0.001,
    untimed: 0.0,
};

fn event(random: &mut Rng, time: i64, id: &str, now: Answers) -> Event {
    let lognormal = |random: &mut Rng, sd: f64| (sd * normal(random)).exp();
    let latency = 100.0 * lognormal(random, 0.5) * now.latency;
    let latency = if random.f64() < now.untimed {
        String::new()
    } else {
        format!(r#","latency_ms":{latency}"#)
    };
    let head = format!(r#""id":"{id}","model":"chat","version":"1","timestamp":{time}"#);
    if random.f64() < now.errors {
        return Event::at(time, format!(r#"{{{head},"status":"error"{latency}}}"#));
    }
    let input = (500.0 * lognormal(random, 0.6) * now.input_tokens).round();
    let output = (200.0 * lognormal(random, 0.6) * now.output_tokens).round();
    let cost = 1e-5 * (input + 3.0 * output) * now.cost;
    let usage = format!(r#"{{"input_tokens":{input},"output_tokens":{output},"cost_usd":{cost}}}"#);
    let score = 0.5 + 0.08 * normal(random);
    Event::at(
        time,
        format!(r#"{{{head},"prediction":{{"score":{score}}},"usage":{usage}{latency}}}"#),
    )
}

/// Answers of four hours: as `before` until the fault, then as `after`.
fn run(seed: u64, before: Answers, after: Answers) -> Bench {
    let mut random = Rng::with_seed(seed);
    let mut events = Vec::new();
    for minute in 0..240 {
        for n in 0..PER_MINUTE {
            let now = if minute < FAULT { before } else { after };
            let time = START + minute * MINUTE + n * MINUTE / PER_MINUTE;
            events.push(event(&mut random, time, &format!("{minute}-{n}"), now));
        }
    }
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan()),
        ..Setup::default()
    });
    bench.produce(&events);
    bench.close_at(START + 242 * MINUTE);
    bench.settle().unwrap();
    bench
}

/// Minute, subject and detector of each cause that fired, by the record that named it first.
fn causes(bench: &Bench) -> Vec<(i64, String, String)> {
    let alerts = values(bench, "drift")
        .into_iter()
        .chain(values(bench, "anomaly"));
    let mut causes = Vec::new();
    for alert in alerts.filter(|alert| alert["status"] == "firing") {
        let at: jiff::Timestamp = alert["at"].as_str().unwrap().parse().unwrap();
        let minute = (at.as_millisecond() - START) / MINUTE;
        let word = |cause: &Value, name: &str| cause[name].as_str().unwrap().to_owned();
        for cause in alert["causes"].as_array().unwrap() {
            causes.push((minute, word(cause, "subject"), word(cause, "detector")));
        }
    }
    causes.sort();
    causes
}

#[test]
fn a_fault_of_each_operational_subject_is_found_within_half_an_hour() {
    let faults: [(&str, &str, Answers, &[&str]); 5] = [
        (
            "latency_ms",
            "psi",
            Answers {
                latency: 5.0,
                ..ORDINARY
            },
            &[],
        ),
        (
            "errors",
            "error_rate",
            Answers {
                errors: 0.02,
                ..ORDINARY
            },
            &[],
        ),
        (
            "input_tokens",
            "psi",
            Answers {
                input_tokens: 3.0,
                ..ORDINARY
            },
            &["cost_usd"],
        ),
        (
            "output_tokens",
            "psi",
            Answers {
                output_tokens: 3.0,
                ..ORDINARY
            },
            &["cost_usd"],
        ),
        (
            "cost_usd",
            "psi",
            Answers {
                cost: 3.0,
                ..ORDINARY
            },
            &[],
        ),
    ];
    for seed in SEEDS {
        for (subject, detector, fault, follows) in faults {
            let causes = causes(&run(seed, ORDINARY, fault));
            let found = causes
                .iter()
                // The alert names one of the causes that began together.
                .find(|(_, named, by)| {
                    named == subject && [detector, "range_rate"].contains(&&**by)
                })
                .unwrap_or_else(|| panic!("{subject}, seed {seed}: {causes:?}"));
            let minutes = found.0 - FAULT;
            println!("{subject} by {detector} after {minutes} minutes, seed {seed}");
            assert!((1..=30).contains(&minutes), "{subject}: {minutes} minutes");
            let blamed: BTreeSet<&str> = causes.iter().map(|(_, named, _)| &**named).collect();
            let is_fair = |named: &&str| *named == subject || follows.contains(named);
            assert!(blamed.iter().all(is_fair), "{subject}: {causes:?}");
        }
    }
}

#[test]
fn a_model_without_errors_in_its_reference_is_told_of_them() {
    for seed in SEEDS {
        let before = Answers {
            errors: 0.0,
            ..ORDINARY
        };
        let named = |errors| -> BTreeSet<String> {
            let causes = causes(&run(seed, before, Answers { errors, ..ORDINARY }));
            causes.into_iter().map(|(_, named, _)| named).collect()
        };
        assert_eq!(named(0.02), ["errors".to_owned()].into(), "seed {seed}");
        // Less than one point does not matter.
        assert_eq!(named(0.005), BTreeSet::new(), "seed {seed}");
    }
}

/// A third of the answers fail and carry no tokens: only the errors are named. Answers that lack a latency are another matter.
#[test]
fn what_a_failed_prediction_lacks_is_not_missing() {
    for seed in SEEDS {
        let failing = Answers {
            errors: 0.3,
            ..ORDINARY
        };
        let bench = run(seed, ORDINARY, failing);
        let named: BTreeSet<String> = causes(&bench).into_iter().map(|c| c.2).collect();
        assert_eq!(named, ["error_rate".to_owned()].into(), "seed {seed}");
        let untimed = Answers {
            untimed: 0.3,
            ..ORDINARY
        };
        let named: BTreeSet<(String, String)> = causes(&run(seed, ORDINARY, untimed))
            .into_iter()
            .map(|(_, subject, by)| (subject, by))
            .collect();
        let missing = ("latency_ms".to_owned(), "missing_rate".to_owned());
        assert_eq!(named, [missing].into(), "seed {seed}");
        // What is missing at an ordinary rate is ordinary.
        let causes = causes(&run(seed, untimed, untimed));
        assert_eq!(causes, [], "seed {seed}");
    }
}

#[test]
fn errors_have_reports_of_their_own() {
    let bench = run(
        1,
        ORDINARY,
        Answers {
            errors: 0.02,
            ..ORDINARY
        },
    );
    let reports = values(&bench, "reports");
    let of_errors = reports
        .iter()
        .filter(|report| report["subject"] == "errors");
    let of_hour = of_errors.filter(|report| report["window"]["length"] == "1h");
    let counted: Vec<(u64, u64)> = of_hour
        .map(|report| {
            let types = &report["types"];
            (
                types["boolean"].as_u64().unwrap(),
                types["missing"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counted.len(), 4, "one for each hour: {counted:?}");
    assert!(
        counted
            .iter()
            .all(|(failed, others)| failed + others == 6_000)
    );
    assert!(counted[3].0 > 80 && counted[2].0 < 20, "{counted:?}");
    let last = reports.iter().rfind(|report| report["subject"] == "errors");
    assert!(!last.unwrap()["findings"]["error_rate"].is_null());
}
