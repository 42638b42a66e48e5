//! Manner: what a cause did, in a few words: `higher by 0.9 σ`, `nulls 0 % → 20.1 %`. No feature value and no category.

use super::cause::{Cause, Evidence};
use crate::detect::{DETECTORS, SHIFT_MAX, percent, short_number};

/// Smallest shift that has a direction, in standard deviations of the reference: half of what alerts.
const SHIFT_MIN: f64 = 0.1;
/// Ratio from which the spread of the scores counts as another one; its inverse for a narrower one.
const WIDER_MIN: f64 = 1.1;

/// In which way the subject of `cause` differs; `None` if that is not known.
pub(super) fn manner(cause: &Cause, evidence: &Evidence) -> Option<String> {
    let detail = |name: &str| evidence.details.get(name).copied();
    let moved = detail("shift").map(|shift| moved(shift, detail("spread")));
    let mut detectors = DETECTORS.iter();
    let detector = detectors.find(|detector| detector.name() == cause.detector)?;
    if let Some(counted) = detector.counted() {
        let rate = from_to(counted, detail("reference_rate")?, evidence.value);
        let moved = moved.flatten();
        return Some(moved.map_or_else(|| rate.clone(), |moved| format!("{moved}, {rate}")));
    }
    let shape = moved.map(|moved| moved.unwrap_or_else(|| "of another shape".to_owned()));
    shape.or_else(|| {
        let (before, now) = (detail("reference_share")?, detail("share")?);
        Some(from_to("a share of its categories", before, now))
    })
}

fn from_to(what: &str, before: f64, now: f64) -> String {
    format!("{what} {} → {}", percent(before), percent(now))
}

/// What a number did: where it moved, in standard deviations of its reference, and its spread. `None` if
/// it did neither.
fn moved(shift: f64, spread: Option<f64>) -> Option<String> {
    let size = shift.abs();
    let way = if shift > 0.0 { "higher" } else { "lower" };
    let place = if size >= SHIFT_MAX {
        Some(format!("{way} by more than {SHIFT_MAX} σ"))
    } else if size >= SHIFT_MIN {
        Some(format!("{way} by {} σ", short_number(shown(size))))
    } else {
        None
    };
    let width = match spread {
        Some(ratio) if ratio >= WIDER_MIN => Some("wider"),
        Some(ratio) if ratio <= 1.0 / WIDER_MIN => Some("narrower"),
        _ => None,
    };
    match (place, width) {
        (Some(place), Some(width)) => Some(format!("{place} and {width}")),
        (place, width) => place.or_else(|| width.map(str::to_owned)),
    }
}

/// An estimate from groups is good to two digits.
fn shown(size: f64) -> f64 {
    let step = if size < 1.0 { 100.0 } else { 10.0 };
    (size * step).round() / step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_a_direction_and_a_size() {
        let cases = [
            (0.934, Some(1.02), Some("higher by 0.93 σ")),
            (-1.26, Some(1.3), Some("lower by 1.3 σ and wider")),
            (0.09, Some(0.8), Some("narrower")),
            (0.0, Some(1.0), None),
            (-3.0, None, Some("lower by more than 3 σ")),
        ];
        for (shift, spread, text) in cases {
            assert_eq!(moved(shift, spread).as_deref(), text);
        }
    }
}
