//! Maturity: how long labels usually take, and which windows of predictions have most of theirs.

use super::model_quality::{Maturity, ModelQuality};
use super::span::{DAY, MATURED_MINUTES};
use crate::alert::WindowTime;
use crate::pipeline::plan::Plan;
use crate::sketch::Quality;
use crate::window::{Boundary, Resolution, Span, WindowLength};

/// Labels from which the usual delay can be taken.
const DELAYS_MIN: i64 = 30;

impl ModelQuality {
    /// Computes the usual delay and coverage anew at each full hour.
    pub(super) fn update_maturity(&mut self, at: Boundary, plan: &Plan) {
        let hour = Resolution::Hour.start(at);
        if self.maturity_at != Some(hour) {
            self.maturity = self.maturity_of(hour, plan);
            self.maturity_at = Some(hour);
        }
    }

    /// Delay and coverage of predictions that no label can reach any more.
    fn maturity_of(&self, at: Boundary, plan: &Plan) -> Option<Maturity> {
        let old = self.expired(at, plan);
        if old.labelled < DELAYS_MIN {
            return None;
        }
        let delay_millis = old.delay.quantile(0.9)?;
        Some(Maturity {
            delay_minutes: libm::ceil(delay_millis / 60_000.0) as i64,
            coverage: coverage(&old),
        })
    }

    /// Predictions beyond the label horizon: a week of whole days. A short horizon has no whole day behind it at first;
    /// then the last 24 hours beyond the horizon.
    fn expired(&self, at: Boundary, plan: &Plan) -> Quality {
        let horizon = at.plus_minutes(-plan.join.horizon_minutes);
        let before = |end: Boundary, minutes: i64| {
            self.whole(Span {
                start: end.plus_minutes(-minutes),
                end,
            })
        };
        let days = before(Resolution::Day.start(horizon), MATURED_MINUTES);
        if days.labelled < DELAYS_MIN {
            before(Resolution::Hour.start(horizon), DAY)
        } else {
            days
        }
    }

    /// The latest window of `window` whose labels have mostly come: it ends as long ago as nine tenths of labels take.
    /// `None` if its coverage is below half of the usual one.
    pub(super) fn matured_window(&self, window: WindowLength, at: Boundary) -> Option<Span> {
        let maturity = self.maturity?;
        let end = at.plus_minutes(-maturity.delay_minutes);
        let span = Span::ending_at(Resolution::Hour.start(end), window);
        (coverage(&self.whole(span)) >= maturity.coverage / 2.0).then_some(span)
    }

    fn whole(&self, span: Span) -> Quality {
        self.merged(WindowTime::Prediction, None, span)
    }
}

/// Share of predictions that have a label, 0..1.
fn coverage(quality: &Quality) -> f64 {
    quality.labelled as f64 / quality.predicted.max(1) as f64
}
