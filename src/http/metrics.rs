//! The registered metrics: one family for each entry of the catalogue, rendered as text for Prometheus.

use prometheus::{
    Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};

use super::catalogue::{CATALOGUE, Metric, MetricEntry, MetricKind};

/// Upper bounds of the duration buckets: from a fast commit to a long restore, in seconds.
const BUCKETS_SECS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0,
];

/// The catalogue cannot be registered or rendered: a bug in the table.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricError(#[from] prometheus::Error);

/// The values of one family.
enum Series {
    Counter(IntCounterVec),
    Gauge(GaugeVec),
    Seconds(HistogramVec),
}

/// Every metric of the catalogue, registered.
///
/// Label values are given in the order of the catalogue. A call that does not fit the catalogue changes nothing in
/// production and fails in debug builds: a metric must never stop the stream.
pub struct Metrics {
    registry: Registry,
    series: Vec<Series>,
}

impl Metrics {
    /// Registers the catalogue. Families without labels exist from the start.
    ///
    /// # Errors
    /// When the catalogue names a family twice or with characters that Prometheus forbids.
    pub fn new() -> Result<Self, MetricError> {
        let registry = Registry::new();
        let series = CATALOGUE
            .iter()
            .map(|entry| register(&registry, entry))
            .collect::<Result<_, _>>()?;
        let metrics = Self { registry, series };
        metrics.touch_unlabelled();
        Ok(metrics)
    }

    fn touch_unlabelled(&self) {
        for entry in CATALOGUE.iter().filter(|e| e.labels.is_empty()) {
            match self.series.get(entry.metric as usize) {
                Some(Series::Counter(family)) => {
                    drop(family.get_metric_with_label_values::<&str>(&[]))
                }
                Some(Series::Gauge(family)) => {
                    drop(family.get_metric_with_label_values::<&str>(&[]))
                }
                Some(Series::Seconds(family)) => {
                    drop(family.get_metric_with_label_values::<&str>(&[]))
                }
                None => {}
            }
        }
    }

    /// Adds `n` to a counter.
    pub fn add(&self, metric: Metric, labels: &[&str], n: u64) {
        match self.series.get(metric as usize) {
            Some(Series::Counter(family)) => {
                if let Some(counter) = fitting(family.get_metric_with_label_values(labels)) {
                    counter.inc_by(n);
                }
            }
            _ => debug_assert!(false, "{metric:?} is no counter"),
        }
    }

    /// Raises a counter to `total`, which a task counts itself. If `total` is smaller than before, the task began anew and
    /// the counter is reset.
    pub fn reach(&self, metric: Metric, labels: &[&str], total: u64) {
        let Some(Series::Counter(family)) = self.series.get(metric as usize) else {
            return debug_assert!(false, "{metric:?} is no counter");
        };
        if let Some(counter) = fitting(family.get_metric_with_label_values(labels)) {
            if total < counter.get() {
                counter.reset();
            }
            counter.inc_by(total.saturating_sub(counter.get()));
        }
    }

    /// Sets a gauge.
    pub fn set(&self, metric: Metric, labels: &[&str], value: f64) {
        match self.series.get(metric as usize) {
            Some(Series::Gauge(family)) => {
                if let Some(gauge) = fitting(family.get_metric_with_label_values(labels)) {
                    gauge.set(value);
                }
            }
            _ => debug_assert!(false, "{metric:?} is no gauge"),
        }
    }

    /// Adds a duration to a histogram.
    pub fn observe(&self, metric: Metric, took: std::time::Duration) {
        match self.series.get(metric as usize) {
            Some(Series::Seconds(family)) => {
                if let Some(histogram) = fitting(family.get_metric_with_label_values::<&str>(&[])) {
                    histogram.observe(took.as_secs_f64());
                }
            }
            _ => debug_assert!(false, "{metric:?} is no histogram"),
        }
    }

    /// Removes a series, if it exists.
    pub fn remove(&self, metric: Metric, labels: &[&str]) {
        let _ = match self.series.get(metric as usize) {
            Some(Series::Gauge(family)) => family.remove_label_values(labels),
            Some(Series::Counter(family)) => family.remove_label_values(labels),
            Some(Series::Seconds(_)) | None => Ok(()),
        };
    }

    /// All metrics in Prometheus' text format.
    ///
    /// # Errors
    /// When the encoder refuses a family.
    pub fn render(&self) -> Result<String, MetricError> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn fitting<T>(found: prometheus::Result<T>) -> Option<T> {
    debug_assert!(found.is_ok(), "labels must fit the catalogue");
    found.ok()
}

fn register(registry: &Registry, entry: &MetricEntry) -> Result<Series, prometheus::Error> {
    let opts = Opts::new(entry.name, entry.help);
    let series = match entry.kind {
        MetricKind::Counter => Series::Counter(IntCounterVec::new(opts, entry.labels)?),
        MetricKind::Gauge => Series::Gauge(GaugeVec::new(opts, entry.labels)?),
        MetricKind::Seconds => {
            let opts = HistogramOpts::from(opts).buckets(BUCKETS_SECS.to_vec());
            Series::Seconds(HistogramVec::new(opts, entry.labels)?)
        }
    };
    match &series {
        Series::Counter(family) => registry.register(Box::new(family.clone()))?,
        Series::Gauge(family) => registry.register(Box::new(family.clone()))?,
        Series::Seconds(family) => registry.register(Box::new(family.clone()))?,
    }
    Ok(series)
}
