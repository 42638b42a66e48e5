//! Limits how often a line about a repeated fault is logged.

use std::time::Duration;

/// Time between two lines about the same kind of fault. An outage repeats its fault with each request, and an operator who
/// reads the log must still find the other lines.
const INTERVAL: Duration = Duration::from_secs(10);

/// Decides which of many equal lines is logged.
#[derive(Debug, Default)]
pub struct LineLimit {
    logged_at: Option<Duration>,
    held: u64,
}

impl LineLimit {
    /// Number of lines that were held back since the last one, if a line is due at stopwatch time `now`.
    pub fn due(&mut self, now: Duration) -> Option<u64> {
        if self
            .logged_at
            .is_some_and(|at| now.saturating_sub(at) < INTERVAL)
        {
            self.held += 1;
            return None;
        }
        self.logged_at = Some(now);
        Some(std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_and_then_one_every_ten_seconds() {
        let mut limit = LineLimit::default();
        let due: Vec<Option<u64>> = (0..=10)
            .map(|n| limit.due(Duration::from_secs(n * 2)))
            .collect();
        let line = |n: usize| due.get(n).copied().flatten();
        assert_eq!((line(0), line(5), line(10)), (Some(0), Some(4), Some(4)));
        assert_eq!(due.iter().flatten().count(), 3);
    }
}
