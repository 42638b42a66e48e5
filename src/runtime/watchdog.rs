//! Watchdog over the workers: it finds a worker that has stopped moving.
//!
//! **Intuition.** A worker that hangs inside a call of the client library cannot say so. Somebody else must look at its
//! heartbeat.
//!
//! **Rule.** A worker hangs once it has not beaten for the timeout, counting only the time during which the watchdog ran,
//! too. A look adds the time since the look before, but at most [`LOOK_GAP_MAX`]. So a process that was stopped (SIGSTOP, a
//! suspended machine, a frozen container) is not blamed for that time when it continues.
//!
//! **Rejected.** Comparing the wall clock or the age of the heartbeat with the timeout: after a stop that was longer than the
//! timeout, whoever wakes first decides, and that may be the watchdog.

use std::time::{Duration, Instant};

use super::heartbeat::{Activity, Heartbeat};

/// Maximum time that one look adds. A longer time since the look before means that the watchdog did not run either.
const LOOK_GAP_MAX: Duration = Duration::from_secs(1);

/// A worker that does not move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hang {
    /// Number of the worker in this process, from 0.
    pub worker: usize,
    /// Time for which it has not moved.
    pub still: Duration,
    /// What it has been doing since.
    pub activity: Activity,
}

/// Watchdog over some workers.
#[derive(Debug)]
pub struct Watchdog {
    timeout: Duration,
    looked: Instant,
    watched: Vec<Watched>,
}

/// What the watchdog remembers of one worker.
#[derive(Debug)]
struct Watched {
    worker: usize,
    heartbeat: Heartbeat,
    last: Instant,
    still: Duration,
}

impl Watchdog {
    /// A watchdog without workers.
    #[must_use]
    pub fn new(timeout: Duration, now: Instant) -> Self {
        Self {
            timeout,
            looked: now,
            watched: Vec::new(),
        }
    }

    /// Begins to watch worker number `worker`.
    pub fn watch(&mut self, worker: usize, heartbeat: Heartbeat) {
        self.watched.push(Watched {
            worker,
            last: heartbeat.last(),
            heartbeat,
            still: Duration::ZERO,
        });
    }

    /// Ends the watch over a worker that has finished its work.
    pub fn release(&mut self, worker: usize) {
        self.watched.retain(|watched| watched.worker != worker);
    }

    /// Looks at every worker. Returns the first one that hangs.
    pub fn look(&mut self, now: Instant) -> Option<Hang> {
        let passed = now.saturating_duration_since(self.looked).min(LOOK_GAP_MAX);
        self.looked = now;
        let timeout = self.timeout;
        let mut hangs = self.watched.iter_mut().filter_map(|watched| {
            let still = watched.still_after(passed);
            (still >= timeout).then(|| Hang {
                worker: watched.worker,
                still,
                activity: watched.heartbeat.activity(),
            })
        });
        let first = hangs.next();
        hangs.for_each(drop); // each worker is looked at, or its time would not count
        first
    }
}

impl Watched {
    fn still_after(&mut self, passed: Duration) -> Duration {
        let last = self.heartbeat.last();
        if last == self.last {
            self.still += passed;
        } else {
            self.last = last;
            self.still = Duration::ZERO;
        }
        self.still
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);
    const STEP: Duration = Duration::from_millis(500);

    fn watching(heartbeat: &Heartbeat) -> (Watchdog, Instant) {
        let now = Instant::now();
        let mut watchdog = Watchdog::new(TIMEOUT, now);
        watchdog.watch(3, heartbeat.clone());
        (watchdog, now)
    }

    /// Looks every [`STEP`] for `time`.
    fn look_for(watchdog: &mut Watchdog, now: &mut Instant, time: Duration) -> Option<Hang> {
        let end = *now + time;
        while *now < end {
            *now += STEP;
            if let Some(hang) = watchdog.look(*now) {
                return Some(hang);
            }
        }
        None
    }

    /// Beats. The cell keeps milliseconds, so the beat is made to differ from the one before.
    fn beat(heartbeat: &Heartbeat) {
        std::thread::sleep(Duration::from_millis(2));
        heartbeat.beat(Activity::Committing);
    }

    #[test]
    fn a_worker_that_does_not_beat_hangs() {
        let heartbeat = Heartbeat::default();
        let (mut watchdog, mut now) = watching(&heartbeat);
        beat(&heartbeat);
        assert_eq!(look_for(&mut watchdog, &mut now, TIMEOUT), None);
        let hang = look_for(&mut watchdog, &mut now, 2 * STEP).unwrap();
        assert_eq!((hang.worker, hang.activity), (3, Activity::Committing));
        assert_eq!(hang.still, TIMEOUT);
    }

    #[test]
    fn a_beat_starts_the_time_anew() {
        let heartbeat = Heartbeat::default();
        let (mut watchdog, mut now) = watching(&heartbeat);
        for _ in 0..5 {
            assert_eq!(look_for(&mut watchdog, &mut now, TIMEOUT - STEP), None);
            beat(&heartbeat);
        }
    }

    #[test]
    fn time_during_which_the_watchdog_slept_does_not_count() {
        let heartbeat = Heartbeat::default();
        let (mut watchdog, mut now) = watching(&heartbeat);
        let almost = TIMEOUT - Duration::from_secs(2);
        assert_eq!(look_for(&mut watchdog, &mut now, almost), None);
        now += 100 * TIMEOUT; // the whole process was stopped
        assert_eq!(watchdog.look(now), None);
        assert_eq!(look_for(&mut watchdog, &mut now, STEP), None);
        assert!(look_for(&mut watchdog, &mut now, STEP).is_some());
    }

    #[test]
    fn a_released_worker_is_not_looked_at() {
        let heartbeat = Heartbeat::default();
        let (mut watchdog, mut now) = watching(&heartbeat);
        watchdog.watch(4, Heartbeat::default());
        watchdog.release(3);
        let hang = look_for(&mut watchdog, &mut now, 2 * TIMEOUT).unwrap();
        assert_eq!(hang.worker, 4);
        watchdog.release(4);
        assert_eq!(look_for(&mut watchdog, &mut now, 2 * TIMEOUT), None);
    }
}
