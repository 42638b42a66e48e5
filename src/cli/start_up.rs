//! Start of `run`: waits for brokers and topics while the HTTP pages already answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::{connect, topics};
use crate::config::{CheckedConfig, Period};
use crate::http::Board;
use crate::kafka::ClientSettings;
use crate::runtime::{Fault, LineLimit};

/// Pause between two attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Time between two looks at the stop flag.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Waits until brokers answer and the topics are as required. Returns false if the process stops meanwhile.
///
/// # Errors
/// When the brokers refuse, a topic is wrong, or no broker answers for `runtime.broker_wait`.
pub fn prepare(
    checked: &Arc<CheckedConfig>,
    board: &Board,
    stop: &AtomicBool,
) -> Result<bool, Fault> {
    let settings = connect::kafka(checked, 0).map_err(|error| Fault::Fatal(error.to_string()))?;
    board.waits_for(Some(format!("brokers at {}", settings.brokers)));
    let begun = Instant::now();
    let mut wait = BrokerWait::new(checked.settings.runtime.broker_wait);
    while !stop.load(Ordering::Relaxed) {
        match attempt(checked, &settings, stop)? {
            Attempt::Done => {
                board.waits_for(None);
                return Ok(true);
            }
            Attempt::Stopped => break,
            Attempt::Outage(why) => {
                if let Some(left) = wait.failed(begun.elapsed(), &why)? {
                    let left_secs = left.as_secs();
                    tracing::warn!(
                        why,
                        left_secs,
                        "waiting for brokers (`runtime.broker_wait`)"
                    );
                }
                board.waits_for(Some(format!("brokers: {why}")));
                pause(stop);
            }
        }
    }
    Ok(false)
}

/// Outcome of one attempt.
enum Attempt {
    /// The topics are as required.
    Done,
    /// No broker answers, and one may answer later.
    Outage(String),
    /// The process stops.
    Stopped,
}

/// Checks the topics on a thread of its own, because a request may take seconds and a stop must not wait for it.
fn attempt(
    checked: &Arc<CheckedConfig>,
    settings: &ClientSettings,
    stop: &AtomicBool,
) -> Result<Attempt, Fault> {
    let (checked, settings) = (Arc::clone(checked), settings.clone());
    let (done, outcome) = channel();
    let work = move || {
        // Nobody listens any more if the process stops.
        let _unheard = done.send(topics::ensure(&checked, &settings));
    };
    let started = std::thread::Builder::new()
        .name("start".to_owned())
        .spawn(work);
    started.map_err(|error| Fault::Fatal(format!("cannot start a thread: {error}")))?;
    loop {
        match outcome.recv_timeout(LOOK_INTERVAL) {
            Ok(Ok(())) => return Ok(Attempt::Done),
            Ok(Err(Fault::Passing(why))) => return Ok(Attempt::Outage(why)),
            Ok(Err(fault)) => return Err(fault),
            Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => {
                return Ok(Attempt::Stopped);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Fault::Fatal(
                    "the start panicked: this is a bug, please report it with the log".to_owned(),
                ));
            }
        }
    }
}

fn pause(stop: &AtomicBool) {
    let until = Instant::now() + RETRY_PAUSE;
    while !stop.load(Ordering::Relaxed) && Instant::now() < until {
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// Decides how long a start waits and when it says so.
struct BrokerWait {
    limit: Period,
    lines: LineLimit,
}

impl BrokerWait {
    fn new(limit: Period) -> Self {
        Self {
            limit,
            lines: LineLimit::default(),
        }
    }

    /// Takes a failed attempt, `waited` after the start. Returns the time that is left if a line is due.
    ///
    /// # Errors
    /// When the time is over.
    fn failed(&mut self, waited: Duration, why: &str) -> Result<Option<Duration>, Fault> {
        let left = self.limit.as_duration().saturating_sub(waited);
        if left.is_zero() {
            return Err(Fault::Fatal(format!(
                "{why}; waited {} (`runtime.broker_wait`)",
                self.limit
            )));
        }
        Ok(self.lines.due(waited).map(|_| left))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_says_so_every_ten_seconds_and_ends_with_a_sentence() {
        let mut wait = BrokerWait::new(Period::minutes(1));
        let secs = Duration::from_secs;
        assert_eq!(wait.failed(secs(5), "down").unwrap(), Some(secs(55)));
        assert_eq!(wait.failed(secs(14), "down").unwrap(), None);
        assert_eq!(wait.failed(secs(15), "down").unwrap(), Some(secs(45)));
        let sentence = wait.failed(secs(60), "down").unwrap_err().to_string();
        assert_eq!(sentence, "down; waited 1m (`runtime.broker_wait`)");
    }
}
