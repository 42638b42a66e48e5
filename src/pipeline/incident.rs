//! Incidents of a source on their way into an alert: what happened, and when, as far as event time says.
//!
//! A source whose watermark is not known (it is new, was reset, or its records have no timestamps) has no event time. Its
//! incident is dated by the wall clock of the flush that publishes it, which is the time of detection to within a flush.
//! Integrity alerts are not reproducible anyway, because crashes cause some of them.

use super::frame::SourceId;
use crate::alert::{Alert, AlertSettings, Integrity, SourceName};
use crate::event::{EventTime, Tick};

/// Something that happened to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedIncident {
    /// When, in event time; `None` if the source has none.
    pub at: Option<EventTime>,
    /// What.
    pub what: Integrity,
}

impl DatedIncident {
    /// The alert on the incident. `now` is the wall clock of the flush that publishes it.
    #[must_use]
    pub fn alert(&self, source: &SourceId, settings: &AlertSettings, now: Tick) -> Alert {
        let name = SourceName {
            topic: &source.topic,
            partition: source.partition,
        };
        let at = self.at.unwrap_or(EventTime(now.0));
        Alert::integrity(self.what, name, at, settings)
    }
}
