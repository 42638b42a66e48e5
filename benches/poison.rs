//! What bad records cost: the processor time of the real binary per record, on clean traffic and with a tenth of it bad.
//!
//! Run `KAFKA_BOOTSTRAP_SERVERS=$(scripts/kafka start) cargo bench --bench poison`, and `scripts/kafka stop` afterwards. A
//! number sets the number of records: `cargo bench --bench poison -- 1000000`. Each round reads both topics with a new
//! group, one after the other, so that other load affects both alike. The best round of each counts. It reads
//! `/proc`, so it needs Linux.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, UNIX_EPOCH};

use support::{Broker, Producer, Sent, Tidegauge, wait_for};

const ROUNDS: usize = 4;
const PARTITIONS: usize = 8;
/// Event time that the records span, in milliseconds.
const SPAN_MILLIS: i64 = 20 * 3_600_000;

fn main() {
    let Some(broker) = Broker::or_skip("poison") else {
        return;
    };
    let words: Vec<String> = std::env::args().collect();
    let records = words.iter().find_map(|word| word.parse().ok());
    let records: i64 = records.unwrap_or(300_000);
    let ways = [("clean", false), ("a tenth is bad", true)];
    let topics = ways.map(|(_, is_poisoned)| produce(&broker, records, is_poisoned));
    let mut best = [Duration::MAX; 2];
    for round in 0..ROUNDS {
        for (topic, best) in topics.iter().zip(&mut best) {
            *best = processor_time(&broker, topic, round, records).min(*best);
        }
    }
    println!("{records} records of 20 features, best of {ROUNDS} rounds");
    println!("{:<16} {:>10} {:>8}", "traffic", "µs/record", "x");
    let [clean, _] = best;
    for ((name, _), used) in ways.iter().zip(best) {
        let micros = used.as_secs_f64() * 1e6 / records as f64;
        let ratio = used.as_secs_f64() / clean.as_secs_f64();
        println!("{name:<16} {micros:>10.2} {ratio:>8.2}");
    }
}

/// Writes the records of one topic; returns its name.
fn produce(broker: &Broker, records: i64, is_poisoned: bool) -> String {
    let topic = broker.create_topic("poison", PARTITIONS);
    let producer = Producer::new(broker);
    let now = UNIX_EPOCH.elapsed().unwrap_or_default();
    let start = now.as_millis() as i64 - SPAN_MILLIS - 3_600_000;
    for n in 0..records {
        let time = start + n * SPAN_MILLIS / records;
        let mut event = prediction(n, time);
        if is_poisoned && n % 10 == 0 {
            event = spoilt(event, n / 10);
        }
        producer.send(
            &topic,
            &Sent {
                partition: (n % PARTITIONS as i64) as i32,
                key: Some(&n.to_le_bytes()),
                value: Some(event.as_bytes()),
                timestamp_millis: Some(time),
                ..Sent::default()
            },
        );
    }
    producer.flush();
    topic
}

fn prediction(n: i64, time: i64) -> String {
    let (amount, distance, age) = (n % 500, n % 97, 18 + n % 60);
    format!(
        concat!(
            r#"{{"id":"txn-{:020x}","model":"fraud","version":"r2","timestamp":{},"#,
            r#""features":{{"amount":{}.95,"country":"DE","device":"android","age":{},"hour":10,"is_new_card":false,"#,
            r#""merchant_risk":0.1375,"distance_km":{}.482,"tx_1h":3,"tx_24h":7,"avg_30d":88.12,"std_30d":41.7,"velocity":0.42,"#,
            r#""channel":"web","currency":"EUR","mcc":5411,"is_3ds":true,"ip_risk":0.034,"limit_use":0.58,"email_age":null}},"#,
            r#""prediction":{{"label":"legit","score":0.0312}},"latency_ms":11.8}}"#
        ),
        n.wrapping_mul(0x9e37_79b9),
        time,
        amount,
        age,
        distance
    )
}

/// The event with one of six faults: at its beginning, in the middle, and found only at its end.
fn spoilt(event: String, n: i64) -> String {
    match n % 6 {
        0 => format!("not JSON, {event}"),
        1 => event.chars().take(event.len() / 2).collect(),
        2 => event.replace(r#""timestamp":1"#, r#""timestamp":"x1"#),
        3 => event.replace(r#""model":"fraud","#, ""),
        4 => event.replace(r#""latency_ms":"#, r#""id":"twice","latency_ms":"#),
        _ => event.replace(r#""score":"#, r#""score":"high","x":"#),
    }
}

/// Processor time that a new group needs to read `topic`.
fn processor_time(broker: &Broker, topic: &str, round: usize, records: i64) -> Duration {
    let group = format!("{topic}-{round}");
    let mut process = Tidegauge::run(&format!(
        "kafka: {{brokers: [\"{}\"], group: {group}}}\n\
         topics: {{predictions: [{topic}], prefix: {group}}}\n\
         time: {{idle_timeout: 1h}}\n\
         runtime: {{from: earliest}}\n\
         http: {{listen: \"127.0.0.1:0\"}}\n",
        broker.address()
    ));
    wait_for("all records to be read", Duration::from_secs(600), || {
        std::thread::sleep(Duration::from_millis(200));
        (read_so_far(&process)? >= records).then_some(())
    });
    let used = process.cpu();
    process.terminate(Duration::from_secs(60));
    used
}

/// Records that were counted, late or rejected, as committed.
fn read_so_far(process: &Tidegauge) -> Option<i64> {
    let page = process.get("/metrics")?.body;
    let names = [
        "tidegauge_events_total",
        "tidegauge_late_events_total",
        "tidegauge_rejected_records_total",
    ];
    let counted = page
        .lines()
        .filter(|line| names.iter().any(|name| line.starts_with(name)));
    let values = counted.filter_map(|line| line.rsplit(' ').next()?.parse::<i64>().ok());
    Some(values.sum())
}
