//! Benchmark of decoding, buffering and joining predictions and labels, compared with a plain hash map over the same
//! ids.
//!
//! Run `cargo bench --bench join`. It uses one core, no threads, and a million live predictions over seven days. Every
//! variant runs in every round, so that other load affects all of them alike. The best round of each is shown. `cargo
//! bench --bench join -- memory 10000000` fills a join with that many predictions, as a rebuild does. It shows the
//! seconds this took and the bytes of resident memory per prediction.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tidegauge::event::{EventTime, Variant};
use tidegauge::join::{GroupParts, Join, JoinSink, LabelParts, NullSink, Outcomes};
use tidegauge::join::{JoinCheckpoint, JoinSettings, JoinTimes, OutcomesBuilder};
use tidegauge::sketch::{Answered, KnownTruth};
use tidegauge::window::Boundary;

const SETTINGS: JoinSettings = JoinSettings {
    horizon_minutes: 7 * 1_440,
    lead_minutes: 60,
    bytes_max: usize::MAX,
};
/// Number of live predictions in the steady state.
const LIVE: u64 = 1_000_000;
const ROUNDS: usize = 80;
/// Number of minutes in one round.
const MINUTES: u64 = 20;
/// Minutes from a prediction to its label.
const DELAY: u64 = 1_440;
/// Number of predictions, out of ten, that get a label.
const LABELLED: u64 = 9;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    match words.as_slice() {
        [mode, live] if mode == "memory" => memory(live.parse().unwrap_or(10_000_000)),
        _ => speed(),
    }
}

/// Steady stream: a fixed number of predictions per minute. Nine of ten are labelled one day later.
#[derive(Clone, Copy)]
struct Stream {
    per_minute: u64,
}

impl Stream {
    fn of(live: u64) -> Self {
        Self {
            per_minute: live.div_ceil(SETTINGS.horizon_minutes.unsigned_abs()),
        }
    }

    fn ids(self, minute: u64) -> impl Iterator<Item = u64> {
        let serials = minute * self.per_minute..(minute + 1) * self.per_minute;
        serials.map(|serial| serial.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (serial >> 7))
    }

    /// Outcomes of one minute: its predictions, and the labels of the predictions made one day earlier.
    fn minute(self, minute: u64, builder: &mut OutcomesBuilder) {
        let start = minute as i64 * 60_000;
        for (at, id) in self.ids(minute).enumerate() {
            let time = EventTime(start + at as i64 % 60_000);
            let countries = ["DE", "FR", "US"];
            let country = countries.get(at % 3).copied().unwrap_or_default();
            let of = GroupParts {
                model: "fraud",
                version: "2025-10-01.r2",
                variant: Variant::Default,
                segments: [("country", country)].into_iter(),
            };
            let answer = Answered {
                class: Some(if id % 50 == 0 { "fraud" } else { "legit" }),
                cell: (id % 100) as u8,
                value: None,
            };
            builder.predict(id, time, &of, answer);
        }
        let Some(before) = minute.checked_sub(DELAY) else {
            return;
        };
        for (at, id) in self
            .ids(before)
            .enumerate()
            .filter(|(_, id)| id % 10 < LABELLED)
        {
            let arrival = EventTime(start + at as i64 % 60_000);
            builder.label(LabelParts {
                id,
                arrival,
                made: arrival,
                truth: Some(KnownTruth::Class(if id % 47 == 0 {
                    "fraud"
                } else {
                    "legit"
                })),
                evaluations: std::iter::empty(),
                source: "chargeback",
            });
        }
    }

    /// Outcomes of one minute as the bytes of one record.
    fn record(self, minute: u64) -> Vec<u8> {
        let mut builder = OutcomesBuilder::default();
        self.minute(minute, &mut builder);
        postcard::to_stdvec(&builder.take()).unwrap_or_default()
    }
}

/// Counts the calls, so that no work is optimized away and the number of joined predictions can be checked.
#[derive(Default)]
struct Calls {
    predicted: u64,
    judged: u64,
}

impl JoinSink for Calls {
    fn predicted(&mut self, _: &tidegauge::join::Group, _: JoinTimes, _: Answered<'_>) {
        self.predicted += 1;
    }
    fn judged(
        &mut self,
        _: &tidegauge::join::Group,
        _: JoinTimes,
        _: Answered<'_>,
        _: KnownTruth<'_>,
    ) {
        self.judged += 1;
    }
    fn corrected(
        &mut self,
        _: &tidegauge::join::Group,
        _: JoinTimes,
        _: Answered<'_>,
        _: KnownTruth<'_>,
        _: KnownTruth<'_>,
    ) {
    }
    fn evaluated(
        &mut self,
        _: &tidegauge::join::Group,
        _: JoinTimes,
        _: &str,
        _: Option<u8>,
        _: u8,
    ) {
    }
}

fn read(bytes: &[u8]) -> Outcomes {
    postcard::from_bytes(black_box(bytes)).unwrap_or_default()
}

/// Variants, each with its own filled state.
struct Ways {
    join: Join,
    map: HashMap<u64, [u64; 5]>,
    calls: Calls,
}

impl Ways {
    fn filled(stream: Stream, minutes: u64) -> Self {
        let mut ways = Self {
            join: Join::new(SETTINGS),
            map: HashMap::new(),
            calls: Calls::default(),
        };
        for minute in 0..minutes {
            let record = stream.record(minute);
            ways.join(minute, &record);
            ways.map(stream, minute, &record);
        }
        ways
    }

    fn join(&mut self, minute: u64, record: &[u8]) {
        self.join.submit(read(record));
        self.join
            .close(Boundary(minute as i64 + 1), &mut self.calls);
    }

    /// Simplest possible join: one map by id. It has no duplicates, no corrections and no order, and expires entries
    /// one by one.
    fn map(&mut self, stream: Stream, minute: u64, record: &[u8]) {
        let outcomes = read(record);
        for predicted in &outcomes.predicted {
            self.map.insert(predicted.id, [predicted.time.0 as u64; 5]);
        }
        for labelled in &outcomes.labelled {
            if let Some(entry) = self.map.get_mut(&labelled.id) {
                black_box(entry)[4] = 1;
            }
        }
        if let Some(dead) = minute.checked_sub(SETTINGS.horizon_minutes.unsigned_abs()) {
            stream.ids(dead).for_each(|id| {
                self.map.remove(&id);
            });
        }
    }
}

fn speed() {
    let stream = Stream::of(LIVE);
    let filled = SETTINGS.horizon_minutes.unsigned_abs() + 400;
    let mut ways = Ways::filled(stream, filled);
    let mut best = [
        ("decode", Duration::MAX),
        ("join", Duration::MAX),
        ("map", Duration::MAX),
    ];
    let (mut events, mut bytes) = (0, 0);
    for round in 0..ROUNDS as u64 {
        let minutes = filled + round * MINUTES..filled + (round + 1) * MINUTES;
        let records: Vec<(u64, Vec<u8>)> = minutes.map(|m| (m, stream.record(m))).collect();
        events = records.iter().map(|(_, record)| read(record).len()).sum();
        bytes = records.iter().map(|(_, record)| record.len()).sum();
        for (way, best) in &mut best {
            let start = Instant::now();
            for (minute, record) in &records {
                match *way {
                    "decode" => drop(black_box(read(record))),
                    "join" => ways.join(*minute, record),
                    _ => ways.map(stream, *minute, record),
                }
            }
            *best = start.elapsed().min(*best);
        }
    }
    println!(
        "{} live, {events} predictions and labels a round of {:.1} bytes each, best of {ROUNDS} rounds",
        ways.join.entries(),
        bytes as f64 / events as f64
    );
    println!(
        "{:<10} {:>12} {:>10} {:>8}",
        "way", "events/s", "ns/event", "x map"
    );
    let map = best
        .last()
        .map_or(Duration::MAX, |(_, took)| *took)
        .as_secs_f64();
    for (way, took) in best {
        let seconds = took.as_secs_f64() / events as f64;
        println!(
            "{way:<10} {:>12.0} {:>10.0} {:>8.2}",
            1.0 / seconds,
            seconds * 1e9,
            map / took.as_secs_f64()
        );
    }
    let counts = ways.join.counts();
    assert_eq!(ways.calls.judged, counts.joined);
    println!(
        "{} bytes counted per live prediction",
        ways.join.bytes() as u64 / ways.join.entries()
    );
}

/// Processor time of this process. Other load on the machine does not count.
fn busy() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = stat.split_whitespace().next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() << 10
}

fn memory(live: u64) {
    let stream = Stream::of(live);
    let closed = Boundary(SETTINGS.horizon_minutes);
    let standing = JoinCheckpoint {
        closed: Some(closed),
        ..JoinCheckpoint::default()
    };
    let mut join = Join::restore(SETTINGS, standing, Vec::new());
    let before = resident();
    let (mut took, mut events) = (Duration::ZERO, 0);
    for minute in 0..SETTINGS.horizon_minutes.unsigned_abs() {
        let record = stream.record(minute);
        let start = busy();
        let outcomes = read(&record);
        events += outcomes.len();
        join.submit(outcomes);
        join.close(Boundary(minute as i64 + 1), &mut NullSink);
        took += busy() - start;
    }
    let start = busy();
    join.resume();
    took += busy() - start;
    let grown = resident() - before;
    let entries = join.entries();
    println!(
        "{entries} live of {events} events, rebuilt in {:.1} s of one core",
        took.as_secs_f64()
    );
    println!(
        "{:.1} bytes per live prediction resident, {:.1} counted",
        grown as f64 / entries as f64,
        join.bytes() as f64 / entries as f64
    );
}
