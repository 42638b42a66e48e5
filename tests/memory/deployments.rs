//! A model that is deployed often: its live version is always watched, and its traffic is always counted.

use std::sync::Arc;

use tidegauge::pipeline::{Bounds, Plan};

use crate::bench::{Bench, Setup, plan};
use crate::published::alerts;
use crate::traffic::{Event, Incident, MINUTE, START, Traffic};

/// Versions that are kept at once.
const VERSIONS_MAX: usize = 3;
/// Minutes for which a version is live.
const LIVE: i64 = 90;

fn setup() -> Setup {
    let bounds = Bounds {
        versions_max: VERSIONS_MAX,
        ..plan().bounds
    };
    Setup {
        plan: Arc::new(Plan { bounds, ..plan() }),
        ..Setup::default()
    }
}

/// Traffic of `fraud` whose version is chosen by the time of the prediction.
fn traffic(minutes: i64, seed: u64, version: impl Fn(i64, usize) -> String) -> Vec<Event> {
    let traffic = Traffic {
        minutes,
        incident: Some((minutes - LIVE, minutes, Incident::Cents)),
        bad_in: None,
        company: false,
        ..Traffic::of_five_hours(seed)
    };
    let renamed = |(n, event): (usize, Event)| {
        let version = version((event.time - START) / MINUTE, n);
        let text = String::from_utf8(event.payload).unwrap();
        let named = text.replace(r#""version":"1""#, &format!(r#""version":"{version}""#));
        Event::at(event.time, named)
    };
    traffic
        .events()
        .into_iter()
        .enumerate()
        .map(renamed)
        .collect()
}

fn run(events: &[Event]) -> Bench {
    let mut bench = Bench::new(setup());
    bench.produce(events);
    bench.close_at(events.last().unwrap().time + 10 * MINUTE);
    bench.settle().unwrap();
    bench
}

/// Eight versions follow each other; a window is an hour long. The eighth is broken.
#[test]
fn the_version_that_was_silent_the_longest_gives_way_to_the_one_that_lives() {
    for seed in 1..=3 {
        let events = traffic(8 * LIVE, seed, |minute, _| format!("v{}", minute / LIVE));
        let bench = run(&events);
        let alerts = alerts(&bench);
        let is_found = |line: &String| line.contains("drift firing fraud feature:amount");
        assert!(alerts.iter().any(is_found), "seed {seed}: {alerts:#?}");
        assert!(
            alerts.iter().all(|line| !line.contains("volume")),
            "{alerts:#?}"
        );
    }
}

/// After a day of one version, forty live at once. Most are turned away, but no traffic is missing.
#[test]
fn volume_counts_what_comes_and_not_what_is_kept() {
    const DAY: i64 = 1_440;
    let version = |minute: i64, n: usize| match minute {
        0..DAY => "v1".to_owned(),
        _ => format!("canary-{}", n % 40),
    };
    let bench = run(&traffic(DAY + 2 * LIVE, 4, version));
    let alerts = alerts(&bench);
    assert!(
        alerts.iter().all(|line| !line.contains("volume")),
        "{alerts:#?}"
    );
}
