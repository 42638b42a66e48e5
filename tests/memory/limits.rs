//! Tests of limits: admission beyond a limit depends only on names and panes, and everything left out is counted.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegauge::pipeline::observations::Forgotten;
use tidegauge::pipeline::partition::partition_of_model;
use tidegauge::pipeline::{Bounds, Plan};
use tidegauge::sketch::{Subject, id_hash};

use crate::bench::{Bench, Setup, plan};
use crate::published::{assert_same, published, values};
use crate::traffic::{Event, MINUTE, START, shuffled};

fn bounded(change: impl Fn(&mut Bounds)) -> Arc<Plan> {
    let mut plan = plan();
    change(&mut plan.bounds);
    Arc::new(plan)
}

/// Model names that belong to one partition, in the order of admission.
fn neighbours(wanted: usize) -> Vec<String> {
    let names = (0..).map(|n| format!("m{n}"));
    let together = names.filter(|name| partition_of_model(name) == 3);
    let mut neighbours: Vec<String> = together.take(wanted).collect();
    neighbours.sort_by_key(|name| id_hash(name));
    neighbours
}

fn prediction(model: &str, version: &str, features: &[String], minute: i64, n: usize) -> Event {
    let time = START + minute * MINUTE + n as i64;
    let features: Vec<String> = features
        .iter()
        .map(|name| format!(r#""{name}":{n}"#))
        .collect();
    let json = format!(
        r#"{{"id":"{minute}-{n}-{model}-{version}","model":"{model}","version":"{version}","timestamp":{time},"features":{{{}}},"prediction":{{"score":0.5}}}}"#,
        features.join(",")
    );
    Event::at(time, json)
}

/// Events of one hour: in each minute six models, and six versions of one model with six features.
fn crowd() -> Vec<Event> {
    let models = neighbours(6);
    let names: Vec<String> = (0..6).map(|n| format!("f{n}")).collect();
    let mut events = Vec::new();
    for minute in 0..60 {
        for n in 0..6 {
            events.push(prediction(&models[n], "1", &names[n..=n], minute, n));
            events.push(prediction(
                &models[0],
                &format!("v{n}"),
                &names,
                minute,
                10 + n,
            ));
        }
    }
    events
}

fn run(events: &[Event], setup: Setup) -> Bench {
    let mut bench = Bench::new(setup);
    bench.produce(events);
    bench.close_at(START + 90 * MINUTE);
    bench.settle().unwrap();
    bench
}

/// Distinct values of `of` over the reports.
fn reported(bench: &Bench, of: impl Fn(&serde_json::Value) -> String) -> BTreeSet<String> {
    values(bench, "reports").iter().map(of).collect()
}

#[test]
fn who_is_admitted_does_not_depend_on_arrival_partitions_or_crashes() {
    let plan = bounded(|bounds| {
        bounds.models_max = 3;
        bounds.versions_max = 2;
        bounds.features_max = 4;
    });
    let one = run(
        &crowd(),
        Setup {
            plan: plan.clone(),
            partitions: 1,
            ..Setup::default()
        },
    );
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let admitted = BTreeSet::from_iter(neighbours(6).into_iter().take(3));
    assert_eq!(
        reported(&one, |r| text(&r["model"])),
        admitted,
        "the smallest hashes"
    );
    let of_model = |r: &serde_json::Value| format!("{} {}", text(&r["model"]), text(&r["version"]));
    assert!(reported(&one, of_model).len() <= 3 + 1);
    let counted = one.ledger.said().overflow;
    assert!(
        counted.predictions > 0 && counted.features > 0,
        "{counted:?}"
    );
    for (partitions, seed) in [(3, 1), (8, 2), (2, 3)] {
        let setup = Setup {
            plan: plan.clone(),
            partitions,
            crashes: vec![4, 6],
            ..Setup::default()
        };
        let other = run(&shuffled(crowd(), seed, 100_000), setup);
        assert_same(
            &published(&one),
            &published(&other),
            &format!("{partitions} partitions"),
        );
        assert_eq!(other.ledger.said().overflow, counted);
    }
}

/// Everything that is admitted is reported, and nothing that is left out is partly counted.
#[test]
fn what_is_reported_and_what_overflowed_is_all_there_was() {
    let plan = bounded(|bounds| bounds.models_max = 2);
    let bench = run(
        &crowd(),
        Setup {
            plan,
            ..Setup::default()
        },
    );
    let hourly = values(&bench, "reports")
        .into_iter()
        .filter(|r| r["window"]["length"] == "1h" && r["subject"] == "score");
    let reported: u64 = hourly.map(|r| r["predictions"].as_u64().unwrap()).sum();
    assert_eq!(
        reported + bench.ledger.said().overflow.predictions,
        crowd().len() as u64
    );
}

#[test]
fn names_that_are_silent_for_long_make_room() {
    let models = neighbours(2);
    let plan = bounded(|bounds| {
        bounds.models_max = 1;
        bounds.versions_max = 2;
        bounds.features_max = 1;
        bounds.retire_minutes = 120;
    });
    let none: [String; 0] = [];
    let model = &models[0];
    let mut events = vec![
        prediction(model, "1", &["a".into()], 0, 0),
        prediction(model, "kept", &["a".into()], 0, 1),
        // Too early for another version and for another feature of the version that stays.
        prediction(model, "2", &["b".into()], 60, 0),
        prediction(model, "kept", &["b".into()], 60, 1),
    ];
    events.extend((61..200).map(|minute| prediction(model, "kept", &none, minute, 0)));
    // Two hours after their predecessors, there is room for both.
    for minute in 200..320 {
        events.push(prediction(model, "2", &["b".into()], minute, 0));
        events.push(prediction(model, "kept", &["b".into()], minute, 1));
    }
    for minute in 460..520 {
        events.push(prediction(&models[1], "1", &["c".into()], minute, 0));
    }
    let mut bench = Bench::new(Setup {
        plan,
        partitions: 1,
        ..Setup::default()
    });
    bench.produce(&events);
    bench.close_at(START + 600 * MINUTE);
    bench.settle().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let seen = reported(&bench, |r| {
        let end = text(&r["window"]["end"])[11..16].to_owned();
        let names = [text(&r["model"]), text(&r["version"]), text(&r["subject"])];
        if text(&r["window"]["length"]) == "1h" {
            format!("{} {end}", names.join(" "))
        } else {
            String::new()
        }
    });
    let (first, second) = (&models[0], &models[1]);
    for wanted in [
        format!("{first} 1 feature:a 01:00"),
        format!("{first} kept feature:a 01:00"),
        format!("{first} 2 feature:b 05:00"),
        format!("{first} kept feature:b 05:00"),
        format!("{second} 1 feature:c 09:00"),
    ] {
        assert!(seen.contains(&wanted), "{wanted} is missing: {seen:#?}");
    }
    assert!(
        !seen
            .iter()
            .any(|line| line.ends_with("02:00") && line.contains(" 2 ")),
        "{seen:#?}"
    );
    assert!(
        !seen
            .iter()
            .any(|line| line.ends_with("02:00") && line.contains("feature:b")),
        "{seen:#?}"
    );
    let left = bench.state();
    let about_first = left.keys().filter(|(_, key)| {
        key.windows(first.len() + 1)
            .any(|w| w == format!("{}{first}", first.len() as u8 as char).as_bytes())
    });
    assert_eq!(about_first.count(), 0, "nothing is left of the first model");
    let forgotten = bench.ledger.said().forgotten;
    let name = |version: Option<&str>, feature: Option<&str>| Forgotten {
        model: first.clone(),
        version: version.map(str::to_owned),
        segment: None,
        subject: feature.map(|feature| Subject::Feature(feature.to_owned())),
    };
    for wanted in [
        name(Some("1"), None),
        name(Some("kept"), Some("a")),
        name(None, None),
    ] {
        let told = forgotten.iter().filter(|names| **names == wanted).count();
        assert_eq!(told, 1, "{wanted:?} of {forgotten:#?}");
    }
}
