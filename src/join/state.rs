//! The join as its owner sees it: told in any order, closed minute by minute, rebuilt after a restart.

use super::counts::Counts;
use super::ledger::Ledger;
use super::outcomes::Outcomes;
use super::settings::Settings;
use super::standing::{Standing, Suppressed};
use crate::window::Boundary;

/// Predictions that wait for labels, labels that wait for predictions, and minutes that wait to be closed.
#[derive(Debug)]
pub struct Join {
    settings: Settings,
    standing: Standing,
    suppressed: Vec<Suppressed>,
}

impl Join {
    /// A join that was told nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::restore(settings, Standing::default(), Vec::new())
    }

    /// A join that stands at `standing` as soon as it has been told again everything since [`Join::oldest_needed`].
    ///
    /// Minutes before `standing.closed` are worked without a word to the ledger and without counting; nothing of them
    /// may be closed before it was told again, and what was told before that minute may be told again too.
    #[must_use]
    pub fn restore(settings: Settings, standing: Standing, suppressed: Vec<Suppressed>) -> Self {
        Self {
            settings,
            standing,
            suppressed,
        }
    }

    /// Keeps what a flush says until its minutes are closed.
    pub fn submit(&mut self, outcomes: Outcomes) {
        let _ = (&self.settings, outcomes);
    }

    /// The next boundary up to which there is something to close: the end of a minute with events, or an expiry; at
    /// most `clock`. `None` if closing up to `clock` would change nothing but the clock.
    #[must_use]
    pub fn next(&self, clock: Boundary) -> Option<Boundary> {
        let _ = clock;
        None
    }

    /// Works everything before `until`, in order, and tells the ledger. Closing in one step or in many is the same.
    pub fn close(&mut self, until: Boundary, ledger: &mut impl Ledger) {
        let _ = (until, ledger);
    }

    /// Live predictions.
    #[must_use]
    pub fn entries(&self) -> u64 {
        0
    }

    /// Live predictions of which nothing is known yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        0
    }

    /// Labels that wait for their first prediction.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        0
    }

    /// Bytes of predictions and waiting labels: what `bytes_max` limits. A function of what is held, not of how it came.
    #[must_use]
    pub fn bytes(&self) -> usize {
        0
    }

    /// Bytes of what was told but not closed. It depends on how far the sources have run ahead of the clock, so it can
    /// make nothing expire; whoever reads the sources may wait.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        0
    }

    /// Predictions before it are forgotten; `None` before anything was closed.
    #[must_use]
    pub fn floor(&self) -> Option<Boundary> {
        self.standing.floor
    }

    /// Everything before it has been worked.
    #[must_use]
    pub fn closed(&self) -> Option<Boundary> {
        self.standing.closed
    }

    /// Whether minutes are being worked that were told before.
    #[must_use]
    pub fn is_rebuilding(&self) -> bool {
        false
    }

    /// The first minute whose outcomes a rebuild must be told, by the time of a prediction and the arrival of a label.
    #[must_use]
    pub fn oldest_needed(&self) -> Option<Boundary> {
        None
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.standing.counts
    }

    /// What must be written down beside [`Join::take_suppressed`] for a rebuild.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing.clone()
    }

    /// Refusals since the last call that a rebuild could not repeat: to be written down, each as often as it is here.
    pub fn take_suppressed(&mut self) -> Vec<Suppressed> {
        std::mem::take(&mut self.suppressed)
    }
}
