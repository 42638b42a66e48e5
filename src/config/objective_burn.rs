//! Burn windows of an objective, from the name of a preset or a list, and the check that they can fire.

use std::collections::BTreeSet;

use super::fault::{ConfigFaults, nearest};
use super::objectives::{BurnConfig, BurnWindowConfig, ObjectiveConfig};
use super::period::Period;
use super::period_range::PeriodRange;
use crate::detect::slo::{self, BurnRule, Preset, Rule, Urgency, feasibility};
use crate::window::WindowLength;

const WINDOWS_MAX: usize = 8;
const FACTOR_MAX: f64 = 1e6;
/// Accepted window lengths. Minutes are kept for as long as the longest window.
const LENGTHS: PeriodRange = PeriodRange {
    from: Period::minutes(1),
    to: Period::days(14),
    step: Period::minutes(1),
};
const HOLDS: PeriodRange = PeriodRange {
    from: Period::minutes(0),
    ..LENGTHS
};

/// Settings from which the burn windows follow.
pub(super) struct BurnRequest<'a> {
    pub(super) burn: Option<&'a BurnConfig>,
    pub(super) target: f64,
    pub(super) period_minutes: i64,
    pub(super) is_delayed: bool,
}

/// Burn rule at `path`; `None` if it has a fault.
pub(super) fn rule(
    path: &str,
    wanted: &BurnRequest<'_>,
    faults: &mut ConfigFaults,
) -> Option<Rule> {
    let windows = match wanted.burn {
        None => default_preset(wanted).windows(wanted.period_minutes, wanted.target),
        Some(BurnConfig::Preset(name)) => {
            preset(path, name, faults)?.windows(wanted.period_minutes, wanted.target)
        }
        Some(BurnConfig::Windows(windows)) => own(path, windows, wanted.period_minutes, faults)?,
    };
    Some(Rule::Burn(BurnRule {
        target: wanted.target,
        period_minutes: wanted.period_minutes,
        windows,
    }))
}

fn default_preset(wanted: &BurnRequest<'_>) -> Preset {
    if wanted.is_delayed {
        Preset::Labels
    } else {
        Preset::SreWorkbook
    }
}

fn preset(path: &str, name: &str, faults: &mut ConfigFaults) -> Option<Preset> {
    let found = Preset::NAMED.into_iter().find(|(own, _)| *own == name);
    if found.is_none() {
        let names = Preset::NAMED.map(|(name, _)| name);
        let fix = match nearest(name, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("use {}, or a list of windows", names.join(", ")),
        };
        faults.add(path, format!("no preset is named `{name}`"), fix);
    }
    found.map(|(_, preset)| preset)
}

/// Windows of a list; `None` if any of them has a fault.
fn own(
    path: &str,
    windows: &[BurnWindowConfig],
    period_minutes: i64,
    faults: &mut ConfigFaults,
) -> Option<Vec<slo::BurnWindow>> {
    let wrong = format!("{} windows are listed", windows.len());
    let fix = "list 1 to 8, or remove the key for the default preset";
    faults.require((1..=WINDOWS_MAX).contains(&windows.len()), path, wrong, fix);
    let checked: Vec<_> = windows
        .iter()
        .enumerate()
        .map(|(i, window)| own_window(&format!("{path}[{i}]"), window, period_minutes, faults))
        .collect();
    let mut seen = BTreeSet::new();
    for (i, window) in checked.iter().enumerate() {
        let Some(window) = window else { continue };
        let wrong = format!(
            "another pair also has the long window {}",
            window.long.name()
        );
        let path = format!("{path}[{i}].long");
        faults.require(
            seen.insert(window.long),
            &path,
            wrong,
            "use each long window once",
        );
    }
    checked.into_iter().collect()
}

fn own_window(
    path: &str,
    window: &BurnWindowConfig,
    period_minutes: i64,
    faults: &mut ConfigFaults,
) -> Option<slo::BurnWindow> {
    let long = window_length(&format!("{path}.long"), &window.long, faults);
    let short = window_length(&format!("{path}.short"), &window.short, faults);
    let factor = factor(&format!("{path}.factor"), window.factor, faults);
    let severity = severity(
        &format!("{path}.severity"),
        window.severity.as_deref(),
        faults,
    );
    let hold = hold(&format!("{path}.hold"), window.hold.as_deref(), faults);
    let (long, short) = (long?, short?);
    let wrong = format!(
        "{} is longer than the long window, {}",
        short.name(),
        long.name()
    );
    let fix = "use a twelfth of the long window";
    faults.require(short <= long, &format!("{path}.short"), wrong, fix);
    let wrong = format!("{} is longer than the period", long.name());
    let fix = "use at most the period of the objective";
    faults.require(
        long.minutes() <= period_minutes,
        &format!("{path}.long"),
        wrong,
        fix,
    );
    Some(slo::BurnWindow {
        long,
        short,
        factor: factor?,
        severity: severity?,
        hold_minutes: hold?,
    })
}

fn window_length(path: &str, text: &str, faults: &mut ConfigFaults) -> Option<WindowLength> {
    LENGTHS.window(path, period(path, text, faults)?, faults)
}

fn hold(path: &str, text: Option<&str>, faults: &mut ConfigFaults) -> Option<i64> {
    let Some(text) = text else { return Some(0) };
    HOLDS.minutes(path, period(path, text, faults)?, faults)
}

fn period(path: &str, text: &str, faults: &mut ConfigFaults) -> Option<Period> {
    if text.is_empty() {
        faults.add(path, "it is missing", "write it like 1h");
        return None;
    }
    let read = text.parse::<Period>();
    if read.is_err() {
        faults.add(
            path,
            format!("`{text}` is not a length of time"),
            "write it like 30s, 15m, 1h30m or 7d",
        );
    }
    read.ok()
}

fn factor(path: &str, factor: Option<f64>, faults: &mut ConfigFaults) -> Option<f64> {
    let wrong = factor.map_or("it is missing".to_owned(), |x| {
        format!("{x} is out of range")
    });
    let given = factor.filter(|x| *x > 0.0 && *x <= FACTOR_MAX);
    faults.require(
        given.is_some(),
        path,
        wrong,
        "use a number above 0 and at most 1000000, where 1 spends the budget in exactly the period",
    );
    given
}

fn severity(path: &str, word: Option<&str>, faults: &mut ConfigFaults) -> Option<Urgency> {
    match word {
        Some("page") => Some(Urgency::Page),
        Some("ticket") => Some(Urgency::Ticket),
        other => {
            let wrong = other.map_or("it is missing".to_owned(), |word| {
                format!("`{word}` is not a severity")
            });
            faults.add(path, wrong, "use page or ticket");
            None
        }
    }
}

/// Adds a fault if no traffic can reach the burn rate of a window: such a rule would never alert.
pub(super) fn check_feasible(
    path: &str,
    written: &ObjectiveConfig,
    checked: &slo::Objective,
    faults: &mut ConfigFaults,
) {
    let Err(infeasible) = feasibility(checked) else {
        return;
    };
    let (key, fix) = match written.burn {
        Some(BurnConfig::Windows(_)) => (
            format!("{path}.burn[{}].factor", infeasible.window),
            String::new(),
        ),
        _ => (format!("{path}.burn"), "list the windows and ".to_owned()),
    };
    faults.add(
        &key,
        infeasible.to_string(),
        format!("{fix}{}", infeasible.fix()),
    );
}
