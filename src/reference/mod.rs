//! The datum: the frozen distributions a model is compared with.

mod learn;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use learn::learn;

use crate::event::Segment;
use crate::sketch::{Subject, ValueSketch};
use crate::window::Span;

/// What a model looked like over the span it was learned from. It belongs to the model: new versions are judged against it at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Content hash: 32 hexadecimal digits.
    pub id: String,
    /// The model.
    pub model: String,
    /// The segment of its predictions that is meant; `None` for all of them.
    pub segment: Option<Segment>,
    /// The span of event time it was learned from.
    pub span: Span,
    /// Predictions in it.
    pub predictions: u64,
    /// The distribution of each subject.
    pub subjects: BTreeMap<Subject, SubjectReference>,
}

/// What a reference knows of one subject.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SubjectReference {
    /// Its distribution over the learning span.
    pub sketch: ValueSketch,
    /// Events whose category occurred in a single hour of the learning span: how often new categories are ordinary.
    pub one_hour_events: u64,
}

impl Reference {
    /// All but the segment, so that the id of a whole is what it was before there were segments.
    fn content(&self) -> impl Serialize + '_ {
        (
            &self.id,
            &self.model,
            self.span,
            self.predictions,
            &self.subjects,
        )
    }

    /// Gives the reference the id that its content has: the first half of the SHA-256 of its canonical bytes.
    fn with_content_id(mut self) -> Self {
        self.id.clear();
        // A vector takes any bytes: this cannot fail.
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
