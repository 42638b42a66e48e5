//! Metrics under a limit of series: many features or segments must not drown a Prometheus.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::Xxh3;

use super::catalogue::Metric;
use super::metrics::Metrics;

/// Which series of a gauge exist, by model, which is the first of its `N` labels.
///
/// The first series to come are admitted; metrics may depend on arrival, for nothing is decided by them. A hash stands
/// for a known series, so that setting it again allocates nothing.
pub(super) struct BoundedSeries<const N: usize> {
    gauge: Metric,
    dropped: Metric,
    known: HashSet<u128>,
    labels: HashMap<String, Vec<[String; N]>>,
    series_max: usize,
}

impl<const N: usize> BoundedSeries<N> {
    /// At most `series_max` series of `gauge`; values without a place are counted in the unlabelled counter `dropped`.
    pub fn new(gauge: Metric, Dropped(dropped): Dropped, series_max: usize) -> Self {
        Self {
            gauge,
            dropped,
            known: HashSet::new(),
            labels: HashMap::new(),
            series_max,
        }
    }

    /// Sets a series, or counts that there was no place for it. Label values stand in the order of the catalogue.
    pub fn set(&mut self, metrics: &Metrics, labels: [&str; N], value: f64) {
        if self.admits(labels) {
            metrics.set(self.gauge, &labels, value);
        } else {
            metrics.add(self.dropped, &[], 1);
        }
    }

    fn admits(&mut self, labels: [&str; N]) -> bool {
        let hash = hash(&labels);
        if self.known.contains(&hash) {
            return true;
        }
        let Some(model) = labels.first() else {
            return false;
        };
        if self.known.len() >= self.series_max {
            return false;
        }
        self.known.insert(hash);
        let of_model = self.labels.entry((*model).to_owned()).or_default();
        of_model.push(labels.map(str::to_owned));
        true
    }

    /// Forgets the series of `model`.
    pub fn forget(&mut self, metrics: &Metrics, model: &str) {
        for labels in self.labels.remove(model).unwrap_or_default() {
            let labels = labels.each_ref().map(String::as_str);
            self.known.remove(&hash(&labels));
            metrics.remove(self.gauge, &labels);
        }
    }
}

/// The counter of what found no place.
pub(super) struct Dropped(pub Metric);

fn hash(labels: &[&str]) -> u128 {
    let mut hasher = Xxh3::new();
    for label in labels {
        hasher.update(&label.len().to_le_bytes());
        hasher.update(label.as_bytes());
    }
    hasher.digest128()
}
