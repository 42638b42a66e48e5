//! What a boundary costs, and where it goes: `cargo test --release --test memory -- --ignored --nocapture cost`.

use std::sync::Arc;
use std::time::Duration;

use tidegauge::detect::DETECTORS;
use tidegauge::event::{ArrivalTime, Record};
use tidegauge::pipeline::evaluate::Evaluate;
use tidegauge::pipeline::frame::{SourceId, pack};
use tidegauge::pipeline::ingest::{Ingest, panes_partition};
use tidegauge::pipeline::{Learning, Plan};
use tidegauge::window::{WindowLength, WindowSpec};

use crate::bench::plan;
use crate::traffic::{MINUTE, START};

/// Minutes after learning over which the cost is taken.
const MINUTES: i64 = 15;
/// Minutes of learning, so that the longest window is full when the measuring begins.
const LEARN: i64 = 120;

fn payload(random: &mut fastrand::Rng, features: usize, minute: i64, n: i64) -> (i64, String) {
    let time = START + minute * MINUTE + n;
    let values: Vec<String> = (0..features)
        .map(|f| format!(r#""f{f}":{}"#, random.f64() * 100.0))
        .collect();
    let json = format!(
        r#"{{"id":"{minute}-{n}","model":"m","timestamp":{time},"features":{{{}}},"prediction":{{"score":{}}}}}"#,
        values.join(","),
        random.f64()
    );
    (time, json)
}

/// Time that this thread has had a processor: others may be busy, too. Linux only.
fn on_processor() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = statistics
        .split(' ')
        .next()
        .and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Time of a boundary on average: reading its frames, and stepping over it.
fn boundary(plan: Plan, features: usize, per_minute: i64) -> (Duration, Duration) {
    let plan = Arc::new(plan);
    let source = SourceId {
        topic: "in".into(),
        partition: 0,
    };
    let mut ingest = Ingest::genesis(Arc::clone(&plan), source, 1, 1, 0);
    let partition = panes_partition("m") as usize;
    let mut evaluate = Evaluate::begin(plan, partition as i32, 0);
    let mut random = fastrand::Rng::with_seed(1);
    let (mut offset, mut merging, mut stepping) = (0, Duration::ZERO, Duration::ZERO);
    let from = LEARN + 75;
    for minute in 0..from + MINUTES {
        for n in 0..per_minute {
            let (time, json) = payload(&mut random, features, minute, n);
            let record = Record {
                payload: Some(json.as_bytes()),
                arrival: Some(ArrivalTime(time)),
                traceparent: None,
                headers_readable: true,
            };
            ingest.submit(offset, &record);
            offset += 1;
        }
        let frames = ingest.flush().panes.swap_remove(partition);
        let records = pack(vec![frames]).unwrap();
        let begun = on_processor();
        for record in &records {
            evaluate.submit(minute, record).unwrap();
        }
        let merged = on_processor() - begun;
        let begun = on_processor();
        while evaluate.has_work() {
            evaluate.step().unwrap();
        }
        evaluate.flush().unwrap();
        if minute >= from {
            merging += merged;
            stepping += on_processor() - begun;
        }
    }
    (merging / MINUTES as u32, stepping / MINUTES as u32)
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_boundary() {
    let window = |minutes, step_minutes| WindowSpec {
        length: WindowLength::from_minutes(minutes).unwrap(),
        step_minutes,
    };
    for (features, per_minute) in [(20, 200), (500, 60)] {
        for what in ["everything", "no detectors", "only psi", "no windows"] {
            let mut plan = plan();
            plan.bounds.features_max = 1_000;
            plan.learning = Learning {
                span_minutes: LEARN,
                ..plan.learning
            };
            plan.windows = vec![window(15, 1), window(60, 1), window(1_440, 15)];
            let names = DETECTORS.iter().map(|d| d.name().to_owned());
            match what {
                "no detectors" => plan.detect.disabled = names.collect(),
                "only psi" => plan.detect.disabled = names.filter(|name| name != "psi").collect(),
                "no windows" => plan.windows.clear(),
                _ => {}
            }
            let (merging, stepping) = boundary(plan, features, per_minute);
            println!("{features} features, {what}: frames {merging:?}, step {stepping:?}");
        }
    }
}
