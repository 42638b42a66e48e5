//! Traffic of one model in one window, for metrics and the status page.

use crate::detect::Verdict;
use crate::detect::volume::VolumeWindow;
use crate::window::Boundary;

/// Traffic of one window compared with what was expected.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeObservation {
    /// End of the window.
    pub end: Boundary,
    /// Predictions that came.
    pub count: u64,
    /// Predictions that were expected.
    pub expected: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// Smallest fall that alarms, as a share of what is expected; `None` if not even a full stop does.
    pub detectable_drop: Option<f64>,
    /// Smallest rise that alarms, as a share of what is expected; `None` while rises are not judged.
    pub detectable_rise: Option<f64>,
}

impl VolumeObservation {
    /// Observation of a window that ends at `end`.
    #[must_use]
    pub fn of(window: &VolumeWindow, end: Boundary) -> Self {
        Self {
            end,
            count: window.finding.window_events,
            expected: window.finding.reference_events,
            verdict: window.finding.verdict,
            detectable_drop: window.detectable_drop,
            detectable_rise: window.detectable_rise,
        }
    }

    /// Count ÷ expected − 1; `None` if nothing was expected.
    #[must_use]
    pub fn change(&self) -> Option<f64> {
        let is_expected = self.expected > 0;
        let (count, expected) = (self.count as f64, self.expected as f64);
        is_expected.then(|| (count - expected) / expected)
    }
}
