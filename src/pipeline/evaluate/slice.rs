//! Slices of a model: a version as a whole, or one segment of a version. Also the segments that a model knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Scope, Segment};
use crate::window::Boundary;

/// The unit that is judged: a version as a whole, or one segment of it. The whole sorts before its segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slice {
    /// The version; empty where the producer names none.
    pub version: String,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
}

impl Slice {
    /// The scope of this slice in `model`.
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

/// First and last occurrence of a name, each rounded down to a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSpan {
    /// First occurrence.
    pub first: Boundary,
    /// Latest occurrence.
    pub last: Boundary,
}

impl SeenSpan {
    /// The span of a name that occurred in one `quarter` only.
    #[must_use]
    pub fn at(quarter: Boundary) -> Self {
        Self {
            first: quarter,
            last: quarter,
        }
    }

    /// Notes that the name occurred in `quarter`. Returns true if anything changed.
    pub fn extend(&mut self, quarter: Boundary) -> bool {
        std::mem::replace(&mut self.last, quarter) != quarter
    }
}

/// The segments that a model knows, of all versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSegments(BTreeMap<Segment, SeenSpan>);

impl KnownSegments {
    /// Notes that `segment` occurred in `quarter`. Returns true if anything changed.
    pub fn note(&mut self, segment: &Segment, quarter: Boundary) -> bool {
        match self.0.get_mut(segment) {
            Some(seen) => seen.extend(quarter),
            None => {
                self.0.insert(segment.clone(), SeenSpan::at(quarter));
                true
            }
        }
    }

    /// Quarter of an hour in which `segment` was first seen; `None` if it is not known.
    #[must_use]
    pub fn first_seen(&self, segment: &Segment) -> Option<Boundary> {
        self.0.get(segment).map(|seen| seen.first)
    }

    /// True if `segment` is known.
    #[must_use]
    pub fn knows(&self, segment: &Segment) -> bool {
        self.0.contains_key(segment)
    }

    /// Number of known values of `key`.
    #[must_use]
    pub fn values_of(&self, key: &str) -> usize {
        self.0.keys().filter(|segment| segment.key == key).count()
    }

    /// Forgets the segments that last occurred before `oldest`, and returns them.
    pub fn retire(&mut self, oldest: Boundary) -> Vec<Segment> {
        let silent = self.0.iter().filter(|(_, seen)| seen.last < oldest);
        let silent: Vec<Segment> = silent.map(|(segment, _)| segment.clone()).collect();
        for segment in &silent {
            self.0.remove(segment);
        }
        silent
    }

    /// Each segment with its first and latest occurrence.
    pub fn iter(&self) -> impl Iterator<Item = (&Segment, SeenSpan)> {
        self.0.iter().map(|(segment, seen)| (segment, *seen))
    }
}
