//! What can fire: a cause, and the evidence that is kept of it while it does.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finite::finite;
use super::machine::{RuleTiming, Signal, State};
use super::segment::{SegmentShare, worst};
use crate::detect::{Family, Finding, Verdict};
use crate::event::Segment;
use crate::sketch::Subject;
use crate::window::{Boundary, WindowLength};

/// One detector's word on one subject in one window length. The order groups what `Episodes::is_quiet` asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// The model's version; empty where the producer names none.
    pub version: String,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
    /// What is measured; `None` for the scope as a whole.
    pub subject: Option<Subject>,
    /// The window's length.
    pub length: WindowLength,
    /// The family under which it is gathered.
    pub family: Family,
    /// The detector's name.
    pub detector: Cow<'static, str>,
}

impl Cause {
    /// Its subject's name as published, if it has one.
    #[must_use]
    pub fn subject_name(&self) -> Option<String> {
        self.subject.as_ref().map(Subject::name)
    }
}

/// `feature:amount psi`, or `feature:amount psi in country=DE`, as the status page shows it.
impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let subject = self.subject_name();
        let subject = subject.as_deref().unwrap_or("traffic");
        write!(f, "{subject} {}", self.detector)?;
        match &self.segment {
            Some(segment) => write!(f, " in {segment}"),
            None => Ok(()),
        }
    }
}

/// A finding, and the scope and window it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The model's version; empty where the producer names none.
    pub version: String,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
    /// The window's length; it ends at the boundary of the observation.
    pub window: WindowLength,
    /// What the detector says.
    pub finding: Finding,
    /// How long a breach is held and a quiet cause goes on, where the rule says so; `None` for the settings'.
    pub lasting: Option<RuleTiming>,
    /// The worst segments behind the finding, where they are known; in any order.
    pub segments: Vec<SegmentShare>,
}

impl Observed {
    /// A finding on a version as a whole, that lasts as the settings say.
    #[must_use]
    pub fn whole(version: String, window: WindowLength, finding: Finding) -> Self {
        Self {
            version,
            segment: None,
            window,
            finding,
            lasting: None,
            segments: Vec::new(),
        }
    }

    /// The cause it speaks of.
    #[must_use]
    pub fn cause(&self) -> Cause {
        Cause {
            version: self.version.clone(),
            segment: self.segment.clone(),
            subject: self.finding.subject.clone(),
            length: self.window,
            family: self.finding.family,
            detector: Cow::Borrowed(self.finding.detector),
        }
    }

    /// What the machine is told.
    #[must_use]
    pub(super) fn news(&self) -> Signal {
        match self.finding.verdict {
            Verdict::Breach => Signal::Breach,
            Verdict::Lingering => Signal::Lingering,
            Verdict::Quiet => Signal::Quiet,
            Verdict::InsufficientData => Signal::Silence,
        }
    }

    /// Of two findings on one cause the graver counts, whatever their order.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.finding, &other.finding);
        (self.news().cmp(&other.news()))
            .then(a.effect.total_cmp(&b.effect))
            .then(a.value.total_cmp(&b.value))
            .then(a.statistic.total_cmp(&b.statistic))
            .then(a.category.cmp(&b.category))
            .then(self.lasting.cmp(&other.lasting))
            .then_with(|| {
                let shares = |o: &Self| {
                    o.segments
                        .iter()
                        .map(|s| (s.segment.clone(), s.share))
                        .collect::<Vec<_>>()
                };
                shares(self).cmp(&shares(other))
            })
    }
}

/// The last trouble seen of a cause: enough to recompute it. Every number is finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// End of the window in which it was seen.
    pub at: Boundary,
    /// The value that was measured, in the detector's unit.
    pub value: f64,
    /// What `value` must reach to matter.
    pub threshold: f64,
    /// `value ÷ threshold`.
    pub effect: f64,
    /// The test's statistic.
    pub statistic: f64,
    /// The statistic's critical value.
    pub critical: f64,
    /// The survival function at the statistic, where the test has one.
    pub p_value: Option<f64>,
    /// Events of the window that were judged.
    pub window_events: u64,
    /// Events of the reference it was compared with.
    pub reference_events: u64,
    /// Whether it is bad enough to page at once.
    pub critical_effect: bool,
    /// Numbers that ride along, by name.
    pub details: BTreeMap<Cow<'static, str>, f64>,
    /// The category concerned, where it can be named.
    pub category: Option<String>,
    /// The worst segments behind it, the largest excess first.
    pub segments: Vec<SegmentShare>,
}

impl Evidence {
    /// The evidence of what was observed in a window that ends at `at`; `None` if a number is NaN, which is a detector's
    /// bug and proves nothing. Infinities become the largest double: JSON knows neither.
    #[must_use]
    pub fn of(observed: &Observed, at: Boundary) -> Option<Self> {
        let finding = &observed.finding;
        let details = finding.details.iter();
        Some(Self {
            at,
            value: finite(finding.value)?,
            threshold: finite(finding.threshold)?,
            effect: finite(finding.effect)?,
            statistic: finite(finding.statistic)?,
            critical: finite(finding.critical)?,
            p_value: finding.p_value.and_then(finite),
            window_events: finding.window_events,
            reference_events: finding.reference_events,
            critical_effect: finding.critical_effect,
            details: details
                .filter_map(|(name, x)| Some((Cow::Borrowed(*name), finite(*x)?)))
                .collect(),
            category: finding.category.clone(),
            segments: worst(&observed.segments),
        })
    }
}

/// An active cause: where it stands, and the last trouble seen of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Where it stands.
    pub state: State,
    /// The last breach or lingering.
    pub evidence: Evidence,
    /// What its rule set when it was last heard: silence does not say.
    pub lasting: Option<RuleTiming>,
}
