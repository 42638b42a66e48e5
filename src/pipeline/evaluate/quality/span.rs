//! Retention of quality panes, and spans that fit what is retained.

use crate::detect::slo::Objective;
use crate::pipeline::plan::Plan;
use crate::window::{Boundary, Resolution, RollupRetention, Span, WindowLength};

/// Minutes of a day.
pub const DAY: i64 = 1_440;
/// Minutes of the predictions from which the usual delay and coverage of labels are taken.
pub const MATURED_MINUTES: i64 = 7 * DAY;

/// Retention of panes of each length:
///
/// - quarters of an hour for the window of a day;
/// - hours for a window of a week that ends as long ago as labels take;
/// - days for the label horizon and the week before it, from which the usual delay is taken.
pub fn retention(plan: &Plan) -> RollupRetention {
    let horizon = plan.join.horizon_minutes;
    let windows = plan.objectives.iter().filter_map(Objective::matured_window);
    let longest = windows.map(WindowLength::minutes).max().unwrap_or(0);
    let matured = if longest > 0 {
        longest + DAY + horizon
    } else {
        0
    };
    RollupRetention {
        quarter_minutes: DAY + 2 * 60,
        hour_minutes: matured.max(MATURED_MINUTES + DAY),
        day_minutes: matured.max(horizon + MATURED_MINUTES + 2 * DAY),
    }
}

/// The shortest panes that still cover `span` at `at`.
pub fn retained_resolution(span: Span, at: Boundary, plan: &Plan) -> Resolution {
    let (retention, age) = (retention(plan), at.0 - span.start.0);
    if age < retention.quarter_minutes {
        Resolution::Quarter
    } else if age < retention.hour_minutes {
        Resolution::Hour
    } else {
        Resolution::Day
    }
}

/// The smallest span of whole panes that contains `span`.
pub fn widened(span: Span, resolution: Resolution) -> Span {
    Span {
        start: resolution.start(span.start),
        end: resolution.start(span.end.plus_minutes(resolution.minutes() - 1)),
    }
}

/// The last week of `span`, or all of it if it is shorter. Hour panes are kept for at least eight days.
pub fn last_week(span: Span) -> Span {
    let start = span.end.plus_minutes(-MATURED_MINUTES);
    Span {
        start: span.start.max(start),
        end: span.end,
    }
}
