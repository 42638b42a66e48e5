//! Waiting for a condition, with a deadline and a name for what did not happen.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Asks `condition` every 20 ms until it answers, and returns the answer.
///
/// # Panics
/// After `deadline`, naming `what` was awaited.
#[track_caller]
pub fn wait_for<T>(what: &str, deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = condition() {
            return answer;
        }
        assert!(
            started.elapsed() < deadline,
            "waited {deadline:?} in vain: {what}"
        );
        sleep(Duration::from_millis(20));
    }
}
