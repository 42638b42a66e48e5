//! Reports: what one subject of one model and version looked like in one tumbling window, for a warehouse to load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::path_segment;
use super::finite::finite;
use super::shape::{CategoriesRecord, NumbersRecord, TypesRecord, shapes};
use super::wire::{WindowRecord, json, named};
use crate::detect::{Finding, Verdict};
use crate::event::Segment;
use crate::sketch::{Subject, ValueSketch};
use crate::stats::DISTANCES;
use crate::window::{Boundary, Span, WindowLength};

/// Name and version of the record's schema.
pub const REPORT_SCHEMA: &str = "tidegauge.report/1";

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The model.
    pub model: &'a str,
    /// The version; empty where the producer names none.
    pub version: &'a str,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<&'a Segment>,
    /// The subject.
    pub subject: &'a Subject,
    /// The window's length.
    pub length: WindowLength,
    /// The window's end.
    pub end: Boundary,
    /// Predictions of the window.
    pub predictions: u64,
    /// What the window remembers of the subject; the empty sketch where it never came.
    pub sketch: &'a ValueSketch,
    /// What the detectors said of it; empty without a reference.
    pub findings: &'a [Finding],
    /// The reference that it was compared with.
    pub reference_id: Option<&'a str>,
}

/// What one detector said of a subject in a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// `breach`, `lingering`, `quiet` or `insufficient_data`.
    pub verdict: Verdict,
    /// The value that was measured.
    pub value: f64,
    /// What `value` must reach to matter.
    pub threshold: f64,
    /// The test's statistic.
    pub statistic: f64,
    /// The statistic's critical value.
    pub critical: f64,
    /// Numbers that ride along, by name: what is needed to recompute the verdict.
    pub details: BTreeMap<String, f64>,
}

/// One window's summary of one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportRecord {
    /// [`REPORT_SCHEMA`].
    pub schema: String,
    /// The model.
    pub model: String,
    /// The version; `null` where the producer names none.
    pub version: Option<String>,
    /// The segment; `null` for the version as a whole.
    pub segment: Option<String>,
    /// The subject: `feature:amount`, `score`.
    pub subject: String,
    /// The window.
    pub window: WindowRecord,
    /// Predictions of the window.
    pub predictions: u64,
    /// Counts by type; their sum is `predictions`.
    pub types: TypesRecord,
    /// The numbers; `null` where there are none.
    pub numbers: Option<NumbersRecord>,
    /// The categories; `null` where there are none.
    pub categories: Option<CategoriesRecord>,
    /// How far the window is from the reference, by distance: `psi`, `ks`, `js_distance`; empty without a reference.
    pub distances: BTreeMap<String, f64>,
    /// What each detector said.
    pub findings: BTreeMap<String, FindingRecord>,
    /// The gravest verdict; `null` without a reference.
    pub verdict: Option<Verdict>,
    /// The reference that it was compared with.
    pub reference_id: Option<String>,
}

impl Report<'_> {
    /// The record that is published.
    #[must_use]
    pub fn record(&self) -> ReportRecord {
        let (numbers, categories) = shapes(self.sketch, self.subject.scale());
        let span = Span::ending_at(self.end, self.length);
        let found = |f: &Finding| Some((f.detector.to_owned(), FindingRecord::of(f)?));
        let findings: BTreeMap<_, _> = self.findings.iter().filter_map(found).collect();
        ReportRecord {
            schema: REPORT_SCHEMA.to_owned(),
            model: self.model.to_owned(),
            version: named(self.version),
            segment: self.segment.map(Segment::to_string),
            subject: self.subject.name(),
            window: WindowRecord::of(self.length.name(), span),
            predictions: self.predictions,
            types: TypesRecord::of(&self.sketch.types, self.predictions),
            numbers,
            categories,
            distances: distances(self.findings),
            verdict: findings
                .values()
                .map(|f| f.verdict)
                .max_by_key(|v| gravity(*v)),
            findings,
            reference_id: self.reference_id.map(str::to_owned),
        }
    }
}

impl FindingRecord {
    /// The record; `None` if a number is NaN, which is a detector's bug.
    fn of(finding: &Finding) -> Option<Self> {
        Some(Self {
            verdict: finding.verdict,
            value: finite(finding.value)?,
            threshold: finite(finding.threshold)?,
            statistic: finite(finding.statistic)?,
            critical: finite(finding.critical)?,
            details: details(finding),
        })
    }
}

fn details(finding: &Finding) -> BTreeMap<String, f64> {
    let finite_ones = finding
        .details
        .iter()
        .filter_map(|(name, x)| Some((*name, finite(*x)?)));
    finite_ones.map(|(name, x)| (name.to_owned(), x)).collect()
}

/// The distances that ride in the findings, by name.
fn distances(findings: &[Finding]) -> BTreeMap<String, f64> {
    let measured = |name: &str| {
        let values = findings
            .iter()
            .filter_map(|finding| finding.details.get(name));
        values.copied().find_map(finite)
    };
    let named = |name: &str| Some((name.to_owned(), measured(name)?));
    DISTANCES
        .iter()
        .filter_map(|distance| named(distance.about().name))
        .collect()
}

fn gravity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::InsufficientData => 0,
        Verdict::Quiet => 1,
        Verdict::Lingering => 2,
        Verdict::Breach => 3,
    }
}

impl ReportRecord {
    /// The Kafka key: all windows of one subject in order on one partition. Its parts are percent-encoded, so that no two subjects share one; that of a segment has one more.
    #[must_use]
    pub fn key(&self) -> String {
        let version = self.version.as_deref().unwrap_or_default();
        let before = [self.model.as_str(), version];
        let after = [self.subject.as_str(), &self.window.length];
        let parts = before
            .into_iter()
            .chain(self.segment.as_deref())
            .chain(after);
        parts.map(path_segment).collect::<Vec<_>>().join("/")
    }

    /// The Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}
