//! Watches the progress of a restore, or of joining the group. Without progress, first the clients are made anew, then the
//! process ends.
//!
//! Progress of a restore is a record of state that no attempt had read before, or the end of the restore. While an attempt
//! reads records the time stands still, because a large state takes minutes to read again. So attempts that fail one after the
//! other add up, even if each of them reads something. Progress of joining is an assignment.

use std::time::Duration;

use super::port::Fault;

/// What to do about a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallVerdict {
    /// Nothing.
    GoOn,
    /// No progress for the limit: make the clients anew.
    Renew,
    /// No progress for the limit since the clients were made anew: give up.
    GiveUp,
}

/// Time that a worker has spent without progress.
#[derive(Debug)]
pub struct StallWatch {
    limit: Duration,
    /// Stopwatch time of the last look; `None` while nothing is awaited.
    looked_at: Option<Duration>,
    stalled: Duration,
    /// Records that the current attempt has read.
    records: u64,
    /// Most records that an attempt has read.
    furthest: u64,
    renewed: bool,
    /// Why the last attempt failed.
    why: Option<String>,
}

impl StallWatch {
    /// A watch that allows `limit` without progress.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            looked_at: None,
            stalled: Duration::ZERO,
            records: 0,
            furthest: 0,
            renewed: false,
            why: None,
        }
    }

    /// Looks at a restore that has read `records` in its current attempt, at stopwatch time `now`.
    pub fn look(&mut self, now: Duration, records: u64) -> StallVerdict {
        let passed = now.saturating_sub(self.looked_at.unwrap_or(now));
        self.looked_at = Some(now);
        let moves = records > self.records;
        self.records = records;
        if records > self.furthest {
            self.furthest = records;
            self.stalled = Duration::ZERO;
            self.renewed = false;
        } else if !moves {
            self.stalled += passed;
        }
        if self.stalled < self.limit {
            return StallVerdict::GoOn;
        }
        self.stalled = Duration::ZERO;
        if std::mem::replace(&mut self.renewed, true) {
            StallVerdict::GiveUp
        } else {
            StallVerdict::Renew
        }
    }

    /// An attempt failed.
    pub fn failed(&mut self, why: &str) {
        self.why = Some(why.to_owned());
    }

    /// Why the last attempt failed.
    #[must_use]
    pub fn why(&self) -> &str {
        self.why
            .as_deref()
            .unwrap_or("the end of the state topic is not reached")
    }

    /// No restore is going on at the moment: its time stands still.
    pub fn pause(&mut self) {
        self.looked_at = None;
    }

    /// Forgets everything: the restore is done, or no broker answers and a wait is right.
    pub fn reset(&mut self) {
        *self = Self::new(self.limit);
    }
}

/// A restore without progress.
pub struct Stalled {
    /// Number of partitions whose state is being restored.
    pub partitions: usize,
    /// Seconds without progress after which something is done.
    pub secs: u64,
    /// Why the last attempt failed.
    pub why: String,
}

impl Stalled {
    /// Fault that ends the process.
    #[must_use]
    pub fn given_up(&self) -> Fault {
        let Self {
            partitions,
            secs,
            why,
        } = self;
        Fault::Fatal(format!(
            "the restore of {partitions} partitions made no progress for {secs} s, and for {secs} s more with new clients, although brokers \
             answer: {why}. Check that every partition of the internal topics has a leader (kafka-topics.sh --describe \
             --unavailable-partitions); a start then restores the state"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn without_progress_clients_are_made_anew_and_then_the_restore_is_given_up() {
        let mut watch = StallWatch::new(LIMIT);
        let verdicts: Vec<StallVerdict> = (0..=12).map(|n| watch.look(secs(n * 10), 0)).collect();
        let mut expected = vec![StallVerdict::GoOn; 13];
        expected.splice(6..7, [StallVerdict::Renew]);
        expected.splice(12..13, [StallVerdict::GiveUp]);
        assert_eq!(verdicts, expected);
    }

    #[test]
    fn a_restore_that_reads_on_may_take_any_time() {
        let mut watch = StallWatch::new(LIMIT);
        for n in 0..1_000 {
            assert_eq!(watch.look(secs(n * 59), n), StallVerdict::GoOn);
        }
    }

    #[test]
    fn reading_the_same_state_again_is_neither_progress_nor_a_stall() {
        let mut watch = StallWatch::new(LIMIT);
        watch.look(secs(0), 100);
        watch.look(secs(50), 0); // this attempt begins again, after 50 s without a record
        for n in 1..100 {
            assert_eq!(watch.look(secs(50 + n * 20), n), StallVerdict::GoOn, "{n}");
        }
        assert_eq!(
            watch.look(secs(2_040), 99),
            StallVerdict::Renew,
            "10 s more"
        );
    }

    #[test]
    fn progress_after_new_clients_begins_the_count_again() {
        let mut watch = StallWatch::new(LIMIT);
        watch.look(secs(0), 0);
        assert_eq!(watch.look(secs(60), 0), StallVerdict::Renew);
        assert_eq!(watch.look(secs(119), 1), StallVerdict::GoOn);
        assert_eq!(watch.look(secs(179), 1), StallVerdict::Renew);
    }

    #[test]
    fn time_without_a_restore_does_not_count() {
        let mut watch = StallWatch::new(LIMIT);
        watch.look(secs(0), 0);
        watch.look(secs(59), 0);
        watch.pause();
        assert_eq!(watch.look(secs(1_000), 0), StallVerdict::GoOn);
        assert_eq!(watch.look(secs(1_001), 0), StallVerdict::Renew);
        watch.reset();
        assert_eq!(watch.look(secs(1_001), 0), StallVerdict::GoOn);
        assert_eq!(
            watch.look(secs(1_061), 0),
            StallVerdict::Renew,
            "not given up"
        );
    }
}
