//! Rule of an objective: finds which rule is configured and checks its keys.

use super::fault::ConfigFaults;
use super::objective_burn;
use super::objective_sli;
use super::objectives::{ObjectiveConfig, ObjectiveLabelsConfig};
use super::period::Period;
use super::period_range::PeriodRange;
use crate::detect::slo::{self, AboveLastWeekRule, BelowRule, Rule, Sli};

/// Largest target. It leaves an error budget of a millionth of all events.
const TARGET_MAX: f64 = 0.999_999;
const PERIODS: PeriodRange = PeriodRange {
    from: Period::hours(24),
    to: Period::days(90),
    step: Period::hours(1),
};
const BELOW_WINDOWS: PeriodRange = PeriodRange {
    from: Period::hours(1),
    to: Period::days(30),
    step: Period::hours(1),
};
const ABOVE_WINDOWS: PeriodRange = PeriodRange {
    from: Period::minutes(15),
    to: Period::days(7),
    step: Period::minutes(15),
};
const HOLDS: PeriodRange = PeriodRange {
    from: Period::minutes(0),
    to: Period::days(7),
    step: Period::minutes(1),
};
const EVENTS_MAX: u64 = 1_000_000_000;

/// Checked objective at `path`; `None` if it has a fault.
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
            let fix = "remove one of them, or write two objectives";
            faults.add(
                &format!("{path}.above_last_week"),
                "alert_below is set, too",
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
        "with burn rates the windows and holds are set in `burn`",
        faults,
    );
    let target = target(path, objective.target, faults);
    let period = objective.period.unwrap_or(Period::days(30));
    let period_minutes = PERIODS.minutes(&format!("{path}.period"), period, faults);
    let plan = objective_burn::BurnRequest {
        burn: objective.burn.as_ref(),
        target: target?,
        period_minutes: period_minutes?,
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
        "the rule alert_below uses target, window and evaluations only",
        faults,
    );
    let key = format!("{path}.alert_below");
    let judged = sli.is_none_or(Sli::is_delayed);
    let fix = "remove alert_below and use burn rates";
    faults.require(
        judged,
        &key,
        "it applies to SLIs on labels and evaluations only",
        fix,
    );
    let target = target(path, objective.target, faults);
    let wrong = format!("{floor} is out of range");
    let fits = floor > 0.0 && target.is_none_or(|target| floor < target);
    faults.require(
        fits,
        &key,
        wrong,
        "use a number above 0 and below the target, such as 0.93 for a target of 0.95",
    );
    let evaluations = objective.evaluations.unwrap_or(1);
    faults.require_within(&format!("{path}.evaluations"), &evaluations, 1..=168);
    let window = objective.window.unwrap_or(Period::days(7));
    let window = BELOW_WINDOWS.window(&format!("{path}.window"), window, faults)?;
    Some(Rule::Below(BelowRule {
        target: target?,
        floor,
        window,
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
        "the rule above_last_week uses window and hold only",
        faults,
    );
    let key = format!("{path}.above_last_week");
    let wrong = format!("{margin} is out of range");
    let fix = "use the tolerated rise of the bad share, from 0 to below 1, such as 0.005";
    faults.require((0.0..1.0).contains(&margin), &key, wrong, fix);
    let window = objective.window.unwrap_or(Period::days(1));
    let window = ABOVE_WINDOWS.window(&format!("{path}.window"), window, faults);
    let hold = objective.hold.unwrap_or(Period::minutes(0));
    let hold_minutes = HOLDS.minutes(&format!("{path}.hold"), hold, faults);
    Some(Rule::AboveLastWeek(AboveLastWeekRule {
        margin,
        window: window?,
        hold_minutes: hold_minutes?,
    }))
}

/// Adds a fault for each key that the rule does not read.
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
            "it has no effect here",
            &fix,
        );
    }
}

fn target(path: &str, target: Option<f64>, faults: &mut ConfigFaults) -> Option<f64> {
    let path = format!("{path}.target");
    let wrong = match target {
        None => "it is missing".to_owned(),
        Some(1.0) => "a target of 1 leaves no error budget".to_owned(),
        Some(target) => format!("{target} is out of range"),
    };
    let given = target.filter(|target| *target > 0.0 && *target <= TARGET_MAX);
    let fix = format!(
        "use the promised share of good events, above 0 and at most {TARGET_MAX}, such as 0.999"
    );
    faults.require(given.is_some(), &path, wrong, &fix);
    given
}
