//! The counts that a window is compared with: those of its frozen reference, or of earlier traffic counted by its groups.

use super::tally::Tally;

/// Where the counts that a window is compared with come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceKind {
    /// The frozen reference.
    Fixed,
    /// The time before the window.
    Trailing,
    /// The same hours of earlier days or weeks.
    Seasonal,
}

impl ReferenceKind {
    /// Name in the configuration and in the details of a finding.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Trailing => "trailing",
            Self::Seasonal => "seasonal",
        }
    }

    /// True if the counts come from earlier traffic. They move with the window.
    #[must_use]
    pub fn moves(self) -> bool {
        self != Self::Fixed
    }
}

/// Counts of one subject that a window is compared with.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceCounts<'a> {
    /// Where they come from.
    pub kind: ReferenceKind,
    /// Values by the groups of the frozen reference.
    pub tally: &'a Tally,
    /// Predictions that could have had the subject.
    pub predictions: u64,
    /// Failed predictions among them.
    pub errors: u64,
}
