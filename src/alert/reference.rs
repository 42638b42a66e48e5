//! References as published: everything a reference knows, in parts that fit into a record.
//!
//! A model of 500 features has some 5 MB of cells, and a default broker refuses a record of 1 MB: subjects are dealt out
//! in order to as many parts as are needed. All parts of one reference carry its id and how many they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::path_segment;
use super::shape::{CategoriesRecord, NumbersRecord, TypesRecord, shapes};
use super::wire::{WindowRecord, json};
use crate::event::Segment;
use crate::reference::{Reference, SubjectReference};
use crate::sketch::Subject;

/// Name and version of the record's schema.
pub const REFERENCE_SCHEMA: &str = "tidegauge.reference/1";

/// One part of a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRecord {
    /// [`REFERENCE_SCHEMA`].
    pub schema: String,
    /// The model.
    pub model: String,
    /// The segment; left out where the reference is that of all the model's predictions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Content hash of the whole reference.
    pub id: String,
    /// The span of event time it was learned from.
    pub span: WindowRecord,
    /// Predictions in it.
    pub predictions: u64,
    /// Number of this part, from 1.
    pub part: u64,
    /// How many parts there are.
    pub parts: u64,
    /// What is known of each subject, by name.
    pub subjects: BTreeMap<String, SubjectRecord>,
}

/// What a reference knows of one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectRecord {
    /// Counts by type; their sum is `predictions`.
    pub types: TypesRecord,
    /// The numbers; `null` where there are none.
    pub numbers: Option<NumbersRecord>,
    /// The categories; `null` where there are none.
    pub categories: Option<CategoriesRecord>,
    /// The names of the categories' cells, by index; empty where cells are groups of hashes.
    pub names: BTreeMap<String, String>,
    /// Events whose category occurred in a single hour of the learning span.
    pub one_hour_events: u64,
}

impl SubjectRecord {
    fn of(subject: &Subject, known: &SubjectReference, predictions: u64) -> Self {
        let (numbers, categories) = shapes(&known.sketch, subject.scale());
        let names = known.sketch.words.names.iter();
        Self {
            types: TypesRecord::of(&known.sketch.types, predictions),
            numbers,
            categories,
            names: names
                .map(|(key, name)| (key.to_string(), name.clone()))
                .collect(),
            one_hour_events: known.one_hour_events,
        }
    }
}

/// The records of a reference, each of at most about `bytes_max` bytes; a single subject, at most 500 KB, is never split.
#[must_use]
pub fn reference_records(reference: &Reference, bytes_max: usize) -> Vec<ReferenceRecord> {
    let mut parts: Vec<BTreeMap<String, SubjectRecord>> = Vec::new();
    let mut open = BTreeMap::new();
    let mut bytes = 0;
    for (subject, known) in &reference.subjects {
        let record = SubjectRecord::of(subject, known, reference.predictions);
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
        .map(|(part, subjects)| record(reference, part, total, subjects))
        .collect()
}

fn record(
    reference: &Reference,
    part: u64,
    parts: u64,
    subjects: BTreeMap<String, SubjectRecord>,
) -> ReferenceRecord {
    ReferenceRecord {
        schema: REFERENCE_SCHEMA.to_owned(),
        model: reference.model.clone(),
        segment: reference.segment.as_ref().map(Segment::to_string),
        id: reference.id.clone(),
        span: WindowRecord::of_span(reference.span),
        predictions: reference.predictions,
        part,
        parts,
        subjects,
    }
}

impl ReferenceRecord {
    /// The Kafka key: model, id and part, percent-encoded, so that a compacted topic keeps every reference whole.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}", path_segment(&self.model), self.id, self.part)
    }

    /// The Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}
