//! What a drift did to quality: one follow-up record per drift alert, once the labels of the drifted window are mature.
//!
//! **Intuition.** A drift says that the input changed, not that the answers got worse; weeks later the labels know. The
//! share of right answers in the drifted window is compared with the one before, and the alert gets its verdict.
//!
//! **Formula.** Wilson's interval (z = 3.3) of each share, and Newcombe's interval of their difference: with
//! d = p − q, [d − √((p−l₁)² + (u₂−q)²), d + √((u₁−p)² + (q−l₂)²)]. *Unmoved* where it holds 0, else *worse* or *better*;
//! *unknown* below 30 labels on either side.
//!
//! **Limits.** Unmoved is not proof: with few labels the interval is wide, and it stands beside the verdict. The time before
//! and the drifted window may differ in more than the drift. **Source.** Newcombe 1998, method 10. **Rejected.** The
//! point difference (moves always); z = 1.96 (every twentieth harmless drift would be called harm).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::identity::{assessment_id, fingerprint};
use super::record::{
    ALERT_SCHEMA, AlertRecord, CauseMeasure, CauseRecord, WindowRecord, instant, named,
};
use super::segment::ratio;
use super::settings::AlertSettings;
use super::terms::{AlertKind, AlertStatus, Change, Severity};
use super::text::{annotations, labels};
use crate::event::Segment;
use crate::sketch::Share;
use crate::stats::{Difference, Interval, wilson};
use crate::window::{Boundary, Span};

/// Standard deviations to either side of a share.
const Z: f64 = 3.3;
/// Labels on either side from which something is said.
const LABELS_MIN: i64 = 30;
/// The detector's name.
const DETECTOR: &str = "impact";

/// A drifted window whose labels have come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assessed<'a> {
    /// The model.
    pub model: &'a str,
    /// Its version; empty where the producer names none.
    pub version: &'a str,
    /// The segment that drifted; `None` for the version as a whole.
    pub segment: Option<&'a Segment>,
    /// Where the drift's episode began.
    pub start: Boundary,
    /// Where the alert ended; `None` while it, or a later episode of it, fires.
    pub ended: Option<Boundary>,
    /// The gravest severity of the episode.
    pub severity: Severity,
    /// The boundary at which this is said.
    pub at: Boundary,
    /// The window that drifted.
    pub window: Span,
    /// The measure of which `now` and `before` are shares, higher being better: `accuracy`, `precision`.
    pub measure: &'a str,
    /// Right ones among the labelled of the drifted window.
    pub now: Share,
    /// Right ones among the labelled before the drift.
    pub before: Share,
}

/// What a drift did to quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactVerdict {
    /// The interval of the difference holds 0.
    Unmoved,
    /// Certainly worse.
    Worse,
    /// Certainly better.
    Better,
    /// Too few labels to say.
    Unknown,
}

/// Quality in the drifted window beside quality before it, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// The measure: `accuracy`.
    pub measure: String,
    /// Its value in the drifted window; `null` without labels.
    pub value: Option<f64>,
    /// Lower end of Wilson's interval of `value`, z = 3.3; `null` without labels.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Labels of the drifted window behind it.
    pub count: i64,
    /// Its value before the drift; `null` without labels.
    pub before_value: Option<f64>,
    /// Labels behind `before_value`.
    pub before_count: i64,
    /// What it comes to.
    pub verdict: ImpactVerdict,
}

/// The record that says what a drift did to quality. It has the drift alert's fingerprint, an id of its own that depends
/// on the episode alone, and stands outside the episode's sequence.
#[must_use]
pub fn assessment_record(assessed: &Assessed<'_>, settings: &AlertSettings) -> AlertRecord {
    let fingerprint = fingerprint(assessed.model, AlertKind::Drift, None);
    let severity = if settings.dry_run {
        Severity::None
    } else {
        assessed.severity
    };
    let impact = assessed.impact();
    let said = impact.sentence();
    let cause = assessed.cause(&impact);
    let mut annotations = annotations(
        format!("{}: drift assessed: {said}", assessed.model),
        assessed.description(&said),
        settings,
    );
    annotations.insert("impact".to_owned(), said);
    AlertRecord {
        schema: ALERT_SCHEMA.to_owned(),
        id: assessment_id(&fingerprint, assessed.start.time()),
        fingerprint,
        kind: AlertKind::Drift,
        status: if assessed.ended.is_some() {
            AlertStatus::Resolved
        } else {
            AlertStatus::Firing
        },
        change: Some(Change::Assessed),
        sequence: 0,
        severity,
        model: Some(assessed.model.to_owned()),
        version: cause.version.clone(),
        segment: cause.segment.clone(),
        measure: cause.measure.clone(),
        reference_id: None,
        causes_total: 1,
        causes: vec![cause],
        new_causes_total: 0,
        new_causes: Vec::new(),
        exemplars: Vec::new(),
        provenance: Vec::new(),
        runbook_url: settings.runbook_url.clone(),
        labels: labels(AlertKind::Drift, severity, Some(assessed.model), settings),
        annotations,
        at: instant(assessed.at.time()),
        started_at: instant(assessed.start.time()),
        ended_at: assessed.ended.map(|end| instant(end.time())),
        segments: Vec::new(),
        objective: None,
        impact: Some(impact),
    }
}

impl Assessed<'_> {
    fn impact(&self) -> Impact {
        let interval = (self.now.valid > 0).then(|| interval(self.now));
        Impact {
            measure: self.measure.to_owned(),
            value: ratio(sound(self.now)),
            low: interval.map(|i| i.low),
            high: interval.map(|i| i.high),
            count: self.now.valid,
            before_value: ratio(sound(self.before)),
            before_count: self.before.valid,
            verdict: self.verdict(),
        }
    }

    /// All of -1..=1 where one of the shares is empty.
    fn difference(&self) -> Interval {
        let difference = Difference {
            of: sound(self.now),
            from: sound(self.before),
        };
        difference.interval(Z)
    }

    fn verdict(&self) -> ImpactVerdict {
        if self.now.valid < LABELS_MIN || self.before.valid < LABELS_MIN {
            return ImpactVerdict::Unknown;
        }
        let difference = self.difference();
        if difference.high < 0.0 {
            ImpactVerdict::Worse
        } else if difference.low > 0.0 {
            ImpactVerdict::Better
        } else {
            ImpactVerdict::Unmoved
        }
    }

    fn cause(&self, impact: &Impact) -> CauseRecord {
        let difference = self.difference();
        let details = [
            ("difference_high", difference.high),
            ("difference_low", difference.low),
            ("z", Z),
        ];
        CauseRecord {
            version: named(self.version),
            segment: self.segment.map(Segment::to_string),
            measure: CauseMeasure {
                subject: None,
                detector: DETECTOR.to_owned(),
                definition: CauseMeasure::definition_of(DETECTOR),
                category: None,
                window: Some(WindowRecord::of_span(self.window)),
                value: impact.value.unwrap_or_default(),
                threshold: impact.before_value.unwrap_or_default(),
                effect: None,
                statistic: None,
                critical: None,
                p_value: None,
                window_events: Some(self.now.valid.max(0).unsigned_abs()),
                reference_events: Some(self.before.valid.max(0).unsigned_abs()),
                details: details
                    .map(|(name, x)| (name.to_owned(), x))
                    .into_iter()
                    .collect::<BTreeMap<_, _>>(),
            },
        }
    }

    fn description(&self, said: &str) -> String {
        let whose = match self.segment {
            Some(segment) => format!("segment {segment} of model {}", self.model),
            None => format!("model {}", self.model),
        };
        let window = WindowRecord::of_span(self.window);
        format!(
            "The labels of the {} up to {}, in which {whose} drifted, have come: {said}. \
             {} labels in the drifted window, {} before.",
            window.length, window.end, self.now.valid, self.before.valid
        )
    }
}

impl Impact {
    /// `quality unmoved: accuracy 0.947 (0.931–0.960) in the drifted window, 0.950 before`.
    fn sentence(&self) -> String {
        let verdict = match self.verdict {
            ImpactVerdict::Unmoved => "quality unmoved",
            ImpactVerdict::Worse => "quality worse",
            ImpactVerdict::Better => "quality better",
            ImpactVerdict::Unknown => "quality not known, too few labels",
        };
        let measured = match (self.value, self.low, self.high) {
            (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3}–{high:.3})"),
            _ => "without a label".to_owned(),
        };
        let before = match self.before_value {
            Some(before) => format!("{before:.3}"),
            None => "without a label".to_owned(),
        };
        let measure = &self.measure;
        format!("{verdict}: {measure} {measured} in the drifted window, {before} before")
    }
}

/// A share between none and all: a span may hold the correction of a label that another holds.
fn sound(share: Share) -> Share {
    let valid = share.valid.max(0);
    let good = share.good.clamp(0, valid);
    Share { good, valid }
}

fn interval(share: Share) -> Interval {
    let Share { good, valid } = sound(share);
    wilson(good.unsigned_abs(), valid.unsigned_abs(), Z)
}
