//! Metrics and status of a join: what it counted since it began, and what it holds.

use super::catalogue::Metric;
use super::status::JoinStatus;
use super::view::WorkerView;
use crate::pipeline::observations::JoinObservations;

/// A metric by the join's partition, and its value.
type JoinMetric = (Metric, fn(&JoinObservations) -> u64);

const COUNTERS: &[JoinMetric] = &[
    (Metric::JoinPredictions, |join| join.counts.predictions),
    (Metric::JoinJoined, |join| join.counts.joined),
    (Metric::JoinExpired, |join| join.counts.expired_total()),
    (Metric::JoinDuplicates, |join| {
        join.counts.duplicates_total()
    }),
    (Metric::JoinLabels, |join| join.counts.labels),
    (Metric::JoinLabelsJoined, |join| join.counts.labels_joined),
    (Metric::JoinLabelsExpired, |join| {
        join.counts.labels_expired_total()
    }),
    (Metric::JoinLabelsDuplicate, |join| {
        join.counts.labels_duplicate
    }),
    (Metric::JoinCorrections, |join| join.counts.corrections),
    (Metric::JoinLabelsLate, |join| join.counts.labels_late),
];

const GAUGES: &[JoinMetric] = &[
    (Metric::JoinPending, |join| join.pending),
    (Metric::JoinLabelsWaiting, |join| join.waiting),
    (Metric::JoinEntries, |join| join.entries),
    (Metric::JoinBytes, |join| join.bytes),
];

/// Shows what a join did and holds; while it is rebuilt, only how far that is.
pub(super) fn show(view: &mut WorkerView<'_>, observed: &JoinObservations) {
    let partition = observed.partition.to_string();
    let labels = [partition.as_str()];
    let ratio = observed.rebuilt.map_or(1.0, |rebuilt| rebuilt.ratio());
    view.series.set(Metric::JoinRebuilt, &labels, ratio);
    view.health.rebuilding(observed.partition, observed.rebuilt);
    if observed.rebuilt.is_some() {
        return;
    }
    for (metric, count) in COUNTERS {
        view.series.reach(*metric, &labels, count(observed));
    }
    for (metric, value) in GAUGES {
        view.series.set(*metric, &labels, value(observed) as f64);
    }
    let status = status(observed);
    view.shown.joins.insert(observed.partition, status);
}

fn status(join: &JoinObservations) -> JoinStatus {
    let counts = &join.counts;
    JoinStatus {
        partition: join.partition,
        predictions: counts.predictions,
        joined: counts.joined,
        pending: join.pending,
        expired: counts.expired_total(),
        labels: counts.labels,
        labels_joined: counts.labels_joined,
        labels_waiting: join.waiting,
        labels_expired: counts.labels_expired_total(),
        corrections: counts.corrections,
        entries: join.entries,
        bytes: join.bytes,
    }
}
