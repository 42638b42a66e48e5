//! Changes that detectors look for, and the smallest of them that reaches what is required nine times in ten. See
//! `detectable.rs` for the formula.

use crate::stats::{
    Pair, Scatter, angle, likelihood_scatter, normal_point, normal_share_below, share_at,
    stability_scatter,
};

/// Halvings of the interval of sizes: five digits.
const HALVINGS: u32 = 18;
/// Largest shift that is looked for, in standard deviations.
const SHIFT_MAX: f64 = 8.0;

/// A kind of change, whose size can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub enum Alternative {
    /// The mean of a normal number with these groups rises, in standard deviations. Counts of the reference by group.
    Mean(Vec<u64>),
    /// The share of the commonest of these groups moves towards one half.
    CommonestShare(Vec<u64>),
    /// A rate rises.
    Rise {
        /// Counts of the reference: those that match, and the others.
        reference: [u64; 2],
    },
    /// A rate falls.
    Fall {
        /// Counts of the reference: those that match, and the others.
        reference: [u64; 2],
    },
}

/// A change that a detector looks for.
#[derive(Debug, Clone, PartialEq)]
pub struct SoughtChange {
    /// Name of its size in the details of a finding.
    pub name: &'static str,
    /// What changes.
    pub alternative: Alternative,
    /// Events of both sides.
    pub events: Pair,
    /// Smallest distance that matters.
    pub floor: f64,
}

/// What a window must reach to be a finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequiredShift {
    /// Distance.
    pub distance: f64,
    /// Likelihood ratio.
    pub ratio: f64,
}

impl SoughtChange {
    /// The smallest size at which the change reaches what is required in nine windows of ten; `None` if it does not at any
    /// size.
    #[must_use]
    pub fn smallest(&self, required: RequiredShift) -> Option<f64> {
        let most = self.alternative.size_max();
        let is_found = self.alternative.judge(self.events, required);
        if !is_found(most) {
            return None;
        }
        let (mut low, mut high) = (0.0, most);
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            if is_found(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }
}

impl Alternative {
    /// Number of groups that are compared.
    pub(super) fn groups(&self) -> usize {
        match self {
            Self::Mean(groups) | Self::CommonestShare(groups) => groups.len(),
            Self::Rise { reference } | Self::Fall { reference } => reference.len(),
        }
    }

    fn size_max(&self) -> f64 {
        match self {
            Self::Mean(_) => SHIFT_MAX,
            Self::CommonestShare(groups) => {
                let (_, share) = commonest(groups);
                share.max(1.0 - share)
            }
            Self::Rise { reference } => 1.0 - rate(*reference),
            Self::Fall { reference } => rate(*reference),
        }
    }

    /// Tells whether a change of a size is mostly found.
    fn judge(&self, events: Pair, required: RequiredShift) -> Box<dyn Fn(f64) -> bool + '_> {
        match self {
            Self::Mean(groups) => {
                let edges = normal_edges(groups);
                Box::new(move |size| {
                    let now = normal_shares(&edges, size);
                    are_groups_found(groups, &now, events, required)
                })
            }
            Self::CommonestShare(groups) => Box::new(move |size| {
                let now = moved_shares(groups, size);
                are_groups_found(groups, &now, events, required)
            }),
            Self::Rise { reference } => {
                Box::new(move |size| is_rate_found(*reference, size, events, required))
            }
            Self::Fall { reference } => {
                Box::new(move |size| is_rate_found(*reference, -size, events, required))
            }
        }
    }
}

fn are_groups_found(reference: &[u64], now: &[f64], events: Pair, required: RequiredShift) -> bool {
    let psi = stability_scatter(reference, now, events.window);
    psi.mostly_reaches(required.distance * required.distance)
        && likelihood_scatter(reference, now, events.window).mostly_reaches(required.ratio)
}

fn is_rate_found(reference: [u64; 2], change: f64, events: Pair, required: RequiredShift) -> bool {
    let before = rate(reference);
    let now = (before + change).clamp(0.0, 1.0);
    let least = least_angle(before, change > 0.0, events, required);
    let distance = Scatter {
        mean: (angle(now) - angle(before)).abs(),
        variance: 1.0 / events.window as f64,
    };
    distance.mostly_reaches(least)
        && likelihood_scatter(&reference, &[now, 1.0 - now], events.window)
            .mostly_reaches(required.ratio)
}

/// The distance that a rate must reach, half a count before the first count that is far enough: counts are whole, and seven nulls
/// may be too few where eight are enough.
fn least_angle(before: f64, is_rise: bool, events: Pair, required: RequiredShift) -> f64 {
    let n = events.window as f64;
    let count = if is_rise {
        libm::ceil(n * share_at(angle(before) + required.distance)) - 0.5
    } else {
        libm::floor(n * share_at(angle(before) - required.distance)) + 0.5
    };
    (angle(count / n) - angle(before)).abs()
}

fn rate(reference: [u64; 2]) -> f64 {
    let [matching, others] = reference;
    matching as f64 / (matching + others).max(1) as f64
}

/// Upper edges of the groups of a normal number with these counts, without that of the last.
fn normal_edges(groups: &[u64]) -> Vec<f64> {
    let total = groups.iter().sum::<u64>().max(1) as f64;
    let mut below = 0;
    let edges = groups.iter().map(|count| {
        below += count;
        normal_point(below as f64 / total)
    });
    edges.take(groups.len() - 1).collect()
}

/// Shares of the groups between these edges, if the number has risen by `shift` standard deviations.
fn normal_shares(edges: &[f64], shift: f64) -> Vec<f64> {
    let mut below = 0.0;
    let upper = edges.iter().map(|edge| normal_share_below(edge - shift));
    let share = |upper: f64| {
        let share = upper - below;
        below = upper;
        share
    };
    upper.chain([1.0]).map(share).collect()
}

/// Place and share of the commonest group.
fn commonest(groups: &[u64]) -> (usize, f64) {
    let total = groups.iter().sum::<u64>().max(1) as f64;
    let counts = groups.iter().enumerate();
    let most = counts.max_by_key(|(_, count)| **count);
    most.map_or((0, 0.0), |(place, count)| (place, *count as f64 / total))
}

/// Shares of groups if that of the commonest moves by `size` towards one half; the others keep their proportions.
fn moved_shares(groups: &[u64], size: f64) -> Vec<f64> {
    let total = groups.iter().sum::<u64>().max(1) as f64;
    let (place, before) = commonest(groups);
    let now = if before > 0.5 {
        before - size
    } else {
        before + size
    };
    let others = (1.0 - now) / (1.0 - before);
    let share = |(nth, count): (usize, &u64)| {
        if nth == place {
            now
        } else {
            others * *count as f64 / total
        }
    };
    groups.iter().enumerate().map(share).collect()
}
