//! Traffic over weeks: what must be found, what must be silent, and what is shown. Each model is one kind of traffic.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use serde_json::Value;
use tidegauge::pipeline::Plan;
use tidegauge::window::{WindowLength, WindowSpec};

use crate::bench::{Bench, Setup, plan};
use crate::published::values;
use crate::traffic::{Event, MINUTE, START};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
/// Minute at which faults begin: 09:00 UTC on a Saturday, after 19 days.
const FAULT: i64 = 19 * DAY + 9 * HOUR;

/// Mean predictions in a minute of a model.
type Rate = fn(i64) -> f64;

/// Kinds of traffic over 20 days.
const WEEKS: [(&str, Rate); 5] = [
    ("falls", |at| {
        if at < FAULT {
            1_000.0 / 60.0
        } else {
            800.0 / 60.0
        }
    }),
    ("doubles", |at| if at < FAULT { 2.0 } else { 4.0 }),
    ("stops", |at| {
        if (FAULT..FAULT + 3 * HOUR).contains(&at) {
            0.0
        } else {
            2.0
        }
    }),
    // A nightly job that does not come in the last night.
    ("job", |at| match at % DAY {
        180..190 if at < 19 * DAY => 30.0,
        _ => 0.02,
    }),
    // Its clock is an hour ahead from the second Sunday on.
    ("office", |at| {
        office(if at < 13 * DAY { at } else { at + HOUR })
    }),
];

/// Kinds of traffic in the first days: the first Saturday is day 5.
const FIRST_DAYS: [(&str, Rate); 3] = [
    ("office", office),
    ("office_far", |at| office(at + 12 * HOUR)),
    ("second_day", |at| if at < DAY { 10.0 } else { 8.0 }),
];

fn office(at: i64) -> f64 {
    match (at / DAY % 7, at % DAY / HOUR) {
        (0..5, 8..18) => 6.0,
        _ => 0.02,
    }
}

/// Events of the models in order of time. A model without fractions of an event is evenly spread.
fn events(seed: u64, minutes: i64, models: &[(&str, Rate)]) -> Vec<Event> {
    let mut random = Rng::with_seed(seed);
    let mut events = Vec::new();
    for minute in 0..minutes {
        for (model, rate) in models {
            for n in 0..poisson(&mut random, rate(minute)) {
                let id = format!("{model}-{minute}-{n}");
                events.push(Event::bare(model, "1", &id, START + minute * MINUTE));
            }
        }
    }
    events
}

fn poisson(random: &mut Rng, mean: f64) -> u64 {
    let (limit, mut product, mut count) = ((-mean).exp(), random.f64(), 0);
    while product > limit {
        product *= random.f64();
        count += 1;
    }
    count
}

/// Runs the traffic. Windows of drift are long and rare, because they are not the matter here.
fn run(seed: u64, minutes: i64, models: &[(&str, Rate)]) -> Bench {
    let rare = WindowSpec {
        length: WindowLength::from_minutes(60).unwrap(),
        step_minutes: 60,
    };
    let plan = Plan {
        windows: vec![rare],
        ..plan()
    };
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    });
    bench.produce(&events(seed, minutes, models));
    bench.close_at(START + (minutes + 3) * MINUTE);
    bench.settle().unwrap();
    bench
}

/// The first firing record of each model about its volume: its minute, and its summary.
fn found(bench: &Bench) -> BTreeMap<String, (i64, String)> {
    let mut found = BTreeMap::new();
    for alert in values(bench, "anomaly") {
        if alert["kind"] == "volume" && alert["status"] == "firing" {
            let model = alert["model"].as_str().unwrap().to_owned();
            let summary = alert["annotations"]["summary"].as_str().unwrap().to_owned();
            found.entry(model).or_insert((minute(&alert), summary));
        }
    }
    found
}

fn minute(alert: &Value) -> i64 {
    let at: jiff::Timestamp = alert["at"].as_str().unwrap().parse().unwrap();
    (at.as_millisecond() - START) / MINUTE
}

#[test]
fn falls_rises_stops_and_missing_jobs_are_found_and_a_clock_change_is_not() {
    for seed in 1..=3 {
        let bench = run(seed, FAULT + 4 * HOUR, &WEEKS);
        let found = found(&bench);
        let models: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(
            models,
            ["doubles", "falls", "job", "stops"],
            "seed {seed}: {found:?}"
        );
        let delay = |model: &str| found[model].0 - FAULT;
        assert!(
            (0..=120).contains(&delay("falls")),
            "seed {seed}: {found:?}"
        );
        assert!(
            (0..=120).contains(&delay("doubles")),
            "seed {seed}: {found:?}"
        );
        assert!((0..=60).contains(&delay("stops")), "seed {seed}: {found:?}");
        let job = found["job"].0 - (19 * DAY + 3 * HOUR);
        assert!((0..=120).contains(&job), "seed {seed}: {found:?}");
        assert!(found["falls"].1.contains("traffic fell by "), "{found:?}");
        assert!(found["doubles"].1.contains("traffic rose by "), "{found:?}");
        assert!(found["stops"].1.contains("traffic stopped"), "{found:?}");
        let shown = &bench.ledger.said().volume[&("falls".to_owned(), 60)];
        assert!(shown.detectable_drop.unwrap() < 0.2, "{shown:?}");
    }
}

#[test]
fn the_first_saturday_is_silent_and_the_second_day_is_compared_with_the_first() {
    for seed in 1..=3 {
        let bench = run(seed, 8 * DAY, &FIRST_DAYS);
        let found = found(&bench);
        assert!(found.is_empty(), "seed {seed}: {found:?}");
        let bench = run(seed, 2 * DAY, &FIRST_DAYS[2..]);
        let shown = &bench.ledger.said().volume[&("second_day".to_owned(), 1_440)];
        let change = shown.change().unwrap();
        assert!((-0.23..-0.17).contains(&change), "seed {seed}: {shown:?}");
        assert_eq!(shown.verdict, tidegauge::detect::Verdict::Lingering);
    }
}
