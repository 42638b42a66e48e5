//! Series that a worker owns, under a limit: many features or segments must not drown a Prometheus.

use std::collections::HashSet;

use xxhash_rust::xxh3::Xxh3;

use super::catalogue::Metric;
use super::metrics::Metrics;

/// The series of one worker. They disappear when its partitions move to another one.
///
/// A hash stands for a known series, so that setting it again allocates nothing.
#[derive(Default)]
pub(super) struct OwnedSeries {
    known: HashSet<u128>,
    series: Vec<(Metric, Vec<String>)>,
}

/// Places for the series of metrics whose number grows with features or segments.
///
/// The first series to come are admitted. Metrics may depend on arrival, because nothing is decided by them.
pub(super) struct SeriesLimits(Vec<SeriesLimit>);

/// Places for the series of one metric.
pub(super) struct SeriesLimit {
    /// The metric.
    pub metric: Metric,
    /// The unlabelled counter of values that found no place.
    pub dropped: Metric,
    /// Series that may still be added.
    pub places: usize,
}

/// Sets the series of one worker. Label values stand in the order of the catalogue.
pub(super) struct SeriesWriter<'a> {
    /// Every metric.
    pub metrics: &'a Metrics,
    /// The worker's series.
    pub owned: &'a mut OwnedSeries,
    /// Places that all workers share.
    pub limits: &'a mut SeriesLimits,
}

impl SeriesLimits {
    /// The limits of these metrics; all others have none.
    pub fn new(limits: Vec<SeriesLimit>) -> Self {
        Self(limits)
    }

    fn of(&mut self, metric: Metric) -> Option<&mut SeriesLimit> {
        self.0.iter_mut().find(|limit| limit.metric == metric)
    }
}

impl SeriesWriter<'_> {
    /// Sets a gauge, or counts that there was no place for it.
    pub fn set(&mut self, metric: Metric, labels: &[&str], value: f64) {
        if self.owns(metric, labels) {
            self.metrics.set(metric, labels, value);
        }
    }

    /// Sets a gauge, or removes it where it has no value.
    pub fn set_or_remove(&mut self, metric: Metric, labels: &[&str], value: Option<f64>) {
        match value {
            Some(value) => self.set(metric, labels, value),
            None => self.metrics.remove(metric, labels),
        }
    }

    /// Raises a counter to what a task counts itself.
    pub fn reach(&mut self, metric: Metric, labels: &[&str], total: u64) {
        if self.owns(metric, labels) {
            self.metrics.reach(metric, labels, total);
        }
    }

    /// Adds to a counter that disappears with the worker's other series.
    pub fn add(&mut self, metric: Metric, labels: &[&str], n: u64) {
        if self.owns(metric, labels) {
            self.metrics.add(metric, labels, n);
        }
    }

    /// Makes every series of the worker disappear, and frees its places.
    pub fn remove_all(&mut self) {
        self.remove_with(&[]);
    }

    /// Makes the series disappear that have all these metric labels, each a name and a value, and frees their places.
    pub fn remove_with(&mut self, labels: &[(&str, &str)]) {
        let owned = &mut *self.owned;
        let gone = owned.series.extract_if(.., |(metric, values)| {
            labels.iter().all(|(name, value)| {
                let names = metric.labels().iter();
                let mut pairs = names.zip(values.iter());
                pairs.any(|(n, v)| n == name && v == value)
            })
        });
        for (metric, values) in gone {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            owned.known.remove(&hash(metric, &values));
            self.metrics.remove(metric, &values);
            if let Some(limit) = self.limits.of(metric) {
                limit.places += 1;
            }
        }
    }

    /// True if the series is the worker's, or becomes it now.
    fn owns(&mut self, metric: Metric, labels: &[&str]) -> bool {
        let hash = hash(metric, labels);
        if self.owned.known.contains(&hash) {
            return true;
        }
        if let Some(limit) = self.limits.of(metric) {
            if limit.places == 0 {
                self.metrics.add(limit.dropped, &[], 1);
                return false;
            }
            limit.places -= 1;
        }
        let labels = labels.iter().map(|label| (*label).to_owned());
        self.owned.known.insert(hash);
        self.owned.series.push((metric, labels.collect()));
        true
    }
}

fn hash(metric: Metric, labels: &[&str]) -> u128 {
    let mut hasher = Xxh3::new();
    hasher.update(&(metric as u32).to_le_bytes());
    for label in labels {
        hasher.update(&label.len().to_le_bytes());
        hasher.update(label.as_bytes());
    }
    hasher.digest128()
}
