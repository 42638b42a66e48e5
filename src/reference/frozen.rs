//! Frozen reference: the distributions of one model or segment, with an id computed from the content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::rhythm::Rhythm;
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
    /// Span of event time that the first subjects were learned from.
    pub span: Span,
    /// Number of predictions in the span.
    pub predictions: u64,
    /// Distribution of each subject.
    pub subjects: BTreeMap<Subject, SubjectReference>,
}

/// Reference of one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectReference {
    /// Place among the subjects of the reference, in the order in which they were learned. It never changes.
    pub place: u32,
    /// Span of event time that the subject was learned from. It differs from that of the model for a subject that came
    /// later.
    pub span: Span,
    /// Number of predictions in the span that could have had the subject.
    pub predictions: u64,
    /// Number of failed predictions among them.
    pub errors: u64,
    /// True until the whole learning span was seen: what differs may be a weekday.
    pub is_provisional: bool,
    /// Distribution over the span.
    pub sketch: ValueSketch,
    /// Number of events whose category occurred in a single pane of the span. It shows how often new categories are normal.
    pub lone_events: u64,
    /// How much of what it varied by was the time of day; `None` as long as it is provisional, if it was in trouble when the
    /// others were completed, and without values to compare.
    pub rhythm: Option<Rhythm>,
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

    /// True if some of its subjects are provisional.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        self.subjects.values().any(|subject| subject.is_provisional)
    }

    /// The place of the next subject.
    #[must_use]
    pub fn next_place(&self) -> u32 {
        let last = self.subjects.values().map(|subject| subject.place).max();
        last.map_or(0, |last| last.saturating_add(1))
    }

    /// Sets the id: the first half of the SHA-256 of the canonical bytes of the content.
    #[must_use]
    pub fn with_content_id(mut self) -> Self {
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
