//! One moment of the demo: all that the live view and the plain lines are drawn from.

use super::incident::{Incident, Timeline};
use super::score::{DemoScore, IncidentScore, PublishedSoFar, reckon};
use crate::alert::By;
use crate::event::EventTime;
use crate::http::{ModelStatus, ObjectiveStatus, QualityStatus, ReferenceStatus, StatusPage};

/// One moment of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What the process itself says.
    pub status: &'a StatusPage,
    /// The course of events.
    pub timeline: &'a Timeline,
    /// What was read back so far.
    pub said: PublishedSoFar<'a>,
    /// How far the stream was produced, in event time.
    pub now: EventTime,
    /// Events read per second of wall time.
    pub events_per_sec: f64,
    /// Where the broker answers.
    pub bootstrap: &'a str,
    /// Where `/metrics` answers; empty where nothing is served.
    pub metrics: &'a str,
}

/// How it stands with an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SceneAlert {
    /// It has not begun.
    Ahead,
    /// It goes on, and nothing was said yet.
    Unnoticed,
    /// It is over, and nothing was said yet.
    Overdue,
    /// An alert found it.
    Found(IncidentScore),
}

impl Scene<'_> {
    /// How far what was produced is also judged, in event time: the clock of the monitor.
    pub(super) fn clock(&self) -> EventTime {
        self.status.watermark.unwrap_or(self.timeline.start.time())
    }

    pub(super) fn reckoning(&self) -> DemoScore {
        reckon(self.timeline, &self.said)
    }

    /// The demo has one model.
    pub(super) fn model(&self) -> Option<&ModelStatus> {
        self.status.models.first()
    }

    /// The demo has one objective.
    pub(super) fn objective(&self) -> Option<&ObjectiveStatus> {
        self.model()?.objectives.first()
    }

    /// Labelled ÷ predicted of the last day's predictions.
    pub(super) fn coverage(&self) -> Option<f64> {
        let of_day =
            |q: &&QualityStatus| q.segment.is_none() && q.by == By::Prediction && q.window == "1d";
        self.model()?.quality.iter().find(of_day)?.coverage
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
    pub(super) fn standing(&self, incident: &Incident, found: Option<IncidentScore>) -> SceneAlert {
        match found {
            Some(found) => SceneAlert::Found(found),
            None if self.now < incident.span.start.time() => SceneAlert::Ahead,
            None if self.now < incident.span.end.time() => SceneAlert::Unnoticed,
            None => SceneAlert::Overdue,
        }
    }
}
