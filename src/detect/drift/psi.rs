//! `psi`: drift alert. A drift must be large by PSI and significant by the likelihood ratio on the groups of the
//! reference.
//!
//! **Intuition.** Two questions need two measures. Is the drift real? G answers, and its distribution is known down to
//! one in ten million. Does it matter? PSI answers, less its value without drift. Either measure alone pages for
//! nothing: PSI is ≥ 0.1 in 81–86 % of windows without drift at n = m = 100, and KS at 5 % reacts to a shift of 0.02
//! standard deviations once n is 100,000.
//!
//! **Formula.** D = √PSI over k groups. The floor is √(`psi_min` + (k−1)(1/n + 1/m)): PSI less its value by chance must
//! reach `psi_min`. The rest is that of every [`Shift`]. A window of fewer than 200 events is compared on five groups,
//! one of fewer than 100 on three: the law of G fails on groups that a window leaves empty.
//!
//! **Assumptions and limits.** Events are independent, n and m ≥ `events_min`. If one group holds everything on both
//! sides, there is nothing to compare: G = 0, and the verdict is quiet.
//!
//! **Cost.** Four logarithms per group. **Source.** Wilks 1938, Jeffreys 1946. **Rejected.** The χ² approximation for
//! PSI itself (Yurdakul 2018), which is wrong by 5 to 135 times in the tail.

use std::collections::BTreeMap;

use crate::detect::{Alternative, Case, Detector, Family, Shift, SoughtChange};
use crate::stats::{
    Comparison, DISTANCES, Pair, SubjectKind, fewer, is_coarse, pairs, population_stability,
};

/// Windows with fewer events are compared on [`FEW_GROUPS`] groups.
const FEW_EVENTS: u64 = 200;
const FEW_GROUPS: usize = 5;
/// Windows with fewer events are compared on [`VERY_FEW_GROUPS`] groups.
const VERY_FEW_EVENTS: u64 = 100;
const VERY_FEW_GROUPS: usize = 3;

/// Drift detector based on PSI and the likelihood ratio.
pub struct PsiDrift;

impl Detector for PsiDrift {
    fn name(&self) -> &'static str {
        "psi"
    }

    fn family(&self) -> Family {
        Family::Drift
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Shift> {
        let Some(kind) = case.baseline.kind.filter(|_| case.subject.drifts()) else {
            return Vec::new();
        };
        let groups = groups(case);
        let is_comparable = groups.len() > 1 && case.window.grouped() > 0;
        let psi = if is_comparable {
            population_stability(&groups)
        } else {
            0.0
        };
        let mut shift = Shift::of_groups(psi, &groups, case);
        shift.details = details(psi, &groups, kind, case);
        vec![shift]
    }

    fn sought(&self, case: &Case<'_>) -> Vec<SoughtChange> {
        let groups = groups(case);
        let events = Pair::total(&groups);
        let counts = groups.iter().map(|group| group.reference);
        let counts: Vec<u64> = counts.filter(|count| *count > 0).collect();
        let Some(kind) = case
            .baseline
            .kind
            .filter(|_| case.subject.drifts() && counts.len() > 1)
        else {
            return Vec::new();
        };
        let by_chance = (counts.len() - 1) as f64 * case.spread(events);
        let (name, alternative) = match kind {
            SubjectKind::Numbers => ("detectable_shift", Alternative::Mean(counts)),
            SubjectKind::Categories => ("detectable_share", Alternative::CommonestShare(counts)),
        };
        let floor = libm::sqrt(case.settings.psi_min + by_chance);
        vec![SoughtChange {
            name,
            alternative,
            events,
            floor,
        }]
    }
}

/// Groups with events, as many as the events of the window bear.
fn groups(case: &Case<'_>) -> Vec<Pair> {
    let groups = pairs(&case.reference.tally.groups, &case.window.groups);
    match case.window.grouped() {
        ..VERY_FEW_EVENTS => fewer(&groups, VERY_FEW_GROUPS),
        VERY_FEW_EVENTS..FEW_EVENTS => fewer(&groups, FEW_GROUPS),
        _ => groups,
    }
}

fn details(
    psi: f64,
    groups: &[Pair],
    kind: SubjectKind,
    case: &Case<'_>,
) -> BTreeMap<&'static str, f64> {
    let (window, reference) = (case.window.level, case.reference.tally.level);
    let is_coarse = is_coarse(window, reference) || case.baseline.is_crowded;
    let mut details = BTreeMap::from([
        ("psi", psi),
        ("groups", groups.len() as f64),
        ("window_level", f64::from(window)),
        ("reference_level", f64::from(reference)),
        ("coarse", f64::from(u8::from(is_coarse))),
    ]);
    // Whole distributions of a reference that moves are not kept.
    let is_fixed = !case.reference.kind.moves();
    let sketches = case
        .sketches
        .filter(|_| is_fixed && case.window.grouped() > 0);
    if let Some(sketches) = sketches {
        let comparison = Comparison::of(kind, sketches.reference, sketches.window);
        for distance in DISTANCES {
            let about = distance.about();
            if kind == SubjectKind::Numbers || !about.ordered {
                let measure = || distance.measure(&comparison);
                details.entry(about.name).or_insert_with(measure);
            }
        }
    }
    details
}
