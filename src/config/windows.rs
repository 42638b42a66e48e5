//! `windows`: spans of event time that are judged, and how often.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use super::period_range::PeriodRange;
use crate::window::{WindowLength, WindowSpec};

/// A window that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowConfig {
    /// Event time that the window holds: whole minutes, 1m to 7d; beyond 1h a multiple of 15m. Short windows find a
    /// sudden change soon. Long windows find a small change reliably.
    pub length: Period,
    /// Event time between two evaluations of the window: a divisor of `length`; for a length beyond 1h a multiple of
    /// 15m, because older panes are kept per quarter of an hour. The false-alarm budget counts every evaluation, so a
    /// small step detects sooner and costs little certainty.
    pub step: Period,
}

/// Default windows: minutes for sudden breaks, an hour for drifts, a day for slow changes.
pub(super) fn defaults() -> Vec<WindowConfig> {
    let window = |length, step| WindowConfig { length, step };
    vec![
        window(Period::minutes(15), Period::minutes(1)),
        window(Period::hours(1), Period::minutes(1)),
        window(Period::hours(24), Period::minutes(15)),
    ]
}

/// Maximum number of windows. More would spend the false-alarm budget on evaluations.
const WINDOWS_MAX: usize = 8;
/// Longest window, in minutes, for which panes of one minute are kept.
const FINE_MINUTES_MAX: i64 = 60;
/// Length of a coarse pane, in minutes.
const COARSE_MINUTES: i64 = 15;
/// Accepted lengths of a window.
const LENGTHS: PeriodRange = PeriodRange {
    from: Period::minutes(1),
    to: Period::days(7),
    step: Period::minutes(1),
};

/// Checked windows for the stages, without those at fault. If an entry could not be read at all, nothing is checked: the order of
/// its neighbours would be wrong.
pub(super) fn check(windows: &[WindowConfig], faults: &mut ConfigFaults) -> Vec<WindowSpec> {
    if faults.touch("windows") {
        return Vec::new();
    }
    let count = windows.len();
    let wrong = format!("{count} windows are listed");
    faults.require(
        (1..=WINDOWS_MAX).contains(&count),
        "windows",
        wrong,
        "list 1 to 8, or remove the key for the default windows 15m, 1h and 24h",
    );
    check_ascending(windows, faults);
    let checked = windows.iter().enumerate();
    checked
        .filter_map(|(i, window)| spec(i, window, faults))
        .collect()
}

fn check_ascending(windows: &[WindowConfig], faults: &mut ConfigFaults) {
    for (i, pair) in windows.windows(2).enumerate() {
        let &[shorter, longer] = pair else { continue };
        let wrong = format!(
            "{} is not longer than the window before it, {}",
            longer.length, shorter.length
        );
        let path = format!("windows[{}].length", i + 1);
        faults.require(
            shorter.length < longer.length,
            &path,
            wrong,
            "sort the windows by length, each length once",
        );
    }
}

fn spec(i: usize, window: &WindowConfig, faults: &mut ConfigFaults) -> Option<WindowSpec> {
    let length = length_minutes(&format!("windows[{i}].length"), window.length, faults)?;
    let step_minutes = step_minutes(&format!("windows[{i}].step"), window, length, faults)?;
    let length = WindowLength::from_minutes(u32::try_from(length).ok()?)?;
    Some(WindowSpec {
        length,
        step_minutes,
    })
}

fn length_minutes(path: &str, length: Period, faults: &mut ConfigFaults) -> Option<i64> {
    let minutes = LENGTHS.minutes(path, length, faults)?;
    if minutes > FINE_MINUTES_MAX && minutes % COARSE_MINUTES != 0 {
        let fix = format!(
            "use {} or {}",
            floor(minutes),
            floor(minutes + COARSE_MINUTES)
        );
        faults.add(
            path,
            format!("{length} is longer than 1h and not a multiple of 15m"),
            fix,
        );
        return None;
    }
    Some(minutes)
}

/// Largest multiple of a coarse pane that is at most `minutes`, as text.
fn floor(minutes: i64) -> String {
    text(minutes - minutes % COARSE_MINUTES)
}

fn step_minutes(
    path: &str,
    window: &WindowConfig,
    length: i64,
    faults: &mut ConfigFaults,
) -> Option<i64> {
    let grid = if length > FINE_MINUTES_MAX {
        COARSE_MINUTES
    } else {
        1
    };
    let step = window.step.as_minutes().unwrap_or(0);
    if step > 0 && step % grid == 0 && length % step == 0 {
        return Some(step);
    }
    let wrong = if step > 0 && length % step == 0 {
        format!(
            "{} is not a multiple of 15m, which a window longer than 1h needs",
            window.step
        )
    } else {
        format!(
            "{} is not a divisor of the length {}",
            window.step, window.length
        )
    };
    faults.add(path, wrong, format!("use {}", choices(length, grid)));
    None
}

/// The three smallest steps that fit, and the largest: `1m, 2m, 3m … or 1h`.
fn choices(length: i64, grid: i64) -> String {
    let fits: Vec<i64> = (1..=length / grid)
        .map(|n| n * grid)
        .filter(|step| length % step == 0)
        .collect();
    let first: Vec<String> = fits.iter().take(3).map(|&step| text(step)).collect();
    match fits.len() {
        0..=3 => first.join(" or "),
        _ => format!("{} … or {}", first.join(", "), text(length)),
    }
}

fn text(minutes: i64) -> String {
    Period::minutes(u32::try_from(minutes).unwrap_or(0)).to_string()
}
