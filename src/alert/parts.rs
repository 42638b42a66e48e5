//! Parts of a record that differ by kind of alert.

use super::cause_record::{CauseRecord, ExemplarRecord, Named, Provenance};
use super::impact::Impact;
use super::objective::ObjectivePart;
use super::segment::SegmentRecord;

/// Parts that one kind of alert adds to its record. [`RecordParts::of`] has one cause and nothing else.
pub(super) struct RecordParts {
    pub(super) version: Option<String>,
    pub(super) segment: Option<String>,
    pub(super) first: CauseRecord,
    pub(super) rest: Vec<CauseRecord>,
    pub(super) causes_total: u64,
    pub(super) new_causes: Vec<Named>,
    pub(super) new_causes_total: u64,
    pub(super) reference_id: Option<String>,
    pub(super) exemplars: Vec<ExemplarRecord>,
    pub(super) provenance: Vec<Provenance>,
    pub(super) segments: Vec<SegmentRecord>,
    pub(super) objective: Option<ObjectivePart>,
    pub(super) impact: Option<Impact>,
    /// Labels in addition to those that every alert has.
    pub(super) labels: Vec<(&'static str, String)>,
    /// One line of text.
    pub(super) summary: String,
    /// Full sentences of text.
    pub(super) description: String,
    /// Annotations in addition to the two texts.
    pub(super) annotations: Vec<(&'static str, String)>,
}

impl RecordParts {
    pub(super) fn of(first: CauseRecord) -> Self {
        Self {
            version: first.version.clone(),
            segment: first.segment.clone(),
            first,
            rest: Vec::new(),
            causes_total: 1,
            new_causes: Vec::new(),
            new_causes_total: 0,
            reference_id: None,
            exemplars: Vec::new(),
            provenance: Vec::new(),
            segments: Vec::new(),
            objective: None,
            impact: None,
            labels: Vec::new(),
            summary: String::new(),
            description: String::new(),
            annotations: Vec::new(),
        }
    }
}
