//! Reports: the distribution of one subject of one model and version in one tumbling window, for a warehouse to load.

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

/// Input of a report.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// Version of the model; empty if the producer names none.
    pub version: &'a str,
    /// Segment; `None` for the version as a whole.
    pub segment: Option<&'a Segment>,
    /// Subject of the report.
    pub subject: &'a Subject,
    /// Length of the window.
    pub length: WindowLength,
    /// End of the window.
    pub end: Boundary,
    /// Predictions in the window.
    pub predictions: u64,
    /// Sketch of the subject in the window; empty if the subject did not occur.
    pub sketch: &'a ValueSketch,
    /// Findings of the detectors on the subject; empty without a reference.
    pub findings: &'a [Finding],
    /// Id of the reference that the window was compared with.
    pub reference_id: Option<&'a str>,
}

/// Finding of one detector on a subject in a window, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Verdict: `breach`, `lingering`, `quiet` or `insufficient_data`.
    pub verdict: Verdict,
    /// Measured value, in the detector's unit.
    pub value: f64,
    /// Value from which the finding matters, in the detector's unit.
    pub threshold: f64,
    /// Statistic of the test.
    pub statistic: f64,
    /// Critical value of the statistic.
    pub critical: f64,
    /// Further numbers by name, as needed to recompute the verdict.
    pub details: BTreeMap<String, f64>,
}

/// Summary of one subject in one window, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportRecord {
    /// [`REPORT_SCHEMA`].
    pub schema: String,
    /// Name of the model.
    pub model: String,
    /// Version of the model; `null` if the producer names none.
    pub version: Option<String>,
    /// Segment; `null` for the version as a whole.
    pub segment: Option<String>,
    /// Subject, such as `feature:amount` or `score`.
    pub subject: String,
    /// Window of the report.
    pub window: WindowRecord,
    /// Predictions in the window.
    pub predictions: u64,
    /// Counts by type; their sum is `predictions`.
    pub types: TypesRecord,
    /// Distribution of numbers; `null` if there are none.
    pub numbers: Option<NumbersRecord>,
    /// Distribution of categories; `null` if there are none.
    pub categories: Option<CategoriesRecord>,
    /// Distances of the window from the reference: `psi`, `ks`, `js_distance`; empty without a reference.
    pub distances: BTreeMap<String, f64>,
    /// Findings by detector.
    pub findings: BTreeMap<String, FindingRecord>,
    /// Gravest verdict; `null` without a reference.
    pub verdict: Option<Verdict>,
    /// Id of the reference that the window was compared with.
    pub reference_id: Option<String>,
}

impl Report<'_> {
    /// Published record.
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
    /// Record of a finding; `None` if a number is NaN, which is a bug of the detector.
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

/// Distances that the findings carry in their details, by name.
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
    /// Kafka key. It keeps all windows of one subject in order on one partition. Its parts are percent-encoded, so that no
    /// two subjects share a key. The key of a segment has one more part.
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

    /// Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }
}
