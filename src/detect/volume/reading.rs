//! Reading of one window on one side: its distance from what is expected, and the distance from which it alarms.

use super::side::Side;
use crate::detect::Verdict;

/// Share of the alarm's floor and noise that keeps an alert firing. Half of each: with 0.8 and √½, a lasting fall by a
/// fifth ends and begins again three times a week.
const CLEAR: f64 = 0.5;

/// A window compared with what is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// Side that is judged.
    pub(super) side: Side,
    /// Events in the window.
    pub(super) count: f64,
    /// Expected events, above 0.
    pub(super) expected: f64,
    /// D, towards the side; of a day the mildest of the past hour, of a week that of the median day.
    pub(super) distance: f64,
    /// Standard deviation of D if nothing is wrong, above 0.
    pub(super) sigma: f64,
    /// Earlier weeks behind `expected`; 0 if it comes from the day before.
    pub(super) weeks: usize,
    /// B: what is ordinary.
    pub(super) habit: f64,
    /// Noise of D under the false-alarm budget.
    pub(super) noise: f64,
    /// Smallest D that matters.
    pub(super) floor: f64,
    /// Further conditions of an alarm: true if they are met, or if there are none.
    pub(super) is_certain: bool,
    /// True if a longer window shows that the change lasts, so that an alert goes on.
    pub(super) is_held: bool,
}

impl Reading {
    /// D from which the window alarms.
    pub(super) fn threshold(&self) -> f64 {
        self.floor.max(self.habit + self.noise)
    }

    /// D from which an alarm goes on.
    pub(super) fn clear(&self) -> f64 {
        f64::max(CLEAR * self.floor, self.habit + CLEAR * self.noise)
    }

    /// True if the window alarms.
    pub(super) fn is_alarm(&self) -> bool {
        self.is_certain && self.distance >= self.threshold()
    }

    /// Result of judging the window.
    pub(super) fn verdict(&self) -> Verdict {
        if self.is_alarm() {
            Verdict::Breach
        } else if self.is_held || self.distance >= self.clear() {
            Verdict::Lingering
        } else if self.detectable().is_none() {
            Verdict::InsufficientData
        } else {
            Verdict::Quiet
        }
    }

    /// Gravity of the verdict, then closeness to an alarm: the reading with the largest speaks for its window.
    pub(super) fn rank(&self) -> (u8, f64) {
        let gravity = match self.verdict() {
            Verdict::InsufficientData => 0,
            Verdict::Quiet => 1,
            Verdict::Lingering => 2,
            Verdict::Breach => 3,
        };
        (gravity, self.distance / self.threshold())
    }

    /// Smallest change that alarms, as a share; `None` if not even a full stop does.
    pub(super) fn detectable(&self) -> Option<f64> {
        let threshold = self.threshold();
        let is_within = self.side == Side::Rise || threshold <= 2.0;
        is_within.then(|| self.side.share_at(threshold))
    }
}
