//! One moment of the demo: all that the live view and the plain lines are drawn from.

use super::incident::{Incident, Timeline};
use super::record::AlertRecord;
use super::score::{Found, Reckoning, reckon};
use crate::event::EventTime;
use crate::http::{ModelStatus, ReferenceStatus, Status};

/// One moment of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What the process itself says.
    pub status: &'a Status,
    /// The course of events.
    pub timeline: &'a Timeline,
    /// Alert records read back so far, in order.
    pub alerts: &'a [AlertRecord],
    /// How far the stream was produced, in event time.
    pub now: EventTime,
    /// Events read per second of wall time.
    pub events_per_sec: f64,
    /// Where the broker answers.
    pub bootstrap: &'a str,
    /// Where `/metrics` answers; empty where nothing is served.
    pub metrics: &'a str,
    /// The alerting's own setting.
    pub keep_firing_minutes: i64,
}

/// How it stands with an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not begun.
    Ahead,
    /// It goes on, and nothing was said yet.
    Unnoticed,
    /// It is over, and nothing was said yet.
    Overdue,
    /// An alert found it.
    Found(Found),
}

impl Scene<'_> {
    /// How far what was produced is also judged, in event time: the clock of the monitor.
    pub(super) fn clock(&self) -> EventTime {
        self.status.watermark.unwrap_or(self.timeline.start.time())
    }

    pub(super) fn reckoning(&self) -> Reckoning {
        reckon(self.timeline, self.alerts, self.keep_firing_minutes)
    }

    /// The demo has one model.
    pub(super) fn model(&self) -> Option<&ModelStatus> {
        self.status.models.first()
    }

    /// 0..=1 while learning, `None` once the reference is there.
    pub(super) fn learning(&self) -> Option<f64> {
        match self.model().map(|model| &model.reference) {
            Some(ReferenceStatus::Learned { .. }) => None,
            Some(ReferenceStatus::Learning { progress, .. }) => Some(*progress),
            None => Some(0.0),
        }
    }

    /// By the produced time an incident begins and ends; what was said of it comes later.
    pub(super) fn standing(&self, incident: &Incident, found: Option<Found>) -> Standing {
        match found {
            Some(found) => Standing::Found(found),
            None if self.now < incident.span.start.time() => Standing::Ahead,
            None if self.now < incident.span.end.time() => Standing::Unnoticed,
            None => Standing::Overdue,
        }
    }
}
