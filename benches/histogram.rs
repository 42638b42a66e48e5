//! Benchmark of the sketches, compared with simple baselines measured in the same run, so that only the ratios matter.
//!
//! `cargo bench --bench histogram` prints one line per job: our time, the time of the baseline, and their ratio.

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Instant;

use tidegauge::event::{Prediction, Usage, Value};
use tidegauge::sketch::{Histogram, HistogramBuffer, Monoid, PartialBuffer, RecordPosition, Scale};

const VALUES: usize = 1_000_000;
const PANES: usize = 60;
const EVENTS: usize = 50_000;
const ROUNDS: usize = 15;

fn main() {
    let values = normal(VALUES);
    println!(
        "{:<44} {:>10} {:>10} {:>7}",
        "job", "ours", "baseline", "ratio"
    );
    push(&values);
    merge(&values);
    event();
}

/// Nanoseconds per unit of work, in the fastest round.
fn best(units: usize, mut work: impl FnMut()) -> f64 {
    (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_nanos() as f64 / units as f64
        })
        .fold(f64::INFINITY, f64::min)
}

fn line(job: &str, ours: f64, baseline: f64) {
    println!(
        "{job:<44} {ours:>8.1}ns {baseline:>8.1}ns {:>7.2}",
        ours / baseline
    );
}

fn push(values: &[f64]) {
    let ours = best(values.len(), || {
        black_box(sketch(values));
    });
    let sorted = best(values.len(), || {
        let mut kept = Vec::new();
        for x in values {
            kept.push(*x);
        }
        kept.sort_unstable_by(f64::total_cmp);
        black_box(kept);
    });
    line(
        "one value: histogram / Vec<f64> push and sort",
        ours,
        sorted,
    );
}

fn merge(values: &[f64]) {
    let panes: Vec<_> = values.chunks(VALUES / PANES).map(sketch).collect();
    let folded = best(1, || {
        let mut window = Histogram::<512>::default();
        for pane in &panes {
            window.merge(pane);
        }
        black_box(window);
    });
    let sorted = best(1, || {
        let mut all: Vec<_> = panes
            .iter()
            .flat_map(|p| p.cells().iter().copied())
            .collect();
        all.sort_unstable();
        black_box(all);
    });
    line("60 panes: merged / all cells sorted", folded, sorted);
}

fn event() {
    let events = predictions(1_000);
    let ours = best(EVENTS, || {
        let mut buffer = PartialBuffer::default();
        for event in events.iter().cycle().take(EVENTS) {
            buffer.push(event, nowhere);
        }
        black_box(buffer.freeze());
    });
    let columns = best(EVENTS, || {
        let mut numbers = vec![Vec::new(); 21];
        let mut words = vec![Vec::new(); 21];
        for event in events.iter().cycle().take(EVENTS) {
            collect(event, &mut numbers, &mut words);
        }
        for column in &mut numbers {
            column.sort_unstable_by(f64::total_cmp);
        }
        black_box((numbers, words));
    });
    line("one event: partial / columns, sorted", ours, columns);
}

fn collect(event: &Prediction<'_>, numbers: &mut [Vec<f64>], words: &mut [Vec<String>]) {
    for ((_, value), (xs, names)) in event.features.iter().zip(numbers.iter_mut().zip(words)) {
        match value {
            Value::Number(x) => xs.push(*x),
            Value::Text(text) => names.push(text.to_string()),
            _ => {}
        }
    }
}

fn sketch(values: &[f64]) -> Histogram<512> {
    let mut buffer = HistogramBuffer::default();
    for x in values {
        buffer.push(Scale::Plain.key(*x));
    }
    buffer.freeze()
}

fn normal(n: usize) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..n)
        .map(|_| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0)
        .collect()
}

/// Events with 20 features: 14 numbers, 4 strings and 2 booleans; and a score.
fn predictions(n: usize) -> Vec<Prediction<'static>> {
    let mut random = fastrand::Rng::with_seed(2);
    (0..n).map(|i| prediction(i, &mut random)).collect()
}

fn prediction(i: usize, random: &mut fastrand::Rng) -> Prediction<'static> {
    let features = (0..20).map(|f| {
        let value = match f {
            0..14 => Value::Number((random.f64() * 12.0).exp()),
            14..18 => Value::Text(Cow::Owned(format!("category-{}", random.u32(0..40)))),
            _ => Value::Bool(random.bool()),
        };
        (Cow::Owned(format!("feature_{f}")), value)
    });
    Prediction {
        id: Cow::Owned(format!("prediction-{i:08}")),
        features: features.collect(),
        score: Some(random.f64()),
        latency_ms: Some(random.f64() * 100.0),
        usage: Usage::default(),
        ..Prediction::default()
    }
}

fn nowhere() -> RecordPosition {
    RecordPosition {
        topic: String::new(),
        partition: 0,
        offset: 0,
    }
}
