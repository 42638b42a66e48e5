//! `windows`: which spans of event time are judged, and how often.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use crate::window::{WindowLength, WindowSpec};

/// One window that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowConfig {
    /// How much event time it holds: whole minutes, at most 7d; beyond 1h a multiple of 15m. Short windows find a sudden change soon, long ones
    /// a small change surely.
    pub length: Period,
    /// By how much it moves from one judgement to the next: a divisor of the length; beyond a length of 1h a multiple of 15m, because panes
    /// older than the windows up to 1h are kept by the quarter of an hour. The false-alarm budget counts every judgement,
    /// so a small step costs little certainty and finds sooner.
    pub step: Period,
}

/// The defaults: minutes for what breaks, hours for what drifts, a day for what creeps.
pub(super) fn defaults() -> Vec<WindowConfig> {
    let window = |length, step| WindowConfig { length, step };
    vec![
        window(Period::minutes(15), Period::minutes(1)),
        window(Period::hours(1), Period::minutes(1)),
        window(Period::hours(24), Period::minutes(15)),
    ]
}

/// More windows than this would spend the false-alarm budget on looking.
const WINDOWS_MAX: usize = 8;
/// Up to this length, in minutes, panes of one minute are kept.
const FINE_MINUTES_MAX: i64 = 60;
/// The minutes of a coarsened pane.
const COARSE_MINUTES: i64 = 15;
/// The longest window, in minutes.
const LENGTH_MINUTES_MAX: i64 = 7 * 1_440;

/// The windows as the stages take them; those at fault are left out. What was not even read is not judged: its neighbours would be blamed.
pub(super) fn check(windows: &[WindowConfig], faults: &mut ConfigFaults) -> Vec<WindowSpec> {
    if faults.touch("windows") {
        return Vec::new();
    }
    let count = windows.len();
    let wrong = format!("there are {count}");
    faults.require(
        (1..=WINDOWS_MAX).contains(&count),
        "windows",
        wrong,
        "name 1 to 8, or leave them out for 15m, 1h and 24h",
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
        let wrong = format!("{} does not come after {}", longer.length, shorter.length);
        let path = format!("windows[{}].length", i + 1);
        faults.require(
            shorter.length < longer.length,
            &path,
            wrong,
            "order the windows by length, each length once",
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
    let minutes = length
        .as_minutes()
        .filter(|m| (1..=LENGTH_MINUTES_MAX).contains(m));
    let Some(minutes) = minutes else {
        faults.add(
            path,
            format!("{length} is not 1m to 7d in whole minutes"),
            "use 15m, 1h, 24h …",
        );
        return None;
    };
    if minutes > FINE_MINUTES_MAX && minutes % COARSE_MINUTES != 0 {
        let fix = format!(
            "use {} or {}",
            floor(minutes),
            floor(minutes + COARSE_MINUTES)
        );
        faults.add(
            path,
            format!("{length} is longer than 1h and no multiple of 15m"),
            fix,
        );
        return None;
    }
    Some(minutes)
}

/// The multiple of a coarse pane at or below `minutes`, as text.
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
            "{} is no multiple of 15m, as a window longer than 1h needs",
            window.step
        )
    } else {
        format!("{} does not divide {}", window.step, window.length)
    };
    faults.add(path, wrong, format!("use {}", choices(length, grid)));
    None
}

/// The smallest steps that fit, and the largest: `1m, 2m, 3m … or 1h`.
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
