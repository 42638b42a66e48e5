//! Stream of tests/golden/labels_oracle.py, generated again: predictions of 30 days, and labels that are late,
//! duplicated, corrected, too early, too late, or of an unknown id.
//!
//! Both programs draw integers from one splitmix64 per prediction and produce the same bytes, which is checked by
//! SHA-256. The published results must equal those of the oracle, which uses plain dictionaries.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::stream::{DISORDER, Random, START};
use crate::support::{Producer, Sent};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
const DAYS: i64 = 30;
const SEED: u64 = 17;
/// End of the stream: by then the last label and the last prediction have expired.
const END: i64 = START + (DAYS + 14) * DAY;

const MODELS: [(&str, &str); 3] = [("churn", ""), ("fraud", "v2"), ("fraud", "v1")];
const COUNTRIES: [&str; 4] = ["de", "fr", "us", ""];
const SOURCES: [&str; 2] = ["human", "chargeback"];

/// Classes of a model, in the order of the golden tables.
pub fn classes(model: &str) -> &'static [&'static str] {
    if model == "churn" {
        &["stay", "leave", "pause"]
    } else {
        &["ok", "fraud"]
    }
}

struct Predicted {
    order: i64,
    time: i64,
    id: usize,
    model: usize,
    country: usize,
    is_canary: bool,
    cell: u64,
}

struct Labelled {
    order: i64,
    arrival: i64,
    made: i64,
    is_unknown: bool,
    id: usize,
    class: &'static str,
    source: usize,
}

/// Predictions and labels, each in the order in which they are written.
pub struct Labels {
    predicted: Vec<Predicted>,
    labelled: Vec<Labelled>,
}

/// Topics for predictions and labels, and their numbers of partitions. Both are partitioned independently.
#[derive(Debug, Clone)]
pub struct Inputs {
    pub predictions: String,
    pub prediction_partitions: usize,
    pub labels: String,
    pub label_partitions: usize,
}

impl Labels {
    /// Creates a stream with `count` predictions, not counting repeated ones.
    pub fn new(count: usize) -> Self {
        let mut made = Self {
            predicted: Vec::new(),
            labelled: Vec::new(),
        };
        (0..count).for_each(|i| made.predict(i, count));
        made.predicted.sort_by_key(|p| p.order); // a stable sort, as in the oracle
        made.labelled.sort_by_key(|l| l.order);
        made
    }

    fn predict(&mut self, i: usize, count: usize) {
        let mut random = Random(SEED.wrapping_mul(0x0100_0000_01b3) ^ (i as u64) << 20);
        let mut below = |n: i64| random.below(n as u64) as i64;
        let at = START + DAYS * DAY * i as i64 / count as i64;
        let time = (at + below(MINUTE)).min(START + DAYS * DAY - 1);
        let model = match below(10) {
            0..3 => 0,
            3..6 => 1,
            _ => 2,
        };
        let (country, cell) = (below(4) as usize, below(100) as u64);
        let back = count * 10 / DAYS as usize;
        let is_reused = below(100) == 0 && i >= back;
        let id = if is_reused { i - back } else { i };
        let mut push = |time: i64, is_canary, cell, jitter: i64| {
            self.predicted.push(Predicted {
                order: time + jitter,
                time,
                id,
                model,
                country,
                is_canary,
                cell,
            });
        };
        push(time, false, cell, below(MINUTE));
        if model > 0 && below(20) == 0 {
            let (later, other) = (below(1_000), below(100) as u64);
            push(time + later, true, other, below(MINUTE));
        }
        let later = match below(100) {
            0 => Some((0, cell)),
            1 => Some((below(MINUTE), 99 - cell)),
            2 => Some((below(5 * DAY), 99 - cell)),
            _ => None,
        };
        if let Some((later, cell)) = later {
            push(time + later, false, cell, below(MINUTE));
        }
        self.label(&mut below, id, time, (model, country, cell));
    }

    fn label(
        &mut self,
        below: &mut impl FnMut(i64) -> i64,
        id: usize,
        time: i64,
        (model, country, cell): (usize, usize, u64),
    ) {
        let classes = classes(MODELS[model].0);
        let is_wrong = below(100) < 15 + 5 * country as i64;
        let truth = (predicted_class(model, cell) + usize::from(is_wrong)) % classes.len();
        let other = (truth + 1) % classes.len();
        let delay = match below(100) {
            0..12 => return,
            12..40 => below(HOUR),
            40..70 => below(DAY),
            70..88 => below(7 * DAY),
            88..92 => 7 * DAY + below(3 * DAY),
            92..95 => -below(HOUR),
            95..97 => -HOUR - below(HOUR),
            97 => 7 * DAY,
            98 => -HOUR,
            _ => 7 * DAY + 1,
        };
        let mut tell = |(after, later): (i64, i64), class, kind: &[usize; 2], jitter: i64| {
            let arrival = time + delay + after;
            self.labelled.push(Labelled {
                order: arrival + jitter,
                arrival,
                made: time - 3 * HOUR + later,
                is_unknown: kind[0] == 1,
                id,
                class: classes[class],
                source: kind[1],
            });
        };
        tell((0, 0), truth, &[0, 0], below(MINUTE));
        let (after, later, class, kind) = match below(20) {
            0 => (1 + below(DAY), 0, truth, [0, 0]),
            1 => (1 + below(2 * DAY), 1, other, [0, 0]),
            2 => (-1 - below(HOUR), 1, other, [0, 0]),
            3 => {
                let after = 1 + below(DAY);
                tell((after, 2), other, &[0, 0], below(MINUTE));
                (after + 1 + below(2 * DAY), 4, truth, [0, 0])
            }
            4 => (1 + below(DAY), -1, other, [0, 0]),
            5 => (1 + below(DAY), 1, truth, [0, 0]),
            6 => (0, 0, truth, [1, 0]),
            7 => (1 + below(DAY), 1, truth, [0, 1]),
            _ => return,
        };
        tell((after, later), class, &kind, below(MINUTE));
    }

    /// Hash by which the oracle identifies the stream.
    pub fn sha256(&self) -> String {
        let mut digest = Sha256::new();
        let mut line = |millis: i64, value: String| {
            digest.update(format!("{millis}\t{value}\n").as_bytes());
        };
        self.predicted.iter().for_each(|p| line(p.time, p.value()));
        self.labelled
            .iter()
            .for_each(|l| line(l.arrival, l.value()));
        let bytes = digest.finalize();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Writes part number `part` of `parts` equal spans of time to both topics.
    pub fn write(&self, producer: &Producer, inputs: &Inputs, part: i64, parts: i64) {
        let first = START - 4 * HOUR;
        let edge = |n: i64| first + (END - first) * n / parts;
        let (from, to) = (edge(part), edge(part + 1));
        let start = self.predicted.partition_point(|p| p.order < from);
        for (at, p) in self.predicted.iter().enumerate().skip(start) {
            if p.order >= to {
                break;
            }
            let partition = at % inputs.prediction_partitions;
            let key = format!("{}-{}", p.model, p.country);
            send(
                producer,
                &inputs.predictions,
                partition,
                key,
                p.value(),
                p.time,
            );
        }
        let start = self.labelled.partition_point(|l| l.order < from);
        let labels = self.labelled[start..].iter();
        for l in labels.take_while(|l| l.order < to) {
            let partition = (l.id / 3) % inputs.label_partitions;
            send(
                producer,
                &inputs.labels,
                partition,
                format!("{}", l.id),
                l.value(),
                l.arrival,
            );
        }
        producer.flush();
    }

    /// Writes the last record of each partition. From then on, both clocks stand at the end.
    pub fn close(producer: &Producer, inputs: &Inputs) {
        close_at(producer, inputs, END);
    }

    /// Writes the whole stream at once.
    pub fn write_all(&self, producer: &Producer, inputs: &Inputs) {
        self.write(producer, inputs, 0, 1);
        Self::close(producer, inputs);
    }
}

/// Writes a last record to each partition of both topics, so that both clocks reach `end`.
pub fn close_at(producer: &Producer, inputs: &Inputs, end: i64) {
    let millis = end + DISORDER + 1_000;
    for partition in 0..inputs.prediction_partitions {
        let value =
            json!({"id": format!("closer-{partition}"), "model": "closer", "timestamp": millis});
        send(
            producer,
            &inputs.predictions,
            partition,
            String::new(),
            value.to_string(),
            millis,
        );
    }
    for partition in 0..inputs.label_partitions {
        let value = json!({"id": "nobody", "label": "closer", "timestamp": millis}).to_string();
        send(
            producer,
            &inputs.labels,
            partition,
            String::new(),
            value,
            millis,
        );
    }
    producer.flush();
}

fn send(
    producer: &Producer,
    topic: &str,
    partition: usize,
    key: String,
    value: String,
    millis: i64,
) {
    producer.send(
        topic,
        &Sent {
            partition: partition as i32,
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            timestamp_millis: Some(millis),
            ..Sent::default()
        },
    );
}

fn predicted_class(model: usize, cell: u64) -> usize {
    match model {
        0 => (cell / 34) as usize,
        _ => usize::from(cell >= 70),
    }
}

impl Predicted {
    fn value(&self) -> String {
        let (model, version) = MODELS[self.model];
        let version = match version {
            "" => String::new(),
            version => format!("\"version\":\"{version}\","),
        };
        let segments = match COUNTRIES[self.country] {
            "" => String::new(),
            country => format!("\"segments\":{{\"country\":\"{country}\"}},"),
        };
        let variant = if self.is_canary {
            "\"variant\":\"canary\","
        } else {
            ""
        };
        let class = classes(model)[predicted_class(self.model, self.cell)];
        format!(
            "{{\"id\":\"p{}\",\"model\":\"{model}\",{version}\"timestamp\":{},{segments}{variant}\
             \"prediction\":{{\"label\":\"{class}\",\"score\":0.{:02}5}}}}",
            self.id, self.time, self.cell
        )
    }
}

impl Labelled {
    fn value(&self) -> String {
        let whose = if self.is_unknown { 'u' } else { 'p' };
        format!(
            "{{\"id\":\"{whose}{}\",\"label\":\"{}\",\"timestamp\":{},\"source\":\"{}\"}}",
            self.id, self.class, self.made, SOURCES[self.source]
        )
    }
}

/// Window of one scope: its kind, the day of its end, its age in days, model, version and segment.
pub type Window = (String, i64, i64, String, String, String);

/// Predicted, labelled, corrections, the sum over the score cells, and the counts by predicted and true class.
pub type Row = (i64, i64, i64, i64, Vec<i64>);

/// Results of the oracle for a stream.
pub struct Golden {
    pub totals: BTreeMap<&'static str, String>,
    pub rows: BTreeMap<Window, Row>,
}

impl Golden {
    /// Reads a golden file.
    pub fn parse(text: &'static str) -> Self {
        let totals = text.lines().filter_map(|line| {
            let (name, total) = line.strip_prefix("# ")?.split_once(' ')?;
            Some((name, total.to_owned()))
        });
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        Self {
            totals: totals.collect(),
            rows: rows.map(row).collect(),
        }
    }

    /// Returns a total by name.
    pub fn total(&self, name: &str) -> i64 {
        self.totals[name].parse().unwrap()
    }
}

fn row(line: &str) -> (Window, Row) {
    let f: Vec<&str> = line.split('\t').collect();
    let number = |at: usize| f[at].parse::<i64>().unwrap();
    let window = (
        f[0].into(),
        number(1),
        number(2),
        f[3].into(),
        f[4].into(),
        f[5].into(),
    );
    let counts = f[10].split(',').map(|n| n.parse().unwrap()).collect();
    (window, (number(6), number(7), number(8), number(9), counts))
}
