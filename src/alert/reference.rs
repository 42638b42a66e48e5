//! References as published: everything a reference knows, in parts that fit into a record.
//!
//! A model of 500 features has about 5 MB of cells, and a default broker rejects a record of 1 MB. So subjects are split, in
//! order, into as many parts as needed. All parts of one reference carry its id and the number of parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::path_segment;
use super::shape::{CategoriesRecord, NumbersRecord, TypesRecord, shapes};
use super::wire::{WindowRecord, instant, json};
use crate::event::Segment;
use crate::reference::{Reference, Rhythm, SubjectReference};
use crate::sketch::Subject;
use crate::window::{Boundary, WeekDays};

/// Name and version of the record's schema.
pub const REFERENCE_SCHEMA: &str = "tidegauge.reference/1";

/// One part of a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRecord {
    /// [`REFERENCE_SCHEMA`].
    pub schema: String,
    /// Name of the model.
    pub model: String,
    /// Segment; left out if the reference covers all predictions of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Content hash of the whole reference.
    pub id: String,
    /// Span of event time that the reference was learned from.
    pub span: WindowRecord,
    /// Boundary from which the model is compared with it, RFC 3339: when it was learned, or when an order brought it back. Left out
    /// by earlier builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_since: Option<String>,
    /// Predictions in the span.
    pub predictions: u64,
    /// Days of the week, UTC, on which predictions came in the span, from `Mon` on; left out of the reference of a segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<String>>,
    /// Number of this part, from 1.
    pub part: u64,
    /// Number of parts.
    pub parts: u64,
    /// Distribution of each subject, by name.
    pub subjects: BTreeMap<String, SubjectRecord>,
}

/// Distribution of one subject in a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectRecord {
    /// Counts by type; their sum is `predictions`.
    pub types: TypesRecord,
    /// Distribution of numbers; `null` if there are none.
    pub numbers: Option<NumbersRecord>,
    /// Distribution of categories; `null` if there are none.
    pub categories: Option<CategoriesRecord>,
    /// Names of the categories' cells, by index; empty if cells are groups of hashes.
    pub names: BTreeMap<String, String>,
    /// Span of event time that the subject was learned from.
    pub span: WindowRecord,
    /// Predictions in the span that could have had the subject.
    pub predictions: u64,
    /// True until the whole learning span was seen.
    pub provisional: bool,
    /// Events whose category occurred in only one pane of the learning span.
    pub lone_events: u64,
    /// How much of what it varied by was the time of day; `null` as long as it is provisional, if it was in trouble when
    /// the others were completed, and without values to compare.
    pub rhythm: Option<RhythmRecord>,
}

/// How much of what a subject varied by, while it was learned, was the time of day and the day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RhythmRecord {
    /// How far six hours lay from the whole, beyond noise; in standard deviations if it is small.
    pub distance: f64,
    /// Share of its square that was the time of day, 0..=1; `null` if fewer than three days were learned.
    pub time_of_day: Option<f64>,
    /// Share that was the day of the week, 0..=1; `null` if fewer than three weeks were learned.
    pub weekday: Option<f64>,
}

impl RhythmRecord {
    fn of(rhythm: Rhythm) -> Self {
        Self {
            distance: rhythm.distance,
            time_of_day: rhythm.time_of_day,
            weekday: rhythm.weekday,
        }
    }
}

impl SubjectRecord {
    fn of(subject: &Subject, known: &SubjectReference) -> Self {
        let (numbers, categories) = shapes(&known.sketch, subject.scale());
        let names = known.sketch.words.names.iter();
        Self {
            types: TypesRecord::of(&known.sketch.types, known.predictions),
            numbers,
            categories,
            names: names
                .map(|(key, name)| (key.to_string(), name.clone()))
                .collect(),
            span: WindowRecord::of_span(known.span),
            predictions: known.predictions,
            provisional: known.is_provisional,
            lone_events: known.lone_events,
            rhythm: known.rhythm.map(RhythmRecord::of),
        }
    }
}

/// Records of a reference that covers `days` and is in force from `at` on, each of at most about `bytes_max` bytes. One subject, at most 500 KB, is never split.
#[must_use]
pub fn reference_records(
    reference: &Reference,
    (days, at): (Option<WeekDays>, Boundary),
    bytes_max: usize,
) -> Vec<ReferenceRecord> {
    let mut parts: Vec<BTreeMap<String, SubjectRecord>> = Vec::new();
    let mut open = BTreeMap::new();
    let mut bytes = 0;
    for (subject, known) in &reference.subjects {
        let record = SubjectRecord::of(subject, known);
        let name = subject.name();
        let size = json(&record).len() + name.len();
        if bytes > 0 && bytes + size > bytes_max {
            parts.push(std::mem::take(&mut open));
            bytes = 0;
        }
        bytes += size;
        open.insert(name, record);
    }
    parts.push(open);
    let total = parts.len() as u64;
    (1..)
        .zip(parts)
        .map(|(part, subjects)| record(reference, (days, at), (part, total), subjects))
        .collect()
}

fn record(
    reference: &Reference,
    (days, at): (Option<WeekDays>, Boundary),
    (part, parts): (u64, u64),
    subjects: BTreeMap<String, SubjectRecord>,
) -> ReferenceRecord {
    ReferenceRecord {
        schema: REFERENCE_SCHEMA.to_owned(),
        model: reference.model.clone(),
        segment: reference.segment.as_ref().map(Segment::to_string),
        id: reference.id.clone(),
        span: WindowRecord::of_span(reference.span),
        in_force_since: Some(instant(at.time())),
        predictions: reference.predictions,
        days: days.map(|days| days.names().map(str::to_owned).collect()),
        part,
        parts,
        subjects,
    }
}

impl ReferenceRecord {
    /// Kafka key: model (percent-encoded), id and part, so that a compacted topic keeps all parts of every reference.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}", path_segment(&self.model), self.id, self.part)
    }

    /// Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}
