//! Troubled times: when a subject was in trouble, so that what broke never becomes a reference.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sketch::Subject;
use crate::window::{Boundary, Span, Tier};

/// An alert is a window late: the trouble of a window of an hour began up to an hour before, and was found after a quarter.
const FOUND_AFTER_MINUTES: i64 = 75;

/// Whole hours in which subjects were in trouble, by subject, ascending and apart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TroubledTimes(BTreeMap<Subject, Vec<Span>>);

impl TroubledTimes {
    /// Adds that `subject` is in trouble at `at`. Returns true if that was not known.
    pub fn add(&mut self, subject: &Subject, at: Boundary) -> bool {
        let hour = Tier::Hour.minutes();
        let own = Span {
            start: at.plus_minutes(-FOUND_AFTER_MINUTES).floor(hour),
            end: at.plus_minutes(hour - 1).floor(hour),
        };
        let times = self.0.entry(subject.clone()).or_default();
        match times.last_mut().filter(|last| last.end >= own.start) {
            Some(last) if last.end >= own.end => false,
            Some(last) => {
                last.end = own.end;
                true
            }
            None => {
                times.push(own);
                true
            }
        }
    }

    /// True if `subject` was in trouble at some time of `span`.
    #[must_use]
    pub fn overlap(&self, subject: &Subject, span: Span) -> bool {
        let mut times = self.0.get(subject).into_iter().flatten();
        times.any(|own| own.start < span.end && span.start < own.end)
    }

    /// Forgets what ended before `oldest`.
    pub fn forget_before(&mut self, oldest: Boundary) {
        for times in self.0.values_mut() {
            times.retain(|own| own.end > oldest);
        }
        self.0.retain(|_, times| !times.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_kept_as_whole_hours_until_it_is_old() {
        let subject = Subject::Score;
        let mut times = TroubledTimes::default();
        let at = Boundary(10 * 60 + 30);
        assert!(times.add(&subject, at));
        assert!(!times.add(&subject, at.plus_minutes(15)), "the same hours");
        assert!(times.add(&subject, at.plus_minutes(45)));
        let hour = |nth: i64| Span {
            start: Boundary(nth * 60),
            end: Boundary(nth * 60 + 60),
        };
        let troubled = |times: &TroubledTimes| -> Vec<i64> {
            (0..24)
                .filter(|nth| times.overlap(&subject, hour(*nth)))
                .collect()
        };
        assert_eq!(troubled(&times), [9, 10, 11]);
        assert!(!times.overlap(&Subject::Label, hour(10)));
        times.forget_before(Boundary(12 * 60));
        assert_eq!(times, TroubledTimes::default());
    }
}
