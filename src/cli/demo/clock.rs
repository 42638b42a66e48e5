//! Simulated clock of the demo: it shows the event time up to which the stream was produced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::event::{EventTime, Tick};
use crate::runtime::Clock;

/// Speed of the stopwatch while the wall clock stands still: a flush comes due within 600 ms of wall time.
const STOPWATCH_RATE: u32 = 100;

/// StreamProgress of the producer, which is also the simulated wall clock.
#[derive(Default)]
pub(super) struct StreamProgress {
    /// Event time up to which the stream was produced, in milliseconds.
    now: AtomicI64,
    /// Latest event time that may have been produced, in milliseconds.
    latest: AtomicI64,
    /// Predictions and labels produced.
    pub events: AtomicU64,
    /// Labels produced that correct an earlier label of a payment of the first day.
    pub corrected: AtomicI64,
    /// True once the whole stream was produced.
    pub done: AtomicBool,
}

impl StreamProgress {
    /// Event time up to which the stream was produced.
    pub fn now(&self) -> EventTime {
        EventTime(self.now.load(Ordering::Acquire))
    }

    /// Announces records up to `time`. They are read before the clock moves.
    pub fn announce(&self, time: EventTime) {
        self.latest.store(time.0, Ordering::Release);
    }

    /// Moves the clock to `time`.
    pub fn advance(&self, time: EventTime) {
        self.now.store(time.0, Ordering::Release);
    }
}

/// Clock of the worker. The stopwatch follows the simulated wall clock and also runs slowly on its own: the producer
/// waits for commits, and with a stopwatch that stood still no flush would ever come due.
pub(super) struct SimulatedClock {
    progress: Arc<StreamProgress>,
    start: EventTime,
    created: Instant,
}

impl SimulatedClock {
    /// Clock whose stopwatch shows 0 at event time `start`.
    pub fn new(progress: Arc<StreamProgress>, start: EventTime) -> Self {
        Self {
            progress,
            start,
            created: Instant::now(),
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Tick {
        Tick(self.progress.now().0)
    }

    fn latest(&self) -> Tick {
        Tick(self.progress.latest.load(Ordering::Acquire))
    }

    fn elapsed(&self) -> Duration {
        let simulated = self.now().0.saturating_sub(self.start.0).unsigned_abs();
        Duration::from_millis(simulated) + self.created.elapsed() * STOPWATCH_RATE
    }
}
