//! Errors at start: the process ends with one sentence that names the cause and the fix, and with an exit code.

use std::time::Duration;

use crate::deployment::Deployment;
use crate::stream::input_topic;
use crate::support::{Broker, Tidegauge, free_port};

/// Starts with `config`, expects the process to end with `code`, and returns its message.
#[track_caller]
pub fn refusal(config: &str, code: i32) -> String {
    let mut process = Tidegauge::run(config);
    let status = process.await_exit(Duration::from_secs(40));
    let log = process.log();
    assert_eq!(status.code(), Some(code), "{log}");
    let said: Vec<&str> = log
        .lines()
        .filter_map(|line| line.strip_prefix("tidegauge: "))
        .collect();
    let [sentence] = &said[..] else {
        panic!("one sentence: {log}")
    };
    (*sentence).to_owned()
}

#[track_caller]
pub fn assert_names(sentence: &str, words: &[&str]) {
    for word in words {
        assert!(
            sentence.contains(word),
            "{word:?} is not named in: {sentence}"
        );
    }
}

#[test]
fn an_unreachable_broker_is_named() {
    let address = format!("127.0.0.1:{}", free_port());
    let config = format!(
        "kafka: {{brokers: ['{address}']}}\nruntime: {{broker_wait: 1s}}\nhttp: {{listen: '127.0.0.1:0'}}"
    );
    let sentence = refusal(&config, 1);
    assert_names(
        &sentence,
        &[
            "no broker answers",
            &address,
            "Connection refused",
            "kafka.brokers",
            "waited 1s",
            "runtime.broker_wait",
        ],
    );
}

#[test]
fn a_missing_input_topic_is_named() {
    let Some(broker) = Broker::or_skip("a_missing_input_topic_is_named") else {
        return;
    };
    let deployment = Deployment::new(&broker, "nobody-made-this");
    let sentence = refusal(&deployment.config(), 1);
    assert_names(
        &sentence,
        &[
            "nobody-made-this",
            "does not exist",
            "create it",
            "topics.predictions",
        ],
    );
    assert_eq!(
        broker.partitions(&deployment.topic("reports")),
        None,
        "nothing is created beside an error"
    );
}

#[test]
fn an_internal_topic_of_another_size_is_named() {
    let Some(broker) = Broker::or_skip("an_internal_topic_of_another_size_is_named") else {
        return;
    };
    let deployment = Deployment::new(&broker, &input_topic(&broker, "in", 1));
    let panes = deployment.topic("panes.v1");
    broker.create_topic_as(&panes, 3, &[]);
    let sentence = refusal(&deployment.config(), 1);
    assert_names(
        &sentence,
        &[&panes, "3 partitions", "16", "delete it", "topics.prefix"],
    );
}

#[test]
fn a_bad_file_is_named() {
    let Some(broker) = Broker::or_skip("a_bad_file_is_named") else {
        return;
    };
    let deployment = Deployment {
        more: "windoes: []\n",
        ..Deployment::new(&broker, "in")
    };
    let mut process = deployment.start();
    let status = process.await_exit(Duration::from_secs(10));
    assert_eq!(status.code(), Some(2), "{}", process.log());
    assert_names(&process.log(), &["windoes", "windows"]);
}

#[test]
fn a_missing_internal_topic_is_named_where_none_may_be_created() {
    let Some(broker) =
        Broker::or_skip("a_missing_internal_topic_is_named_where_none_may_be_created")
    else {
        return;
    };
    let input = input_topic(&broker, "in", 1);
    let deployment = Deployment::new(&broker, &input);
    let config = deployment
        .config()
        .replace("topics: {", "topics: {create: false, ");
    let sentence = refusal(&config, 1);
    assert_names(
        &sentence,
        &[&deployment.prefix, "missing", "tidegauge topics apply"],
    );
}

#[test]
fn apply_creates_nothing_beside_a_mismatch() {
    let Some(broker) = Broker::or_skip("apply_creates_nothing_beside_a_mismatch") else {
        return;
    };
    let input = input_topic(&broker, "in", 1);
    let deployment = Deployment::new(&broker, &input);
    broker.create_topic_as(&deployment.topic("state.v1"), 3, &[]);
    let (code, said) = deployment.command(&["topics", "apply"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("has 3 partitions"), "{said}");
    for topic in ["panes.v1", "reports", "alerts.drift"] {
        let created = broker.partitions(&deployment.topic(topic));
        assert_eq!(created, None, "{topic} was created before the check");
    }
}
