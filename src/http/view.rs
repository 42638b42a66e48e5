//! One worker's part of the board: its health, its series, and what the status page shows of its tasks.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Metric;
use super::model_series::ModelSeries;
use super::readiness::WorkerHealth;
use super::series::SeriesWriter;
use super::status::{FiringAlert, IdleStatus, JoinStatus, SourceStatus};
use crate::event::{EventTime, Tick};
use crate::pipeline::clock::ClockReport;
use crate::pipeline::observations::Forgotten;

/// What a worker shows of its tasks since its last assignment.
#[derive(Default)]
pub(super) struct Shown {
    /// The watermark of each input partition.
    pub sources: BTreeMap<(String, i32), Option<EventTime>>,
    /// What the clocks and the input partitions wait for.
    pub clocks: ClockReport,
    /// Models by name.
    pub models: BTreeMap<String, ModelSeries>,
    /// Alerts that fire, by fingerprint.
    pub alerts: BTreeMap<String, FiringAlert>,
    /// Joins by partition.
    pub joins: BTreeMap<i32, JoinStatus>,
    /// Objectives that have nothing to judge, by partition of `panes`.
    pub idle: BTreeMap<i32, Vec<IdleStatus>>,
    /// Patterns of `detect.exclude` that match nothing, by partition.
    pub idle_patterns: BTreeMap<i32, BTreeSet<String>>,
}

/// Sums since the start.
#[derive(Default)]
pub(super) struct Totals {
    pub events: u64,
    pub labels: u64,
    pub late: u64,
    pub rejected: u64,
    pub windows: u64,
}

/// One worker's part of the board, to be changed.
pub(super) struct WorkerView<'a> {
    pub health: &'a mut WorkerHealth,
    pub shown: &'a mut Shown,
    pub totals: &'a mut Totals,
    pub series: SeriesWriter<'a>,
}

impl WorkerView<'_> {
    /// Forgets everything that may now belong to another worker: a lag that nobody updates would page.
    pub fn disown(&mut self) {
        self.series.remove_all();
        *self.shown = Shown::default();
    }

    /// Sets the lag of each input partition.
    pub fn set_lags(&mut self, now: Tick) {
        for ((topic, partition), watermark) in &self.shown.sources {
            if let Some(lag) = lag_secs(now, *watermark) {
                let labels = [topic.as_str(), &partition.to_string()];
                self.series.set(Metric::LagSeconds, &labels, lag);
            }
        }
    }
}

impl Shown {
    /// A model's part, which begins empty.
    pub fn model(&mut self, name: &str) -> &mut ModelSeries {
        self.models.entry(name.to_owned()).or_default()
    }

    /// Ends what is shown of names that were forgotten.
    pub fn forget(&mut self, names: &Forgotten) {
        let is_whole =
            names.version.is_none() && names.segment.is_none() && names.subject.is_none();
        if is_whole {
            self.models.remove(&names.model);
        } else if let Some(model) = self.models.get_mut(&names.model) {
            model.forget(names);
        }
    }

    /// Each input partition.
    pub fn sources(&self, now: Tick) -> impl Iterator<Item = SourceStatus> {
        let sources = self.sources.iter();
        sources.map(move |((topic, partition), watermark)| SourceStatus {
            topic: topic.clone(),
            partition: *partition,
            watermark: *watermark,
            lag_secs: lag_secs(now, *watermark),
            state: self.state(topic, *partition),
        })
    }
}

impl Shown {
    /// What an input partition waits for, in one word.
    fn state(&self, topic: &str, partition: i32) -> Option<&'static str> {
        let mut sources = self.clocks.sources.iter();
        let found = sources.find(|(at, _)| at.partition == partition && at.topic == topic);
        found.map(|(_, reason)| reason.name())
    }
}

fn lag_secs(now: Tick, watermark: Option<EventTime>) -> Option<f64> {
    watermark.map(|w| now.0.saturating_sub(w.0) as f64 / 1e3)
}
