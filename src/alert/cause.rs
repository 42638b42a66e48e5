//! Cause: what can fire. Evidence: what is kept of a cause while it fires.

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

/// Identity of what can fire: one detector, on one subject, in one window length. The field order makes the causes of one
/// `Place` adjacent, which `Episodes::is_quiet_at` needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// Version of the model; empty if the producer names none.
    pub version: String,
    /// Segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
    /// Measured subject; `None` for the scope as a whole.
    pub subject: Option<Subject>,
    /// Length of the window.
    pub length: WindowLength,
    /// Family whose alert gathers this cause.
    pub family: Family,
    /// Name of the detector.
    pub detector: Cow<'static, str>,
}

impl Cause {
    /// Name of the subject as published, if the cause has a subject.
    #[must_use]
    pub fn subject_name(&self) -> Option<String> {
        self.subject.as_ref().map(Subject::name)
    }
}

/// The form on the status page: `feature:amount psi`, or `feature:amount psi in country=DE`.
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

/// Finding of a detector, with the scope and window that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopedFinding {
    /// Version of the model; empty if the producer names none.
    pub version: String,
    /// Segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
    /// Length of the window, which ends at the boundary of the evaluation.
    pub window: WindowLength,
    /// Finding of the detector.
    pub finding: Finding,
    /// Hold and keep-firing times of the rule; `None` to use those of the settings.
    pub lasting: Option<RuleTiming>,
    /// Worst segments behind the finding, in any order; empty if they are not known.
    pub segments: Vec<SegmentShare>,
}

impl ScopedFinding {
    /// Finding on a version as a whole, timed by the settings.
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

    /// Cause that the finding is about.
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

    /// Signal to the state machine of the cause.
    #[must_use]
    pub(super) fn signal(&self) -> Signal {
        match self.finding.verdict {
            Verdict::Breach => Signal::Breach,
            Verdict::Lingering => Signal::Lingering,
            Verdict::Quiet => Signal::Quiet,
            Verdict::InsufficientData => Signal::Silence,
        }
    }

    /// Orders two findings on one cause by gravity. The graver one counts, whatever their order of arrival.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.finding, &other.finding);
        (self.signal().cmp(&other.signal()))
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

/// Last breach or lingering of a cause, with the numbers to recompute it. Every number is finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// End of the window of the finding.
    pub at: Boundary,
    /// Measured value, in the detector's unit.
    pub value: f64,
    /// Value from which the finding matters, in the detector's unit.
    pub threshold: f64,
    /// Distance ÷ distance at the threshold.
    pub effect: f64,
    /// Statistic of the test.
    pub statistic: f64,
    /// Critical value of the statistic.
    pub critical: f64,
    /// Survival function at the statistic; `None` if the test has none.
    pub p_value: Option<f64>,
    /// Evaluated events of the window.
    pub window_events: u64,
    /// Events of the reference.
    pub reference_events: u64,
    /// True if the effect is large enough to page at once.
    pub critical_effect: bool,
    /// True if the finding pages nobody, because the reference is provisional.
    pub is_provisional: bool,
    /// True if a breach must last twice as long as its window, at most two hours, before it fires.
    pub must_last: bool,
    /// Further numbers by name.
    pub details: BTreeMap<Cow<'static, str>, f64>,
    /// Affected category, if it has a name.
    pub category: Option<String>,
    /// Worst segments behind the finding, largest excess first.
    pub segments: Vec<SegmentShare>,
}

impl Evidence {
    /// Evidence of a finding in a window that ends at `at`; `None` if a number is NaN, which is a bug of the detector.
    /// Infinities become the largest double, because JSON has neither NaN nor infinity.
    #[must_use]
    pub fn of(observed: &ScopedFinding, at: Boundary) -> Option<Self> {
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
            is_provisional: finding.is_provisional,
            must_last: finding.must_last,
            details: details
                .filter_map(|(name, x)| Some((Cow::Borrowed(*name), finite(*x)?)))
                .collect(),
            category: finding.category.clone(),
            segments: worst(&observed.segments),
        })
    }
}

/// State of an active cause, with its last evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// State of the cause.
    pub state: State,
    /// Last breach or lingering.
    pub evidence: Evidence,
    /// Timing that the rule set with the last finding. Kept because a silent boundary has no finding to read it from.
    pub lasting: Option<RuleTiming>,
    /// Wave of the alert that gathers the cause, from 1.
    pub wave: u8,
}
