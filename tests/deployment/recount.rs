//! Reports computed again from the input by independent code: plain maps of keys to counts.
//!
//! Rules for keys, from their documentation. Number: the upper 32 bits of its double, transformed so that they sort as
//! the numbers do. Score above a half: the mirrored key of 1 − score. Word: the upper half of a seeded XXH3.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::outcome::{Published, rfc3339};
use super::stream::Stream;

const QUARTER: i64 = 15 * 60_000;

/// Predictions from which a window reports, unless its length is the longest one: the default of `detect.events_min`.
pub const EVENTS_MIN: u64 = 30;

/// Counts of one subject in one window.
#[derive(Debug, Clone, Default)]
struct Tally {
    numbers: BTreeMap<u32, u64>,
    words: BTreeMap<u32, u64>,
    text: u64,
    boolean: u64,
    null: u64,
}

/// Predictions and subjects of one model and version in 15 minutes.
#[derive(Debug, Clone, Default)]
struct Quarter {
    predictions: u64,
    subjects: BTreeMap<String, Tally>,
}

type Scope = (String, Option<String>);

/// Counts of the whole input.
pub struct Recount {
    quarters: BTreeMap<(Scope, i64), Quarter>,
    start: i64,
    end: i64,
}

impl Recount {
    /// Counts every valid event.
    pub fn of(stream: &Stream) -> Self {
        let mut quarters: BTreeMap<(Scope, i64), Quarter> = BTreeMap::new();
        for event in stream.records().filter(|event| !event.bad) {
            let value: Value = serde_json::from_slice(&event.bytes).unwrap();
            let scope = (
                value["model"].as_str().unwrap().to_owned(),
                value["version"].as_str().map(str::to_owned),
            );
            let quarter = (event.millis - stream.start).div_euclid(QUARTER);
            quarters.entry((scope, quarter)).or_default().add(&value);
        }
        Self {
            quarters,
            start: stream.start,
            end: stream.end(),
        }
    }

    /// Asserts that the reports of the tumbling windows of `quarters` quarters of an hour equal the input, count by
    /// count in each cell. Returns the number of cells compared. Windows with fewer than `events_min` predictions must
    /// have no report.
    #[track_caller]
    pub fn assert_reports(
        &self,
        reports: &[Published],
        (length, quarters): (&str, i64),
        events_min: u64,
    ) -> usize {
        let mut expected = self.windows(quarters);
        expected.retain(|_, (predictions, _)| *predictions >= events_min);
        let mut cells = 0;
        for report in reports {
            let report: Value = serde_json::from_str(&report.value).unwrap();
            if report["window"]["length"] != length {
                continue;
            }
            let scope = (
                text(&report["model"]),
                report["version"].as_str().map(str::to_owned),
            );
            let end = text(&report["window"]["end"]);
            let (predictions, counts) = expected
                .remove(&(scope, end, text(&report["subject"])))
                .unwrap_or_else(|| {
                    panic!("a report of a window that is empty or too thin, or twice: {report}")
                });
            assert_eq!(report["predictions"], predictions, "{report}");
            counts.assert_types(&report, predictions);
            cells += assert_cells(&report, "numbers", 512, &counts.numbers);
            cells += assert_cells(&report, "categories", 4_096, &counts.words);
        }
        let missing: Vec<_> = expected.keys().take(3).collect();
        assert!(
            missing.is_empty(),
            "{} {length} reports are missing, such as {missing:?}",
            expected.len()
        );
        cells
    }

    fn windows(&self, quarters: i64) -> BTreeMap<(Scope, String, String), (u64, Tally)> {
        let mut windows: BTreeMap<(Scope, i64), Quarter> = BTreeMap::new();
        for ((scope, quarter), counted) in &self.quarters {
            let end = self.start + (quarter.div_euclid(quarters) + 1) * quarters * QUARTER;
            if end <= self.end {
                windows
                    .entry((scope.clone(), end))
                    .or_default()
                    .merge(counted);
            }
        }
        let of_window = |((scope, end), window): ((Scope, i64), Quarter)| {
            let predictions = window.predictions;
            window.subjects.into_iter().map(move |(subject, counts)| {
                (
                    (scope.clone(), rfc3339(end), subject),
                    (predictions, counts),
                )
            })
        };
        windows.into_iter().flat_map(of_window).collect()
    }
}

impl Quarter {
    fn add(&mut self, event: &Value) {
        self.predictions += 1;
        for (name, value) in event["features"].as_object().unwrap() {
            self.subject(format!("feature:{name}"))
                .add(value, number_key);
        }
        self.subject("label".to_owned())
            .add(&event["prediction"]["label"], number_key);
        self.subject("score".to_owned())
            .add(&event["prediction"]["score"], score_key);
        self.subject("latency_ms".to_owned())
            .add(&event["latency_ms"], number_key);
        self.subject("errors".to_owned()).boolean += u64::from(event["status"] == "error");
    }

    fn subject(&mut self, name: String) -> &mut Tally {
        self.subjects.entry(name).or_default()
    }

    fn merge(&mut self, other: &Self) {
        self.predictions += other.predictions;
        for (name, counts) in &other.subjects {
            let ours = self.subject(name.clone());
            counts
                .numbers
                .iter()
                .for_each(|(key, n)| *ours.numbers.entry(*key).or_default() += n);
            counts
                .words
                .iter()
                .for_each(|(key, n)| *ours.words.entry(*key).or_default() += n);
            ours.text += counts.text;
            ours.boolean += counts.boolean;
            ours.null += counts.null;
        }
    }
}

impl Tally {
    fn add(&mut self, value: &Value, key: fn(f64) -> u32) {
        match value {
            Value::Null => self.null += 1,
            Value::Bool(word) => {
                self.boolean += 1;
                *self
                    .words
                    .entry(word_key(1, if *word { "true" } else { "false" }))
                    .or_default() += 1;
            }
            Value::String(word) => {
                self.text += 1;
                *self.words.entry(word_key(0, word)).or_default() += 1;
            }
            number => {
                *self
                    .numbers
                    .entry(key(number.as_f64().unwrap()))
                    .or_default() += 1
            }
        }
    }

    fn assert_types(&self, report: &Value, predictions: u64) {
        let numbers: u64 = self.numbers.values().sum();
        let expected = [
            ("number", numbers),
            ("text", self.text),
            ("boolean", self.boolean),
            ("null", self.null),
        ];
        for (name, count) in expected {
            assert_eq!(report["types"][name], count, "{name}: {report}");
        }
        let present: u64 = expected.iter().map(|(_, count)| count).sum();
        assert_eq!(
            report["types"]["missing"],
            predictions - present,
            "{report}"
        );
    }
}

/// Asserts the cells of a report. Its level must be the smallest with at most `cells_max` cells.
fn assert_cells(report: &Value, field: &str, cells_max: usize, keys: &BTreeMap<u32, u64>) -> usize {
    if keys.is_empty() {
        assert_eq!(report[field], Value::Null, "{report}");
        return 0;
    }
    let level = report[field]["level"].as_u64().unwrap() as u32;
    let distinct = |level: u32| {
        keys.keys()
            .map(|key| key >> level)
            .collect::<BTreeSet<_>>()
            .len()
    };
    assert!(
        distinct(level) <= cells_max && (level == 0 || distinct(level - 1) > cells_max),
        "{report}"
    );
    let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
    keys.iter()
        .for_each(|(key, n)| *expected.entry(u64::from(key >> level)).or_default() += n);
    let found = report[field]["cells"].as_array().unwrap().iter();
    let found: BTreeMap<u64, u64> = found
        .map(|cell| (cell[0].as_u64().unwrap(), cell[1].as_u64().unwrap()))
        .collect();
    assert_eq!(
        found, expected,
        "{field} of {} {}",
        report["subject"], report["window"]
    );
    found.len()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn number_key(x: f64) -> u32 {
    let high = ((x + 0.0).to_bits() >> 32) as u32;
    if high >> 31 == 0 {
        high | 1 << 31
    } else {
        !high
    }
}

/// Key of a score, symmetric about a half: 1 − score has the mirrored key.
fn score_key(x: f64) -> u32 {
    assert!((0.0..=1.0).contains(&x));
    if x <= 0.5 {
        number_key(x)
    } else {
        2 * (number_key(0.5) - (1 << 31)) - (number_key(1.0 - x) - (1 << 31)) + (1 << 31)
    }
}

fn word_key(tag: u64, word: &str) -> u32 {
    (xxh3_64_with_seed(word.as_bytes(), 0x7469_6465 ^ tag) >> 32) as u32
}
