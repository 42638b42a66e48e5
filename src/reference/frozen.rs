//! Frozen reference: the distributions of one model or segment, with an id computed from the content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::event::Segment;
use crate::sketch::{Subject, ValueSketch};
use crate::window::Span;

/// Distributions of a model over the span it was learned from. A reference belongs to the model, so a new version is
/// compared with it at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Hash of the content: 32 hexadecimal digits.
    pub id: String,
    /// Name of the model.
    pub model: String,
    /// Segment that the reference covers; `None` for all predictions of the model.
    pub segment: Option<Segment>,
    /// Span of event time that the reference was learned from.
    pub span: Span,
    /// Number of predictions in the span.
    pub predictions: u64,
    /// Distribution of each subject.
    pub subjects: BTreeMap<Subject, SubjectReference>,
}

/// Reference of one subject.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SubjectReference {
    /// Distribution over the learning span.
    pub sketch: ValueSketch,
    /// Number of events whose category occurred in a single hour of the learning span. It shows how often new
    /// categories are normal.
    pub one_hour_events: u64,
}

impl Reference {
    /// Content for the id: all fields but the segment. This keeps the ids from before segments existed.
    fn content(&self) -> impl Serialize + '_ {
        (
            &self.id,
            &self.model,
            self.span,
            self.predictions,
            &self.subjects,
        )
    }

    /// Sets the id: the first half of the SHA-256 of the canonical bytes of the content.
    pub(super) fn with_content_id(mut self) -> Self {
        self.id.clear();
        // Serialization into a vector cannot fail.
        let mut bytes = postcard::to_stdvec(&self.content()).unwrap_or_default();
        if let Some(segment) = &self.segment {
            bytes = postcard::to_extend(segment, bytes).unwrap_or_default();
        }
        let digest = Sha256::digest(&bytes);
        self.id = digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self
    }
}
