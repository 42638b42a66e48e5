//! Place of a cause: version, segment, subject and window length, whatever the detector.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use crate::event::Segment;
use crate::sketch::Subject;
use crate::window::WindowLength;

/// Place where a cause fires. Learning of variability skips places that are not quiet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Version of the model; empty if the producer names none.
    pub version: String,
    /// Segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
    /// Measured subject; `None` for the scope as a whole.
    pub subject: Option<Subject>,
    /// Length of the window.
    pub length: WindowLength,
}

impl Place {
    pub(super) fn of(cause: &Cause) -> Self {
        Self {
            version: cause.version.clone(),
            segment: cause.segment.clone(),
            subject: cause.subject.clone(),
            length: cause.length,
        }
    }
}
