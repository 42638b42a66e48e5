//! `reference`: what windows are compared with.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::learning::LearningConfig;
use super::period::Period;
use super::period_range::PeriodRange;
use super::words::words;
use crate::pipeline::{ReferencePlan, SeasonalSubjects};
use crate::window::{DAY_MINUTES, WindowSpec};

/// What windows are compared with. The groups that are compared are always those of the frozen reference, which is learned as
/// `learning` says. It also judges until a reference that moves has seen enough: docs/statistics.md says how long that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReferenceConfig {
    /// What a window is compared with: `auto` (the frozen reference, but the same hours of the last seven days for a subject
    /// that varied mostly with the time of day while its reference was learned), `fixed` (the frozen reference), `trailing`
    /// (the traffic before the window, up to a day before it) or `seasonal` (the same hours of earlier days or weeks, for
    /// every subject). Use `trailing` if slow change is ordinary: it finds jumps, and a creeping change is never found. `auto`
    /// needs `learning.span` of 3d and `learning.habit_span` of 14d or more, and is `fixed` with less. What was in trouble
    /// never enters a reference that moves.
    pub kind: Against,
    /// Event time that a reference that moves adds up. With `trailing` whole days, 24h to 60d; a longer window is compared
    /// with as much time as it holds: a month with the month before, which finds a change of that pace. Leave long windows
    /// out of `windows` if it is ordinary. With `seasonal` two periods or more, at most 35d, for which counts are kept by the
    /// hour. docs/capacity.md says what the counts take. `auto` and `fixed` do not use it.
    pub span: Period,
    /// Length of a season: `24h` or `7d`. Windows that are shorter are compared with the same hours of earlier periods, the
    /// others with the frozen reference. With `7d`, Mondays are compared with Mondays, but it takes four weeks until the season
    /// judges, and `span` must be at least 14d. Only `seasonal` uses it.
    pub period: Period,
}

impl Default for ReferenceConfig {
    fn default() -> Self {
        Self {
            kind: Against::Auto,
            span: Period::days(7),
            period: Period::hours(24),
        }
    }
}

words! {
    /// What a window is compared with.
    Against {
        /// The frozen reference, or the same hours of earlier days, by the rhythm of the subject.
        #[default]
        Auto = "auto",
        /// The frozen reference.
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
/// Least `learning.habit_span` with a reference that moves: what is ordinary is learned anew against it.
const HABIT_SPAN_MIN: Period = Period::days(14);
/// Least `learning.span` that tells the rhythm of a day from chance.
const RHYTHM_SPAN_MIN: Period = Period::days(3);
/// Accepted values of `period`.
const PERIODS: [Period; 2] = [Period::hours(24), Period::days(7)];
/// Longest time for which counts are kept by the hour.
const HOURS_KEPT_MAX: Period = Period::days(35);

impl ReferenceConfig {
    pub(super) fn check(
        &self,
        windows: &[WindowSpec],
        learning: &LearningConfig,
        faults: &mut ConfigFaults,
    ) -> ReferencePlan {
        let habit_span = learning.habit_span;
        if faults.touch("reference.kind") {
            return ReferencePlan::Fixed; // which keys fit is not known
        }
        self.refuse_unfit_keys(faults);
        let plan = match self.kind {
            Against::Auto => return Self::auto(windows, learning),
            Against::Fixed => return ReferencePlan::Fixed,
            Against::Trailing => self.trailing(faults),
            Against::Seasonal => self.seasonal(windows, faults),
        };
        let wrong = format!(
            "{habit_span} is too short for reference.kind {}",
            String::from(self.kind)
        );
        faults.require(
            habit_span >= HABIT_SPAN_MIN,
            "learning.habit_span",
            wrong,
            "use 14d or more: what is ordinary is learned anew against a reference that moves",
        );
        plan
    }

    /// Refuses keys that are set and mean nothing.
    fn refuse_unfit_keys(&self, faults: &mut ConfigFaults) {
        let usual = Self::default();
        let uses_span = matches!(self.kind, Against::Trailing | Against::Seasonal);
        let span_fits = uses_span || self.span == usual.span;
        let period_fits = self.kind == Against::Seasonal || self.period == usual.period;
        let unfit = [
            ("span", span_fits, "trailing or seasonal"),
            ("period", period_fits, "seasonal"),
        ];
        for (key, fits, kinds) in unfit {
            faults.require(
                fits,
                &format!("reference.{key}"),
                format!("kind {} does not use it", String::from(self.kind)),
                &format!("remove it, or set reference.kind to {kinds}"),
            );
        }
    }

    /// The season of a day for subjects that have one, if it can ever judge.
    fn auto(windows: &[WindowSpec], learning: &LearningConfig) -> ReferencePlan {
        let can_judge = learning.span >= RHYTHM_SPAN_MIN
            && learning.habit_span >= HABIT_SPAN_MIN
            && windows
                .iter()
                .any(|window| window.length.minutes() < DAY_MINUTES);
        if can_judge {
            ReferencePlan::DAILY
        } else {
            ReferencePlan::Fixed
        }
    }

    fn trailing(&self, faults: &mut ConfigFaults) -> ReferencePlan {
        let minutes = SPAN.minutes("reference.span", self.span, faults);
        ReferencePlan::Trailing {
            span_minutes: minutes.unwrap_or(0),
        }
    }

    fn seasonal(&self, windows: &[WindowSpec], faults: &mut ConfigFaults) -> ReferencePlan {
        let is_known = PERIODS.contains(&self.period);
        let wrong = if self.period > HOURS_KEPT_MAX {
            format!(
                "{} is longer than counts are kept by the hour, {HOURS_KEPT_MAX}",
                self.period
            )
        } else {
            format!("{} is no season", self.period)
        };
        faults.require(is_known, "reference.period", wrong, "use 24h or 7d");
        let shortest = windows.iter().map(|window| window.length.minutes()).min();
        let minutes = self.period.as_minutes().filter(|_| is_known);
        let period_minutes = minutes.unwrap_or(i64::from(u32::MAX));
        faults.require(
            shortest.is_none_or(|shortest| shortest < period_minutes),
            "reference.period",
            format!("no window is shorter than {}", self.period),
            "add a shorter window, or use kind fixed",
        );
        ReferencePlan::Seasonal {
            period_minutes,
            subjects: SeasonalSubjects::All,
            periods: minutes.map_or(0, |minutes| self.periods(minutes, faults)),
        }
    }

    /// Number of periods of this length in `span`.
    fn periods(&self, period_minutes: i64, faults: &mut ConfigFaults) -> u32 {
        let span = self.span.as_minutes().unwrap_or(0);
        let least = i64::from(ReferencePlan::PERIODS_MIN) * period_minutes;
        let is_whole = span % period_minutes == 0;
        let fits = is_whole && span >= least && self.span <= HOURS_KEPT_MAX;
        let wrong = format!(
            "{} is not allowed with seasons of {}",
            self.span, self.period
        );
        let least = Period::minutes(u32::try_from(least).unwrap_or(0));
        let fix = format!(
            "use a multiple of {} from {least} to {HOURS_KEPT_MAX}, for which counts are kept by the hour",
            self.period
        );
        faults.require(fits, "reference.span", wrong, &fix);
        u32::try_from(span / period_minutes).unwrap_or(0)
    }
}
