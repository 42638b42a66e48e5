//! Label-based rules on simulated months: models that meet their objective do not alert, and models that miss it do.

use std::collections::BTreeMap;

use tidegauge::detect::Verdict;
use tidegauge::detect::slo::{
    BelowRule, BurnRule, Objective, Preset, Rule, RuleInput, Series, Sli, judge,
};
use tidegauge::sketch::Share;
use tidegauge::window::{Boundary, Span, WindowLength};

const MODELS: u64 = 200;
/// Number of simulated models with many labels, which take longer.
const BUSY_MODELS: u64 = 50;
const DAY: i64 = 1_440;
const MONTH: i64 = 30 * DAY;
/// First week, which is not evaluated because the windows are still filling.
const WEEK: i64 = 7 * DAY;

/// Labels per day, and the share of labels that confirm the prediction.
#[derive(Clone, Copy)]
struct Life {
    labels_per_day: f64,
    good: f64,
}

/// Series with labels at random minutes.
fn live(objective: &Objective, life: Life, seed: u64) -> Series {
    let rng = &mut fastrand::Rng::with_seed(seed);
    let mut series = Series::new(objective.retention());
    let count = (life.labels_per_day * ((WEEK + MONTH) / DAY) as f64) as usize;
    for _ in 0..count {
        let minute = Boundary(rng.i64(0..WEEK + MONTH));
        series.add(minute, &Share::one(rng.f64() < life.good));
    }
    series
}

/// Detector that fires in the month, if any. Rules are evaluated every hour; a breach fires if it lasts for its hold.
fn fires(objective: &Objective, series: &Series) -> Option<&'static str> {
    let mut since: BTreeMap<(&'static str, WindowLength), Boundary> = BTreeMap::new();
    for at in (WEEK..=WEEK + MONTH).step_by(60).map(Boundary) {
        let matured = Span::ending_at(at, WindowLength::from_minutes(WEEK as u32).unwrap());
        let input = RuleInput {
            objective,
            series,
            at,
            matured: Some(series.sum(matured)),
        };
        for said in judge(&input) {
            let cause = (said.finding.detector, said.window);
            if said.finding.verdict != Verdict::Breach {
                since.remove(&cause);
            } else if at.0 - since.entry(cause).or_insert(at).0 >= said.hold_minutes {
                return Some(said.finding.detector);
            }
        }
    }
    None
}

/// Percentage of models that ever alert. Also prints the count by detector.
fn alerting(objective: &Objective, life: Life) -> f64 {
    let models = if life.labels_per_day > 200.0 {
        BUSY_MODELS
    } else {
        MODELS
    };
    let mut by: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..models {
        if let Some(detector) = fires(objective, &live(objective, life, 1_000 + seed)) {
            *by.entry(detector).or_default() += 1;
        }
    }
    let share = 100.0 * f64::from(by.values().sum::<u32>()) / models as f64;
    println!(
        "{} at {} with {} labels a day: {share} % alert in 30 days {by:?}",
        objective.name, life.good, life.labels_per_day
    );
    share
}

fn objective(name: &str, rule: Rule) -> Objective {
    Objective {
        name: name.into(),
        model: None,
        sli: Sli::Precision,
        rule,
        events_min: 0,
    }
}

fn below() -> Objective {
    objective(
        "below 93 %",
        Rule::Below(BelowRule {
            target: 0.95,
            floor: 0.93,
            window: WindowLength::from_minutes(WEEK as u32).unwrap(),
            evaluations: 2,
        }),
    )
}

fn burn(target: f64) -> Objective {
    objective(
        "burn",
        Rule::Burn(BurnRule {
            target,
            period_minutes: MONTH,
            windows: Preset::Labels.windows(MONTH, target),
        }),
    )
}

fn life(good: f64, labels_per_day: f64) -> Life {
    Life {
        labels_per_day,
        good,
    }
}

#[test]
fn a_model_exactly_at_its_floor_is_rarely_reported() {
    assert!(alerting(&below(), life(0.93, 50.0)) <= 5.0);
    assert!(
        alerting(&below(), life(0.95, 50.0)) == 0.0,
        "at the target: never"
    );
}

#[test]
fn a_model_two_points_below_its_floor_is_mostly_found() {
    assert!(alerting(&below(), life(0.91, 50.0)) >= 50.0);
    assert!(alerting(&below(), life(0.91, 150.0)) >= 90.0);
}

#[test]
fn a_model_exactly_at_its_target_does_not_burn() {
    assert!(alerting(&burn(0.95), life(0.95, 50.0)) <= 5.0);
    assert!(alerting(&burn(0.99), life(0.99, 400.0)) <= 5.0);
}

#[test]
fn a_model_that_fails_three_times_too_often_burns() {
    assert!(alerting(&burn(0.95), life(0.85, 50.0)) >= 95.0);
}
