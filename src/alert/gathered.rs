//! Causes of one alert at a change of their alert.

use std::collections::BTreeMap;

use super::alert_key::AlertKey;
use super::cause::{Cause, Evidence};
use super::cause_record::{CauseRecord, Named, exemplar_records, provenance};
use super::listing::CauseTarget;
use super::manner::manner;
use super::objective::ObjectiveFacts;
use super::parts::RecordParts;
use super::segment::{naming, segment_records};
use crate::event::Segment;
use crate::sketch::Exemplars;

/// Causes that an alert shows; the others are only counted. At about 600 bytes each, a record stays below 16 KB.
pub const CAUSES_SHOWN_MAX: usize = 20;

/// Causes behind an alert about a model, one per version, segment and subject.
#[derive(Debug, Clone, PartialEq)]
pub struct GatheredCauses {
    /// Name of the model.
    pub model: String,
    /// Family, area and wave of all causes.
    pub key: AlertKey,
    /// Strongest cause, with its last evidence.
    pub first: (Cause, Evidence),
    /// Next causes by descending effect; with the first, at most [`CAUSES_SHOWN_MAX`].
    pub rest: Vec<(Cause, Evidence)>,
    /// Times that a shown subject fired again after it had resolved, if any.
    pub(super) returns: BTreeMap<CauseTarget, u32>,
    /// Number of causes, shown or not.
    pub total: u64,
    /// Causes that are new with this change, in the order of the causes; at most [`CAUSES_SHOWN_MAX`].
    pub new: Vec<Cause>,
    /// Number of new causes, shown or not.
    pub new_total: u64,
    /// Version that all causes share, if it has a name.
    pub version: Option<String>,
    /// Segment that all causes share, or the one that bears more than half of an objective's excess.
    pub segment: Option<Segment>,
    /// Id of the reference of the first cause.
    pub reference_id: Option<String>,
    /// A few predictions behind the first cause; empty once the alert is resolved.
    pub exemplars: Exemplars,
    /// Objective, if the alert is about one.
    pub objective: Option<ObjectiveFacts>,
    /// Why the alert ended although its cause may last; `None` if the cause ended, or the alert is open.
    pub ended_because: Option<String>,
}

impl GatheredCauses {
    /// Causes that the record shows, strongest first.
    pub fn shown(&self) -> impl Iterator<Item = &(Cause, Evidence)> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The first cause in one line, and in which way it differs: `feature:amount psi (higher by 0.93 σ)`. No feature value.
    #[must_use]
    pub fn headline(&self) -> String {
        let (cause, evidence) = &self.first;
        match manner(cause, evidence) {
            Some(manner) => format!("{cause} ({manner})"),
            None => cause.to_string(),
        }
    }

    /// Parts of the record that come from the causes; `summary` and `description` are left empty.
    pub(super) fn parts(&self) -> RecordParts {
        let record = |(cause, evidence): &(Cause, Evidence)| {
            let returns = self.returns.get(&CauseTarget::of(cause)).copied();
            CauseRecord::of(cause, evidence, returns.unwrap_or(0))
        };
        let (first, evidence) = &self.first;
        let objective = self.objective.as_ref();
        RecordParts {
            version: self.version.clone(),
            segment: self.segment.as_ref().map(Segment::to_string),
            rest: self.rest.iter().map(record).collect(),
            causes_total: self.total,
            new_causes: self.new.iter().map(Named::of).collect(),
            new_causes_total: self.new_total,
            reference_id: self.reference_id.clone(),
            exemplars: exemplar_records(&self.exemplars),
            provenance: provenance(&self.exemplars),
            segments: segment_records(&evidence.segments),
            objective: objective.map(|objective| objective.part(&first.detector)),
            labels: objective
                .map(|objective| ("objective", objective.name.clone()))
                .into_iter()
                .collect(),
            ..RecordParts::of(record(&self.first))
        }
    }

    /// Segment that bears more than half of the first cause's excess, if one does.
    pub(super) fn naming_segment(&self) -> Option<&super::segment::SegmentShare> {
        naming(&self.first.1.segments)
    }
}
