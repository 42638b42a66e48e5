//! Slices: a version of a model as a whole, or one segment of it; and the segments that a model knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Scope, Segment};
use crate::window::Boundary;

/// What is judged by itself: a version as a whole, or one segment of it. A version's whole comes before its segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slice {
    /// The version; empty where the producer names none.
    pub version: String,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
}

impl Slice {
    /// The slice of `model` as a scope.
    #[must_use]
    pub fn of(&self, model: &str) -> Scope {
        Scope {
            model: model.to_owned(),
            version: self.version.clone(),
            segment: self.segment.clone(),
        }
    }
}

impl From<&Scope> for Slice {
    fn from(scope: &Scope) -> Self {
        Self {
            version: scope.version.clone(),
            segment: scope.segment.clone(),
        }
    }
}

/// When a segment was seen, both to a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSpan {
    /// For the first time.
    pub first: Boundary,
    /// For the last time.
    pub last: Boundary,
}

/// The segments that a model knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSegments(BTreeMap<Segment, SeenSpan>);

impl KnownSegments {
    /// Notes that `segment` was seen in `quarter`; answers whether that is news.
    pub fn note(&mut self, segment: &Segment, quarter: Boundary) -> bool {
        match self.0.get_mut(segment) {
            Some(seen) => std::mem::replace(&mut seen.last, quarter) != quarter,
            None => {
                let seen = SeenSpan {
                    first: quarter,
                    last: quarter,
                };
                self.0.insert(segment.clone(), seen);
                true
            }
        }
    }

    /// Whether `segment` is known.
    #[must_use]
    pub fn knows(&self, segment: &Segment) -> bool {
        self.0.contains_key(segment)
    }

    /// Values known of `key`.
    #[must_use]
    pub fn values_of(&self, key: &str) -> usize {
        self.0.keys().filter(|segment| segment.key == key).count()
    }

    /// Forgets the segments that were last seen before `oldest`, and names them.
    pub fn retire(&mut self, oldest: Boundary) -> Vec<Segment> {
        let silent = self.0.iter().filter(|(_, seen)| seen.last < oldest);
        let silent: Vec<Segment> = silent.map(|(segment, _)| segment.clone()).collect();
        for segment in &silent {
            self.0.remove(segment);
        }
        silent
    }

    /// Each segment and when it was seen.
    pub fn iter(&self) -> impl Iterator<Item = (&Segment, SeenSpan)> {
        self.0.iter().map(|(segment, seen)| (segment, *seen))
    }
}
