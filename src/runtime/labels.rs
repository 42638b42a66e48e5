//! What the meter is told of labels: what the joins hold, how good the models are, how their objectives stand.

use super::meter::{JoinTold, Meter, ObjectiveTold, QualityTold, Rebuilt};
use super::tasks::Tasks;
use crate::alert::By;
use crate::pipeline::invariant::InvariantId;
use crate::pipeline::join::JoinTask;
use crate::pipeline::observations::Observations;
use crate::stats::MEASURES;

/// Tells what each join has done and holds; `duplicates` are frames that came twice, by partition.
pub fn observe_joins(meter: &dyn Meter, tasks: &Tasks, duplicates: &[(i32, u64)]) {
    for (partition, count) in duplicates {
        if *count > 0 {
            meter.violation(InvariantId::FrameUniqueness, *count);
        }
        if let Some(task) = tasks.join.get(partition) {
            meter.joined(&told(*partition, task));
        }
    }
}

fn told(partition: i32, task: &JoinTask) -> JoinTold {
    let (join, counts) = (task.join(), task.join().counts());
    JoinTold {
        partition,
        predictions: counts.predictions,
        joined: counts.joined,
        pending: join.pending(),
        expired: counts.expired + counts.expired_early,
        duplicates: counts.duplicates + counts.crowded + counts.late,
        labels: counts.labels,
        labels_joined: counts.labels_joined,
        labels_waiting: join.waiting(),
        labels_expired: counts.labels_expired + counts.labels_expired_early,
        labels_duplicate: counts.labels_duplicate,
        corrections: counts.corrections,
        entries: join.entries(),
        bytes: join.bytes() as u64,
    }
}

/// Tells how far the joins are whose entries are being rebuilt; of those that are done, all that they have counted before.
pub fn observe_rebuilding(meter: &dyn Meter, tasks: &Tasks) {
    for (partition, task) in &tasks.join {
        let (done, of) = task.rebuilt().unwrap_or((1, 1));
        meter.rebuilding(*partition, Rebuilt { done, of });
        if !task.is_replaying() {
            meter.joined(&told(*partition, task));
        }
    }
}

/// Tells the last word on each window's quality, and on each objective.
pub fn observe_quality(meter: &dyn Meter, observations: &Observations) {
    for (key, measured) in &observations.quality {
        let quality = &measured.quality;
        let values = MEASURES.iter().filter_map(|measure| {
            // By label time the labelled are not a part of the predicted.
            if key.by == By::Label && measure.about().name == "coverage" {
                return None;
            }
            let value = measure.of(quality, measured.positive.as_deref())?.value;
            Some((measure.about().name, value))
        });
        let measures: Vec<(&'static str, f64)> = values.collect();
        meter.quality(&QualityTold {
            model: &key.scope.model,
            version: &key.scope.version,
            segment: key.scope.segment.as_ref(),
            by: key.by,
            window: key.length,
            at: measured.end,
            predicted: u64::try_from(quality.predicted).unwrap_or(0),
            labelled: u64::try_from(quality.labelled).unwrap_or(0),
            measures: &measures,
        });
    }
    for ((model, objective), told) in &observations.objectives {
        let standing = &told.standing;
        meter.objective(&ObjectiveTold {
            model,
            objective,
            good: standing.share.good,
            valid: standing.share.valid,
            target: told.target,
            remaining: standing.remaining,
            exhausted_at: standing.exhausted_at,
            burn_rates: &standing.burn_rates,
        });
    }
}
