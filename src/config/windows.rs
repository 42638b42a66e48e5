//! `windows`: spans of event time that are judged, and how often.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use super::period_range::PeriodRange;
use crate::window::{Tier, WindowLength, WindowSpec};

/// A window that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowConfig {
    /// Event time that the window holds: whole minutes, 1m to 30d; beyond 1h a multiple of 15m, beyond 1d of 1h, beyond
    /// 7d of 6h. Short windows find a sudden change soon. Long windows find a small change reliably, and judge models
    /// with little traffic.
    pub length: Period,
    /// Event time between two evaluations of the window: a divisor of `length`; for a length beyond 1h a multiple of
    /// 15m, beyond 1d of 1h, beyond 7d of 6h, because older counts are kept in such panes. The false-alarm budget counts
    /// every evaluation, so a small step detects sooner and costs little certainty.
    pub step: Period,
}

/// Default windows, a ladder: minutes for sudden breaks, an hour for drifts, a day for slow changes, a week and a month for
/// models with little traffic.
pub(super) fn defaults() -> Vec<WindowConfig> {
    let window = |length, step| WindowConfig { length, step };
    vec![
        window(Period::minutes(15), Period::minutes(1)),
        window(Period::hours(1), Period::minutes(1)),
        window(Period::hours(24), Period::minutes(15)),
        window(Period::days(7), Period::hours(1)),
        window(Period::days(30), Period::hours(6)),
    ]
}

/// Maximum number of windows. More would spend the false-alarm budget on evaluations.
const WINDOWS_MAX: usize = 8;
/// Longest windows, in minutes, that may move by panes of a minute, of a quarter of an hour, and of an hour; longer ones
/// move by panes of six hours.
const LONGEST_BY_PANE: [(i64, Tier); 3] = [
    (60, Tier::Minute),
    (1_440, Tier::Quarter),
    (7 * 1_440, Tier::Hour),
];
/// Accepted lengths of a window.
const LENGTHS: PeriodRange = PeriodRange {
    from: Period::minutes(1),
    to: Period::days(30),
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
        "list 1 to 8, or remove the key for the default windows 15m, 1h, 24h, 7d and 30d",
    );
    check_ascending(windows, faults);
    let is_short = |window: &WindowConfig| window.length <= Period::hours(24);
    faults.require(
        windows.is_empty() || windows.iter().any(is_short),
        "windows",
        "every window is longer than 24h".to_owned(),
        "add one of at most 24h: what is ordinary is learned from such windows",
    );
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
    let pane = pane_minutes(minutes);
    if minutes % pane != 0 {
        let below = minutes - minutes % pane;
        let fix = format!("use {} or {}", text(below), text(below + pane));
        let wrong = format!("{length} is not a multiple of {}", text(pane));
        faults.add(
            path,
            format!("{wrong}, which {} needs", such_a_window(pane)),
            fix,
        );
        return None;
    }
    Some(minutes)
}

/// Length in minutes of the panes by which a window of `minutes` may move.
fn pane_minutes(minutes: i64) -> i64 {
    let fitting = LONGEST_BY_PANE
        .iter()
        .find(|(longest, _)| minutes <= *longest);
    fitting.map_or(Tier::SixHours, |(_, tier)| *tier).minutes()
}

/// The windows that move by such panes: `a window longer than 1h`.
fn such_a_window(pane: i64) -> String {
    let longest = LONGEST_BY_PANE.iter().rev();
    let mut shorter = longest.filter(|(_, tier)| tier.minutes() < pane);
    let limit = shorter.next().map_or(0, |(longest, _)| *longest);
    format!("a window longer than {}", text(limit))
}

fn step_minutes(
    path: &str,
    window: &WindowConfig,
    length: i64,
    faults: &mut ConfigFaults,
) -> Option<i64> {
    let grid = pane_minutes(length);
    let step = window.step.as_minutes().unwrap_or(0);
    if step > 0 && step % grid == 0 && length % step == 0 {
        return Some(step);
    }
    let wrong = if step > 0 && length % step == 0 {
        let wrong = format!("{} is not a multiple of {}", window.step, text(grid));
        format!("{wrong}, which {} needs", such_a_window(grid))
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
