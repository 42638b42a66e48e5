//! Metrics of an input partition: what became of its records, and its watermark.

use super::catalogue::Metric;
use super::view::WorkerView;
use crate::pipeline::observations::IngestObservations;

/// Shows what a flush of an input partition took.
pub(super) fn show(view: &mut WorkerView<'_>, observed: &IngestObservations) {
    let (source, counts) = (&observed.source, &observed.counts);
    let labels = [source.topic.as_str(), &source.partition.to_string()];
    let metrics = view.series.metrics;
    let others = counts.labels + counts.orders;
    let predictions = counts.counted.saturating_sub(others);
    metrics.add(Metric::Events, &labels, predictions);
    metrics.add(Metric::Labels, &labels, counts.labels);
    metrics.add(Metric::Late, &labels, counts.late);
    metrics.add(Metric::Future, &labels, counts.ahead);
    if counts.sampled_out > 0 {
        metrics.add(Metric::JoinSampledOut, &labels, counts.sampled_out);
    }
    for (reason, count) in &counts.rejected {
        metrics.add(Metric::Rejects, &[reason.code()], *count);
    }
    let rejected = counts.rejected_total();
    if rejected > 0 {
        metrics.add(Metric::Published, &["dead_letters"], rejected);
    }
    if let Some(watermark) = observed.watermark {
        let secs = watermark.0 as f64 / 1e3;
        view.series.set(Metric::Watermark, &labels, secs);
    }
    view.totals.events += predictions;
    view.totals.labels += counts.labels;
    view.totals.late += counts.late;
    view.totals.rejected += rejected;
    let key = (source.topic.clone(), source.partition);
    view.shown.sources.insert(key, observed.watermark);
}
