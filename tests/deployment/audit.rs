//! What a deployment left in its topics besides reports and alerts: dead letters, and records that were never committed.

use std::collections::BTreeMap;

use super::Deployment;
use super::stream::Stream;
use crate::support::{Isolation, Received};

/// Number of records in internal and output topics that are in the log but were never committed.
pub fn aborted_records(deployment: &Deployment) -> usize {
    let topics = ["panes.v1", "state.v1", "reports"];
    let count = |topic: &&str| {
        let read = |isolation| {
            deployment
                .broker
                .read(&deployment.topic(topic), isolation)
                .len()
        };
        read(Isolation::Uncommitted) - read(Isolation::Committed)
    };
    topics.iter().map(count).sum()
}

/// Asserts that the dead letters are the bad records, each once, byte for byte, with key and headers.
#[track_caller]
pub fn assert_dead_letters(stream: &Stream, deployment: &Deployment) {
    let mut expected: BTreeMap<Vec<u8>, Vec<u8>> = stream
        .records()
        .filter(|event| event.bad)
        .map(|event| (event.bytes, event.key))
        .collect();
    assert!(expected.len() > 50);
    for letter in deployment
        .broker
        .read(&deployment.topic("dead-letters"), Isolation::Committed)
    {
        assert_eq!(letter.header("origin"), Some("stream"), "{letter:?}");
        assert!(letter.header("tidegauge.reason").is_some(), "{letter:?}");
        let Received { key, value, .. } = letter;
        let bytes = value.unwrap();
        let of_record = expected.remove(&bytes);
        assert_eq!(
            of_record,
            key,
            "wrong, altered or twice: {}",
            String::from_utf8_lossy(&bytes)
        );
    }
    assert!(
        expected.is_empty(),
        "{} bad records are no dead letters",
        expected.len()
    );
}
