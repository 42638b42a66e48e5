//! Lookups of topics, ends and committed offsets, by two clients that join no group.

use std::collections::BTreeMap;

use rdkafka::Offset;

use super::query::QueryClient;
use super::settings::ClientSettings;
use crate::event::Tick;
use crate::runtime::{Committed, Fault, FirstStart, Heartbeat, LogExtent, TopicPartition};

/// Two clients that join no group.
pub struct Lookup {
    /// Reads uncommitted, so it sees the true end of a log.
    probe: QueryClient,
    /// Reads committed, so it sees up to the first open transaction. The group's consumer is not asked, because there the
    /// request waits up to half a second behind a fetch.
    stable: QueryClient,
}

impl Lookup {
    /// Creates the clients. They connect when they are first asked.
    ///
    /// # Errors
    /// When the library refuses a property.
    pub fn create(settings: &ClientSettings, heartbeat: &Heartbeat) -> Result<Self, Fault> {
        let client = |config| QueryClient::create(&config, settings, heartbeat);
        Ok(Self {
            probe: client(settings.probe())?,
            stable: client(settings.stable_probe())?,
        })
    }

    /// Asks for the list of brokers.
    ///
    /// # Errors
    /// When no broker answers, or the brokers refuse the connection.
    pub fn brokers(&self) -> Result<(), Fault> {
        self.probe.metadata(None).map(|_| ())
    }

    /// Committed offsets, read uncommitted. The broker does not delay this answer by open transactions.
    ///
    /// # Errors
    /// When the coordinator of the group does not answer.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, Fault> {
        self.probe.committed(partitions)
    }

    /// Number of partitions of `topic`; `None` if it does not exist.
    ///
    /// # Errors
    /// When no broker answers.
    pub fn partitions(&self, topic: &str) -> Result<Option<i32>, Fault> {
        self.probe.partitions(topic)
    }

    /// Offset at which to begin to read.
    ///
    /// # Errors
    /// When the leader of the partition does not answer.
    pub fn first_offset(&self, at: &TopicPartition, first: FirstStart) -> Result<i64, Fault> {
        let of = |offset| -> Result<Option<i64>, Fault> {
            let answer = self.stable.offsets(&at.topic, &[(at.partition, offset)])?;
            Ok(one(&answer))
        };
        let found = match first {
            FirstStart::Earliest => of(Offset::Beginning)?,
            FirstStart::Latest => of(Offset::End)?,
            FirstStart::Since(tick) => match of(Offset::Offset(tick.0))? {
                None => of(Offset::End)?,
                found => found,
            },
        };
        found.ok_or_else(|| no_end(at))
    }

    /// True ends of these partitions, open transactions included.
    ///
    /// # Errors
    /// When a leader does not answer.
    pub fn ends(&self, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, i64)>, Fault> {
        ends(&self.probe, topic, partitions)
    }

    /// Ends of these partitions as readers of committed records see them: the first open transaction.
    ///
    /// # Errors
    /// When a leader does not answer.
    pub fn stable_ends(&self, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, i64)>, Fault> {
        ends(&self.stable, topic, partitions)
    }

    /// Extent of each partition's log. The stable ends are asked for before the true ends: what is written between the two
    /// requests then looks like an open transaction, and never like a drained partition.
    ///
    /// # Errors
    /// When a leader does not answer.
    pub fn extents(&self, partitions: &[TopicPartition]) -> Result<Vec<LogExtent>, Fault> {
        let firsts = offsets(&self.probe, partitions, Offset::Beginning)?;
        let stables = offsets(&self.stable, partitions, Offset::End)?;
        let ends = offsets(&self.probe, partitions, Offset::End)?;
        let found = firsts.into_iter().zip(stables).zip(ends);
        let extent = |(at, ((first, stable), end)): (&TopicPartition, _)| {
            extent(first, stable, end).ok_or_else(|| no_end(at))
        };
        partitions.iter().zip(found).map(extent).collect()
    }

    /// For each partition, true if one of its records, committed or not, has a timestamp at or after `since`.
    ///
    /// # Errors
    /// When a leader does not answer.
    pub fn have_records_since(
        &self,
        partitions: &[TopicPartition],
        since: Tick,
    ) -> Result<Vec<bool>, Fault> {
        let found = offsets(&self.probe, partitions, Offset::Offset(since.0.max(0)))?;
        Ok(found.iter().map(Option::is_some).collect())
    }
}

fn extent(first: Option<i64>, stable: Option<i64>, end: Option<i64>) -> Option<LogExtent> {
    Some(LogExtent {
        first: first?,
        stable: stable?,
        end: end?,
    })
}

/// One offset of each partition, by one question for each topic: its first one, its end, or the first one at or after a time
/// in milliseconds.
fn offsets(
    client: &QueryClient,
    partitions: &[TopicPartition],
    wanted: Offset,
) -> Result<Vec<Option<i64>>, Fault> {
    let mut asked: BTreeMap<&str, Vec<(i32, Offset)>> = BTreeMap::new();
    for at in partitions {
        let of_topic = asked.entry(&at.topic).or_default();
        of_topic.push((at.partition, wanted));
    }
    let mut found = BTreeMap::new();
    for (topic, asked) in asked {
        let answers = client.offsets(topic, &asked)?;
        let numbers = asked.iter().map(|(partition, _)| *partition);
        found.extend(
            numbers
                .zip(answers)
                .map(|(number, offset)| ((topic, number), offset)),
        );
    }
    let of = |at: &TopicPartition| found.get(&(at.topic.as_str(), at.partition)).copied()?;
    Ok(partitions.iter().map(of).collect())
}

fn ends(client: &QueryClient, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, i64)>, Fault> {
    let asked: Vec<(i32, Offset)> = partitions.iter().map(|p| (*p, Offset::End)).collect();
    let ends = client.offsets(topic, &asked)?;
    let found = partitions.iter().zip(ends);
    found
        .map(|(partition, end)| {
            let end = end.ok_or_else(|| no_end(&TopicPartition::of(topic, *partition)))?;
            Ok((*partition, end))
        })
        .collect()
}

/// Answer for the only partition that was asked for.
fn one(answer: &[Option<i64>]) -> Option<i64> {
    answer.first().copied().flatten()
}

fn no_end(at: &TopicPartition) -> Fault {
    Fault::Passing(format!("the leader of {at} did not say where it ends"))
}
