//! Shares of good predictions that objectives on labels are evaluated with.

use super::super::objectives::SegmentShares;
use super::model_quality::ModelQuality;
use super::span::{MATURED_MINUTES, last_week, widened};
use crate::alert::WindowTime;
use crate::detect::slo::{LABELS_MIN, Objective};
use crate::event::Segment;
use crate::pipeline::plan::Plan;
use crate::sketch::Share;
use crate::window::{Boundary, Resolution, Span};

impl ModelQuality {
    /// The share of each segment in the window that the objective's rule evaluates when `span` ends.
    #[must_use]
    pub fn segment_shares(
        &self,
        model: &str,
        objective: &Objective,
        span: Span,
        plan: &Plan,
    ) -> SegmentShares {
        let positive = self.positive(model, plan);
        let (by, span) = match objective.matured_window() {
            Some(window) if objective.sli.needs_truth() => (
                WindowTime::Prediction,
                self.matured_window(window, span.end),
            ),
            _ => (
                WindowTime::Label,
                Some(last_week(widened(span, Resolution::Quarter))),
            ),
        };
        let Some(span) = span else {
            return SegmentShares::default();
        };
        let segments = self.panes.keys().filter_map(|slice| slice.segment.as_ref());
        SegmentShares::over(segments.collect(), |segment| {
            self.share(objective, by, segment, span, positive)
        })
    }

    /// The share of the latest matured window, for rules that need one.
    #[must_use]
    pub fn matured(
        &self,
        model: &str,
        objective: &Objective,
        at: Boundary,
        plan: &Plan,
    ) -> Option<Share> {
        let window = objective.matured_window()?;
        let positive = self.positive(model, plan);
        if !objective.sli.needs_truth() {
            // The score of a judge is known when it arrives. It does not wait for the truth to mature.
            let span = widened(Span::ending_at(at, window), Resolution::Quarter);
            return Some(self.share(objective, WindowTime::Label, None, span, positive));
        }
        let span = self.matured_window(window, at)?;
        Some(self.share(objective, WindowTime::Prediction, None, span, positive))
    }

    /// True if labels of the last week came, and the positive class is in none of them nor in the predictions they belong to.
    #[must_use]
    pub fn lacks_positive(&self, model: &str, at: Boundary, plan: &Plan) -> bool {
        let week = Span {
            start: at.plus_minutes(-MATURED_MINUTES),
            end: at,
        };
        let known = self.merged(WindowTime::Label, None, widened(week, Resolution::Hour));
        let positive = self.positive(model, plan);
        let occurs = positive.is_some_and(|class| known.table.has_class(class));
        known.labelled >= LABELS_MIN && !occurs
    }

    /// The share of all versions in `span`.
    fn share(
        &self,
        objective: &Objective,
        by: WindowTime,
        segment: Option<&Segment>,
        span: Span,
        positive: Option<&str>,
    ) -> Share {
        let quality = self.merged(by, segment, span);
        objective.sli.share_of_quality(&quality, positive)
    }
}
