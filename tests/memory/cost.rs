//! Measures the cost of a boundary and of its parts: `cargo test --release --test memory -- --ignored --nocapture
//! cost`.

use std::sync::Arc;
use std::time::Duration;

use tidegauge::detect::DETECTORS;
use tidegauge::event::{ArrivalTime, Record, Tick};
use tidegauge::pipeline::evaluate::Evaluate;
use tidegauge::pipeline::frame::{SourceId, pack};
use tidegauge::pipeline::ingest::Ingest;
use tidegauge::pipeline::partition::partition_of_model;
use tidegauge::pipeline::stage::Stage;
use tidegauge::pipeline::{LearningPlan, Plan};
use tidegauge::window::{WindowLength, WindowSpec};

use crate::bench::plan;
use crate::traffic::{MINUTE, START};

/// Number of minutes after learning over which the cost is measured.
const MINUTES: i64 = 15;
/// Minutes of learning before the measurement, so that the longest window is full.
const LEARN: i64 = 120;

fn payload(random: &mut fastrand::Rng, features: usize, minute: i64, n: i64) -> (i64, String) {
    let time = START + minute * MINUTE + n;
    let values: Vec<String> = (0..features)
        .map(|f| format!(r#""f{f}":{}"#, random.f64() * 100.0))
        .collect();
    let json = format!(
        r#"{{"id":"{minute}-{n}","model":"m","timestamp":{time},"features":{{{}}},"prediction":{{"score":{}}},"segments":{{"country":"c{}","tier":"t{}"}}}}"#,
        values.join(","),
        random.f64(),
        n % 20,
        n % 3
    );
    (time, json)
}

/// Processor time of this thread. Other load on the machine does not count. Linux only.
fn on_processor() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = statistics
        .split(' ')
        .next()
        .and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Average cost of one minute.
#[derive(Debug, Default)]
struct Cost {
    /// Time to decode, count and flush the predictions.
    ingest: Duration,
    /// Time to read the frames.
    frames: Duration,
    /// Size of the frames in bytes.
    bytes: usize,
    /// Time to step over the boundary.
    step: Duration,
}

fn boundary(plan: Plan, features: usize, per_minute: i64) -> Cost {
    let plan = Arc::new(plan);
    let source = SourceId {
        topic: "in".into(),
        partition: 0,
    };
    let mut ingest = Ingest::begin(Arc::clone(&plan), source, 1, 1, 0);
    let partition = partition_of_model("m") as usize;
    let mut evaluate = Evaluate::begin(&plan, partition as i32, 1, 0);
    let mut random = fastrand::Rng::with_seed(1);
    let (mut offset, mut sum) = (0, Cost::default());
    let from = LEARN + 75;
    for minute in 0..from + MINUTES {
        let payloads: Vec<(i64, String)> = (0..per_minute)
            .map(|n| payload(&mut random, features, minute, n))
            .collect();
        let begun = on_processor();
        for (time, json) in &payloads {
            let record = Record {
                payload: Some(json.as_bytes()),
                arrival: Some(ArrivalTime(*time)),
                traceparent: None,
                headers_readable: true,
            };
            ingest.submit(offset, &record, Tick(i64::MAX));
            offset += 1;
        }
        let frames = ingest.flush(Tick(0)).panes.swap_remove(partition);
        let records = pack(vec![frames]).unwrap();
        let ingested = on_processor() - begun;
        let begun = on_processor();
        for record in &records {
            evaluate.submit(minute, record).unwrap();
        }
        let merged = on_processor() - begun;
        let begun = on_processor();
        while evaluate.has_work() {
            evaluate.step().unwrap();
        }
        evaluate.flush(Tick(0)).unwrap();
        if minute >= from {
            sum.ingest += ingested / MINUTES as u32;
            sum.frames += merged / MINUTES as u32;
            sum.bytes += records.iter().map(Vec::len).sum::<usize>() / MINUTES as usize;
            sum.step += (on_processor() - begun) / MINUTES as u32;
        }
    }
    sum
}

/// Plan with the windows and the learning of production, but a shorter learning span.
fn production() -> Plan {
    let window = |minutes, step_minutes| WindowSpec {
        length: WindowLength::from_minutes(minutes).unwrap(),
        step_minutes,
    };
    let mut plan = plan();
    plan.bounds.features_max = 1_000;
    plan.learning = LearningPlan {
        span_minutes: LEARN,
        ..plan.learning
    };
    plan.windows = vec![window(15, 1), window(60, 1), window(1_440, 15)];
    plan
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_boundary() {
    for (features, per_minute) in [(20, 200), (500, 60)] {
        for what in ["everything", "no detectors", "only psi", "no windows"] {
            let mut plan = production();
            let names = DETECTORS.iter().map(|d| d.name().to_owned());
            match what {
                "no detectors" => plan.detect.disabled = names.collect(),
                "only psi" => plan.detect.disabled = names.filter(|name| name != "psi").collect(),
                "no windows" => plan.windows.clear(),
                _ => {}
            }
            let cost = boundary(plan, features, per_minute);
            println!("{features} features, {what}: {cost:?}");
        }
    }
}

/// Measures the cost of each configured key, with twenty countries and three tiers.
#[test]
#[ignore = "a measurement"]
fn cost_of_segments() {
    for (features, per_minute) in [(20, 2_000), (20, 200)] {
        for keys in [&[][..], &["tier"], &["tier", "country"]] {
            let mut plan = production();
            plan.segments.keys = keys.iter().map(|key| (*key).to_owned()).collect();
            let cost = boundary(plan, features, per_minute);
            println!("{features} features, {per_minute} per minute, keys {keys:?}: {cost:?}");
        }
    }
}
