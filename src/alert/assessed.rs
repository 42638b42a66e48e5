//! Effect of a drift on quality: one follow-up record per drift alert, once the labels of the drifted window are mature.
//!
//! **Intuition.** A drift says that the input changed. It does not say that the answers got worse; only labels can, and they
//! arrive weeks later. The share of correct predictions in the drifted window is then compared with the share before it.
//!
//! **Formula.** Wilson's interval (z = 3.3) of each share, and Newcombe's interval of their difference: with
//! d = p − q, [d − √((p−l₁)² + (u₂−q)²), d + √((u₁−p)² + (q−l₂)²)]. *Unmoved* if it contains 0, else *worse* or *better*;
//! *unknown* below 30 labels on either side.
//!
//! **Limits.** *Unmoved* is not proof: with few labels the interval is wide, so the record shows it beside the verdict. The
//! two windows may differ in more than the drift. **Source.** Newcombe 1998, method 10. **Rejected.** The point difference:
//! it is never exactly 0. z = 1.96: it would report harm for every twentieth harmless drift.

use std::collections::BTreeMap;

use super::alert_key::AlertKey;
use super::cause_record::{CauseMeasure, CauseRecord};
use super::impact::{Impact, ImpactVerdict};
use super::parts::RecordParts;
use super::segment::ratio;
use super::terms::Severity;
use super::wire::{WindowRecord, named};
use crate::event::Segment;
use crate::sketch::Share;
use crate::stats::{Difference, Interval, wilson};
use crate::window::{Boundary, Span};

/// Half-width of the intervals, in standard deviations.
const Z: f64 = 3.3;
/// Labels that each side needs for a verdict.
const LABELS_MIN: i64 = 30;
/// Name of the detector.
const DETECTOR: &str = "impact";

/// Input of an assessment: a drifted window whose labels are mature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assessed<'a> {
    /// The model.
    pub model: &'a str,
    /// Key of the drift's alert.
    pub key: AlertKey,
    /// Version of the model; empty if the producer names none.
    pub version: &'a str,
    /// Segment that drifted; `None` for the version as a whole.
    pub segment: Option<&'a Segment>,
    /// Start of the drift's episode.
    pub start: Boundary,
    /// End of the alert; `None` while this episode or a later one of the same alert fires.
    pub ended: Option<Boundary>,
    /// Highest severity of the episode.
    pub severity: Severity,
    /// Boundary of the assessment.
    pub at: Boundary,
    /// The window that drifted.
    pub window: Span,
    /// Measure that `now` and `before` are shares of, such as `accuracy` or `precision`; higher is better.
    pub measure: &'a str,
    /// Correct of labelled predictions in the drifted window.
    pub now: Share,
    /// Correct of labelled predictions before the drift.
    pub before: Share,
}

/// Effect of a drift on quality, with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The model.
    pub model: String,
    /// Key of the drift's alert.
    pub key: AlertKey,
    /// Version of the model; empty if the producer names none.
    pub version: String,
    /// Segment that drifted; `None` for the version as a whole.
    pub segment: Option<Segment>,
    /// The window that drifted.
    pub window: Span,
    /// Quality in the window and before it.
    pub impact: Impact,
    /// Newcombe's interval of the difference.
    pub difference: Interval,
}

impl Assessed<'_> {
    pub(super) fn assessment(&self) -> Assessment {
        Assessment {
            model: self.model.to_owned(),
            key: self.key,
            version: self.version.to_owned(),
            segment: self.segment.cloned(),
            window: self.window,
            impact: self.impact(),
            difference: self.difference(),
        }
    }

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

    /// Newcombe's interval of `now` less `before`; all of -1..=1 if one of the shares is empty.
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
}

impl Assessment {
    /// Parts of the record that are particular to an assessment.
    pub(super) fn parts(&self) -> RecordParts {
        let sentence = self.impact.sentence();
        RecordParts {
            impact: Some(self.impact.clone()),
            summary: format!("{}: drift assessed: {sentence}", self.model),
            description: self.description(&sentence),
            annotations: vec![("impact", sentence)],
            ..RecordParts::of(self.cause())
        }
    }

    fn cause(&self) -> CauseRecord {
        let details = [
            ("difference_high", self.difference.high),
            ("difference_low", self.difference.low),
            ("z", Z),
        ];
        let Impact {
            value,
            before_value,
            count,
            before_count,
            ..
        } = self.impact;
        CauseRecord {
            version: named(&self.version),
            segment: self.segment.as_ref().map(Segment::to_string),
            returns: 0,
            measure: CauseMeasure {
                window: Some(WindowRecord::of_span(self.window)),
                window_events: Some(count.max(0).unsigned_abs()),
                reference_events: Some(before_count.max(0).unsigned_abs()),
                details: details
                    .map(|(name, x)| (name.to_owned(), x))
                    .into_iter()
                    .collect::<BTreeMap<_, _>>(),
                ..CauseMeasure::plain(
                    DETECTOR,
                    value.unwrap_or_default(),
                    before_value.unwrap_or_default(),
                )
            },
        }
    }

    fn description(&self, sentence: &str) -> String {
        let whose = match &self.segment {
            Some(segment) => format!("segment {segment} of model {}", self.model),
            None => format!("model {}", self.model),
        };
        let window = WindowRecord::of_span(self.window);
        format!(
            "The labels of the {} up to {}, in which {whose} drifted, have come: {sentence}. \
             {} labels in the drifted window, {} before.",
            window.length, window.end, self.impact.count, self.impact.before_count
        )
    }
}

/// Share with its counts clamped to 0 ≤ good ≤ valid. Signed counts can leave that range, because a span may contain
/// the correction of a label that lies in another span.
fn sound(share: Share) -> Share {
    let valid = share.valid.max(0);
    let good = share.good.clamp(0, valid);
    Share { good, valid }
}

fn interval(share: Share) -> Interval {
    let Share { good, valid } = sound(share);
    wilson(good.unsigned_abs(), valid.unsigned_abs(), Z)
}
