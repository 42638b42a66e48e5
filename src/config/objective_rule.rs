//! When missing an objective is an alert, from what was written: which rule is meant, and whether it is whole.

use super::fault::ConfigFaults;
use super::objective_burn;
use super::objective_sli;
use super::objectives::{ObjectiveConfig, ObjectiveLabelsConfig};
use super::period::Period;
use crate::detect::slo::{self, AboveLastWeekRule, BelowRule, Rule, Sli};
use crate::window::WindowLength;

/// The least that a target may leave: a millionth of all events.
const TARGET_MAX: f64 = 0.999_999;
const DAY: i64 = 1_440;
const EVENTS_MAX: u64 = 1_000_000_000;

/// The objective at `path`, if nothing is wrong with it.
pub(super) fn checked(
    path: &str,
    objective: &ObjectiveConfig,
    labels: ObjectiveLabelsConfig,
    faults: &mut ConfigFaults,
) -> Option<slo::Objective> {
    let sli = objective_sli::checked(&format!("{path}.sli"), &objective.sli, labels, faults);
    let events_min = objective.events_min.unwrap_or(0);
    faults.require_within(&format!("{path}.events_min"), &events_min, 0..=EVENTS_MAX);
    let rule = match (objective.alert_below, objective.above_last_week) {
        (None, None) => burn(path, objective, sli.as_ref(), faults),
        (Some(floor), None) => below(path, objective, floor, sli.as_ref(), faults),
        (None, Some(margin)) => above(path, objective, margin, faults),
        (Some(_), Some(_)) => {
            let fix = "make two objectives of them";
            faults.add(
                &format!("{path}.above_last_week"),
                "it stands beside alert_below",
                fix,
            );
            None
        }
    };
    let checked = slo::Objective {
        name: objective.name.clone(),
        model: objective.model.clone(),
        sli: sli?,
        rule: rule?,
        events_min,
    };
    objective_burn::check_feasible(path, objective, &checked, faults);
    Some(checked)
}

fn burn(
    path: &str,
    objective: &ObjectiveConfig,
    sli: Option<&Sli>,
    faults: &mut ConfigFaults,
) -> Option<Rule> {
    let given = [
        ("evaluations", objective.evaluations.is_some()),
        ("window", objective.window.is_some()),
        ("hold", objective.hold.is_some()),
    ];
    refuse(
        path,
        given,
        "burn rates have windows and holds of their own",
        faults,
    );
    let target = target(path, objective.target, faults);
    let period_minutes = length(
        &format!("{path}.period"),
        objective.period.unwrap_or(Period::days(30)),
        &Lengths {
            from: DAY,
            to: 90 * DAY,
            grid: 60,
            words: "24h to 90d in whole hours",
        },
        faults,
    );
    let plan = objective_burn::BurnRequest {
        burn: objective.burn.as_ref(),
        target: target?,
        period_minutes: i64::from(period_minutes?),
        is_delayed: sli.is_some_and(Sli::is_delayed),
    };
    objective_burn::rule(&format!("{path}.burn"), &plan, faults)
}

fn below(
    path: &str,
    objective: &ObjectiveConfig,
    floor: f64,
    sli: Option<&Sli>,
    faults: &mut ConfigFaults,
) -> Option<Rule> {
    let given = [
        ("period", objective.period.is_some()),
        ("burn", objective.burn.is_some()),
        ("hold", objective.hold.is_some()),
    ];
    refuse(
        path,
        given,
        "alert_below has window and evaluations",
        faults,
    );
    let key = format!("{path}.alert_below");
    let judged = sli.is_none_or(Sli::is_delayed);
    let fix = "use burn rates, which are made for what every prediction carries";
    faults.require(judged, &key, "it judges labels and evaluations only", fix);
    let target = target(path, objective.target, faults);
    let wrong = format!("{floor} is not above 0 and below the target");
    let fits = floor > 0.0 && target.is_none_or(|target| floor < target);
    faults.require(
        fits,
        &key,
        wrong,
        "alert somewhat below what is promised, as 0.93 for 0.95",
    );
    let evaluations = objective.evaluations.unwrap_or(1);
    faults.require_within(&format!("{path}.evaluations"), &evaluations, 1..=168);
    let lengths = Lengths {
        from: 60,
        to: 30 * DAY,
        grid: 60,
        words: "1h to 30d in whole hours",
    };
    let window = objective.window.unwrap_or(Period::days(7));
    let window = length(&format!("{path}.window"), window, &lengths, faults)?;
    Some(Rule::Below(BelowRule {
        target: target?,
        floor,
        window: WindowLength::from_minutes(window)?,
        evaluations,
    }))
}

fn above(
    path: &str,
    objective: &ObjectiveConfig,
    margin: f64,
    faults: &mut ConfigFaults,
) -> Option<Rule> {
    let given = [
        ("target", objective.target.is_some()),
        ("period", objective.period.is_some()),
        ("burn", objective.burn.is_some()),
        ("evaluations", objective.evaluations.is_some()),
    ];
    refuse(
        path,
        given,
        "above_last_week has window and hold, and no target",
        faults,
    );
    let key = format!("{path}.above_last_week");
    let wrong = format!("{margin} is not 0 to less than 1");
    let fix = "write the rise of the bad share that is tolerated, as 0.005";
    faults.require((0.0..1.0).contains(&margin), &key, wrong, fix);
    let lengths = Lengths {
        from: 15,
        to: 7 * DAY,
        grid: 15,
        words: "15m to 7d in multiples of 15m",
    };
    let window = objective.window.unwrap_or(Period::days(1));
    let window = length(&format!("{path}.window"), window, &lengths, faults);
    let lengths = Lengths {
        from: 0,
        to: 7 * DAY,
        grid: 1,
        words: "0s to 7d in whole minutes",
    };
    let hold = objective.hold.unwrap_or(Period::minutes(0));
    let hold_minutes = length(&format!("{path}.hold"), hold, &lengths, faults);
    Some(Rule::AboveLastWeek(AboveLastWeekRule {
        margin,
        window: WindowLength::from_minutes(window?)?,
        hold_minutes: i64::from(hold_minutes?),
    }))
}

/// Keys that the rule would not read are faults, not decoration.
fn refuse<const N: usize>(
    path: &str,
    given: [(&str, bool); N],
    why: &str,
    faults: &mut ConfigFaults,
) {
    for (key, is_given) in given {
        let fix = format!("remove it: {why}");
        faults.require(
            !is_given,
            &format!("{path}.{key}"),
            "it does nothing here",
            &fix,
        );
    }
}

fn target(path: &str, target: Option<f64>, faults: &mut ConfigFaults) -> Option<f64> {
    let path = format!("{path}.target");
    let wrong = match target {
        None => "it is missing".to_owned(),
        Some(1.0) => "1 promises that nothing ever fails, which leaves no error budget".to_owned(),
        Some(target) => format!("{target} is not above 0 and at most {TARGET_MAX}"),
    };
    let given = target.filter(|target| *target > 0.0 && *target <= TARGET_MAX);
    let fix = "write the share of good events that is promised, as 0.999";
    faults.require(given.is_some(), &path, wrong, fix);
    given
}

/// Lengths that are accepted, in minutes.
pub(super) struct Lengths {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) grid: i64,
    pub(super) words: &'static str,
}

/// The minutes of `period`, which must be one of `lengths`.
pub(super) fn length(
    path: &str,
    period: Period,
    lengths: &Lengths,
    faults: &mut ConfigFaults,
) -> Option<u32> {
    let fits = |m: &i64| m % lengths.grid == 0 && (lengths.from..=lengths.to).contains(m);
    let minutes = period.as_minutes().filter(fits);
    let wrong = format!("{period} is not {}", lengths.words);
    faults.require(minutes.is_some(), path, wrong, "use a length that is");
    minutes.and_then(|m| u32::try_from(m).ok())
}
