//! Independent clients: kcat and Java's console producer write; kcat and jq read.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::deployment::Deployment;
use crate::outcome::{Outcome, await_end};
use crate::recount::{EVENTS_MIN, Recount};
use crate::stream::{Stream, input_topic};
use crate::support::{Broker, Producer, kcat};

const HOUR: i64 = 3_600_000;

/// Stream of the last hours. These clients set the record timestamps to the current time.
fn recent() -> Stream {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    Stream {
        events: 20_000,
        seed: 8,
        start: (now / HOUR - 13) * HOUR,
        ..Stream::default()
    }
}

/// Lines of `key<TAB>payload` for the records that `of` selects.
fn lines(stream: &Stream, of: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut lines = Vec::new();
    for event in (0..stream.events)
        .filter(|i| of(*i))
        .map(|i| stream.record(i))
    {
        lines.extend_from_slice(&event.key);
        lines.push(b'\t');
        lines.extend_from_slice(&event.bytes);
        lines.push(b'\n');
    }
    lines
}

/// Writes `lines` with Java's console producer, from the jars that `scripts/kafka` fetches. `None` if they are missing.
fn java_console_producer(broker: &Broker, topic: &str, lines: &[u8]) -> Option<()> {
    let libs = concat!(env!("CARGO_MANIFEST_DIR"), "/target/kafka/libs");
    std::fs::read_dir(libs).ok()?;
    let input = std::env::temp_dir().join(broker.name("lines"));
    std::fs::write(&input, lines).unwrap();
    let mut command = Command::new("java");
    command.args([
        "-Xmx256m",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        &format!("{libs}/*"),
    ]);
    command.args([
        "org.apache.kafka.tools.ConsoleProducer",
        "--bootstrap-server",
        broker.address(),
        "--topic",
        topic,
    ]);
    command.args(["--property", "parse.key=true"]);
    command
        .stdin(File::open(&input).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = command.status().unwrap();
    std::fs::remove_file(&input).unwrap();
    assert!(status.success(), "the console producer: {status}");
    Some(())
}

#[test]
fn kcat_and_java_write_kcat_and_jq_read() {
    let Some(broker) = Broker::or_skip("kcat_and_java_write_kcat_and_jq_read") else {
        return;
    };
    let stream = recent();
    let input = input_topic(&broker, "in", 1);
    // kcat writes the first half and Java the second, each in one call, so that events stay in order.
    let half = stream.events / 2;
    kcat(
        &broker,
        &["-P", "-t", &input, "-K", "\t"],
        &lines(&stream, |i| i < half),
    );
    let second = lines(&stream, |i| i >= half);
    if java_console_producer(&broker, &input, &second).is_none() {
        kcat(&broker, &["-P", "-t", &input, "-K", "\t"], &second);
    }
    stream.close(&Producer::new(&broker), &input, 1);
    let deployment = Deployment::new(&broker, &input);
    let mut process = deployment.start();
    await_end(
        &deployment,
        &["fraud", "churn"],
        stream.end(),
        Duration::from_secs(120),
    );
    deployment.stop(&mut process);
    let outcome = Outcome::of(&deployment);
    Recount::of(&stream).assert_reports(&outcome.reports, ("15m", 1), EVENTS_MIN);

    let drift = deployment.topic("alerts.drift");
    let alerts = kcat(&broker, &["-C", "-e", "-q", "-t", &drift], b"");
    let filter = "select(.status == \"firing\" and .subject == \"feature:amount\") | .model";
    let firing = jq(filter, &alerts);
    assert!(
        firing.contains("\"fraud\"") && firing.contains("\"churn\""),
        "{}",
        String::from_utf8_lossy(&alerts)
    );
    let headers = kcat(
        &broker,
        &["-C", "-e", "-q", "-t", &drift, "-f", "%h\n"],
        b"",
    );
    assert!(
        headers.starts_with(b"ce_specversion=1.0,ce_id="),
        "{}",
        String::from_utf8_lossy(&headers)
    );
}

fn jq(filter: &str, input: &[u8]) -> String {
    use std::io::Write;
    let mut command = Command::new("jq");
    command
        .arg(filter)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .expect("jq is installed (apt-get install jq)");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "jq: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
