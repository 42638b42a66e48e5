//! Direction: in which way a window in trouble differs from its reference, for the texts of alerts.
//!
//! **Intuition.** PSI says how far a distribution moved, not where to. The counts of the groups tell: how far a normal number with
//! these groups would have had to move, and whether its values lie further apart than that explains.
//!
//! **Formula.** Group k of the reference has the score z_k, the normal point of the middle of its share. `shift` is s for which the
//! mean score of N(s, 1) is that of the window, in standard deviations and within ±[`SHIFT_MAX`]. `spread` is the standard deviation
//! of the window's scores ÷ that of N(s, 1); it is left out at the ends of the range, and where noise explains it. The groups are
//! taken along the axis; the one that gathers what the reference lacks has no place on it, so there is no direction if it holds
//! more than a tenth of the window. Of categories, `share` and `reference_share`
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
/// Standard deviations of its noise below which a shift counts as none and a spread is not told. The noise of a mean of n scores is
/// 1 ÷ √n, that of their spread 1 ÷ √2n.
const NOISES: f64 = 2.0;
/// Halvings of the interval that holds the shift: to a thousandth of a standard deviation.
const HALVINGS: u32 = 13;

/// In which way the values of the window differ, by name; empty if there is nothing to compare.
pub(super) fn direction(case: &Case<'_>) -> BTreeMap<&'static str, f64> {
    let (reference, window) = (&case.reference.tally.groups, &case.window.groups);
    let groups = match case.baseline.kind {
        Some(SubjectKind::Numbers) => {
            along_axis(case.baseline.groups_along_axis(), reference, window)
        }
        Some(SubjectKind::Categories) => pairs(reference, window),
        None => return BTreeMap::new(),
    };
    let total = Pair::total(&groups);
    if groups.len() < 2 || total.reference == 0 || total.window == 0 {
        return BTreeMap::new();
    }
    match case.baseline.kind {
        Some(SubjectKind::Numbers) if is_most(total.window, window) => of_numbers(&groups, total),
        Some(SubjectKind::Categories) => of_categories(&groups, total),
        _ => BTreeMap::new(),
    }
}

/// The counts of the groups that have a place on the axis, in its order.
fn along_axis(order: Vec<usize>, reference: &[u64], window: &[u64]) -> Vec<Pair> {
    let count = |counts: &[u64], group: usize| counts.get(group).copied().unwrap_or(0);
    let pair = |group| Pair {
        reference: count(reference, group),
        window: count(window, group),
    };
    let pairs = order.into_iter().map(pair);
    pairs.filter(|pair| pair.sum() > 0).collect()
}

/// True if all but a tenth of the values of the window lie in groups with a place.
fn is_most(placed: u64, window: &[u64]) -> bool {
    10 * placed >= 9 * window.iter().sum::<u64>()
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
    let noise = 1.0 / libm::sqrt(total.window as f64);
    let shift = if shift.abs() <= step.max(NOISES * noise) {
        0.0
    } else {
        shift
    };
    let (_, usual) = scale.moved(shift);
    let mut details = BTreeMap::from([("shift", shift)]);
    let spread = deviation / usual;
    if usual > 0.0 && (spread - 1.0).abs() > NOISES * noise / std::f64::consts::SQRT_2 {
        details.insert("spread", spread);
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
            assert!(
                spread.is_none_or(|spread| (spread - 1.0).abs() < 0.03),
                "{shift}: {spread:?}"
            );
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
    fn groups_are_taken_along_the_axis_and_few_values_say_nothing() {
        // Group 0 gathers what the reference lacks; group 1 is a common value at the upper end.
        let reference = [0, 200, 400, 400];
        let order = || vec![2, 3, 1];
        let told = |window: [u64; 4]| {
            let groups = along_axis(order(), &reference, &window);
            let total = Pair::total(&groups);
            is_most(total.window, &window).then(|| of_numbers(&groups, total)["shift"])
        };
        assert!(
            told([0, 500, 300, 200]).unwrap() > 0.2,
            "more at the upper end"
        );
        assert_eq!(told([200, 200, 400, 200]), None, "a fifth is new");
        assert_eq!(told([0, 3, 4, 3]), Some(0.0), "ten values");
    }

    #[test]
    fn of_categories_the_share_that_moved_most_is_told() {
        let pair = |(reference, window)| Pair { reference, window };
        let groups: Vec<Pair> = [(50, 40), (30, 25), (20, 35)].map(pair).to_vec();
        let details = of_categories(&groups, Pair::total(&groups));
        assert_eq!((details["reference_share"], details["share"]), (0.2, 0.35));
    }
}
