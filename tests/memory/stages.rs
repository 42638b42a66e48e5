//! A reference is provisional first. Subjects that come later learn their own.

use std::sync::Arc;

use fastrand::Rng;
use serde_json::Value;
use tidegauge::pipeline::{LearningPlan, Plan};

use crate::bench::{Bench, Setup, plan};
use crate::published::values;
use crate::traffic::{Event, MINUTE, START};

const HOUR: i64 = 60;
/// Hours of the provisional reference, and of the whole.
const STAGES: (i64, i64) = (6, 24);

fn two_stages() -> Setup {
    let learning = LearningPlan {
        provisional_minutes: STAGES.0 * HOUR,
        span_minutes: STAGES.1 * HOUR,
        ..plan().learning
    };
    Setup {
        plan: Arc::new(Plan { learning, ..plan() }),
        ..Setup::default()
    }
}

/// A standard normal number.
fn normal(random: &mut Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}

/// Eight predictions a minute for `hours`. `features` gives version and features of a prediction in an hour.
fn events(
    seed: u64,
    hours: i64,
    features: impl Fn(i64, &mut Rng) -> (&'static str, String),
) -> Vec<Event> {
    let mut random = Rng::with_seed(seed);
    let event = |n: i64| {
        let time = START + n * MINUTE / 8;
        let (version, features) = features(n / 8 / HOUR, &mut random);
        let json = format!(
            r#"{{"id":"{n}","model":"fraud","version":"{version}","timestamp":{time},"features":{{{features}}},"prediction":{{}}}}"#
        );
        Event::at(time, json)
    };
    (0..hours * HOUR * 8).map(event).collect()
}

fn run(events: &[Event]) -> Bench {
    let mut bench = Bench::new(two_stages());
    bench.produce(events);
    bench.close_at(events.last().unwrap().time + 5 * MINUTE);
    bench.settle().unwrap();
    bench
}

/// Subject, severity and hour of the start of each drift alert that opened.
fn opened(bench: &Bench) -> Vec<(String, String, i64)> {
    let opened = values(bench, "drift").into_iter();
    let opened = opened.filter(|alert| alert["change"] == "opened");
    let read = |alert: Value| {
        let text = |name: &str| alert[name].as_str().unwrap().to_owned();
        let end = alert["window"]["end"].as_str().unwrap();
        let day: i64 = end[8..10].parse().unwrap();
        let hour: i64 = end[11..13].parse().unwrap();
        (text("subject"), text("severity"), (day - 5) * 24 + hour)
    };
    opened.map(read).collect()
}

#[test]
fn what_may_be_a_weekday_is_shown_and_then_part_of_the_reference() {
    for seed in 1..=3 {
        // From the 12th to the 18th hour of each day, the mean is 0.45 standard deviations higher.
        let stream = events(seed, 44, |hour, random| {
            let is_high = (12..18).contains(&(hour % 24));
            let amount = normal(random) + if is_high { 0.45 } else { 0.0 };
            ("1", format!(r#""amount":{amount}"#))
        });
        let bench = run(&stream);
        let opened = opened(&bench);
        assert!(!opened.is_empty());
        for (subject, severity, hour) in &opened {
            let told = (subject.as_str(), severity.as_str());
            assert_eq!(told, ("feature:amount", "info"), "{opened:?}");
            let is_first = (12..18).contains(hour);
            assert!(is_first, "the second day is ordinary: {opened:?}");
        }
        let spans: Vec<String> = values(&bench, "references")
            .iter()
            .map(|reference| reference["span"]["length"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(spans, ["6h", "1d"]);
    }
}

#[test]
fn a_break_pages_while_the_reference_is_provisional_and_does_not_become_it() {
    for seed in 4..=6 {
        let stream = events(seed, 30, |hour, random| {
            let amount = normal(random) + if hour >= 10 { 2.0 } else { 0.0 };
            ("1", format!(r#""amount":{amount}"#))
        });
        let bench = run(&stream);
        let alerts = values(&bench, "drift");
        let mut paging = alerts.iter().filter(|alert| alert["severity"] != "info");
        let first = paging.next().unwrap();
        let end = first["window"]["end"].as_str().unwrap();
        assert!(end.starts_with("2026-01-05T10:"), "{first:#}");
        let is_over = |alert: &Value| alert["status"] == "resolved";
        assert!(!alerts.iter().any(is_over), "the break lasts");
    }
}

#[test]
fn a_subject_that_comes_later_is_learned_and_then_judged() {
    for seed in 7..=9 {
        // Version 2 comes in the 26th hour with a new feature, beside version 1, which never had it. It breaks in the 36th.
        let stream = events(seed, 38, |hour, random| {
            let amount = normal(random);
            if hour < 26 || random.bool() {
                return ("1", format!(r#""amount":{amount}"#));
            }
            let new = normal(random) + if hour >= 36 { 5.0 } else { 0.0 };
            ("2", format!(r#""amount":{amount},"new":{new}"#))
        });
        let bench = run(&stream);
        let opened = opened(&bench);
        let found: Vec<&str> = opened
            .iter()
            .map(|(subject, ..)| subject.as_str())
            .collect();
        assert_eq!(found, ["feature:new"], "{opened:?}");
        assert_eq!(opened[0].2, 36, "{opened:?}");
        let data = values(&bench, "anomaly");
        let missing = data
            .iter()
            .filter(|alert| alert["detector"] == "missing_rate");
        assert_eq!(missing.count(), 0, "version 1 never had the feature");
    }
}
