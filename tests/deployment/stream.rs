//! Seeded input: predictions of two models with event times in the past, a drift at the end, and some bad records.
//!
//! The stream depends only on its parameters, not on the number of partitions. Times jitter by less than the allowed
//! disorder, so no event is late under any partitioning. One last event per partition, well after the end, moves every
//! clock to the same time. Thus the complete output of two runs can be compared.

use serde_json::{Value, json};

use crate::support::{Broker, Producer, Sent};

/// Midnight of a Monday, in milliseconds since the Unix epoch.
pub const START: i64 = 1_740_960_000_000;
const MINUTE: i64 = 60_000;
/// Disorder that the configuration of the tests allows, in milliseconds.
pub const DISORDER: i64 = 2 * MINUTE;
const JITTER: u64 = 90_000;
/// One record in this many is bad.
const BAD_EVERY: usize = 997;

/// Parameters of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Number of records, good and bad.
    pub events: usize,
    /// Length of the stream in hours of event time.
    pub hours: i64,
    /// Start of the drift, in hours from the start of the stream.
    pub drift_from: i64,
    /// Seed of the random numbers.
    pub seed: u64,
    /// First event time, in milliseconds; a whole hour.
    pub start: i64,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            events: 20_000,
            hours: 12,
            drift_from: 10,
            seed: 1,
            start: START,
        }
    }
}

/// Record of the input.
#[derive(Debug, Clone)]
pub struct Event {
    /// Event time, which is also the record's timestamp, in milliseconds.
    pub millis: i64,
    /// Payload of the record.
    pub bytes: Vec<u8>,
    /// Key of the record.
    pub key: Vec<u8>,
    /// True if the record must become a dead letter.
    pub bad: bool,
}

/// Steele's splitmix64. Every event has its own generator, so that events do not depend on each other.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Approximately normal number: the sum of twelve uniform ones.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

impl Stream {
    /// End of the last window, in milliseconds; a whole hour.
    pub fn end(&self) -> i64 {
        self.start + self.hours * 60 * MINUTE
    }

    /// Iterates over all records, in the order in which they are written.
    pub fn records(&self) -> impl Iterator<Item = Event> + '_ {
        (0..self.events).map(|i| self.record(i))
    }

    /// Record number `i`.
    pub fn record(&self, i: usize) -> Event {
        let mut random = Random(self.seed.wrapping_mul(0x1000_0000_01b3) ^ (i as u64) << 20);
        let at = self.start + (self.hours * 60 * MINUTE) * i as i64 / self.events as i64;
        let millis = (at + random.below(JITTER) as i64).min(self.end() - 1);
        let key = format!("key-{}", random.below(1_000)).into_bytes();
        if i % BAD_EVERY == BAD_EVERY - 1 {
            let bytes = bad(i, millis);
            return Event {
                millis,
                bytes,
                key,
                bad: true,
            };
        }
        let drifted = millis >= self.start + self.drift_from * 60 * MINUTE;
        let bytes = good(i, millis, drifted, &mut random)
            .to_string()
            .into_bytes();
        Event {
            millis,
            bytes,
            key,
            bad: false,
        }
    }

    /// Writes the records from `from` up to `to`. Record `i` goes to partition `i` modulo `partitions`.
    pub fn write(
        &self,
        producer: &Producer,
        topic: &str,
        partitions: usize,
        from: usize,
        to: usize,
    ) {
        for i in from..to.min(self.events) {
            let event = self.record(i);
            producer.send(
                topic,
                &Sent {
                    partition: (i % partitions) as i32,
                    key: Some(&event.key),
                    value: Some(&event.bytes),
                    headers: &[("origin", Some(b"stream"))],
                    timestamp_millis: Some(event.millis),
                },
            );
        }
        producer.flush();
    }

    /// Writes the last event of each partition. From then on, the clock stands at the end.
    pub fn close(&self, producer: &Producer, topic: &str, partitions: usize) {
        let millis = self.end() + DISORDER + 1_000;
        for partition in 0..partitions {
            let event = json!({"id": format!("closer-{partition}"), "model": "closer", "timestamp": millis});
            producer.send(
                topic,
                &Sent {
                    partition: partition as i32,
                    value: Some(event.to_string().as_bytes()),
                    timestamp_millis: Some(millis),
                    ..Sent::default()
                },
            );
        }
        producer.flush();
    }

    /// Creates a topic that contains the whole stream.
    pub fn topic(&self, broker: &Broker, what: &str, partitions: usize) -> String {
        let topic = input_topic(broker, what, partitions);
        let producer = Producer::new(broker);
        self.write(&producer, &topic, partitions, 0, self.events);
        self.close(&producer, &topic, partitions);
        topic
    }
}

/// Creates an input topic without time-based retention, so that old records are kept.
pub fn input_topic(broker: &Broker, what: &str, partitions: usize) -> String {
    let topic = broker.name(what);
    broker.create_topic_as(&topic, partitions, &[("retention.ms", "-1")]);
    topic
}

fn good(i: usize, millis: i64, drifted: bool, random: &mut Random) -> Value {
    const COUNTRIES: [&str; 6] = ["DE", "FR", "PL", "NL", "ES", "AT"];
    let amount = ((3.0 + random.bell() * 0.8).exp() * 100.0).round() / 100.0;
    let amount = if drifted { amount * 100.0 } else { amount };
    let country = COUNTRIES[(random.uniform().powi(2) * 6.0) as usize];
    let age = if random.below(50) == 0 {
        Value::Null
    } else {
        json!(18 + random.below(60))
    };
    let score = 1.0 / (1.0 + (-random.bell()).exp());
    let mut features = json!({
        "amount": amount,
        "country": country,
        "age": age,
        "returning": random.below(3) == 0,
    });
    if random.below(10) > 0 {
        features["device"] = json!(format!("device-{}", random.below(9)));
    }
    let (model, version) = match random.below(10) {
        0..3 => ("churn", Value::Null),
        3..6 => ("fraud", json!("v2")),
        _ => ("fraud", json!("v1")),
    };
    json!({
        "id": format!("id-{i}"),
        "model": model,
        "version": version,
        "timestamp": millis,
        "features": features,
        "prediction": {"label": if score > 0.5 { "bad" } else { "good" }, "score": score},
        "latency_ms": random.below(200),
    })
}

/// Bad payload by `i`: not JSON, no id, a number beyond the range of doubles, or a duplicate key.
fn bad(i: usize, millis: i64) -> Vec<u8> {
    match i % 4 {
        0 => format!("{{\"id\": \"bad-{i}\", "),
        1 => format!("{{\"model\": \"fraud\", \"note\": {i}, \"timestamp\": {millis}}}"),
        2 => format!(
            "{{\"id\": \"bad-{i}\", \"model\": \"fraud\", \"features\": {{\"amount\": 1e400}}}}"
        ),
        _ => format!("{{\"id\": \"bad-{i}\", \"id\": \"again\", \"model\": \"fraud\"}}"),
    }
    .into_bytes()
}
