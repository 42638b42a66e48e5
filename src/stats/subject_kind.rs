//! Kind of values of a subject.

use crate::sketch::ValueSketch;

/// Kind of values of a subject, by the majority in its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// Finite numbers. Cells are in the order of the values.
    Numbers,
    /// Strings and booleans. Cells are in the order of the hashes, which has no meaning.
    Categories,
}

impl SubjectKind {
    /// Kind of values in a reference; `None` if it holds neither numbers nor categories.
    #[must_use]
    pub fn of(reference: &ValueSketch) -> Option<Self> {
        let types = reference.types;
        match types.text + types.boolean {
            0 if types.number == 0 => None,
            words if words > types.number => Some(Self::Categories),
            _ => Some(Self::Numbers),
        }
    }
}
