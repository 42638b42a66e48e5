//! `learning`: how the reference of a model is learned.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use super::period_range::PeriodRange;
use crate::pipeline::LearningPlan;

/// How the reference of a model is learned. Tidegauge compares the model with this reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearningConfig {
    /// Event time from which the reference is learned: whole hours, 1h to 30d. The default is a week, because weekends
    /// differ from other days. If your traffic has no rhythm of a week, say so with 24h. Only hours that hold predictions
    /// count: a smoke test before the launch does not shorten learning. The limit is 30d, because the panes of a model
    /// that learns are kept for 30 days; then what there is must do.
    pub span: Period,
    /// Event time after which a provisional reference judges until `span` is over: whole hours, 1h to 30d. Only breaks page
    /// then; a smaller shift may be a weekday, and is published with severity `info`. Only windows of at most 1h are judged
    /// against it; without such a window nothing is, until `span` is over. At the length of `span` there is no provisional
    /// reference; more is refused, except the default.
    pub provisional: Period,
    /// Minimum number of predictions in the reference, 100 to 1000000000. Learning continues beyond `provisional` until it
    /// is reached; only the last 30 days count, and then 300 must do. With the default, the noise of a window of a few
    /// hundred predictions is larger than that of the reference.
    pub events_min: u64,
    /// Event time after learning in which ordinary days still teach how much the model varies by itself: whole hours, 0s
    /// to 90d. Then it is frozen, so that slow drift does not become ordinary. With few days the thresholds are high;
    /// three weeks more than halve them.
    pub habit_span: Period,
}

impl Default for LearningConfig {
    fn default() -> Self {
        Self {
            span: Period::days(7),
            provisional: Period::hours(24),
            events_min: 1_000,
            habit_span: Period::days(21),
        }
    }
}

/// Accepted values of `span`.
const SPAN: PeriodRange = PeriodRange {
    from: Period::hours(1),
    to: Period::minutes(LearningPlan::SPAN_MINUTES_MAX),
    step: Period::hours(1),
};
/// Accepted values of `provisional`.
const PROVISIONAL: PeriodRange = SPAN;
/// Accepted values of `habit_span`.
const HABIT_SPAN: PeriodRange = PeriodRange {
    from: Period::hours(0),
    to: Period::days(90),
    step: Period::hours(1),
};

impl LearningConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> LearningPlan {
        faults.require_within("learning.events_min", &self.events_min, 100..=1_000_000_000);
        let longest = SPAN.to;
        let wrong = format!(
            "{} is too long, because the panes of a model that learns are kept for {longest} only",
            self.span
        );
        let fix = format!("use {SPAN}");
        faults.require(self.span <= longest, "learning.span", wrong, &fix);
        let span_minutes = SPAN.minutes("learning.span", self.span, faults);
        let provisional = PROVISIONAL.minutes("learning.provisional", self.provisional, faults);
        let is_usual = self.provisional == Self::default().provisional;
        let wrong = format!(
            "{} is longer than learning.span, {}",
            self.provisional, self.span
        );
        faults.require(
            is_usual || self.provisional <= self.span,
            "learning.provisional",
            wrong,
            "use less than learning.span, or as much for no provisional reference",
        );
        let span_minutes = span_minutes.unwrap_or(0);
        LearningPlan {
            span_minutes,
            provisional_minutes: provisional.unwrap_or(0).min(span_minutes),
            events_min: self.events_min,
            variability_minutes: HABIT_SPAN
                .minutes("learning.habit_span", self.habit_span, faults)
                .unwrap_or(0),
        }
    }
}
