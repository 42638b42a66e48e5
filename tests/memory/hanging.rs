//! A log in memory that hangs at one place for ever, as a call of the client library may.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tidegauge::event::Tick;
use tidegauge::runtime::{
    Batch, Committed, Fault, FirstStart, Log, LogEvent, LogExtent, TakeEntry, TopicPartition,
};

use crate::memory_log::MemoryLog;

/// Call that misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// None.
    None,
    /// A commit never returns, and commits nothing.
    HangsInCommit,
    /// Leaving the group never returns.
    HangsInClose,
    /// A commit panics, and leaving the group never returns after that.
    PanicsInCommit,
    /// A commit fails for good.
    FailsInCommit,
}

/// A member of the group with one mishap.
pub struct HangingLog {
    pub log: MemoryLog,
    pub mishap: Mishap,
    /// Number of records that were polled.
    pub polled: Arc<AtomicI64>,
}

impl HangingLog {
    fn hang_at(&self, mishap: Mishap) {
        if self.mishap == mishap {
            loop {
                std::thread::park();
            }
        }
    }
}

type Message = <MemoryLog as Log>::Original;

impl Log for HangingLog {
    type Original = Message;
    type Message<'a> = Message;

    fn poll(&mut self, timeout: Duration) -> Result<LogEvent<Message>, Fault> {
        let event = self.log.poll(timeout)?;
        let is_record = matches!(event, LogEvent::Message(_));
        self.polled
            .fetch_add(i64::from(is_record), Ordering::SeqCst);
        Ok(event)
    }

    fn assign(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), Fault> {
        self.log.assign(positions)
    }

    fn unassign(&mut self) -> Result<(), Fault> {
        self.log.unassign()
    }

    fn pause_only(&mut self, paused: &[TopicPartition]) -> Result<(), Fault> {
        self.log.pause_only(paused)
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, Fault> {
        self.log.committed(partitions)
    }

    fn partitions(&mut self, topic: &str) -> Result<i32, Fault> {
        self.log.partitions(topic)
    }

    fn first_offset(&mut self, at: &TopicPartition, first: FirstStart) -> Result<i64, Fault> {
        self.log.first_offset(at, first)
    }

    fn extents(&mut self, partitions: &[TopicPartition]) -> Result<Vec<LogExtent>, Fault> {
        self.log.extents(partitions)
    }

    fn have_records_since(
        &mut self,
        partitions: &[TopicPartition],
        since: Tick,
    ) -> Result<Vec<bool>, Fault> {
        self.log.have_records_since(partitions, since)
    }

    fn only_markers_follow(
        &mut self,
        positions: &[(TopicPartition, i64)],
    ) -> Result<Vec<bool>, Fault> {
        self.log.only_markers_follow(positions)
    }

    fn commit(&mut self, batch: Batch<Message>, within: Duration) -> Result<(), Fault> {
        self.hang_at(Mishap::HangsInCommit);
        assert_ne!(self.mishap, Mishap::PanicsInCommit, "as planned");
        if self.mishap == Mishap::FailsInCommit {
            return Err(Fault::Fatal("refused for good".to_owned()));
        }
        self.log.commit(batch, within)
    }

    fn begin_restore(&mut self, topic: &str, partitions: &[i32]) -> Result<(), Fault> {
        self.log.begin_restore(topic, partitions)
    }

    fn restore(&mut self, take: &mut TakeEntry<'_>) -> Result<bool, Fault> {
        self.log.restore(take)
    }

    fn brokers_answer(&mut self) -> bool {
        self.log.brokers_answer()
    }

    fn renew(&mut self) -> Result<(), Fault> {
        self.log.renew()
    }

    fn close(&mut self) {
        self.hang_at(Mishap::HangsInClose);
        self.hang_at(Mishap::PanicsInCommit);
        self.log.close();
    }
}
