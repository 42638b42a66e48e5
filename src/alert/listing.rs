//! What an open alert has listed: a subject that resolves and fires again is counted, not announced again.
//!
//! **Intuition.** A feature with a daily rhythm that its reference does not know crosses the threshold every day. One alert and one
//! `joined` record say so; seventy say nothing more. The published causes count the returns.
//!
//! **Limits.** No rhythm that we know is longer than a week. So a subject that was away for a week is new when it comes back. An
//! alert remembers at most [`ABSENT_MAX`] absent subjects, the latest ones; at about 100 bytes each, 100 KB.
//!
//! **Rejected.** A memory for the whole episode: a permanent alert would hide the second break of a subject for ever.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::terms::Severity;
use crate::event::Segment;
use crate::sketch::Subject;
use crate::window::{Boundary, DAY_MINUTES};

/// Absent subjects that an alert remembers.
const ABSENT_MAX: usize = 1_000;
/// Minutes after which an absent subject is forgotten: the period of a weekly rhythm.
const ABSENT_MINUTES: i64 = 7 * DAY_MINUTES;

/// Subject in a segment of a version. The versions of one subject and segment are adjacent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct CauseTarget {
    pub(super) subject: Option<Subject>,
    pub(super) segment: Option<Segment>,
    pub(super) version: String,
}

impl CauseTarget {
    pub(super) fn of(cause: &Cause) -> Self {
        Self {
            subject: cause.subject.clone(),
            segment: cause.segment.clone(),
            version: cause.version.clone(),
        }
    }
}

/// What an open alert knows of a target that it has listed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Listing {
    /// Highest severity at which it fired.
    severity: Severity,
    /// Times that it fired again after it had resolved.
    returns: u32,
    /// Boundary at which it resolved; `None` while it fires.
    absent_since: Option<Boundary>,
}

/// Targets that an open alert has listed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Listings(BTreeMap<CauseTarget, Listing>);

impl Listings {
    /// True if a target that fires is worth a record: it is not listed, or it comes back graver than it was. What fires on and
    /// becomes graver is no news: two hundred features would say so one by one.
    pub(super) fn is_news(&self, target: &CauseTarget, severity: Severity) -> bool {
        (self.0.get(target))
            .is_none_or(|listing| listing.absent_since.is_some() && severity > listing.severity)
    }

    /// Times that a target fired again after it had resolved.
    pub(super) fn returns(&self, target: &CauseTarget) -> u32 {
        self.0.get(target).map_or(0, |listing| listing.returns)
    }

    /// True if a version of the target's subject and segment is listed.
    pub(super) fn has(&self, target: &CauseTarget) -> bool {
        self.severities(&target.subject, &target.segment)
            .next()
            .is_some()
    }

    /// True if the target's subject is listed as critical in the segment or in the whole, in any version.
    pub(super) fn has_critical(&self, target: &CauseTarget) -> bool {
        let mut known = (self.severities(&target.subject, &target.segment))
            .chain(self.severities(&target.subject, &None));
        known.any(|severity| severity == Severity::Critical)
    }

    fn severities<'a>(
        &'a self,
        subject: &'a Option<Subject>,
        segment: &'a Option<Segment>,
    ) -> impl Iterator<Item = Severity> {
        let first = CauseTarget {
            subject: subject.clone(),
            segment: segment.clone(),
            version: String::new(),
        };
        let versions = self.0.range(first..);
        let versions =
            versions.take_while(move |(t, _)| t.subject == *subject && t.segment == *segment);
        versions.map(|(_, listing)| listing.severity)
    }

    /// Notes the targets that fire at `at`, each with its severity.
    pub(super) fn note(&mut self, at: Boundary, firing: &BTreeMap<CauseTarget, Severity>) {
        for (target, severity) in firing {
            let listing = self.0.entry(target.clone()).or_insert(Listing {
                severity: *severity,
                returns: 0,
                absent_since: None,
            });
            listing.severity = listing.severity.max(*severity);
            if listing.absent_since.take().is_some() {
                listing.returns = listing.returns.saturating_add(1);
            }
        }
        for (target, listing) in &mut self.0 {
            if !firing.contains_key(target) {
                listing.absent_since.get_or_insert(at);
            }
        }
        self.drop_surplus();
    }

    /// Forgets targets that were absent for a week at `at`. Call it before news are asked for.
    pub(super) fn forget(&mut self, at: Boundary) {
        self.0.retain(|_, listing| {
            let end = listing
                .absent_since
                .map(|since| since.plus_minutes(ABSENT_MINUTES));
            end.is_none_or(|end| at < end)
        });
    }

    fn drop_surplus(&mut self) {
        let absent = (self.0.iter()).filter_map(|(target, l)| Some((l.absent_since?, target)));
        let mut absent: Vec<(Boundary, &CauseTarget)> = absent.collect();
        let Some(surplus) = absent.len().checked_sub(ABSENT_MAX).filter(|n| *n > 0) else {
            return;
        };
        absent.sort_unstable();
        let oldest = absent.iter().take(surplus);
        let oldest: Vec<CauseTarget> = oldest.map(|(_, target)| (*target).clone()).collect();
        for target in oldest {
            self.0.remove(&target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(n: usize) -> CauseTarget {
        CauseTarget {
            subject: Some(Subject::Feature(format!("f{n}"))),
            segment: None,
            version: "1".into(),
        }
    }

    #[test]
    fn the_absent_are_remembered_for_a_week_and_the_latest_only() {
        let mut listings = Listings::default();
        let firing = |range: std::ops::Range<usize>| -> BTreeMap<CauseTarget, Severity> {
            range.map(|n| (target(n), Severity::Warning)).collect()
        };
        let many = ABSENT_MAX + 7;
        listings.note(Boundary(0), &firing(0..many));
        listings.note(Boundary(1), &firing(7..many));
        listings.note(Boundary(2), &firing(0..0));
        assert_eq!(listings.0.len(), ABSENT_MAX, "the first seven gave way");
        assert!(listings.is_news(&target(0), Severity::Warning));
        assert!(!listings.is_news(&target(7), Severity::Warning));
        assert!(listings.is_news(&target(7), Severity::Critical), "graver");
        listings.note(Boundary(1 + ABSENT_MINUTES), &firing(7..8));
        assert_eq!(listings.returns(&target(7)), 1);
        listings.forget(Boundary(2 + ABSENT_MINUTES));
        assert_eq!(listings.0.len(), 1, "a week is over");
    }
}
