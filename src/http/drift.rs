//! Drift metrics under a limit of series: many features must not drown a Prometheus.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::Xxh3;

use super::catalogue::Metric;
use super::metrics::Metrics;

/// Label values of one series, in the order of the catalogue.
pub(super) type DriftLabels<'a> = [&'a str; 5];

/// Which series of `tidegauge_drift` exist, by model.
///
/// The first series to come are admitted; metrics may depend on arrival, for nothing is decided by them. A hash stands
/// for a known series, so that setting it again allocates nothing.
pub(super) struct DriftSeries {
    known: HashSet<u128>,
    labels: HashMap<String, Vec<[String; 5]>>,
    series_max: usize,
}

impl DriftSeries {
    /// At most `series_max` series.
    pub fn new(series_max: usize) -> Self {
        Self {
            known: HashSet::new(),
            labels: HashMap::new(),
            series_max,
        }
    }

    /// Sets a series, or counts that there was no place for it.
    pub fn set(&mut self, metrics: &Metrics, labels: DriftLabels<'_>, value: f64) {
        if self.admits(labels) {
            metrics.set(Metric::Drift, &labels, value);
        } else {
            metrics.add(Metric::DriftSeriesDropped, &[], 1);
        }
    }

    fn admits(&mut self, labels: DriftLabels<'_>) -> bool {
        let hash = hash(labels);
        if self.known.contains(&hash) {
            return true;
        }
        if self.known.len() >= self.series_max {
            return false;
        }
        self.known.insert(hash);
        let [model, ..] = labels;
        self.labels
            .entry(model.to_owned())
            .or_default()
            .push(labels.map(str::to_owned));
        true
    }

    /// Forgets the series of `model`.
    pub fn forget(&mut self, metrics: &Metrics, model: &str) {
        for labels in self.labels.remove(model).unwrap_or_default() {
            let labels = labels.each_ref().map(String::as_str);
            self.known.remove(&hash(labels));
            metrics.remove(Metric::Drift, &labels);
        }
    }
}

fn hash(labels: DriftLabels<'_>) -> u128 {
    let mut hasher = Xxh3::new();
    for label in labels {
        hasher.update(&label.len().to_le_bytes());
        hasher.update(label.as_bytes());
    }
    hasher.digest128()
}
