//! Labels that arrive late, duplicated, corrected and out of order. The published counts must equal a plain recount for
//! any partitions and crashes, and nothing may be lost or counted twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;
use tidegauge::pipeline::observations::JoinObservations;
use tidegauge::pipeline::{Plan, SegmentsPlan};

use crate::bench::{Bench, Setup, plan};
use crate::memory_log::PlannedFault;
use crate::published::{assert_same, published, values};
use crate::traffic::{Event, MINUTE, START, shuffled};

const HOUR: i64 = 60 * MINUTE;
/// Minutes of traffic. Labels arrive up to the horizon after it.
const MINUTES: i64 = 6 * 60;
const HORIZON_MINUTES: i64 = 4 * 60;
const COUNTRIES: [&str; 3] = ["de", "fr", "us"];

/// Prediction as used by the recount.
struct Predicted {
    time: i64,
    version: &'static str,
    country: &'static str,
    class: &'static str,
    cell: u64,
}

/// Label as used by the recount.
#[derive(Clone)]
struct Labelled {
    id: usize,
    arrival: i64,
    made: i64,
    class: &'static str,
}

/// Predictions and labels with every kind of irregularity.
struct World {
    predicted: Vec<Predicted>,
    labelled: Vec<Labelled>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut predicted = Vec::new();
        for minute in 0..MINUTES {
            for n in 0..6 {
                let score = random.f64();
                predicted.push(Predicted {
                    time: START + minute * MINUTE + n * 10_000,
                    version: if random.u32(0..3) == 0 { "2" } else { "1" },
                    country: COUNTRIES[random.usize(0..3)],
                    class: if score > 0.6 { "yes" } else { "no" },
                    cell: (score * 100.0) as u64,
                });
            }
        }
        let mut labelled = Vec::new();
        for (id, prediction) in predicted.iter().enumerate() {
            label(&mut random, id, prediction, &mut labelled);
        }
        labelled.sort_by_key(|label| label.arrival);
        Self {
            predicted,
            labelled,
        }
    }

    fn predictions(&self) -> Vec<Event> {
        let event = |(id, p): (usize, &Predicted)| {
            let json = format!(
                r#"{{"id":"p{id}","model":"fraud","version":"{}","timestamp":{},"segments":{{"country":"{}"}},"prediction":{{"label":"{}","score":{}}}}}"#,
                p.version,
                p.time,
                p.country,
                p.class,
                (p.cell as f64 + 0.5) / 100.0
            );
            Event::at(p.time, json)
        };
        self.predicted.iter().enumerate().map(event).collect()
    }

    fn labels(&self) -> Vec<Event> {
        let event = |l: &Labelled| {
            let json = format!(
                r#"{{"id":"p{}","label":"{}","timestamp":{},"source":"human"}}"#,
                l.id, l.class, l.made
            );
            Event {
                arrival: l.arrival,
                ..Event::at(l.arrival, json)
            }
        };
        self.labelled.iter().map(event).collect()
    }

    /// Returns the labels in another order, within the allowed disorder. Each label still becomes known at its arrival.
    fn labels_in_disorder(&self, seed: u64) -> Vec<Event> {
        let mut random = Rng::with_seed(seed);
        let mut labels = self.labels();
        labels.sort_by_cached_key(|label| label.arrival + random.i64(0..MINUTE));
        labels
    }

    /// Confusion table of each hour of predictions, as known at the end of the hour: by version, and by country or for
    /// all countries.
    fn recount(&self) -> BTreeMap<Window, BTreeMap<(String, String), i64>> {
        let mut windows: BTreeMap<Window, BTreeMap<_, _>> = BTreeMap::new();
        for (id, prediction) in self.predicted.iter().enumerate() {
            let end = prediction.time.div_euclid(HOUR) * HOUR + HOUR;
            let labels = self.labelled.iter().filter(|label| label.id == id);
            let known = |label: &&Labelled| {
                let known_at = label.arrival.max(prediction.time);
                known_at < end && known_at <= prediction.time + HORIZON_MINUTES * MINUTE
            };
            let Some(truth) = labels.filter(known).max_by_key(|label| label.made) else {
                continue;
            };
            for country in [None, Some(prediction.country)] {
                let window = (
                    prediction.version.to_owned(),
                    country.map(str::to_owned),
                    end,
                );
                let pair = (prediction.class.to_owned(), truth.class.to_owned());
                *windows.entry(window).or_default().entry(pair).or_default() += 1;
            }
        }
        windows
    }
}

/// Version, country and end of a window.
type Window = (String, Option<String>, i64);

/// Adds the labels of one prediction. Most predictions get a label; some are labelled twice, corrected, labelled before
/// the prediction or too late. Some labels have an unknown id.
fn label(random: &mut Rng, id: usize, prediction: &Predicted, labelled: &mut Vec<Labelled>) {
    let other = |class| if class == "yes" { "no" } else { "yes" };
    let truth = if random.u32(0..5) == 0 {
        other(prediction.class)
    } else {
        prediction.class
    };
    let delay = match random.u32(0..20) {
        0 => -10 * MINUTE,
        1 => (HORIZON_MINUTES + 5) * MINUTE,
        n => i64::from(n) * 7 * MINUTE + random.i64(0..MINUTE),
    };
    // Times are distinct, because hashes would decide a tie and the recount does not know them.
    let first = Labelled {
        id,
        arrival: prediction.time + delay,
        made: prediction.time - 20 * MINUTE,
        class: truth,
    };
    match random.u32(0..10) {
        0 => return,
        1 => labelled.push(Labelled {
            arrival: first.arrival + 3 * MINUTE,
            ..first.clone()
        }),
        2 => labelled.push(Labelled {
            arrival: first.arrival + 20 * MINUTE,
            made: first.made + 1,
            class: other(truth),
            ..first
        }),
        3 => labelled.push(Labelled {
            arrival: first.arrival - MINUTE,
            made: first.made + 1,
            class: other(truth),
            ..first
        }),
        4 => labelled.push(Labelled {
            id: id + 1_000_000,
            ..first.clone()
        }),
        _ => {}
    }
    labelled.push(first);
}

fn labelled_plan() -> Plan {
    let mut plan = plan();
    plan.topics.labels = vec!["labels".into()];
    plan.segments = SegmentsPlan {
        keys: vec!["country".into()],
        values_max: 10,
    };
    plan.join.horizon_minutes = HORIZON_MINUTES;
    plan
}

fn run(world: &World, setup: Setup) -> Bench {
    let mut bench = Bench::new(Setup {
        plan: Arc::new(labelled_plan()),
        ..setup
    });
    bench.produce(&shuffled(world.predictions(), 1, 2 * MINUTE));
    bench.produce_labels(&world.labels_in_disorder(2));
    bench.close_at(START + (MINUTES + 2 * HORIZON_MINUTES) * MINUTE);
    bench.settle().unwrap();
    bench
}

/// Reported windows of one hour by prediction time, in the form of the recount.
fn reported(bench: &Bench) -> BTreeMap<Window, BTreeMap<(String, String), i64>> {
    let mut windows: BTreeMap<Window, BTreeMap<_, _>> = BTreeMap::new();
    let is_hour = |r: &Value| {
        r["schema"] == "tidegauge.quality/1"
            && r["by"] == "prediction"
            && r["window"]["length"] == "1h"
    };
    for report in values(bench, "reports").into_iter().filter(is_hour) {
        let end: jiff::Timestamp = report["window"]["end"].as_str().unwrap().parse().unwrap();
        let country = report["segment"]
            .as_str()
            .map(|s| s.replace("country=", ""));
        let window = (
            report["version"].as_str().unwrap_or("").to_owned(),
            country,
            end.as_millisecond(),
        );
        let fields = report["confusion"].as_array().unwrap().iter();
        let counts: BTreeMap<_, _> = fields
            .map(|f| {
                let class = |name: &str| f[name].as_str().unwrap().to_owned();
                (
                    (class("predicted"), class("label")),
                    f["count"].as_i64().unwrap(),
                )
            })
            .filter(|(_, count)| *count != 0)
            .collect();
        if !counts.is_empty() {
            assert!(
                windows.insert(window, counts).is_none(),
                "a window was reported twice"
            );
        }
    }
    windows
}

#[test]
fn the_tables_are_those_of_a_recount() {
    let world = World::new(1);
    let bench = run(&world, Setup::default());
    let (found, wanted) = (reported(&bench), world.recount());
    for (window, counts) in &wanted {
        assert_eq!(found.get(window), Some(counts), "{window:?}");
    }
    assert_eq!(found.len(), wanted.len(), "windows that nobody expects");
    assert_conserved(&bench, &world);
}

/// Checks predictions = joined + pending + expired + duplicates and labels = joined + waiting + expired + duplicates.
/// The left sides are what was produced, not what the join has counted.
fn assert_conserved(bench: &Bench, world: &World) {
    let told = bench.joins();
    let sum = |of: fn(&JoinObservations) -> u64| told.iter().map(of).sum::<u64>();
    let predictions = world.predicted.len() as u64; // the minute of the closing events is never closed
    assert_eq!(sum(|t| t.counts.predictions), predictions);
    assert_eq!(
        sum(|t| t.counts.joined
            + t.pending
            + t.counts.expired_total()
            + t.counts.duplicates_total()),
        predictions
    );
    assert_eq!(sum(|t| t.counts.labels), world.labelled.len() as u64);
    assert_eq!(
        sum(|t| t.counts.labels_joined
            + t.waiting
            + t.counts.labels_expired_total()
            + t.counts.labels_duplicate),
        world.labelled.len() as u64
    );
}

#[test]
fn neither_partitions_nor_members_nor_crashes_change_what_is_published() {
    let world = World::new(2);
    let plain = run(&world, Setup::default());
    let wanted = published(&plain);
    assert!(
        plain
            .joins()
            .iter()
            .map(|t| t.counts.corrections)
            .sum::<u64>()
            > 50
    );
    for (what, setup) in [
        (
            "one partition",
            Setup {
                partitions: 1,
                ..Setup::default()
            },
        ),
        (
            "three members",
            Setup {
                partitions: 8,
                members: 3,
                ..Setup::default()
            },
        ),
        (
            "crashes",
            Setup {
                crashes: (1..12).map(|n| n * 37).collect(),
                checkpoint: Duration::from_millis(40),
                ..Setup::default()
            },
        ),
        (
            "a lost answer",
            Setup {
                faults: vec![
                    PlannedFault::None,
                    PlannedFault::None,
                    PlannedFault::Refused,
                    PlannedFault::None,
                    PlannedFault::AnswerLost,
                ],
                ..Setup::default()
            },
        ),
    ] {
        let bench = run(&world, setup);
        let found = published(&bench);
        assert_same(&wanted, &found, what);
        assert_conserved(&bench, &world);
    }
}

/// Other settings rebuild other entries than those that were counted. That breaks no invariant.
#[test]
fn a_shorter_horizon_is_no_violation() {
    let world = World::new(4);
    let mut bench = Bench::new(Setup {
        plan: Arc::new(labelled_plan()),
        ..Setup::default()
    });
    bench.produce(&shuffled(world.predictions(), 1, 2 * MINUTE));
    bench.produce_labels(&world.labels_in_disorder(2));
    bench.close_at(START + MINUTES * MINUTE);
    bench.settle().unwrap();
    let waiting = |bench: &Bench| bench.joins().iter().map(|join| join.pending).sum::<u64>();
    let before = waiting(&bench);
    let mut plan = labelled_plan();
    plan.join.horizon_minutes = 60;
    bench.setup.plan = Arc::new(plan);
    bench.take_over_all();
    bench.close_at(START + (MINUTES + 5) * MINUTE);
    for _ in 0..500 {
        bench.turn().unwrap(); // labels far ahead are paused, so the input is never read to its end
        bench.clock.pass(Duration::from_millis(20));
    }
    assert!(waiting(&bench) < before, "the horizon is shorter");
    assert!(bench.ledger.said().violations.is_empty());
}
