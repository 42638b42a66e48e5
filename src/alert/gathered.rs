//! The causes of one model and family, as they stand when their alert changes.

use super::cause::{Cause, Evidence};
use super::cause_record::{CauseRecord, Named, exemplar_records, provenance};
use super::objective::ObjectiveFacts;
use super::parts::RecordParts;
use super::segment::{naming, segment_records};
use crate::detect::Family;
use crate::event::Segment;
use crate::sketch::Exemplars;

/// Causes that an alert shows; the rest is counted. At some 600 bytes each a record stays below 16 KB.
pub const CAUSES_SHOWN_MAX: usize = 20;

/// The causes behind an alert about a model, one per version, segment and subject.
#[derive(Debug, Clone, PartialEq)]
pub struct GatheredCauses {
    /// The model.
    pub model: String,
    /// The family of all causes.
    pub family: Family,
    /// The strongest cause, with the last trouble seen of it.
    pub first: (Cause, Evidence),
    /// The next ones by descending effect; with the first at most [`CAUSES_SHOWN_MAX`].
    pub rest: Vec<(Cause, Evidence)>,
    /// Number of causes, shown or not.
    pub total: u64,
    /// Causes that are new with this change, in the order of all; at most [`CAUSES_SHOWN_MAX`].
    pub new: Vec<Cause>,
    /// Number of new causes, shown or not.
    pub new_total: u64,
    /// The version, if all causes share one that has a name.
    pub version: Option<String>,
    /// The segment that all causes share, or the one that bears more than half of what an objective has too much.
    pub segment: Option<Segment>,
    /// The reference of the first cause.
    pub reference_id: Option<String>,
    /// A few predictions behind the first cause; none once it is over.
    pub exemplars: Exemplars,
    /// The objective, where the alert is about one.
    pub objective: Option<ObjectiveFacts>,
}

impl GatheredCauses {
    /// The causes that are shown, the strongest first.
    pub fn shown(&self) -> impl Iterator<Item = &(Cause, Evidence)> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// What the record says of it, but for its two phrases.
    pub(super) fn parts(&self) -> RecordParts {
        let record = |(cause, evidence): &(Cause, Evidence)| CauseRecord::of(cause, evidence);
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

    /// The segment that bears more than half of the first cause's excess.
    pub(super) fn naming_segment(&self) -> Option<&super::segment::SegmentShare> {
        naming(&self.first.1.segments)
    }
}
