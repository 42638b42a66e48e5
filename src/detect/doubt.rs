//! Doubt: what a part of a distribution shows must last where the whole moves no farther than it may on ordinary days.
//!
//! **Intuition.** A mean that jumps takes the tails with it: numbers leave the range of the reference, and one category rises. If
//! the distribution may be ordinary, so may they. Nothing of that was learned of them: within the reference no number lies
//! beyond its range.
//!
//! **Limits.** Broken data is no part of a distribution, so it is not concerned. **Source.** Simulation, `docs/statistics.md`.

use super::detector::Detector;
use super::finding::{Family, Finding, Verdict};
use super::variability::Ordinary;

/// True if `finding` is about a whole distribution that moved no farther than it may on ordinary days.
#[must_use]
pub fn may_be_ordinary(finding: &Finding, detector: &dyn Detector, ordinary: Ordinary) -> bool {
    let is_whole = detector.family() == Family::Drift && detector.counted().is_none();
    let distance = finding.details.get("distance");
    let may_move = ordinary.doubtful > 0.0;
    is_whole && may_move && distance.is_some_and(|distance| *distance <= ordinary.doubtful)
}

/// Lets every breach of drift last before it fires, because the whole may be ordinary.
pub fn doubt_parts(findings: &mut [Finding]) {
    let breaches = findings
        .iter_mut()
        .filter(|finding| finding.family == Family::Drift && finding.verdict == Verdict::Breach);
    breaches.for_each(|finding| finding.must_last = true);
}
