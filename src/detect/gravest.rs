//! Turns the shifts that a detector measured into its finding.

use super::case::Case;
use super::detector::Detector;
use super::direction::direction;
use super::finding::{Family, Finding, Verdict};
use super::shift::{Compared, Counted, Shift};
use super::sought::{Alternative, SoughtChange};
use super::variability::{DAYS_OF_A_WEEK, Ordinary};
use crate::stats::SubjectKind;

/// Factor of the smallest distance of a distribution that matters, until [`DAYS_OF_A_WEEK`] days are known. Then it is a PSI of
/// 0.1: that one day left its noise nowhere says little about the next.
const YOUNG_FLOOR: f64 = 1.6;
/// Distance from a provisional reference that no ordinary weekday reaches.
const BREAK_MIN: f64 = 0.7;
/// Largest rate that counts as one that never was.
const NEVER_MAX: f64 = 0.001;

/// The finding of `detector` for the `shifts` that it measured in `case`: of several, the gravest. `None` if there is none.
/// `ordinary` gives the distance that ordinary windows reach, by channel.
#[must_use]
pub fn gravest(
    detector: &dyn Detector,
    shifts: Vec<Shift>,
    case: &Case<'_>,
    ordinary: impl Fn(u8) -> Ordinary,
) -> Option<Finding> {
    let findings = shifts.into_iter().map(|shift| {
        let ordinary = ordinary(shift.channel);
        finding(shift, detector, case, ordinary)
    });
    findings.reduce(|kept, other| {
        if gravity(&other) > gravity(&kept) {
            other
        } else {
            kept
        }
    })
}

/// Order of gravity: by verdict, then by effect.
fn gravity(finding: &Finding) -> (u8, f64) {
    let verdict = match finding.verdict {
        Verdict::Breach => 3,
        Verdict::Lingering => 2,
        Verdict::Quiet => 1,
        Verdict::InsufficientData => 0,
    };
    (verdict, finding.effect)
}

/// The smallest distance that matters, with as many days as are known.
fn grown_floor(floor: f64, detector: &dyn Detector, ordinary: Ordinary) -> f64 {
    if ordinary.days < DAYS_OF_A_WEEK && detector.family() == Family::Drift {
        YOUNG_FLOOR * floor
    } else {
        floor
    }
}

/// The smallest distance of a change that pages, whatever chance and ordinary windows do.
pub(super) fn least_distance(
    change: &SoughtChange,
    detector: &dyn Detector,
    case: &Case<'_>,
    ordinary: Ordinary,
) -> f64 {
    let floor = grown_floor(change.floor, detector, ordinary);
    let before = match &change.alternative {
        Alternative::Rise { reference } => Some(Counted::of(*reference).rate()),
        _ => None,
    };
    if case.baseline.is_provisional && !never_was(before, detector) {
        floor.max(BREAK_MIN)
    } else {
        floor
    }
}

/// True for broken values that the first day never had: they have no rhythm. A rare category, or a number that is a little out
/// of range, may well have one.
fn is_of_what_never_was(shift: &Shift, detector: &dyn Detector) -> bool {
    let before = match shift.compared {
        Compared::Stability(_) => None,
        Compared::Rate { before, .. } => Some(before),
    };
    never_was(before, detector)
}

fn never_was(before: Option<f64>, detector: &dyn Detector) -> bool {
    detector.family() == Family::DataQuality && before.is_some_and(|before| before <= NEVER_MAX)
}

/// The finding of one shift, if ordinary windows reach a distance of `ordinary`.
fn finding(shift: Shift, detector: &dyn Detector, case: &Case<'_>, ordinary: Ordinary) -> Finding {
    let critical = case.budget.surprise() + shift.surprise_of_tests();
    let floor = grown_floor(shift.floor, detector, ordinary);
    let reach = floor.max(ordinary.distance);
    let distance = shift.distance();
    let effect = distance / reach;
    let statistic = shift.surprise(ordinary.distance);
    let (value, threshold) = shift.value_and_threshold(reach);
    let needs_a_break = case.baseline.is_provisional && !is_of_what_never_was(&shift, detector);
    let is_provisional = needs_a_break && distance < BREAK_MIN;
    let verdict = Verdict::of(shift.is_enough, effect, statistic, critical);
    let is_drift = detector.family() == Family::Drift; // broken data waits for nothing
    let must_last =
        is_drift && verdict == Verdict::Breach && shift.surprise(ordinary.doubtful) < critical;
    let mut details = shift.details;
    if needs_a_break {
        details.insert("break", BREAK_MIN);
    }
    details.extend([
        ("distance", distance),
        ("ordinary", ordinary.distance),
        ("g", shift.g),
        ("df", f64::from(shift.df)),
        ("alpha", case.budget.alpha()),
    ]);
    if case.reference.kind.moves() {
        details.insert(case.reference.kind.name(), 1.0);
    }
    if let Compared::Rate { before, .. } = shift.compared {
        details.insert("reference_rate", before);
    }
    if must_last {
        details.insert("doubtful", ordinary.doubtful);
    }
    // A rate of categories says by itself what moved.
    let is_whole = matches!(shift.compared, Compared::Stability(_))
        || case.baseline.kind == Some(SubjectKind::Numbers);
    let has_direction = is_whole && detector.family() == Family::Drift;
    if has_direction && matches!(verdict, Verdict::Breach | Verdict::Lingering) {
        details.extend(direction(case));
    }
    Finding {
        detector: detector.name(),
        family: detector.family(),
        subject: Some(case.subject.clone()),
        verdict,
        value,
        threshold,
        effect,
        statistic,
        critical,
        p_value: (shift.df > 0).then(|| libm::exp(-statistic)),
        window_events: shift.events.window,
        reference_events: shift.events.reference,
        critical_effect: shift.is_critical && effect >= 1.0,
        is_provisional,
        must_last,
        details,
        category: shift.category,
    }
}
