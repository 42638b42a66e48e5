//! Heartbeat of a worker: when the worker last moved, and what it is doing. The watchdog and the health pages read it.
//!
//! A client call that honours its timeout returns within ten seconds. A worker therefore beats before each such call and
//! at each turn of its loop. A heartbeat that stays away for much longer means that a call does not return.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Activity {
    /// Creates its clients.
    Connecting,
    /// Asks the brokers for topics, ends and committed offsets.
    Asking,
    /// Polls the group and hands records to their tasks.
    Polling,
    /// Reads committed offsets, or the state topic.
    Restoring,
    /// Lets the stages join and evaluate.
    Evaluating,
    /// Asks for offsets of other sources, to pace its own and to find idle ones.
    Comparing,
    /// Gathers the records and offsets of a flush.
    Gathering,
    /// Creates a transactional producer.
    OpeningProducer,
    /// Gives records to the producer and waits until they are delivered.
    SendingRecords,
    /// Adds the offsets to the transaction.
    SendingOffsets,
    /// Commits the transaction.
    Committing,
    /// Aborts the transaction.
    Aborting,
    /// Assigns partitions to the consumer, or gives them back.
    Assigning,
    /// Leaves the group and closes its clients.
    Leaving,
}

impl Activity {
    /// All activities, in the order of their numbers.
    const ALL: [Self; 14] = [
        Self::Connecting,
        Self::Asking,
        Self::Polling,
        Self::Restoring,
        Self::Evaluating,
        Self::Comparing,
        Self::Gathering,
        Self::OpeningProducer,
        Self::SendingRecords,
        Self::SendingOffsets,
        Self::Committing,
        Self::Aborting,
        Self::Assigning,
        Self::Leaving,
    ];

    /// Words that complete "the worker is …".
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Connecting => "connecting to the brokers",
            Self::Asking => "asking the brokers for topics and offsets",
            Self::Polling => "polling",
            Self::Restoring => "restoring",
            Self::Evaluating => "joining and evaluating",
            Self::Comparing => "comparing the sources",
            Self::Gathering => "gathering a flush",
            Self::OpeningProducer => "opening a producer",
            Self::SendingRecords => "sending records",
            Self::SendingOffsets => "sending offsets",
            Self::Committing => "committing",
            Self::Aborting => "aborting",
            Self::Assigning => "assigning partitions or giving them back",
            Self::Leaving => "leaving the group",
        }
    }

    fn of(number: u8) -> Self {
        let known = Self::ALL.get(usize::from(number));
        known.copied().unwrap_or(Self::Connecting)
    }
}

/// The heartbeat of one worker. Copies share it. Reading and beating take no lock.
#[derive(Debug, Clone)]
pub struct Heartbeat(Arc<Pulse>);

#[derive(Debug)]
struct Pulse {
    begun: Instant,
    /// Milliseconds from `begun` to the last beat.
    beaten_millis: AtomicU64,
    activity: AtomicU8,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self(Arc::new(Pulse {
            begun: Instant::now(),
            beaten_millis: AtomicU64::new(0),
            activity: AtomicU8::new(Activity::Connecting as u8),
        }))
    }
}

impl Heartbeat {
    /// The worker moves, and does this next.
    pub fn beat(&self, activity: Activity) {
        let millis = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.activity.store(activity as u8, Ordering::Relaxed);
        self.0.beaten_millis.store(millis, Ordering::Release);
    }

    /// The moment of the last beat, to the millisecond.
    #[must_use]
    pub fn last(&self) -> Instant {
        let millis = self.0.beaten_millis.load(Ordering::Acquire);
        self.0.begun + Duration::from_millis(millis)
    }

    /// What the worker has been doing since the last beat.
    #[must_use]
    pub fn activity(&self) -> Activity {
        Activity::of(self.0.activity.load(Ordering::Relaxed))
    }

    /// Time from the last beat to `now`.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activity_survives_the_cell() {
        let heartbeat = Heartbeat::default();
        for (number, activity) in (0..).zip(Activity::ALL) {
            assert_eq!(activity as u8, number);
            heartbeat.beat(activity);
            assert_eq!(heartbeat.clone().activity(), activity);
        }
    }

    #[test]
    fn a_beat_makes_the_heartbeat_young() {
        let heartbeat = Heartbeat::default();
        let later = Instant::now() + Duration::from_secs(60);
        assert!(heartbeat.age(later) >= Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
        heartbeat.beat(Activity::Polling);
        assert!(heartbeat.age(later) < Duration::from_secs(60));
    }
}
