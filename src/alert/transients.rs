//! Transients: alerts that came and went by themselves, and the hold that they cost.
//!
//! **Intuition.** An alert that is over within two hours asked a person to look at what was gone when they looked. Two of them in a
//! month are news. From the third on the model is known to jump, and its breaches must last before they fire: a spike does
//! not, a fault does. So the number of such alerts ends by itself, and nobody needs to mute the model.
//!
//! **Formula.** With n transients in the last 30 days and n ≥ `allowed`: hold = min(window, 1 h) × 2^(n − `allowed`), at most 2 h. A
//! transient lasts at most two hours from its first breach to its last. So what is held longest is as long as what is
//! called short.
//!
//! **Assumptions and limits.** A short incident that was real counts too. The price is a later page, by a quarter of an hour to
//! two hours, for the models that jump. Only comparisons with a reference are held; volume and objectives have rules of
//! their own. What pages nobody does not count.
//!
//! **Cost.** At most [`KEPT_MAX`] times per model and family. **Source.** Simulation, `docs/statistics.md`.
//! **Rejected.** A wider bound of what is ordinary: a spike of three standard deviations would make such a shift ordinary for
//! ever. A hold for every model: it delays the first page of those that never jump. A hold by subject: each of a hundred
//! subjects has to jump three times first.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::alert_key::COMPARED;
use super::cause::Cause;
use super::terms::AlertKind;
use crate::detect::Family;
use crate::window::{Boundary, DAY_MINUTES, HOUR_MINUTES, WindowLength};

/// Times that are kept: the largest `allowed`, and the four that double the hold of a quarter of an hour to two hours.
const KEPT_MAX: usize = 20;
/// Longest time from the first to the last breach of a transient alert, in minutes.
const LASTING_MAX: i64 = 2 * HOUR_MINUTES;
/// Time that a transient is remembered, in minutes: that of the false-alarm budget.
const REMEMBERED: i64 = 30 * DAY_MINUTES;
/// Longest hold, in minutes.
const HOLD_MAX: i64 = LASTING_MAX;

/// Ends of the transient alerts of one model and family, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Transients(VecDeque<Boundary>);

impl Transients {
    /// Notes an alert that ended at `end` by itself, if it was short. `breach_minutes` is the time from its first breach to its
    /// last.
    pub(super) fn note(&mut self, breach_minutes: i64, end: Boundary) {
        if breach_minutes > LASTING_MAX {
            return;
        }
        if self.0.len() == KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(end);
    }

    /// Forgets what is older than 30 days.
    pub(super) fn forget(&mut self, at: Boundary) {
        self.0.retain(|end| at < end.plus_minutes(REMEMBERED));
    }

    /// Number of transient alerts in the last 30 days, at most [`KEPT_MAX`].
    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Windows of at most an hour that a breach must last; `None` below `allowed` transients.
    fn factor(&self, allowed: u64) -> Option<u32> {
        let doublings = self.count().checked_sub(allowed).filter(|_| allowed > 0)?;
        Some(1 << doublings.min(4))
    }

    /// Time that a breach in a window of `length` must last before it fires, in minutes.
    pub(super) fn hold_minutes(&self, length: WindowLength, allowed: u64) -> i64 {
        let factor = self.factor(allowed).unwrap_or(0);
        (length.minutes().min(HOUR_MINUTES) * i64::from(factor)).min(HOLD_MAX)
    }
}

/// Transient alerts of one model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct TransientsByFamily(BTreeMap<Family, Transients>);

impl TransientsByFamily {
    /// Forgets what is older than 30 days.
    pub(super) fn forget(&mut self, at: Boundary) {
        self.0.values_mut().for_each(|family| family.forget(at));
    }

    /// Notes an alert that paged and ended by itself at `end`.
    pub(super) fn note(&mut self, family: Family, breach_minutes: i64, end: Boundary) {
        if COMPARED.contains(&family) {
            self.0.entry(family).or_default().note(breach_minutes, end);
        }
    }

    /// Time that a breach of the cause must last before it fires, in minutes.
    pub(super) fn hold_minutes(&self, cause: &Cause, allowed: u64) -> i64 {
        let transients = self.0.get(&cause.family);
        transients.map_or(0, |transients| {
            transients.hold_minutes(cause.length, allowed)
        })
    }

    /// Families whose breaches must last.
    pub(super) fn held(&self, allowed: u64) -> Vec<HeldFamily> {
        let held = self.0.iter().filter_map(|(family, transients)| {
            Some(HeldFamily {
                family: *family,
                transients: transients.count(),
                factor: transients.factor(allowed)?,
            })
        });
        held.collect()
    }
}

/// A family of a model whose breaches must last before they fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldFamily {
    /// The family.
    pub family: Family,
    /// Alerts that came and went by themselves in the last 30 days.
    pub transients: u64,
    /// A breach must last this many times its window, of which at most an hour counts, and at most 2 hours in all.
    pub factor: u32,
}

impl HeldFamily {
    /// Kind of the alerts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        AlertKind::from(self.family).name()
    }
}

impl fmt::Display for HeldFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        let Self {
            transients, factor, ..
        } = self;
        let windows = match factor {
            1 => "as long as its window".to_owned(),
            factor => format!("{factor} times its window"),
        };
        write!(
            f,
            "{transients} alerts of kind {kind} came and went by themselves in 30 days: until they stop, a breach must last {windows}, at most 2 \
             hours, before it fires; alerts.transients changes that"
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const QUARTER: u32 = 15;

    fn after(transients: i64) -> Transients {
        let mut seen = Transients::default();
        for day in 0..transients {
            seen.note(30, Boundary(day * DAY_MINUTES));
        }
        seen
    }

    fn hold(transients: i64, minutes: u32) -> i64 {
        let length = WindowLength::from_minutes(minutes).unwrap();
        after(transients).hold_minutes(length, 3)
    }

    #[test]
    fn the_hold_begins_at_the_third_and_doubles_with_each_further_one() {
        let holds = [0, 2, 3, 4, 5, 6, 7, 40].map(|n| hold(n, QUARTER));
        assert_eq!(holds, [0, 0, 15, 30, 60, 120, 120, 120]);
        assert_eq!((hold(3, 60), hold(3, 1_440), hold(9, 60)), (60, 60, 120));
    }

    #[test]
    fn long_alerts_do_not_count_and_old_ones_are_forgotten() {
        let mut seen = after(3);
        seen.note(LASTING_MAX + 1, Boundary(4 * DAY_MINUTES));
        assert_eq!(seen.count(), 3);
        seen.forget(Boundary(REMEMBERED));
        assert_eq!(seen.count(), 2);
        seen.forget(Boundary(REMEMBERED + 2 * DAY_MINUTES));
        assert_eq!(seen.count(), 0);
    }

    #[test]
    fn the_memory_is_bounded() {
        assert_eq!(after(1_000).count(), KEPT_MAX as u64);
    }

    #[test]
    fn nothing_is_held_where_any_number_is_allowed() {
        let length = WindowLength::from_minutes(QUARTER).unwrap();
        assert_eq!(after(16).hold_minutes(length, 0), 0);
        assert_eq!(after(16).hold_minutes(length, 1_000), 0);
    }
}
