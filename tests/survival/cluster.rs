//! The cluster of the tests itself: leaders move when a node dies, and everything is in sync again after its return.

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::topic_partition_list::Offset;

use crate::support::{Cluster, Group, Isolation, Producer, Sent};

#[test]
fn a_partition_gets_a_new_leader_when_its_node_dies() {
    let Some(mut cluster) = Cluster::or_skip("a_partition_gets_a_new_leader") else {
        return;
    };
    let topic = cluster.broker().create_topic("input", 3);
    let before = cluster.leader_of(&topic, 1).unwrap();
    cluster.kill_node(before);
    cluster.await_leaders();
    assert_ne!(cluster.leader_of(&topic, 1), Some(before));
    let producer = Producer::new(cluster.broker());
    let sent = Sent {
        partition: 1,
        value: Some(b"{}"),
        ..Sent::default()
    };
    producer.send(&topic, &sent);
    producer.flush();
    cluster.start_node(before);
    cluster.await_whole();
    cluster.stop_all();
    cluster.start_all();
    cluster.await_whole();
    let read = cluster.broker().read(&topic, Isolation::Committed);
    assert_eq!(read.len(), 1);
}

#[test]
fn a_group_has_the_coordinator_that_kafka_names() {
    let Some(cluster) = Cluster::or_skip("a_group_has_the_coordinator") else {
        return;
    };
    let topic = cluster.broker().create_topic("input", 1);
    let groups = ["a", "payments", "with_a-longer.name"].map(|n| cluster.broker().group(n));
    for group in &groups {
        commit(&cluster, group, &topic);
    }
    let told = cluster.kafka(&["groups", "--describe", "--state", "--all-groups"]);
    for group in &groups {
        // GROUP  COORDINATOR (ID)  …: the id is in parentheses.
        let line = told.lines().find(|line| line.starts_with(&group.0));
        let (_, rest) = line.unwrap().split_once('(').unwrap();
        let id = rest.split(')').next().unwrap().parse().unwrap();
        assert_eq!(cluster.coordinator_of(group), Some(id), "{told}");
    }
}

fn commit(cluster: &Cluster, group: &Group, topic: &str) {
    let mut config = cluster.broker().config();
    let consumer: BaseConsumer = config.set("group.id", &group.0).create().unwrap();
    let mut offsets = TopicPartitionList::new();
    let added = offsets.add_partition_offset(topic, 0, Offset::Offset(0));
    added.unwrap();
    consumer.commit(&offsets, CommitMode::Sync).unwrap();
}
