//! Smoke test for the other broker tests: what this broker does with records and transactions, as seen through
//! `support`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod support;

use std::time::Duration;

use support::{
    Broker, Committed, Header, Isolation, Producer, Received, Sent, Tidegauge, free_port, get,
    kcat, wait_for,
};

fn value(text: &str) -> Sent<'_> {
    Sent {
        value: Some(text.as_bytes()),
        ..Sent::default()
    }
}

fn texts(records: &[Received]) -> Vec<&str> {
    records.iter().map(Received::text).collect()
}

#[test]
fn a_record_comes_back_as_it_was_sent() {
    let Some(broker) = Broker::or_skip("a_record_comes_back_as_it_was_sent") else {
        return;
    };
    let topic = broker.create_topic("records", 3);
    let producer = Producer::new(&broker);
    let sent = Sent {
        partition: 2,
        key: Some(b"\xff\x00key"),
        value: Some(b"\x00\xfebytes"),
        headers: &[("twice", Some(b"1")), ("twice", None), ("empty", Some(b""))],
        timestamp_millis: Some(1_700_000_000_123),
    };
    producer.send(&topic, &sent);
    producer.send(&topic, &Sent::default());
    producer.flush();

    let [tombstone, full] = &broker.read(&topic, Isolation::Committed)[..] else {
        panic!("two records were sent");
    };
    assert_eq!((&tombstone.key, &tombstone.value), (&None, &None));
    assert_eq!((full.partition, full.offset), (2, 0));
    assert_eq!(full.key.as_deref(), sent.key);
    assert_eq!(full.value.as_deref(), sent.value);
    assert_eq!(full.timestamp_millis, sent.timestamp_millis);
    let named =
        |name: &str, value: Option<&[u8]>| Header::Named(name.into(), value.map(Into::into));
    let headers = sent.headers.iter().map(|(name, value)| named(name, *value));
    assert_eq!(full.headers, headers.collect::<Vec<_>>());
}

#[test]
fn aborted_records_are_invisible_to_a_committed_reader() {
    let Some(broker) = Broker::or_skip("aborted_records_are_invisible_to_a_committed_reader")
    else {
        return;
    };
    let topic = broker.create_topic("transactions", 1);
    let producer = Producer::transactional(&broker, &broker.name("producer"));
    producer.begin();
    producer.send(&topic, &value("committed"));
    producer.commit();
    producer.begin();
    producer.send(&topic, &value("aborted"));
    producer.abort();

    let committed = broker.read(&topic, Isolation::Committed);
    assert_eq!(texts(&committed), ["committed"]);
    let everything = broker.read(&topic, Isolation::Uncommitted);
    assert_eq!(texts(&everything), ["committed", "aborted"]);
    // Each transaction leaves one record and one control record, so offsets have gaps.
    assert_eq!(broker.ends(&topic), [4]);
}

#[test]
fn an_open_transaction_hides_all_that_follows_it() {
    let Some(broker) = Broker::or_skip("an_open_transaction_hides_all_that_follows_it") else {
        return;
    };
    let topic = broker.create_topic("open", 1);
    let open = Producer::transactional(&broker, &broker.name("open"));
    open.begin();
    open.send(&topic, &value("first"));
    open.flush();
    let plain = Producer::new(&broker);
    plain.send(&topic, &value("second"));
    plain.flush();

    assert!(broker.read_now(&topic, Isolation::Committed).is_empty());
    open.commit();
    let committed = broker.read(&topic, Isolation::Committed);
    assert_eq!(texts(&committed), ["first", "second"]);
}

#[test]
fn topics_grow_vanish_and_return() {
    let Some(broker) = Broker::or_skip("topics_grow_vanish_and_return") else {
        return;
    };
    let topic = broker.create_topic("grows", 1);
    broker.add_partitions(&topic, 3);
    assert_eq!(broker.ends(&topic), [0, 0, 0]);
    broker.delete_topic(&topic);
    assert_eq!(broker.partitions(&topic), None);
    broker.create_topic_as(&topic, 2, &[("cleanup.policy", "compact")]);
    assert_eq!(broker.partitions(&topic), Some(2));
    let nothing = Committed {
        offset: None,
        metadata: String::new(),
    };
    let committed = broker.committed(&broker.group("nobody"), &topic);
    assert_eq!(committed, [nothing.clone(), nothing]);
}

#[test]
fn kcat_writes_a_header_name_that_is_not_text() {
    use std::os::unix::ffi::OsStrExt;
    let Some(broker) = Broker::or_skip("kcat_writes_a_header_name_that_is_not_text") else {
        return;
    };
    let topic = broker.create_topic("kcat", 1);
    let header = std::ffi::OsStr::from_bytes(b"na\xffme=v");
    let args = [
        "-P".as_ref(),
        "-t".as_ref(),
        topic.as_ref(),
        "-H".as_ref(),
        header,
    ];
    kcat(&broker, &args, b"line\n");

    let read = broker.read(&topic, Isolation::Committed);
    assert_eq!(texts(&read), ["line"]);
    assert_eq!(read[0].headers, [Header::Unreadable]);
    let printed = kcat(&broker, &["-C", "-e", "-q", "-t", &topic, "-f", "%h"], b"");
    assert_eq!(printed, b"na\xffme=v");
}

#[test]
#[should_panic(expected = "in vain: the impossible")]
fn a_wait_ends_with_the_name_of_what_did_not_happen() {
    wait_for("the impossible", Duration::from_millis(50), || None::<()>);
}

#[test]
fn a_child_is_watched_stopped_and_killed() {
    let deadline = Duration::from_secs(10);
    let script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let start = || Tidegauge::start_program("sh".as_ref(), &["-c", script]);
    let (mut polite, mut doomed) = (start(), start());
    polite.await_log("ready", deadline);
    assert_eq!(polite.terminate(deadline).code(), Some(7));
    assert_eq!(polite.log(), "ready\nbye\n");
    doomed.await_log("ready", deadline);
    doomed.kill();
    assert_eq!(doomed.exited().unwrap().code(), None);
    assert_eq!(doomed.log(), "ready\n");
}

#[test]
fn the_binary_under_test_is_there() {
    let mut help = Tidegauge::start(&["--help"]);
    assert!(help.await_exit(Duration::from_secs(10)).success());
}

#[test]
fn a_page_is_fetched() {
    use std::io::{BufRead, BufReader, Write};
    let address = format!("127.0.0.1:{}", free_port());
    assert_eq!(get(&address, "/livez"), None);
    let listener = std::net::TcpListener::bind(&address).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let request: Vec<String> = lines
            .map(Result::unwrap)
            .take_while(|l| !l.is_empty())
            .collect();
        stream
            .write_all(b"HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nnot\nyet")
            .unwrap();
        request
    });
    let response = get(&address, "/livez").unwrap();
    assert_eq!((response.status, &*response.body), (503, "not\nyet"));
    assert_eq!(server.join().unwrap()[0], "GET /livez HTTP/1.0");
}
