//! Waits for a condition, with a deadline and a description of the condition.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Calls `condition` every 20 ms until it returns a value, and returns that value.
///
/// # Panics
/// After `deadline`. The message contains `what`.
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
