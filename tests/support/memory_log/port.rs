//! The runtime's `Log` port over the cluster in memory.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tidegauge::event::Tick;
use tidegauge::runtime::{
    Batch, Committed, Fault, FirstStart, Log, LogEvent, LogExtent, TakeEntry, TopicPartition,
};

use super::cluster::{PlannedFault, Trouble};
use super::member::MemoryLog;
use super::message::{MemoryMessage, stored};

impl Log for MemoryLog {
    type Original = MemoryMessage;
    type Message<'a> = MemoryMessage;

    fn poll(&mut self, _timeout: Duration) -> Result<LogEvent<MemoryMessage>, Fault> {
        let trouble = self.cluster().trouble;
        if matches!(trouble, Some(Trouble::DeafClients | Trouble::NoCoordinator)) {
            return Ok(LogEvent::Nothing);
        }
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
            FirstStart::Earliest => {
                return Ok(cluster.first.get(at).copied().unwrap_or(0));
            }
            FirstStart::Latest => held.len(),
            FirstStart::Since(tick) => held
                .iter()
                .position(|r| r.as_ref().and_then(|r| r.arrival) >= Some(tick.0))
                .unwrap_or(held.len()),
        };
        Ok(i64::try_from(index).unwrap_or(i64::MAX))
    }

    fn extents(&mut self, partitions: &[TopicPartition]) -> Result<Vec<LogExtent>, Fault> {
        let mut cluster = self.cluster();
        cluster.looks += 1;
        let extent = |at: &TopicPartition| {
            let stable = i64::try_from(cluster.partition(at).len()).unwrap_or(i64::MAX);
            let hidden = i64::from(cluster.in_transaction.contains(at));
            LogExtent {
                first: cluster.first.get(at).copied().unwrap_or(0),
                stable,
                end: stable + hidden,
            }
        };
        Ok(partitions.iter().map(extent).collect())
    }

    fn have_records_since(
        &mut self,
        partitions: &[TopicPartition],
        since: Tick,
    ) -> Result<Vec<bool>, Fault> {
        let cluster = self.cluster();
        let has_any = |at: &TopicPartition| {
            let mut records = cluster.partition(at).iter().flatten();
            records.any(|record| record.arrival >= Some(since.0))
        };
        Ok(partitions.iter().map(has_any).collect())
    }

    fn only_markers_follow(
        &mut self,
        positions: &[(TopicPartition, i64)],
    ) -> Result<Vec<bool>, Fault> {
        let cluster = self.cluster();
        let is_drained = |(at, next): &(TopicPartition, i64)| {
            let first = cluster.first.get(at).copied().unwrap_or(0);
            cluster.next_record(at, first.max(*next)).1.is_none()
        };
        Ok(positions.iter().map(is_drained).collect())
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
        if let Some(trouble) = cluster.trouble {
            return Err(Fault::Passing(format!("trouble as planned: {trouble:?}")));
        }
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

    fn brokers_answer(&mut self) -> bool {
        self.cluster().trouble != Some(Trouble::Outage)
    }

    fn renew(&mut self) -> Result<(), Fault> {
        self.announced = false;
        self.restoring.clear();
        let mut cluster = self.cluster();
        cluster.renewals += 1;
        if matches!(
            cluster.trouble,
            Some(Trouble::StaleClients | Trouble::DeafClients)
        ) {
            cluster.trouble = None;
        }
        drop(cluster);
        self.unassign()
    }

    fn close(&mut self) {
        self.positions.clear();
    }
}
