//! What a committed flush observed, and how the meter gets it.

use std::collections::BTreeSet;

use super::meter::Meter;
use super::tasks::Tasks;
use crate::pipeline::frame::SourceId;
use crate::pipeline::invariant::InvariantId;
use crate::pipeline::observations::{
    AlertNotice, IdleObjective, IngestObservations, JoinObservations, Observations,
};

/// What the tasks observed since the last flush. The meter gets it once the flush is committed.
#[derive(Debug, Default)]
pub struct FlushReport {
    /// Input partitions.
    pub ingest: Vec<IngestObservations>,
    /// Joins.
    pub joins: Vec<JoinObservations>,
    /// Alerts that were published.
    pub notices: Vec<AlertNotice>,
    /// Evaluate tasks, by partition of `panes`.
    pub evaluate: Vec<(i32, Observations)>,
}

/// What a worker has logged already, and does not log again.
#[derive(Debug, Default)]
pub struct LoggedOnce {
    violations: BTreeSet<InvariantId>,
    ahead: BTreeSet<SourceId>,
}

impl FlushReport {
    /// Hands everything to the meter. What was not logged before is logged.
    pub fn observe(&self, meter: &dyn Meter, logged: &mut LoggedOnce) {
        for (id, count) in self.violations().filter(|(_, count)| *count > 0) {
            meter.violation(id, count);
            if logged.violations.insert(id) {
                let (invariant, statement) = (id.kind(), id.entry().statement);
                tracing::error!(
                    invariant,
                    count,
                    "an invariant does not hold: {statement} It is logged once"
                );
            }
        }
        for ingest in &self.ingest {
            if ingest.counts.ahead > 0 && logged.ahead.insert(ingest.source.clone()) {
                log_ahead(ingest);
            }
            meter.observe_ingest(ingest);
        }
        self.joins.iter().for_each(|join| meter.observe_join(join));
        for (partition, evaluate) in &self.evaluate {
            evaluate.newly_idle.iter().for_each(log_idle);
            meter.observe_evaluate(*partition, evaluate);
        }
    }

    fn violations(&self) -> impl Iterator<Item = (InvariantId, u64)> {
        let joins = self.joins.iter();
        let joins = joins.map(|join| (InvariantId::FrameUniqueness, join.duplicate_frames));
        let evaluate = self.evaluate.iter();
        joins.chain(evaluate.flat_map(|(_, observed)| observed.violations()))
    }
}

fn log_ahead(ingest: &IngestObservations) {
    let (source, counts) = (ingest.source.to_string(), &ingest.counts);
    let ahead_secs = counts.ahead_millis_max / 1_000;
    tracing::warn!(
        source,
        records = counts.ahead,
        ahead_secs,
        "records are stamped later than the clock of this process: check the clocks of their producers, and of this machine. They count at \
         their own time and move no watermark beyond this clock. Logged once for each partition; tidegauge_future_events_total counts them"
    );
}

fn log_idle(idle: &IdleObjective) {
    tracing::warn!(
        model = idle.model,
        objective = idle.objective,
        reason = idle.reason.text(),
        "an objective has nothing to judge"
    );
}

/// Hands to the meter what restored tasks hold: watermarks, joins and open alerts.
pub fn observe_restored(meter: &dyn Meter, tasks: &Tasks) {
    for task in tasks.ingest.values() {
        meter.observe_ingest(&task.ingest.observe());
    }
    for (partition, task) in &tasks.evaluate {
        meter.observe_evaluate(*partition, &task.observe_restored());
    }
    observe_joins(meter, tasks);
}

/// Hands to the meter what every join holds, and how far it is rebuilt.
pub fn observe_joins(meter: &dyn Meter, tasks: &Tasks) {
    for task in tasks.join.values() {
        meter.observe_join(&task.observe());
    }
}
