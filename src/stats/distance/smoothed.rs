//! Shares smoothed by Jeffreys' prior, so that an empty cell has a share above 0.

/// Shares smoothed by Jeffreys' prior: half an event is added in each of `places`, then shares are normalized.
#[derive(Debug, Clone, Copy)]
pub(super) struct Smoothed {
    total: f64,
}

impl Smoothed {
    pub(super) fn over(events: u64, places: usize) -> Self {
        Self {
            total: events as f64 + 0.5 * places as f64,
        }
    }

    pub(super) fn share(self, count: u64) -> f64 {
        (count as f64 + 0.5) / self.total
    }
}
