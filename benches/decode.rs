//! Benchmark of decoding and counting an event, compared with simd-json's tape and serde_json's tree on the same bytes.
//!
//! Run `cargo bench --bench decode`. It uses one core and no threads. Every variant runs in every round, so that other
//! load affects all of them alike. The best round of each is shown. `cargo bench --bench decode -- decode 200000` runs
//! one variant that many times and prints nothing, to count instructions and allocations with external tools.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tidegauge::codec::CODECS;
use tidegauge::event::{ArrivalTime, Limits, Prediction, Record};
use tidegauge::sketch::{PartialBuffer, RecordPosition};

/// Event of 550 bytes with 20 features of all kinds: a card payment.
const EVENT: &str = concat!(
    r#"{"id":"txn-00000000000000001a7c4","model":"fraud","version":"2025-10-01.r2","timestamp":"2025-11-03T10:15:30.123Z","#,
    r#""features":{"amount":129.95,"country":"DE","device":"android","age":41,"hour":10,"is_new_card":false,"#,
    r#""merchant_risk":0.1375,"distance_km":12.482,"tx_1h":3,"tx_24h":7,"avg_30d":88.12,"std_30d":41.7,"velocity":0.42,"#,
    r#""channel":"web","currency":"EUR","mcc":5411,"is_3ds":true,"ip_risk":0.034,"limit_use":0.58,"email_age":null},"#,
    r#""prediction":{"label":"legit","score":0.0312},"segments":{"tier":"gold","region":"eu-central"},"latency_ms":11.8}"#
);

const ROUNDS: usize = 15;
const EVENTS_PER_ROUND: usize = 20_000;

/// Variant of the benchmark: its name, and a function that reads the event a number of times.
type Way = (&'static str, fn(usize));

const WAYS: [Way; 7] = [
    ("decode", decode),
    ("decode+push", decode_and_push),
    ("push", push),
    ("simd-tape", simd_tape),
    ("copy", copy),
    ("serde-value", serde_value),
    ("utf8-check", utf8_check),
];

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if let [way, times] = words.as_slice() {
        let times = times.parse().unwrap_or(EVENTS_PER_ROUND);
        WAYS.iter()
            .filter(|(name, _)| name == way)
            .for_each(|(_, run)| run(times));
        return;
    }
    let best = best_rounds();
    let tape = best
        .iter()
        .find(|(name, _)| *name == "simd-tape")
        .map_or(f64::NAN, |(_, seconds)| *seconds);
    println!(
        "{} bytes, {EVENTS_PER_ROUND} events a round, best of {ROUNDS} rounds",
        EVENT.len()
    );
    println!(
        "{:<14} {:>12} {:>10} {:>8} {:>12}",
        "way", "events/s", "ns/event", "MB/s", "x simd-tape"
    );
    for (name, seconds) in best {
        println!(
            "{name:<14} {:>12.0} {:>10.0} {:>8.0} {:>12.2}",
            1.0 / seconds,
            seconds * 1e9,
            EVENT.len() as f64 / seconds / 1e6,
            tape / seconds,
        );
    }
}

/// Seconds per event of each variant, in its best round.
fn best_rounds() -> Vec<(&'static str, f64)> {
    let mut best = WAYS.map(|(name, _)| (name, Duration::MAX));
    for _ in 0..ROUNDS {
        for ((_, run), (_, best)) in WAYS.iter().zip(&mut best) {
            let start = Instant::now();
            run(EVENTS_PER_ROUND);
            *best = start.elapsed().min(*best);
        }
    }
    let per_event = |took: Duration| took.as_secs_f64() / EVENTS_PER_ROUND as f64;
    best.iter()
        .map(|(name, took)| (*name, per_event(*took)))
        .collect()
}

fn record() -> Record<'static> {
    Record {
        payload: Some(black_box(EVENT).as_bytes()),
        arrival: Some(ArrivalTime(1_762_164_931_000)),
        traceparent: None,
        headers_readable: true,
    }
}

fn each_prediction(times: usize, mut take: impl FnMut(Prediction<'static>)) {
    let limits = Limits::default();
    let json = CODECS.first().copied();
    for _ in 0..times {
        let decoded = json.map(|codec| codec.decode(&record(), &limits));
        match decoded {
            Some(Ok(prediction)) => take(prediction),
            other => unreachable!("the event is good: {other:?}"),
        }
    }
}

fn whereabouts() -> RecordPosition {
    RecordPosition {
        topic: String::new(),
        partition: 0,
        offset: 0,
    }
}

fn decode(times: usize) {
    each_prediction(times, |prediction| {
        black_box(prediction);
    });
}

fn decode_and_push(times: usize) {
    let mut buffer = PartialBuffer::default();
    each_prediction(times, |prediction| buffer.push(&prediction, whereabouts));
    black_box(buffer.freeze());
}

fn push(times: usize) {
    let mut buffer = PartialBuffer::default();
    each_prediction(1, |prediction| {
        (0..times).for_each(|_| buffer.push(black_box(&prediction), whereabouts));
    });
    black_box(buffer.freeze());
}

/// simd-json parses in place, so it needs its own copy of the bytes. The copy is part of its cost and is also shown as
/// `copy`.
fn simd_tape(times: usize) {
    let mut bytes = Vec::with_capacity(EVENT.len());
    for _ in 0..times {
        refill(&mut bytes);
        black_box(simd_json::to_tape(&mut bytes).is_ok());
    }
}

fn copy(times: usize) {
    let mut bytes = Vec::with_capacity(EVENT.len());
    for _ in 0..times {
        refill(&mut bytes);
        black_box(&bytes);
    }
}

fn refill(bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend_from_slice(black_box(EVENT).as_bytes());
}

fn serde_value(times: usize) {
    for _ in 0..times {
        black_box(serde_json::from_str::<serde_json::Value>(black_box(EVENT)).is_ok());
    }
}

fn utf8_check(times: usize) {
    for _ in 0..times {
        black_box(std::str::from_utf8(black_box(EVENT).as_bytes()).is_ok());
    }
}
