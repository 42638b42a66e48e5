//! `reference`: what windows are compared with.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use super::period_range::PeriodRange;
use super::words::words;
use crate::pipeline::ReferencePlan;
use crate::window::WindowSpec;

/// What windows are compared with. The groups that are compared are always those of the frozen reference, which is learned as
/// `learning` says. It also judges until a reference that moves has seen enough: docs/statistics.md says how long that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReferenceConfig {
    /// What a window is compared with: `fixed` (the frozen reference), `trailing` (the traffic before the window, up to a day
    /// before it) or `seasonal` (the same hours of earlier days or weeks). Use `trailing` if slow change is ordinary: it
    /// finds jumps, and a creeping change is never found. Use `seasonal` for a model whose features move a lot with the time
    /// of day: it finds smaller changes within the hour. What was in trouble never enters either of them.
    pub kind: Against,
    /// Event time that a trailing reference covers: whole days, 24h to 60d. The default is 7d. A longer window is compared
    /// with as much time as it holds: a month with the month before, which finds a change of that pace. Leave long windows
    /// out of `windows` if it is ordinary. Counts are kept for all of this; docs/capacity.md says what they take. Only with
    /// `trailing`.
    pub span: Option<Period>,
    /// Length of a season: `24h` or `7d`. The default is `24h`. Windows that are shorter are compared with the same hours of
    /// earlier periods, the others with the frozen reference. With `7d`, Mondays are compared with Mondays, but it takes five
    /// weeks until the season judges. Only with `seasonal`.
    pub period: Option<Period>,
    /// Number of earlier periods that a seasonal reference adds up: at least 2, and at most 35 days together. The default is
    /// 7 days or 4 weeks. Counts of each hour are kept that long. Only with `seasonal`.
    pub periods: Option<u32>,
}

words! {
    /// What a window is compared with.
    Against {
        /// The frozen reference.
        #[default]
        Fixed = "fixed",
        /// The traffic before the window.
        Trailing = "trailing",
        /// The same hours of earlier periods.
        Seasonal = "seasonal",
    }
}

/// Accepted values of `span`.
const SPAN: PeriodRange = PeriodRange {
    from: Period::hours(24),
    to: Period::days(60),
    step: Period::hours(24),
};
/// Accepted values of `period`, with the default of `periods`.
const PERIODS: [(Period, u32); 2] = [(Period::hours(24), 7), (Period::days(7), 4)];
/// Longest time for which counts are kept by the hour.
const HOURS_KEPT_MAX: Period = Period::days(35);

impl ReferenceConfig {
    pub(super) fn check(
        &self,
        windows: &[WindowSpec],
        habit_span: Period,
        faults: &mut ConfigFaults,
    ) -> ReferencePlan {
        self.refuse_unfit_keys(faults);
        let plan = match self.kind {
            Against::Fixed => return ReferencePlan::Fixed,
            Against::Trailing => self.trailing(faults),
            Against::Seasonal => self.seasonal(windows, faults),
        };
        let wrong = format!(
            "{habit_span} is too short for reference.kind {}",
            String::from(self.kind)
        );
        faults.require(
            habit_span >= Period::days(14),
            "learning.habit_span",
            wrong,
            "use 14d or more: what is ordinary is learned anew against a reference that moves",
        );
        plan
    }

    fn refuse_unfit_keys(&self, faults: &mut ConfigFaults) {
        let is_set = [
            ("span", self.span.is_some(), Against::Trailing),
            ("period", self.period.is_some(), Against::Seasonal),
            ("periods", self.periods.is_some(), Against::Seasonal),
        ];
        for (key, is_set, fits) in is_set {
            let (kind, fits_text) = (String::from(self.kind), String::from(fits));
            faults.require(
                !is_set || self.kind == fits,
                &format!("reference.{key}"),
                format!("kind {kind} does not use it"),
                &format!("remove it, or set reference.kind to {fits_text}"),
            );
        }
    }

    fn trailing(&self, faults: &mut ConfigFaults) -> ReferencePlan {
        let span = self.span.unwrap_or(Period::days(7));
        let minutes = SPAN.minutes("reference.span", span, faults);
        ReferencePlan::Trailing {
            span_minutes: minutes.unwrap_or(0),
        }
    }

    fn seasonal(&self, windows: &[WindowSpec], faults: &mut ConfigFaults) -> ReferencePlan {
        let period = self.period.unwrap_or(PERIODS[0].0);
        let known = PERIODS.iter().find(|(known, _)| *known == period);
        let wrong = if period > HOURS_KEPT_MAX {
            format!("{period} is longer than counts are kept by the hour, {HOURS_KEPT_MAX}")
        } else {
            format!("{period} is no season")
        };
        faults.require(known.is_some(), "reference.period", wrong, "use 24h or 7d");
        let (period, usual) = known.copied().unwrap_or(PERIODS[0]);
        let period_minutes = period.as_minutes().unwrap_or(1_440);
        let most = HOURS_KEPT_MAX.as_minutes().unwrap_or(0) / period_minutes;
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let periods = self.periods.unwrap_or(usual);
        let wrong = format!("{periods} is not between 2 and {most}");
        let fix = format!(
            "use 2 to {most} with a period of {period}: counts are kept by the hour for {HOURS_KEPT_MAX} at most"
        );
        faults.require(
            (2..=most).contains(&periods),
            "reference.periods",
            wrong,
            &fix,
        );
        let shortest = windows.iter().map(|window| window.length.minutes()).min();
        faults.require(
            shortest.is_none_or(|shortest| shortest < period_minutes),
            "reference.period",
            format!("no window is shorter than {period}"),
            "add a shorter window, or use kind fixed",
        );
        ReferencePlan::Seasonal {
            period_minutes,
            periods: periods.clamp(2, most),
        }
    }
}
