//! State of the demo at one moment. Both views are drawn from it.

use super::incident::{Incident, Timeline};
use super::record::PublishedAlert;
use super::score::{DemoScore, IncidentOutcome, IncidentScore, PublishedSoFar, behind, score_run};
use crate::alert::WindowTime;
use crate::event::EventTime;
use crate::http::{ModelStatus, ObjectiveStatus, QualityStatus, ReferenceStatus, StatusPage};

/// State of the demo at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a> {
    /// Status page of the process.
    pub status: &'a StatusPage,
    /// Planned incidents.
    pub timeline: &'a Timeline,
    /// Records read back so far.
    pub published: PublishedSoFar<'a>,
    /// Event time up to which the stream was produced.
    pub now: EventTime,
    /// True once everything that was produced is judged.
    pub is_over: bool,
    /// Events read per second of wall time, over the last second.
    pub events_per_sec: f64,
    /// Address of the broker.
    pub bootstrap: &'a str,
    /// URL of `/metrics`; empty if nothing is served.
    pub metrics: &'a str,
}

/// State of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IncidentState {
    /// Not begun.
    Ahead,
    /// In progress, and not found yet.
    Unnoticed,
    /// Over, and not found yet: the record that finds it may still come, for a wave of corrections a day later.
    Awaited,
    /// Not found, or not assessed as it should be, although everything is judged.
    Missed,
    /// Found by a record.
    Found(IncidentScore),
}

impl Snapshot<'_> {
    /// Event time up to which the stream was judged: the clock of the monitor.
    pub(super) fn clock(&self) -> EventTime {
        self.status.watermark.unwrap_or(self.timeline.start.time())
    }

    pub(super) fn demo_score(&self) -> DemoScore {
        score_run(self.timeline, &self.published)
    }

    /// Status of the only model.
    pub(super) fn model(&self) -> Option<&ModelStatus> {
        self.status.models.first()
    }

    /// Status of the only objective.
    pub(super) fn objective(&self) -> Option<&ObjectiveStatus> {
        self.model()?.objectives.first()
    }

    /// Coverage of the predictions of the last day: labelled ÷ predicted.
    pub(super) fn coverage(&self) -> Option<f64> {
        let of_day = |q: &&QualityStatus| {
            q.segment.is_none() && q.by == WindowTime::Prediction && q.window == "1d"
        };
        self.model()?.quality.iter().find(of_day)?.coverage
    }

    /// Progress of learning, from 0 to 1; `None` once the reference is learned.
    pub(super) fn learning(&self) -> Option<f64> {
        match self.model().map(|model| &model.reference) {
            Some(ReferenceStatus::Learned { .. }) => None,
            Some(ReferenceStatus::Learning { progress, .. }) => Some(*progress),
            None => Some(0.0),
        }
    }

    /// State of an incident. Begin and end are compared with the produced event time; records follow later. At the end of the
    /// run it agrees with the table.
    pub(super) fn state_of(&self, outcome: &IncidentOutcome) -> IncidentState {
        let span = outcome.incident.span;
        match &outcome.found {
            _ if self.is_over && !outcome.is_met() => IncidentState::Missed,
            Some(found) => IncidentState::Found(found.clone()),
            None if self.now < span.start.time() => IncidentState::Ahead,
            None if self.now < span.end.time() => IncidentState::Unnoticed,
            None => IncidentState::Awaited,
        }
    }

    /// Incident behind a record, if there is one.
    pub(super) fn behind(&self, record: &PublishedAlert) -> Option<&Incident> {
        behind(self.timeline, record, self.published.keep_firing_minutes)
    }

    /// Alert records, the newest in event time first. They come from three topics, each in an order of its own.
    pub(super) fn newest_alerts(&self) -> Vec<&PublishedAlert> {
        let mut alerts: Vec<&PublishedAlert> = self.published.alerts.iter().collect();
        alerts.sort_by_key(|record| record.moment());
        alerts.reverse();
        alerts
    }
}
