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
