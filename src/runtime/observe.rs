//! For those who look on: what a committed flush tells the meter.

use std::collections::BTreeMap;

use super::labels;
use super::meter::{
    AlertChange, Judged, LearningProgress, LeftOut, Meter, SourceTally, StateSizes, WindowClosed,
};
use super::port::TopicPartition;
use super::tasks::Tasks;
use crate::alert::{AlertContent, AlertKind, AlertStatus, Episodes, fingerprint};
use crate::event::Reject;
use crate::pipeline::Plan;
use crate::pipeline::evaluate::{Evaluate, Model};
use crate::pipeline::ingest::IngestCounts;
use crate::pipeline::invariant::InvariantId;
use crate::pipeline::observations::Observations;
use crate::pipeline::output::OutputTopic;
use crate::window::Boundary;

/// What a flush has done, to be told once it is committed.
#[derive(Default)]
pub struct FlushReport {
    /// By source.
    pub ingest_counts: Vec<(TopicPartition, IngestCounts)>,
    /// By partition of `outcomes`: frames that came twice.
    pub joined: Vec<(i32, u64)>,
    /// By partition of `panes`.
    pub published: Vec<(i32, Published)>,
    /// Refused records.
    pub dead_letters: u64,
}

/// What one evaluate task has published, and what else it has to tell.
#[derive(Default)]
pub struct Published {
    /// Records by topic.
    pub records: BTreeMap<OutputTopic, u64>,
    /// Bytes of state.
    pub state_bytes: u64,
    /// What evaluate observed.
    pub observations: Observations,
}

/// Tells the meter.
pub fn observe(meter: &dyn Meter, plan: &Plan, tasks: &Tasks, news: &FlushReport) {
    for (at, counts) in &news.ingest_counts {
        let watermark = tasks
            .task(&at.topic, at.partition)
            .and_then(|task| task.ingest.watermark());
        let rejected: Vec<(Reject, u64)> = counts
            .rejected
            .iter()
            .map(|(reason, count)| (*reason, *count))
            .collect();
        meter.ingested(&SourceTally {
            topic: &at.topic,
            partition: at.partition,
            accepted: counts.counted,
            late: counts.late,
            sampled_out: counts.sampled_out,
            rejected: &rejected,
            watermark,
        });
    }
    labels::observe_joins(meter, tasks, &news.joined);
    if news.dead_letters > 0 {
        meter.published("dead_letters", news.dead_letters);
    }
    for (partition, published) in &news.published {
        if let Some(evaluate) = tasks.evaluate.get(partition) {
            observe_evaluate(meter, plan, *partition, evaluate, published);
        }
    }
}

fn observe_evaluate(
    meter: &dyn Meter,
    plan: &Plan,
    partition: i32,
    evaluate: &Evaluate,
    published: &Published,
) {
    for (topic, records) in &published.records {
        meter.published(topic.name(), *records);
    }
    let observations = &published.observations;
    if observations.duplicate_frames > 0 {
        meter.violation(InvariantId::FrameUniqueness, observations.duplicate_frames);
    }
    let left_out = [
        (LeftOut::Predictions, observations.overflow.predictions),
        (LeftOut::Features, observations.overflow.features),
        (LeftOut::Segments, observations.overflow.segments),
        (
            LeftOut::LateForStage,
            observations.late_for_stage + observations.late_quality,
        ),
    ];
    for (what, count) in left_out.into_iter().filter(|(_, count)| *count > 0) {
        meter.left_out(what, count);
    }
    observe_windows(meter, evaluate, observations);
    labels::observe_quality(meter, observations);
    observe_alerts(meter, observations);
    if let Some(now) = evaluate.clock().map(Boundary::at_or_before) {
        evaluate
            .models()
            .for_each(|model| observe_learning(meter, plan, model, now));
    }
    meter.state(&StateSizes {
        partition,
        models: evaluate.models().count() as u64,
        versions: evaluate
            .models()
            .map(|model| model.versions().count() as u64)
            .sum(),
        subjects: evaluate
            .models()
            .map(|model| model.reference().map_or(0, |r| r.subjects.len() as u64))
            .sum(),
        panes: evaluate.pane_count() as u64,
        bytes: published.state_bytes,
    });
}

/// Tells the meter of what was there when the tasks were restored: the sources, and the alerts that stand.
pub fn observe_standing(meter: &dyn Meter, tasks: &Tasks) {
    for (at, task) in &tasks.ingest {
        meter.ingested(&SourceTally {
            topic: &at.topic,
            partition: at.partition,
            accepted: 0,
            late: 0,
            sampled_out: 0,
            rejected: &[],
            watermark: task.ingest.watermark(),
        });
    }
    for model in tasks.evaluate.values().flat_map(Evaluate::models) {
        observe_episodes(meter, model.name(), None, model.episodes());
        for (objective, episodes) in model.objective_episodes() {
            observe_episodes(meter, model.name(), Some(objective), episodes);
        }
    }
    labels::observe_rebuilding(meter, tasks);
}

fn observe_episodes(meter: &dyn Meter, model: &str, objective: Option<&str>, episodes: &Episodes) {
    for standing in episodes.standing() {
        let causes: Vec<String> = standing
            .causes
            .iter()
            .map(|cause| cause.to_string())
            .collect();
        meter.alert(&AlertChange {
            fingerprint: &fingerprint(model, AlertKind::from(standing.family), objective),
            model,
            family: standing.family,
            severity: standing.severity.name(),
            firing: true,
            since: standing.since.time(),
            causes: &causes,
        });
    }
}

fn observe_windows(meter: &dyn Meter, evaluate: &Evaluate, observations: &Observations) {
    // Metrics are of wholes: each segment value more would multiply their number.
    let wholes = observations.windows.iter();
    for closed in wholes.filter(|closed| closed.scope.segment.is_none()) {
        meter.window_closed(&WindowClosed {
            model: &closed.scope.model,
            version: &closed.scope.version,
            window: closed.window,
            end: closed.end,
            predictions: closed.predictions,
        });
    }
    for (key, judgement) in &observations.judgements {
        let reference = evaluate.model(&key.scope.model).and_then(Model::reference);
        let Some(of_subject) = reference.and_then(|r| r.subjects.get(&key.subject)) else {
            continue;
        };
        meter.judged(&Judged {
            model: &key.scope.model,
            version: &key.scope.version,
            window: key.window,
            end: judgement.end,
            subject: &key.subject,
            distances: &judgement.distances,
            verdict: judgement.verdict,
            reference: &of_subject.sketch,
            observed: &judgement.observed,
        });
    }
}

fn observe_alerts(meter: &dyn Meter, observations: &Observations) {
    // An assessment says what an alert did, not where it stands.
    for alert in &observations.alerts {
        let AlertContent::Causes(causes) = &alert.content else {
            continue;
        };
        let names: Vec<String> = alert
            .causes()
            .iter()
            .map(|cause| cause.to_string())
            .collect();
        meter.alert(&AlertChange {
            fingerprint: &alert.fingerprint(),
            model: &causes.model,
            family: causes.family,
            severity: alert.severity.name(),
            firing: alert.status == AlertStatus::Firing,
            since: alert.started_at,
            causes: &names,
        });
    }
}

fn observe_learning(meter: &dyn Meter, plan: &Plan, model: &Model, now: Boundary) {
    if let Some(reference) = model.reference() {
        return meter.learned(model.name(), &reference.id);
    }
    let (span_minutes, events) = model.learned_so_far(now);
    meter.learning(&LearningProgress {
        model: model.name(),
        span_minutes,
        span_minutes_wanted: plan.learning.span_minutes,
        events,
        events_wanted: plan.learning.events_min,
    });
}
