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

/// What became of a drift's quality.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The model.
    pub model: String,
    /// Its version; empty where the producer names none.
    pub version: String,
    /// The segment that drifted; `None` for the version as a whole.
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
}

impl Assessment {
    /// What the record says of it.
    pub(super) fn parts(&self) -> RecordParts {
        let said = self.impact.sentence();
        RecordParts {
            impact: Some(self.impact.clone()),
            summary: format!("{}: drift assessed: {said}", self.model),
            description: self.description(&said),
            annotations: vec![("impact", said)],
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

    fn description(&self, said: &str) -> String {
        let whose = match &self.segment {
            Some(segment) => format!("segment {segment} of model {}", self.model),
            None => format!("model {}", self.model),
        };
        let window = WindowRecord::of_span(self.window);
        format!(
            "The labels of the {} up to {}, in which {whose} drifted, have come: {said}. \
             {} labels in the drifted window, {} before.",
            window.length, window.end, self.impact.count, self.impact.before_count
        )
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
