//! Habits of a segment: what is ordinary for it, against each kind of reference that judges it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::troubled_times::TroubledTimes;
use super::variability::{SegmentVariability, Thing};
use crate::detect::{DAYS_OF_A_WEEK, Ordinary, OrdinaryRule, ReferenceKind};
use crate::sketch::Subject;
use crate::window::WindowLength;

/// What was learned of one segment, or of the whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SegmentHabits {
    /// Distances from the frozen reference.
    fixed: SegmentVariability,
    /// Distances from the reference that moves.
    moving: SegmentVariability,
    /// Times that never become part of a reference that moves.
    pub(super) troubled_times: TroubledTimes,
}

impl SegmentHabits {
    /// What was learned against a kind of reference.
    pub fn against(&self, kind: ReferenceKind) -> &SegmentVariability {
        if kind.moves() {
            &self.moving
        } else {
            &self.fixed
        }
    }

    /// What was learned against a kind of reference, to change it.
    pub fn against_mut(&mut self, kind: ReferenceKind) -> &mut SegmentVariability {
        if kind.moves() {
            &mut self.moving
        } else {
            &mut self.fixed
        }
    }

    /// True once a moving reference judges windows of `length`: seven days say what is ordinary against it. With fewer, the
    /// fixed reference finds more.
    pub fn judges_by_moving(&self, length: WindowLength, subject: &Subject) -> bool {
        self.moving.days_of(length, subject) >= DAYS_OF_A_WEEK
    }

    /// Forgets what is half learned, and all of `subjects`: a gap follows.
    pub fn settle(&mut self, subjects: &BTreeSet<Subject>) {
        self.fixed.settle(subjects);
        self.moving.settle(subjects);
        self.troubled_times = TroubledTimes::default();
    }

    /// What is ordinary against a kind of reference.
    pub fn bound(
        &self,
        kind: ReferenceKind,
        (length, subject): (WindowLength, &Subject),
        thing: &Thing,
        rule: OrdinaryRule,
    ) -> Ordinary {
        self.against(kind).bound(length, subject, thing, rule)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::detect::DETECTORS;
    use crate::pipeline::evaluate::days::Days;
    use crate::pipeline::evaluate::slice::Slice;
    use crate::pipeline::evaluate::variability::{Excess, Teaching};
    use crate::window::{Boundary, DAY_MINUTES};

    #[test]
    fn only_what_has_entered_is_kept_over_a_gap() {
        let length = WindowLength::from_minutes(60).unwrap();
        let thing = Thing::of(DETECTORS[0], 0);
        let day = [Subject::Score, Subject::Label].map(|own| ((own, thing.clone()), 0.2));
        let kind = ReferenceKind::Fixed;
        let mut habits = SegmentHabits::default();
        habits.against_mut(kind).learn_day(length, &day.into());
        let before = habits.clone();
        let (at, days) = (Boundary(60), Days::of(Boundary(0), DAY_MINUTES));
        let excess = Excess {
            slice: Slice {
                version: String::new(),
                segment: None,
            },
            length,
            subject: Subject::Score,
            thing: thing.clone(),
            reference: kind,
            distance: 0.5,
        };
        let rule = OrdinaryRule::Distribution;
        let learned = habits.against_mut(kind);
        learned.note(length, at, days);
        learned.offer(excess, Teaching::Ordinary, rule, (at, days));
        habits.troubled_times.add(&Subject::Score, at);
        assert_ne!(habits, before);
        habits.settle(&BTreeSet::new());
        assert_eq!(habits, before);
        habits.settle(&[Subject::Label].into());
        let bound = |subject| habits.bound(kind, (length, subject), &thing, rule).distance;
        assert!(bound(&Subject::Score) > 0.0);
        assert!(bound(&Subject::Label).abs() < f64::EPSILON);
    }
}
