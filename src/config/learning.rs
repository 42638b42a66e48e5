//! `learning`: how a model's reference is learned.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use crate::pipeline;

/// How a model's reference, the datum it is compared with, is learned when it is first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearningConfig {
    /// Event time to learn from: whole hours, 1h to 60d. A day has the day's rhythm in it; where weekends differ, use 7d. No drift
    /// alert comes before it is over.
    pub span: Period,
    /// Predictions the reference must hold, 100 to 1000000000; learning goes on beyond `span` until it does. The default is five times the
    /// smallest window that is judged, so that the reference's own noise stays the smaller part.
    pub events_min: u64,
    /// Event time after learning during which ordinary windows still teach how much the model varies by itself: whole hours, 0s
    /// to 90d. Shorter, the thresholds settle sooner; longer, fortnightly rhythms stay quiet.
    pub habit_span: Period,
}

impl Default for LearningConfig {
    fn default() -> Self {
        Self {
            span: Period::hours(24),
            events_min: 1_000,
            habit_span: Period::days(14),
        }
    }
}

impl LearningConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::LearningPlan {
        faults.require_within("learning.events_min", &self.events_min, 100..=1_000_000_000);
        pipeline::LearningPlan {
            span_minutes: hours("learning.span", self.span, 1, 60, faults),
            events_min: self.events_min,
            habit_minutes: hours("learning.habit_span", self.habit_span, 0, 90, faults),
        }
    }
}

/// The minutes of `period`, which must be whole hours from `hours_min` up to `days_max`.
fn hours(
    path: &str,
    period: Period,
    hours_min: u32,
    days_max: u32,
    faults: &mut ConfigFaults,
) -> i64 {
    let (low, high) = (Period::hours(hours_min), Period::days(days_max));
    let minutes = period
        .as_minutes()
        .filter(|m| m % 60 == 0 && (low..=high).contains(&period));
    let wrong = format!("{period} is not {low} to {high} in whole hours");
    faults.require(minutes.is_some(), path, wrong, "use 1h, 24h, 7d …");
    minutes.unwrap_or(0)
}
