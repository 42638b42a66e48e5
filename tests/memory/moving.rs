//! Moving references: a season and slow change are ordinary, and a jump on top of them is found.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tidegauge::pipeline::remarks::Remark;
use tidegauge::pipeline::state::StateKey;
use tidegauge::pipeline::{LearningPlan, Plan, ReferencePlan, SeasonalSubjects};
use tidegauge::window::{WindowLength, WindowSpec};

use crate::bench::{Bench, Setup, plan};
use crate::published::{assert_same, published, values};
use crate::traffic::{Event, MINUTE, START};

const DAY: i64 = 1_440;
/// Day on which slow change begins: a trailing reference judges by then.
const DRIFT_FROM: f64 = 13.0;
const SEEDS: std::ops::Range<u64> = 1..4;

const SEASONAL: ReferencePlan = ReferencePlan::Seasonal {
    period_minutes: DAY,
    periods: 7,
    subjects: SeasonalSubjects::All,
};
const TRAILING: ReferencePlan = ReferencePlan::Trailing {
    span_minutes: 3 * DAY,
};

/// A feature of one model: how its mean moves, in its standard deviations.
#[derive(Clone, Copy)]
struct Feature {
    /// Height of a season of one day.
    season: f64,
    /// Part of it that there is on the first day.
    first_day: f64,
    /// Slow change, a day, from [`DRIFT_FROM`] on.
    drift: f64,
    /// First minute, minute after the last, and height of a jump.
    jump: Option<(i64, i64, f64)>,
    days: i64,
    per_minute: i64,
}

impl Feature {
    fn events(&self, seed: u64) -> Vec<Event> {
        let mut random = Rng::with_seed(seed);
        let mut events = Vec::new();
        for minute in 0..self.days * DAY {
            let mean = self.mean(minute);
            for n in 0..self.per_minute {
                let time = START + minute * MINUTE + n * MINUTE / self.per_minute;
                let value = mean + (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
                let json = format!(
                    r#"{{"id":"{minute}-{n}","model":"m","version":"1","timestamp":{time},"features":{{"x":{value:.4}}},"prediction":{{"score":0.5}}}}"#
                );
                events.push(Event::at(time, json));
            }
        }
        events
    }

    fn mean(&self, minute: i64) -> f64 {
        let days = minute as f64 / DAY as f64;
        let jump = self
            .jump
            .filter(|(from, to, _)| (*from..*to).contains(&minute));
        let season = if minute < DAY {
            self.first_day * self.season
        } else {
            self.season
        };
        season * (std::f64::consts::TAU * days).cos()
            + self.drift * (days - DRIFT_FROM).max(0.0)
            + jump.map_or(0.0, |(.., height)| height)
    }

    /// Runs the feature with new members after each of `parts` of the events.
    fn run(&self, seed: u64, reference: ReferencePlan, parts: usize) -> Bench {
        let mut bench = Bench::new(Setup {
            plan: compared_with(reference),
            partitions: 1,
            checkpoint: Duration::from_millis(900), // the last checkpoint is some frames before the end
            ..Setup::default()
        });
        let events = self.events(seed);
        for part in events.chunks(events.len().div_ceil(parts)) {
            bench.produce(part);
            bench.take_over_all();
            bench.settle().unwrap();
        }
        bench.close_at(START + self.days * DAY * MINUTE + 10 * MINUTE);
        bench.settle().unwrap();
        bench
    }

    /// Minutes from the jump to the first drift that fires, and the alerts before it.
    fn found(&self, seed: u64, reference: ReferencePlan) -> (Vec<i64>, Option<i64>) {
        self.found_in(&self.run(seed, reference, 1))
    }

    fn found_in(&self, bench: &Bench) -> (Vec<i64>, Option<i64>) {
        let jump = self.jump.map_or(self.days * DAY, |(from, ..)| from);
        let at = fired_at(bench).into_iter().map(|minute| minute - jump);
        let (before, after): (Vec<i64>, Vec<i64>) = at.partition(|minutes| *minutes <= 0);
        (before, after.first().copied())
    }
}

/// Minutes of the records of drift that fires.
fn fired_at(bench: &Bench) -> Vec<i64> {
    let firing = values(bench, "drift").into_iter();
    let firing = firing.filter(|alert| alert["status"] == "firing");
    let minute = |alert: serde_json::Value| {
        let at: jiff::Timestamp = alert["at"].as_str().unwrap().parse().unwrap();
        (at.as_millisecond() - START) / MINUTE
    };
    firing.map(minute).collect()
}

/// One day is learned, or three where the reference is to find rhythms by itself, and windows are judged each quarter of an hour.
fn compared_with(reference: ReferencePlan) -> Arc<Plan> {
    let mut plan = plan();
    let window = |minutes, step_minutes| WindowSpec {
        length: WindowLength::from_minutes(minutes).unwrap(),
        step_minutes,
    };
    plan.windows = vec![window(15, 15), window(60, 15), window(1_440, 60)];
    let learned = if reference == ReferencePlan::DAILY {
        3 * DAY
    } else {
        DAY
    };
    plan.learning = LearningPlan {
        span_minutes: learned,
        provisional_minutes: learned,
        events_min: 1_000,
        variability_minutes: 14 * DAY,
    };
    plan.reference = reference;
    // A model of two subjects would spend its budget: a window of 90 events alarms by chance.
    plan.detect.false_alarms_per_30_days = 0.1;
    Arc::new(plan)
}

const RHYTHM: Feature = Feature {
    season: 0.5,
    first_day: 1.0,
    drift: 0.0,
    jump: Some((20 * DAY, 22 * DAY, 0.5)),
    days: 22,
    per_minute: 8,
};

#[test]
fn a_subject_with_a_daily_rhythm_is_compared_with_its_season_and_a_shift_is_found_sooner() {
    for seed in SEEDS {
        let bench = RHYTHM.run(seed, ReferencePlan::DAILY, 1);
        let said = &bench.ledger.said().remarks["m"];
        let of_one = |remark: &Remark| match remark {
            Remark::MovingReference(moving) => moving.count == 1 && moving.not_before.is_none(),
            _ => false,
        };
        assert!(said.iter().any(of_one), "the score has no rhythm: {said:?}");
        let (before, seasonal) = RHYTHM.found_in(&bench);
        assert!(before.is_empty(), "seed {seed}: {before:?}");
        let (before, fixed) = RHYTHM.found(seed, ReferencePlan::Fixed);
        assert!(before.is_empty(), "seed {seed}: {before:?}");
        let (seasonal, fixed) = (seasonal.unwrap(), fixed.unwrap_or(i64::MAX));
        println!("seed {seed}: seasonal {seasonal}, fixed {fixed}");
        assert!(
            seasonal <= 90 && 2 * seasonal <= fixed,
            "{seasonal} {fixed}"
        );
    }
}

fn says_strong(bench: &Bench) -> bool {
    let said = &bench.ledger.said().remarks["m"];
    said.iter()
        .any(|own| matches!(own, Remark::StrongRhythm(of) if of.names == ["feature:x"]))
}

/// An hour of the day as a feature is such a rhythm. Every day reaches the same distance, so it is ordinary from the first on.
#[test]
fn a_rhythm_of_several_standard_deviations_pages_nobody_and_its_season_finds_a_shift() {
    for seed in SEEDS {
        let strong = Feature {
            season: 6.0,
            jump: Some((20 * DAY, 22 * DAY, 3.0)),
            per_minute: 4,
            ..RHYTHM
        };
        let week = Feature { days: 7, ..strong }.run(seed, ReferencePlan::DAILY, 1);
        assert!(says_strong(&week), "shifts are hidden, and nobody says so");
        let bench = strong.run(seed, ReferencePlan::DAILY, 1);
        assert!(!says_strong(&bench), "its season judges");
        let (before, after) = strong.found_in(&bench);
        assert!(before.is_empty(), "seed {seed}: {before:?}");
        assert!(after.is_some_and(|minutes| minutes <= 240), "{after:?}");
    }
}

#[test]
fn a_daily_rhythm_raises_nothing_over_thirty_days() {
    for seed in SEEDS {
        let quiet = Feature {
            jump: None,
            days: 30,
            per_minute: 5,
            ..RHYTHM
        };
        assert_eq!(
            quiet.found(seed, SEASONAL),
            (Vec::new(), None),
            "seed {seed}"
        );
    }
}

const SLOW: Feature = Feature {
    season: 0.0,
    first_day: 1.0,
    drift: 0.03,
    jump: Some((25 * DAY, 26 * DAY, 0.6)),
    days: 26,
    per_minute: 6,
};

#[test]
fn slow_change_is_ordinary_to_a_trailing_reference_and_a_jump_is_not() {
    for seed in SEEDS {
        let (before, trailing) = SLOW.found(seed, TRAILING);
        assert!(before.is_empty(), "seed {seed}: {before:?}");
        assert!(
            trailing.is_some_and(|minutes| minutes <= 180),
            "{trailing:?}"
        );
        let (before, _) = SLOW.found(seed, ReferencePlan::Fixed);
        assert!(!before.is_empty(), "it is drift to the frozen reference");
    }
}

/// A fault of hours, and its end, in the hours that the next days are compared with.
#[test]
fn the_end_of_a_fault_is_no_drift_of_the_days_after_it() {
    for seed in SEEDS {
        let (from, to) = (17 * DAY + 360, 17 * DAY + 720);
        let fault = Feature {
            jump: Some((from, to, 2.0)),
            days: 21,
            ..RHYTHM
        };
        let fired = fired_at(&fault.run(seed, SEASONAL, 1));
        let during = from..to + 60;
        assert!(
            fired.iter().any(|minute| during.contains(minute)),
            "{fired:?}"
        );
        assert!(
            fired.iter().all(|minute| during.contains(minute)),
            "{fired:?}"
        );
    }
}

/// The newest reference of the feature. One day judges as a provisional reference, and five are learned.
fn learned_in_five_days(feature: Feature, seed: u64) -> serde_json::Value {
    let mut plan = (*compared_with(ReferencePlan::DAILY)).clone();
    plan.learning.provisional_minutes = DAY;
    plan.learning.span_minutes = 5 * DAY;
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan),
        partitions: 1,
        ..Setup::default()
    });
    bench.produce(&feature.events(seed));
    bench.close_at(START + feature.days * DAY * MINUTE + 10 * MINUTE);
    bench.settle().unwrap();
    assert!(
        !fired_at(&bench).is_empty(),
        "it differs from its first day"
    );
    let newest = values(&bench, "references").pop().unwrap();
    newest["subjects"]["feature:x"].clone()
}

#[test]
fn a_rhythm_that_fires_on_its_first_days_is_no_trouble_and_a_break_is() {
    for seed in SEEDS {
        let few = Feature {
            season: 6.0,
            first_day: 0.4, // a holiday
            jump: None,
            days: 6,
            per_minute: 2,
            ..RHYTHM
        };
        let learned = learned_in_five_days(few, seed);
        let share = learned["rhythm"]["time_of_day"].as_f64();
        assert!(
            share.is_some_and(|share| share > 0.6),
            "seed {seed}: {}",
            learned["rhythm"]
        );
        assert_eq!(learned["span"]["length"], "5d");
        let broken = Feature {
            season: 0.0,
            jump: Some((2 * DAY, 6 * DAY, 3.0)),
            ..few
        };
        let learned = learned_in_five_days(broken, seed);
        assert_eq!(learned["rhythm"], serde_json::Value::Null);
        assert_eq!(learned["span"]["length"], "1d");
    }
}

/// The counts and the habits in the state.
fn learned(bench: &Bench) -> BTreeMap<(i32, Vec<u8>), Vec<u8>> {
    let is_learned = |(_, key): &(i32, Vec<u8>)| {
        let (_, key, _): (u8, StateKey, u16) = postcard::from_bytes(key).unwrap();
        matches!(key, StateKey::Tally(..) | StateKey::Variability(..))
    };
    let state = bench.state().into_iter();
    state.filter(|(key, _)| is_learned(key)).collect()
}

#[test]
fn a_restart_changes_no_record() {
    for (seed, reference) in SEEDS.zip([SEASONAL, TRAILING, ReferencePlan::DAILY]) {
        let feature = Feature {
            jump: Some((14 * DAY, 15 * DAY, 1.5)),
            days: 15,
            per_minute: 2,
            ..RHYTHM
        };
        let straight = feature.run(seed, reference, 1);
        let crashed = feature.run(seed, reference, 7);
        assert!(crashed.replayed > 0, "open panes were rebuilt");
        assert_same(
            &published(&straight),
            &published(&crashed),
            &format!("seed {seed}"),
        );
        assert!(
            learned(&crashed) == learned(&straight),
            "the state, seed {seed}"
        );
        assert!(!values(&straight, "drift").is_empty());
    }
}
