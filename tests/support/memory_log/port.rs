//! The runtime's `Log` port over the cluster in memory.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tidegauge::runtime::{
    Batch, Committed, Fault, FirstStart, Log, LogEvent, TakeEntry, TopicPartition,
};

use super::cluster::PlannedFault;
use super::member::MemoryLog;
use super::message::{MemoryMessage, stored};

impl Log for MemoryLog {
    type Original = MemoryMessage;
    type Message<'a> = MemoryMessage;

    fn poll(&mut self, _timeout: Duration) -> Result<LogEvent<MemoryMessage>, Fault> {
        if !self.announced {
            self.announced = true;
            return Ok(LogEvent::Assigned(self.assignment()));
        }
        Ok(self
            .next_message()
            .map_or(LogEvent::Nothing, LogEvent::Message))
    }

    fn assign(&mut self, positions: &[(TopicPartition, i64)]) -> Result<(), Fault> {
        self.positions = positions.to_vec();
        self.paused.clear();
        self.turn = 0;
        Ok(())
    }

    fn unassign(&mut self) -> Result<(), Fault> {
        self.assign(&[])
    }

    fn pause_only(&mut self, paused: &[TopicPartition]) -> Result<(), Fault> {
        self.paused = paused.to_vec();
        Ok(())
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, Fault> {
        let cluster = self.cluster();
        Ok(partitions
            .iter()
            .map(|at| cluster.committed.get(at).cloned())
            .collect())
    }

    fn partitions(&mut self, topic: &str) -> Result<i32, Fault> {
        let count = self.cluster().topics.get(topic).map(Vec::len);
        count
            .and_then(|count| i32::try_from(count).ok())
            .ok_or_else(|| Fault::Fatal(format!("no topic {topic}")))
    }

    fn first_offset(&mut self, at: &TopicPartition, first: FirstStart) -> Result<i64, Fault> {
        let cluster = self.cluster();
        let held = cluster.partition(at);
        let index = match first {
            FirstStart::Earliest => 0,
            FirstStart::Latest => held.len(),
            FirstStart::Since(tick) => held
                .iter()
                .position(|r| r.as_ref().and_then(|r| r.arrival) >= Some(tick.0))
                .unwrap_or(held.len()),
        };
        Ok(i64::try_from(index).unwrap_or(i64::MAX))
    }

    fn is_drained(&mut self, at: &TopicPartition, next: i64) -> Result<bool, Fault> {
        let cluster = self.cluster();
        if cluster.in_transaction.contains(at) {
            return Ok(false);
        }
        let end = cluster.partition(at).len();
        Ok(usize::try_from(next).is_ok_and(|next| next >= end))
    }

    fn commit(&mut self, batch: Batch<MemoryMessage>, _within: Duration) -> Result<(), Fault> {
        let mut cluster = self.cluster();
        if cluster.generation != self.generation {
            return Err(Fault::Fatal(
                "fenced: another generation has taken over".to_owned(),
            ));
        }
        let fault = cluster.faults.pop_front().unwrap_or(PlannedFault::None);
        if fault == PlannedFault::Refused {
            return Err(Fault::Passing("refused as planned".to_owned()));
        }
        let mut written = BTreeSet::new();
        for (topic, target, record) in batch.records.into_iter().map(stored) {
            written.insert(cluster.append(&topic, target, record)?);
        }
        cluster.mark(&written);
        for (at, offset, metadata) in batch.offsets {
            cluster.committed.insert(
                at,
                Committed {
                    offset,
                    metadata: Some(metadata),
                },
            );
        }
        match fault {
            PlannedFault::AnswerLost => {
                Err(Fault::Passing("the answer was lost as planned".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn begin_restore(&mut self, topic: &str, partitions: &[i32]) -> Result<(), Fault> {
        let cluster = self.cluster();
        let records = partitions.iter().flat_map(|partition| {
            let at = TopicPartition {
                topic: topic.to_owned(),
                partition: *partition,
            };
            cluster
                .partition(&at)
                .iter()
                .flatten()
                .map(|record| (*partition, Arc::clone(record)))
                .collect::<Vec<_>>()
        });
        let records = records.collect();
        drop(cluster);
        self.restoring = records;
        Ok(())
    }

    fn restore(&mut self, take: &mut TakeEntry<'_>) -> Result<bool, Fault> {
        for (partition, record) in self.restoring.drain(..) {
            take(
                partition,
                record.key.as_deref().unwrap_or_default(),
                record.value.as_deref(),
            );
        }
        Ok(true)
    }

    fn close(&mut self) {
        self.positions.clear();
    }
}
