//! Bad input: each kind once, between good events. It must not stop the worker or change a count, and every bad record
//! must become a dead letter without any change.

use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, EVERY_MINUTE};
use crate::outcome::{Outcome, await_end};
use crate::stream::START;
use crate::support::{Broker, Header, Isolation, Producer, Received, Sent, kcat};

const MINUTE: i64 = 60_000;
const LARGE: usize = 10 << 20;

/// Kind of bad input, the reason for its rejection (`None` if it is accepted), and its payload.
type Case = (&'static str, Option<&'static str>, Option<Vec<u8>>);

fn event(features: &str) -> Option<Vec<u8>> {
    Some(format!("{{\"id\": \"i\", \"model\": \"m\", \"timestamp\": {START}, \"features\": {{{features}}}}}").into_bytes())
}

fn stamped(millis: i64) -> Option<Vec<u8>> {
    Some(
        json!({"id": "i", "model": "m", "timestamp": millis})
            .to_string()
            .into_bytes(),
    )
}

fn text(payload: &str) -> Option<Vec<u8>> {
    Some(payload.as_bytes().to_vec())
}

fn cases() -> Vec<Case> {
    let many: Vec<String> = (0..10_000).map(|i| format!("\"f{i}\": {i}")).collect();
    let (open, close) = ("[".repeat(1_000), "]".repeat(1_000));
    let deep = format!("{{\"id\": \"i\", \"model\": \"m\", \"note\": {open}1{close}}}");
    let long = format!("{{\"id\": \"{}\", \"model\": \"m\"}}", "i".repeat(257));
    let large = format!(
        "{{\"id\": \"i\", \"model\": \"m\", \"note\": \"{}\"}}",
        "x".repeat(LARGE)
    );
    vec![
        (
            "not JSON",
            Some("not_json"),
            text("\x00\u{fffd} certainly not JSON"),
        ),
        (
            "a wrong type",
            Some("wrong_type"),
            text("{\"id\": \"i\", \"model\": 7}"),
        ),
        ("no id", Some("missing_id"), text("{\"model\": \"m\"}")),
        ("no model", Some("missing_model"), text("{\"id\": \"i\"}")),
        ("an id over 256 bytes", Some("name_too_long"), text(&long)),
        ("NaN", Some("not_json"), event("\"x\": NaN")),
        ("infinity", Some("not_json"), event("\"x\": Infinity")),
        (
            "minus infinity",
            Some("not_json"),
            event("\"x\": -Infinity"),
        ),
        ("1e400", Some("number_out_of_range"), event("\"x\": 1e400")),
        (
            "an integer over 2^53",
            None,
            event("\"x\": 9007199254740993"),
        ),
        (
            "a key twice",
            Some("duplicate_key"),
            event("\"x\": 1, \"x\": 2"),
        ),
        (
            "a lone surrogate",
            Some("bad_unicode"),
            event("\"x\": \"\\ud800\""),
        ),
        (
            "10,000 features",
            Some("too_many_features"),
            event(&many.join(",")),
        ),
        ("10 MB", Some("payload_too_large"), text(&large)),
        ("1,000 levels", Some("too_deep"), text(&deep)),
        ("no payload", Some("empty_payload"), None),
        (
            "the future",
            Some("timestamp_in_future"),
            stamped(START + 6 * MINUTE),
        ),
        ("the distant past", Some("timestamp_too_old"), stamped(0)),
    ]
}

/// Sends a record whose header key is not UTF-8. rdkafka cannot write it, so kcat does.
fn send_unreadable_header(broker: &Broker, topic: &str) {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let words = [
        "-P",
        "-t",
        topic,
        "-k",
        "the key",
        "-H",
        "origin=tests",
        "-H",
    ];
    let mut args: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    args.push(OsStr::from_bytes(b"\xff\xfe=value"));
    let payload = json!({"id": "kcat", "model": "m", "timestamp": START}).to_string();
    kcat(broker, &args, payload.as_bytes());
}

const KEY: &[u8] = b"\xffthe key\x00";
const HEADERS: [(&str, Option<&[u8]>); 3] = [
    ("origin", Some(b"\x00\xff")),
    ("origin", None),
    ("tidegauge.reason", Some(b"spoofed")),
];

fn send(producer: &Producer, topic: &str, value: Option<&[u8]>, millis: i64) {
    let sent = Sent {
        partition: 0,
        key: Some(KEY),
        value,
        headers: &HEADERS,
        timestamp_millis: Some(millis),
    };
    producer.send(topic, &sent);
}

fn good(number: usize) -> Vec<u8> {
    json!({"id": format!("good-{number}"), "model": "m", "timestamp": START + number as i64, "features": {"x": 1}})
        .to_string()
        .into_bytes()
}

#[test]
fn each_kind_of_bad_input_is_a_dead_letter_and_nothing_else() {
    let Some(broker) = Broker::or_skip("each_kind_of_bad_input_is_a_dead_letter_and_nothing_else")
    else {
        return;
    };
    let input = broker.name("in");
    let large = [("retention.ms", "-1"), ("max.message.bytes", "20000000")];
    broker.create_topic_as(&input, 1, &large);
    let deployment = Deployment {
        more: EVERY_MINUTE,
        properties: ", 'message.max.bytes': '20000000'".to_owned(),
        ..Deployment::new(&broker, &input)
    };
    broker.create_topic_as(&deployment.topic("dead-letters"), 1, &large);
    let mut process = deployment.start();
    let cases = cases();
    let producer = Producer::new(&broker);
    for (number, (_, _, value)) in cases.iter().enumerate() {
        send(&producer, &input, Some(&good(number)), START);
        send(&producer, &input, value.as_deref(), START);
    }
    producer.flush();
    send_unreadable_header(&broker, &input);
    let end = json!({"id": "end", "model": "n", "timestamp": START + 10 * MINUTE}).to_string();
    send(&producer, &input, Some(end.as_bytes()), START + 10 * MINUTE);
    producer.flush();
    await_end(&deployment, &["m"], START + MINUTE, Duration::from_secs(60));
    deployment.stop(&mut process);

    let letters = broker.read(&deployment.topic("dead-letters"), Isolation::Committed);
    let refused: Vec<&Case> = cases
        .iter()
        .filter(|(_, reason, _)| reason.is_some())
        .collect();
    assert_eq!(
        letters.len(),
        refused.len() + 1,
        "{:?}",
        letters.iter().map(reason).collect::<Vec<_>>()
    );
    let originals = broker.read(&input, Isolation::Committed);
    for (letter, (what, expected, value)) in letters.iter().zip(refused) {
        assert_eq!(Some(reason(letter)), *expected, "{what}");
        assert_eq!(
            letter.value.as_deref(),
            value.as_deref(),
            "{what}: not byte for byte"
        );
        assert_eq!(letter.key.as_deref(), Some(KEY), "{what}");
        assert_eq!(&letter.headers[..3], HEADERS.map(named), "{what}");
        assert_connect_headers(letter, &input, &originals);
    }
    assert_unreadable_header(
        &broker,
        &deployment.topic("dead-letters"),
        letters.last().unwrap(),
    );
    assert_counts(&deployment, cases.len() + 1);
}

fn named((name, value): (&str, Option<&[u8]>)) -> Header {
    Header::Named(name.to_owned(), value.map(<[u8]>::to_vec))
}

/// Reason of a dead letter. The headers of the original record come first, so ours is the last with this name.
fn reason(letter: &Received) -> &str {
    last(letter, "tidegauge.reason")
}

fn last<'a>(letter: &'a Received, name: &str) -> &'a str {
    let of_name = letter.headers.iter().rev().find_map(|header| match header {
        Header::Named(n, Some(value)) if n == name => std::str::from_utf8(value).ok(),
        _ => None,
    });
    of_name.unwrap_or_else(|| panic!("no {name} in {:?}", letter.headers))
}

fn assert_connect_headers(letter: &Received, input: &str, originals: &[Received]) {
    assert_eq!(last(letter, "__connect.errors.topic"), input);
    assert_eq!(last(letter, "__connect.errors.partition"), "0");
    assert_eq!(last(letter, "__connect.errors.stage"), "VALUE_CONVERTER");
    assert!(last(letter, "__connect.errors.exception.message").ends_with('.'));
    assert!(!last(letter, "__connect.errors.class.name").is_empty());
    // The address in the headers leads to the original record.
    let offset: i64 = last(letter, "__connect.errors.offset").parse().unwrap();
    let original = originals
        .iter()
        .find(|record| record.offset == offset)
        .unwrap();
    assert_eq!(original.value, letter.value);
}

fn assert_unreadable_header(broker: &Broker, topic: &str, letter: &Received) {
    assert_eq!(reason(letter), "header_not_utf8");
    assert_eq!(letter.key.as_deref(), Some(&b"the key"[..]));
    assert!(letter.text().contains("kcat"));
    let offset = letter.offset.to_string();
    let printed = kcat(
        broker,
        &[
            "-C", "-t", topic, "-p", "0", "-o", &offset, "-c", "1", "-f", "%h",
        ],
        b"",
    );
    assert!(
        printed.starts_with(b"origin=tests,\xff\xfe=value,tidegauge.reason="),
        "{}",
        String::from_utf8_lossy(&printed)
    );
}

fn assert_counts(deployment: &Deployment, events: usize) {
    let outcome = Outcome::of(deployment);
    assert!(outcome.alerts.is_empty(), "{:#?}", outcome.alerts);
    let report = outcome
        .reports
        .iter()
        .map(|r| serde_json::from_str::<Value>(&r.value).unwrap());
    let report: Vec<Value> = report.filter(|r| r["model"] == "m").collect();
    assert_eq!(
        report.len(),
        2,
        "one window, a feature and the errors: {report:#?}"
    );
    let report = report.iter().find(|own| own["subject"] == "feature:x");
    let report = report.unwrap();
    assert_eq!(
        report["predictions"], events,
        "the good ones and the accepted one"
    );
    assert_eq!(report["types"]["number"], events);
}

#[test]
fn a_letter_too_large_for_its_topic_becomes_a_pointer() {
    let Some(broker) = Broker::or_skip("a_letter_too_large_for_its_topic_becomes_a_pointer") else {
        return;
    };
    let input = broker.name("in");
    broker.create_topic_as(
        &input,
        1,
        &[("retention.ms", "-1"), ("max.message.bytes", "20000000")],
    );
    let deployment = Deployment::new(&broker, &input);
    let producer = Producer::new(&broker);
    send(&producer, &input, Some(&vec![b'x'; LARGE]), START);
    let wide = vec![b'h'; 700_000];
    let headers: [(&str, Option<&[u8]>); 1] = [("wide", Some(&wide))];
    let sent = Sent {
        key: Some(b"k"),
        value: Some(&wide),
        headers: &headers,
        timestamp_millis: Some(START),
        partition: 0,
    };
    producer.send(&input, &sent);
    let headers: [(&str, Option<&[u8]>); 2] = [("wide", Some(&wide)), ("wide", Some(&wide))];
    producer.send(
        &input,
        &Sent {
            headers: &headers,
            ..sent
        },
    );
    producer.flush();
    let mut process = deployment.start();
    let letters = crate::support::wait_for("three letters", Duration::from_secs(30), || {
        broker.partitions(&deployment.topic("dead-letters"))?;
        let letters = broker.read_now(&deployment.topic("dead-letters"), Isolation::Committed);
        (letters.len() == 3).then_some(letters)
    });
    deployment.stop(&mut process);
    let [payload, both, headers] = &letters[..] else {
        unreachable!()
    };
    for letter in &letters {
        assert_eq!(last(letter, "__connect.errors.topic"), input);
        assert!(!last(letter, "tidegauge.pointer").is_empty());
    }
    assert_eq!(
        (reason(payload), payload.key.as_deref()),
        ("payload_too_large", Some(KEY))
    );
    assert_eq!(
        (&payload.headers[..3], &payload.value),
        (&HEADERS.map(named)[..], &None),
        "what fits is kept"
    );
    assert_eq!(
        (both.header("wide").map(str::len), &both.value),
        (Some(wide.len()), &None),
        "what fits is kept"
    );
    assert_eq!(
        (headers.header("wide"), headers.value.as_ref()),
        (None, Some(&wide)),
        "what fits is kept"
    );
    assert_eq!(headers.key.as_deref(), Some(&b"k"[..]));
}
