//! Direction: in which way a window in trouble differs from its reference, for the texts of alerts.
//!
//! **Intuition.** PSI says how far a distribution moved, not where to. The counts of the groups tell: how far a normal number with
//! these groups would have had to move, and whether its values lie further apart than that explains.
//!
//! **Formula.** Group k of the reference has the score z_k, the normal point of the middle of its share. `shift` is s for which the
//! mean score of N(s, 1) is that of the window, in standard deviations and within ±[`SHIFT_MAX`]. `spread` is the standard deviation
//! of the window's scores ÷ that of N(s, 1); it is left out at the ends of the range. Of categories, `share` and `reference_share`
//! are those of the group whose share moved most.
//!
//! **Assumptions and limits.** Scores are ranks, so heavy tails do no harm; what happens inside a group is not seen. `spread` tells
//! wider from narrower, and is no ratio of standard deviations. **Cost.** Some 400 error functions, of drift in trouble only.
//! **Rejected.** Medians: they are feature values, which no alert carries. Moments of the sketches: long windows have none.

use std::collections::BTreeMap;

use super::case::Case;
use crate::stats::{Pair, SubjectKind, normal_point, normal_share_below, pairs};

/// Largest shift that is told apart from a larger one, in standard deviations.
pub const SHIFT_MAX: f64 = 3.0;
/// Halvings of the interval that holds the shift: to a thousandth of a standard deviation.
const HALVINGS: u32 = 13;

/// In which way the values of the window differ, by name; empty if there is nothing to compare.
pub(super) fn direction(case: &Case<'_>) -> BTreeMap<&'static str, f64> {
    let groups = pairs(&case.reference.tally.groups, &case.window.groups);
    let total = Pair::total(&groups);
    if groups.len() < 2 || total.reference == 0 || total.window == 0 {
        return BTreeMap::new();
    }
    match case.baseline.kind {
        Some(SubjectKind::Numbers) => of_numbers(&groups, total),
        Some(SubjectKind::Categories) => of_categories(&groups, total),
        None => BTreeMap::new(),
    }
}

fn of_numbers(groups: &[Pair], total: Pair) -> BTreeMap<&'static str, f64> {
    let scale = Scores::of(groups, total);
    let window = groups
        .iter()
        .map(|group| group.window as f64 / total.window as f64);
    let (mean, deviation) = scale.moments(window);
    let (mut low, mut high) = (-SHIFT_MAX, SHIFT_MAX);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if scale.moved(middle).0 < mean {
            low = middle;
        } else {
            high = middle;
        }
    }
    let step = high - low;
    if high >= SHIFT_MAX || low <= -SHIFT_MAX {
        let end = if low <= -SHIFT_MAX {
            -SHIFT_MAX
        } else {
            SHIFT_MAX
        };
        return BTreeMap::from([("shift", end)]);
    }
    let shift = f64::midpoint(low, high);
    let shift = if shift.abs() <= step { 0.0 } else { shift };
    let (_, usual) = scale.moved(shift);
    let mut details = BTreeMap::from([("shift", shift)]);
    if usual > 0.0 {
        details.insert("spread", deviation / usual);
    }
    details
}

/// The group whose share moved most.
fn of_categories(groups: &[Pair], total: Pair) -> BTreeMap<&'static str, f64> {
    let shares = groups.iter().map(|group| {
        let now = group.window as f64 / total.window as f64;
        (now, group.reference as f64 / total.reference as f64)
    });
    let most = shares.max_by(|(now, before), (other, earlier)| {
        (now - before).abs().total_cmp(&(other - earlier).abs())
    });
    most.map_or_else(BTreeMap::new, |(now, before)| {
        BTreeMap::from([("share", now), ("reference_share", before)])
    })
}

/// Groups of a number as those of a normal one.
struct Scores {
    /// Upper edges, with a last one of +∞.
    edges: Vec<f64>,
    /// Normal points of the middles.
    middles: Vec<f64>,
}

impl Scores {
    fn of(groups: &[Pair], total: Pair) -> Self {
        let mut below = 0;
        let (mut edges, mut middles) = (Vec::new(), Vec::new());
        for group in groups {
            let upper = below + group.reference;
            let share = |count: f64| count / total.reference as f64;
            middles.push(normal_point(share(f64::midpoint(
                below as f64,
                upper as f64,
            ))));
            edges.push(normal_point(share(upper as f64)));
            below = upper;
        }
        if let Some(last) = edges.last_mut() {
            *last = f64::INFINITY;
        }
        Self { edges, middles }
    }

    /// Mean and standard deviation of the scores, with these shares of the groups.
    fn moments(&self, shares: impl Iterator<Item = f64>) -> (f64, f64) {
        let (mut mean, mut square) = (0.0, 0.0);
        for (share, score) in shares.zip(&self.middles) {
            mean += share * score;
            square += share * score * score;
        }
        (mean, libm::sqrt((square - mean * mean).max(0.0)))
    }

    /// The same of a normal number that has moved by `shift`.
    fn moved(&self, shift: f64) -> (f64, f64) {
        let mut below = 0.0;
        self.moments(self.edges.iter().map(|edge| {
            let upper = normal_share_below(edge - shift);
            let share = upper - below;
            below = upper;
            share
        }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// Ten groups of a normal reference, and a window that has moved and is wider.
    fn groups(shift: f64, width: f64) -> Vec<Pair> {
        let share = |nth: i32| match nth {
            0 => 0.0,
            10 => 1.0,
            nth => normal_share_below((normal_point(f64::from(nth) / 10.0) - shift) / width),
        };
        let group = |nth| Pair {
            reference: 10_000,
            window: ((share(nth + 1) - share(nth)) * 100_000.0).round() as u64,
        };
        (0..10).map(group).collect()
    }

    fn told(shift: f64, width: f64) -> (f64, Option<f64>) {
        let groups = groups(shift, width);
        let details = of_numbers(&groups, Pair::total(&groups));
        (details["shift"], details.get("spread").copied())
    }

    #[test]
    fn a_shift_is_told_in_standard_deviations_with_its_sign() {
        for shift in [-2.0, -0.5, -0.1, 0.0, 0.25, 1.0, 2.0] {
            let (told, spread) = told(shift, 1.0);
            assert!((told - shift).abs() < 0.02, "{shift}: {told}");
            assert!((spread.unwrap() - 1.0).abs() < 0.03, "{shift}: {spread:?}");
        }
        assert_eq!(told(50.0, 1.0), (SHIFT_MAX, None));
        assert_eq!(told(-50.0, 1.0), (-SHIFT_MAX, None));
    }

    #[test]
    fn a_wider_spread_is_told_from_a_narrower_one() {
        let (shift, wider) = told(0.0, 1.5);
        assert!(shift == 0.0 && wider.unwrap() > 1.1, "{shift} {wider:?}");
        let (_, narrower) = told(0.5, 0.6);
        assert!(narrower.unwrap() < 0.9, "{narrower:?}");
    }

    #[test]
    fn of_categories_the_share_that_moved_most_is_told() {
        let pair = |(reference, window)| Pair { reference, window };
        let groups: Vec<Pair> = [(50, 40), (30, 25), (20, 35)].map(pair).to_vec();
        let details = of_categories(&groups, Pair::total(&groups));
        assert_eq!((details["reference_share"], details["share"]), (0.2, 0.35));
    }
}
