//! Lists of partitions and offsets in the form of the client library.

use rdkafka::{Offset, TopicPartitionList};

use super::guard::guarded;
use super::refusal::refused;
use super::rights::{Principal, Right};
use crate::runtime::{Committed, Fault, TopicPartition};

/// List of partitions without offsets.
pub fn listed<'a>(partitions: impl Iterator<Item = &'a TopicPartition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    partitions.for_each(|at| {
        list.add_partition(&at.topic, at.partition);
    });
    list
}

/// List of offsets to commit, with their metadata.
///
/// # Errors
/// When the client refuses an offset.
pub fn with_metadata(
    offsets: &[(TopicPartition, i64, String)],
) -> Result<TopicPartitionList, Fault> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (at, offset, metadata) in offsets {
        let mut element = list.add_partition(&at.topic, at.partition);
        element
            .set_offset(Offset::Offset(*offset))
            .map_err(|e| refused(&e))?;
        element.set_metadata(metadata);
    }
    Ok(list)
}

/// Committed offsets of `partitions` in `answer`, in the same order.
///
/// # Errors
/// When the broker answered with an error for one of them.
pub fn committed_of(
    answer: &TopicPartitionList,
    partitions: &[TopicPartition],
    principal: &Principal,
) -> Result<Vec<Option<Committed>>, Fault> {
    let each = partitions.iter();
    each.map(|at| committed_of_one(answer, at, principal))
        .collect()
}

fn committed_of_one(
    answer: &TopicPartitionList,
    at: &TopicPartition,
    principal: &Principal,
) -> Result<Option<Committed>, Fault> {
    let Some(element) = answer.find_partition(&at.topic, at.partition) else {
        return Ok(None);
    };
    element.error().map_err(|error| {
        let denied = principal.denied(&error, Some(Right::ReadTopic(at.topic.clone())));
        denied.unwrap_or_else(|| {
            Fault::Passing(format!("cannot read the committed offset of {at}: {error}"))
        })
    })?;
    let Offset::Offset(offset) = element.offset() else {
        return Ok(None);
    };
    // Metadata of another program may not be UTF-8, and then the library panics.
    let metadata = guarded(|| element.metadata().to_owned()).filter(|text| !text.is_empty());
    Ok(Some(Committed { offset, metadata }))
}
