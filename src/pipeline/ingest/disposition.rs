//! Dispositions: each record has exactly one.

use crate::event::Reject;
use crate::pipeline::observations::IngestCounts;

/// What ingest did with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Counted.
    Counted,
    /// Dropped, because it is older than its source's watermark. Labels are never late.
    Late,
    /// Refused: it goes to the dead-letter topic, byte for byte.
    Rejected(Reject),
}

impl Disposition {
    pub(super) fn add_to(self, counts: &mut IngestCounts) {
        match self {
            Self::Counted => counts.counted += 1,
            Self::Late => counts.late += 1,
            Self::Rejected(reason) => *counts.rejected.entry(reason).or_default() += 1,
        }
    }
}
