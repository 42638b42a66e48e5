//! Benchmark of the cost of outcomes in ingest: decode, count, flush and pack, with and without a labels topic, in one
//! run.
//!
//! Run `cargo bench --bench ingest`. It uses one core and no threads. Every variant runs in every round, so that other
//! load affects all of them alike. The best round of each is shown.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegauge::config::{ConfigSources, load};
use tidegauge::event::{ArrivalTime, Record, Tick};
use tidegauge::pipeline::Plan;
use tidegauge::pipeline::frame::{SourceId, pack};
use tidegauge::pipeline::ingest::Ingest;

const ROUNDS: usize = 15;
const EVENTS: i64 = 20_000;
const NOON: i64 = 1_762_164_930_000;

/// Variants: name, and settings in addition to the topic of predictions.
const WAYS: [(&str, &[(&str, &str)]); 3] = [
    ("no labels", &[]),
    ("labels", &[("topics.labels", "labels")]),
    (
        "labels, one segment key",
        &[("topics.labels", "labels"), ("segments.keys", "tier")],
    ),
];

fn main() {
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    let plans = WAYS.map(|(_, settings)| plan(settings));
    let mut best = [Duration::MAX; WAYS.len()];
    for _ in 0..ROUNDS {
        for (plan, best) in plans.iter().zip(&mut best) {
            let start = Instant::now();
            ingest(plan, &events);
            *best = start.elapsed().min(*best);
        }
    }
    let per_event = |took: &Duration| took.as_secs_f64() * 1e9 / EVENTS as f64;
    let base = best.first().map_or(f64::NAN, per_event);
    println!("{EVENTS} events of 20 features a round, best of {ROUNDS} rounds");
    println!("{:<26} {:>10} {:>10}", "way", "ns/event", "x");
    for ((name, _), took) in WAYS.iter().zip(&best) {
        println!(
            "{name:<26} {:>10.0} {:>10.3}",
            per_event(took),
            per_event(took) / base
        );
    }
}

fn plan(settings: &[(&str, &str)]) -> Arc<Plan> {
    let mut sources = ConfigSources::default();
    for (key, value) in settings {
        sources = sources.flag("bench", key, (*value).to_owned());
    }
    match load(&sources) {
        Ok(checked) => Arc::new(checked.plan),
        Err(faults) => unreachable!("{faults}"),
    }
}

/// Event of 550 bytes with 20 features of all kinds: a card payment with its own id.
fn event(n: i64) -> String {
    let (amount, distance, time) = (n % 500, n % 97, NOON + n);
    format!(
        concat!(
            r#"{{"id":"txn-{:020x}","model":"fraud","version":"2025-10-01.r2","timestamp":{},"#,
            r#""features":{{"amount":{}.95,"country":"DE","device":"android","age":41,"hour":10,"is_new_card":false,"#,
            r#""merchant_risk":0.1375,"distance_km":{}.482,"tx_1h":3,"tx_24h":7,"avg_30d":88.12,"std_30d":41.7,"velocity":0.42,"#,
            r#""channel":"web","currency":"EUR","mcc":5411,"is_3ds":true,"ip_risk":0.034,"limit_use":0.58,"email_age":null}},"#,
            r#""prediction":{{"label":"legit","score":0.0312}},"segments":{{"tier":"gold","region":"eu-central"}},"latency_ms":11.8}}"#
        ),
        n.wrapping_mul(0x9e37_79b9),
        time,
        amount,
        distance
    )
}

fn ingest(plan: &Arc<Plan>, events: &[String]) {
    let source = SourceId {
        topic: "predictions".to_owned(),
        partition: 0,
    };
    let mut ingest = Ingest::begin(Arc::clone(plan), source, 1, 1, 0);
    for (offset, event) in (0..).zip(events) {
        let record = Record {
            payload: Some(event.as_bytes()),
            arrival: Some(ArrivalTime(NOON + offset)),
            traceparent: None,
            headers_readable: true,
        };
        black_box(ingest.submit(offset, &record, Tick(i64::MAX)));
    }
    let flushed = ingest.flush(Tick(NOON));
    for frame in flushed.panes {
        black_box(pack(vec![frame]).is_ok());
    }
    for frame in flushed.outcomes {
        black_box(pack(vec![frame]).is_ok());
    }
}
