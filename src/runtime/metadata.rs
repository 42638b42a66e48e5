//! Metadata beside a committed offset. It proves that we wrote the offset and that nobody has moved it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::port::{Committed, Fault, TopicPartition};
use crate::pipeline::cursor::{Cursors, TopicSize};
use crate::pipeline::ingest::Position;
use crate::pipeline::stage::Stage;

/// Metadata beside the offsets of `panes` and `outcomes`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageMetadata {
    /// Version of this form.
    pub v: u8,
    /// What is known of each input topic.
    pub topics: BTreeMap<String, KnownTopic>,
    /// The last boundary that was closed, in minutes since the Unix epoch.
    pub closed: Option<i64>,
    /// The last boundary up to which quality was judged, in minutes since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_closed: Option<i64>,
    /// Digest of the state. Steps and checkpoints change the state without a change of the offset.
    pub digest: u64,
}

/// What a task knows of one input topic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownTopic {
    /// Partitions in the first frame that named the topic; later ones were added while running.
    pub first: i32,
    /// Partitions that were read, as runs of first and last: `[[0, 7]]`.
    #[serde(rename = "heard")]
    pub read: Vec<(i32, i32)>,
}

impl KnownTopic {
    /// True if the partition was ever read.
    #[must_use]
    pub fn has_read(&self, partition: i32) -> bool {
        self.read
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&partition))
    }

    fn add(&mut self, partition: i32) {
        match self.read.last_mut() {
            Some((_, last)) if *last + 1 == partition => *last = partition,
            _ => self.read.push((partition, partition)),
        }
    }
}

impl StageMetadata {
    /// What to commit beside the offset of a task.
    #[must_use]
    pub fn of(task: &impl Stage) -> Self {
        Self {
            v: 1,
            topics: known(task.intake().cursors()),
            closed: task.closed().map(|boundary| boundary.0),
            quality_closed: task.quality_closed().map(|boundary| boundary.0),
            digest: task.digest(),
        }
    }
}

/// What the cursors say about each topic. Sources come in ascending order.
fn known(cursors: &Cursors) -> BTreeMap<String, KnownTopic> {
    let unread = |(topic, size): (&String, TopicSize)| {
        let known = KnownTopic {
            first: size.first,
            read: Vec::new(),
        };
        (topic.clone(), known)
    };
    let mut topics: BTreeMap<String, KnownTopic> = cursors.topics().map(unread).collect();
    for (source, _) in cursors.sources() {
        if let Some(known) = topics.get_mut(&source.topic) {
            known.add(source.partition);
        }
    }
    topics
}

/// The metadata as JSON. It has a few hundred bytes; Kafka accepts 4 KB.
#[must_use]
pub fn encode(metadata: &impl Serialize) -> String {
    serde_json::to_string(metadata).unwrap_or_default() // these types always serialise
}

/// The position beside the offset of an input.
///
/// # Errors
/// When somebody has moved the offset: it has no metadata of ours.
pub fn position(at: &TopicPartition, committed: &Committed) -> Result<Position, Fault> {
    parse(committed).ok_or_else(|| Fault::Fatal(format!(
        "the committed offset {} of {at} was not written by tidegauge: somebody moved it by hand. \
         To continue from there, and to report what that skips or repeats, run `tidegauge offsets reset --topic {}` with the same configuration",
        committed.offset, at.topic
    )))
}

/// The metadata beside an offset of an internal topic.
///
/// # Errors
/// When somebody has moved the offset: it has no metadata of ours.
pub fn stage(at: &TopicPartition, committed: &Committed) -> Result<StageMetadata, Fault> {
    parse(committed).ok_or_else(|| Fault::Fatal(format!(
        "the committed offset {} of the internal {at} was not written by tidegauge: somebody moved it by hand. \
         Set it back, or start anew with another `kafka.group` and `topics.prefix`",
        committed.offset
    )))
}

fn parse<T: for<'a> Deserialize<'a>>(committed: &Committed) -> Option<T> {
    committed
        .metadata
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
}
