//! Where a cause fires: version, segment, subject and window length, whatever the detector.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use crate::event::Segment;
use crate::sketch::Subject;
use crate::window::WindowLength;

/// Where a cause fires: what the learning of habits asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The model's version; empty where the producer names none.
    pub version: String,
    /// The segment; `None` for the version as a whole.
    pub segment: Option<Segment>,
    /// What is measured; `None` for the scope as a whole.
    pub subject: Option<Subject>,
    /// The window's length.
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
