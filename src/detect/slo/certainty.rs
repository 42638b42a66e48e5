//! Certainty that a rule requires: the number of events, and for rules on labels the width of the interval.

use crate::sketch::Share;

/// Interval half-width of label-based rules, in standard deviations. With hourly evaluations over 30 days, 1–5 % of models exactly at the bound alert.
pub const LABEL_Z: f64 = 3.3;
/// Labels that a label-based rule needs, at least.
pub const LABELS_MIN: i64 = 30;

/// Labels that a rule needs: `events_min` of the objective, but at least [`LABELS_MIN`].
pub(super) fn labels_needed(events_min: u64) -> i64 {
    i64::try_from(events_min)
        .unwrap_or(i64::MAX)
        .max(LABELS_MIN)
}

/// Events that a window needs to be evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventsNeeded {
    /// `events_min` of the objective; 0 and 1: any number.
    pub(super) events_min: u64,
    /// True if the SLI becomes known after the prediction.
    pub(super) is_delayed: bool,
}

impl EventsNeeded {
    /// True if `share` has enough valid events, and at least one.
    pub(super) fn is_met(self, share: Share) -> bool {
        let needed = if self.is_delayed {
            labels_needed(self.events_min)
        } else {
            i64::try_from(self.events_min).unwrap_or(i64::MAX).max(1)
        };
        share.valid >= needed
    }
}
