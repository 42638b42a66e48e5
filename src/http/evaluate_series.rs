//! Metrics and status of an evaluate task: what it published, what it holds, and each of its models.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Metric;
use super::outcome_series::quality_status;
use super::status::{FiringAlert, IdleStatus};
use super::view::WorkerView;
use crate::alert::{AlertKind, COMPARED};
use crate::event::Segment;
use crate::pipeline::observations::{
    AlertObservation, DetectableKind, DetectableObservation, DetectableSizes, Forgotten,
    IdleObjective, Judgement, JudgementKey, ModelObservation, ObjectiveReading, Observations,
    QualityKey, QualityObservation, ReferenceProgress, VolumeObservation, WindowClosed,
};
use crate::pipeline::remarks::{GivenUp, Remark};
use crate::pipeline::unjudged::Unjudged;
use crate::pipeline::unpaged::Unpaged;
use crate::sketch::Subject;
use crate::window::{Boundary, WindowLength};

/// Reads a number from the observations of a task.
type Reading = fn(&Observations) -> u64;

/// What was left out because a bound was reached, by the label `what` of `tidegauge_left_out_total`.
pub(super) const LEFT_OUT: [(&str, Reading); 9] = [
    ("predictions", |seen| seen.overflow.predictions),
    ("features", |seen| seen.overflow.features),
    ("segment_predictions", |seen| seen.overflow.segments),
    ("labels", |seen| seen.overflow.labels),
    ("segment_labels", |seen| seen.overflow.segment_labels),
    ("late_for_stage_predictions", |seen| seen.late_for_stage),
    ("late_for_stage_quality", |seen| seen.late_quality),
    ("causes", |seen| seen.overflow.causes),
    ("drift_assessments", |seen| seen.overflow.assessments),
];

/// What a task holds, by its partition.
const HELD: [(Metric, Reading); 5] = [
    (Metric::StateModels, |seen| seen.models.len() as u64),
    (Metric::StateVersions, |seen| {
        sum(seen, |model| model.versions)
    }),
    (Metric::StateSubjects, |seen| {
        sum(seen, |model| model.subjects)
    }),
    (Metric::StatePanes, |seen| seen.panes),
    (Metric::StateBytes, |seen| seen.state_bytes),
];

fn sum(seen: &Observations, count: fn(&ModelObservation) -> u64) -> u64 {
    seen.models.iter().map(count).sum()
}

/// Shows what an evaluate task observed since its last flush.
pub(super) fn show(view: &mut WorkerView<'_>, partition: i32, seen: &Observations) {
    for (topic, records) in &seen.published {
        let labels = [topic.name()];
        view.series
            .metrics
            .add(Metric::Published, &labels, *records);
    }
    for ((action, outcome), count) in &seen.orders {
        let labels = [*action, *outcome];
        view.series.metrics.add(Metric::Orders, &labels, *count);
    }
    for (what, count) in LEFT_OUT {
        view.series
            .metrics
            .add(Metric::LeftOut, &[what], count(seen));
    }
    for (metric, value) in HELD {
        let labels = [&*partition.to_string()];
        view.series.set(metric, &labels, value(seen) as f64);
    }
    seen.models.iter().for_each(|model| show_model(view, model));
    // Metrics are of wholes: each segment value more would multiply their number.
    let wholes = seen
        .windows
        .iter()
        .filter(|window| window.scope.segment.is_none());
    wholes.for_each(|window| show_window(view, window));
    for (key, judgement) in &seen.judgements {
        show_judgement(view, key, judgement);
    }
    for ((model, window), traffic) in &seen.volume {
        show_volume(view, model, *window, traffic);
    }
    for ((model, window), sizes) in &seen.detectable {
        show_detectable(view, model, *window, sizes);
    }
    for (key, quality) in &seen.quality {
        show_quality(view, key, quality);
    }
    for ((model, objective), reading) in &seen.objectives {
        show_objective(view, model, objective, reading);
    }
    seen.alerts.iter().for_each(|alert| show_alert(view, alert));
    seen.forgotten.iter().for_each(|names| forget(view, names));
    show_idle(view, partition, &seen.idle);
    if let Some(idle) = &seen.idle_patterns {
        let shown = &mut view.shown.idle_patterns;
        shown.insert(partition, idle.clone());
    }
}

/// Ends what is shown of names that were forgotten. If one has come back since, it is shown again when it is next judged.
fn forget(view: &mut WorkerView<'_>, names: &Forgotten) {
    let segment = names.segment.as_ref().map(Segment::to_string);
    let subject = names.subject.as_ref().map(Subject::name);
    let labels = [
        ("model", Some(names.model.as_str())),
        ("version", names.version.as_deref()),
        ("segment", segment.as_deref()),
        ("subject", subject.as_deref()),
    ];
    let labels = labels.into_iter();
    let labels: Vec<(&str, &str)> = labels.filter_map(|(n, v)| Some((n, v?))).collect();
    view.series.remove_with(&labels);
    view.shown.forget(names);
}

/// Shows the objectives of a task that have nothing to judge, in place of those that were shown before.
fn show_idle(view: &mut WorkerView<'_>, partition: i32, idle: &BTreeSet<IdleObjective>) {
    let now: Vec<IdleStatus> = idle.iter().map(idle_status).collect();
    let before = view.shown.idle.insert(partition, now.clone());
    let gone = before.iter().flatten().map(|idle| (idle, None));
    for (idle, value) in gone.chain(now.iter().map(|idle| (idle, Some(1.0)))) {
        let labels = [idle.model.as_str(), &idle.objective, idle.reason];
        view.series.set_or_remove(Metric::SloIdle, &labels, value);
    }
}

fn idle_status(idle: &IdleObjective) -> IdleStatus {
    IdleStatus {
        model: idle.model.clone(),
        objective: idle.objective.clone(),
        reason: idle.reason.name(),
        text: idle.reason.text(),
    }
}

fn show_model(view: &mut WorkerView<'_>, seen: &ModelObservation) {
    let model = view.shown.model(&seen.name);
    let progress = model.learn(&seen.reference);
    let labels = [seen.name.as_str()];
    view.series.set(Metric::LearningProgress, &labels, progress);
    let reason = |unjudged: &Option<Unjudged>| unjudged.map(|unjudged| unjudged.name());
    let before = std::mem::replace(&mut model.unjudged, seen.unjudged);
    for (reason, value) in [(reason(&before), None), (reason(&seen.unjudged), Some(1.0))] {
        if let Some(reason) = reason {
            let labels = [seen.name.as_str(), reason];
            view.series.set_or_remove(Metric::Unjudged, &labels, value);
        }
    }
    model.unpaged.clone_from(&seen.unpaged);
    for why in Unpaged::ALL {
        let count = seen.unpaged.values().filter(|own| **own == why).count();
        let value = (count > 0).then_some(count as f64);
        let labels = [seen.name.as_str(), why.name()];
        let series = &mut view.series;
        series.set_or_remove(Metric::UnpagedSubjects, &labels, value);
    }
    model.remarks.clone_from(&seen.remarks);
    if matches!(seen.reference, ReferenceProgress::Learning { .. }) {
        let ended = std::mem::take(&mut model.detectable);
        for window in ended.into_keys() {
            show_sizes(view, &seen.name, window, &BTreeMap::new());
        }
    }
    show_remarks(view, seen);
}

/// Shows the remarks that have a number.
fn show_remarks(view: &mut WorkerView<'_>, seen: &ModelObservation) {
    let of = |number: fn(&Remark) -> Option<f64>| seen.remarks.iter().find_map(number);
    let seconds = |at: Boundary| at.time().0 as f64 / 1e3;
    let not_before = seen.remarks.iter().find_map(|remark| match remark {
        Remark::Learning(awaited) => Some(seconds(awaited.not_before)),
        _ => None,
    });
    let judging = of(|remark| match remark {
        Remark::ThinWindows(windows) => Some(windows.judging.minutes() as f64 * 60.0),
        _ => None,
    });
    let labels = [seen.name.as_str()];
    for (metric, value) in [
        (Metric::JudgedFrom, not_before),
        (Metric::ShortestJudging, judging),
    ] {
        view.series.set_or_remove(metric, &labels, value);
    }
    let rare = of(|remark| match remark {
        Remark::GivenUp { rare, .. } => Some(*rare as f64),
        _ => None,
    });
    let no_room = of(|remark| match remark {
        Remark::GivenUp { no_room, .. } => Some(*no_room as f64),
        _ => None,
    });
    for (reason, count) in [(GivenUp::Rare, rare), (GivenUp::NoRoom, no_room)] {
        let labels = [seen.name.as_str(), reason.name()];
        let count = count.filter(|count| *count > 0.0);
        view.series.set_or_remove(Metric::GivenUp, &labels, count);
    }
    for family in COMPARED {
        let held = seen.remarks.iter().find_map(|remark| match remark {
            Remark::HeldAlerts(held) if held.family == family => Some(f64::from(held.factor)),
            _ => None,
        });
        let labels = [seen.name.as_str(), AlertKind::from(family).name()];
        let series = &mut view.series;
        series.set_or_remove(Metric::AlertsHeld, &labels, held);
    }
}

fn show_window(view: &mut WorkerView<'_>, window: &WindowClosed) {
    let (model, version) = (&window.scope.model, &window.scope.version);
    let labels = [model.as_str(), &window.window.name()];
    view.series.add(Metric::Windows, &labels, 1);
    view.totals.windows += 1;
    view.shown.model(model).close_window(version);
}

fn show_judgement(view: &mut WorkerView<'_>, key: &JudgementKey, judgement: &Judgement) {
    let (model, version) = (key.scope.model.as_str(), key.scope.version.as_str());
    let (subject, window) = (key.subject.name(), key.window.name());
    for (distance, value) in &judgement.distances {
        let labels = [model, version, &subject, &window, distance];
        view.series.set(Metric::Drift, &labels, *value);
    }
    view.shown.model(model).judge(key, judgement);
}

/// Shows the traffic of a model in its last window of one length.
fn show_volume(
    view: &mut WorkerView<'_>,
    model: &str,
    window: WindowLength,
    seen: &VolumeObservation,
) {
    let name = window.name();
    let labels = [model, name.as_str()];
    view.series
        .set_or_remove(Metric::VolumeChange, &labels, seen.change());
    for (direction, value) in [
        ("drop", seen.detectable_drop),
        ("rise", seen.detectable_rise),
    ] {
        let labels = [model, name.as_str(), direction];
        view.series
            .set_or_remove(Metric::VolumeDetectable, &labels, value);
    }
    view.shown.model(model).keep_volume(window, seen);
}

/// Shows the smallest changes that windows of one length find. A kind without judged subjects has no series.
fn show_detectable(
    view: &mut WorkerView<'_>,
    model: &str,
    window: WindowLength,
    seen: &DetectableObservation,
) {
    show_sizes(view, model, window, &seen.kinds);
    view.shown.model(model).keep_detectable(window, seen);
}

fn show_sizes(
    view: &mut WorkerView<'_>,
    model: &str,
    window: WindowLength,
    kinds: &BTreeMap<DetectableKind, DetectableSizes>,
) {
    let name = window.name();
    for kind in DetectableKind::ALL {
        let sizes = kinds.get(&kind);
        for (subjects, size) in [
            ("median", sizes.map(|sizes| sizes.median)),
            ("worst", sizes.map(|sizes| sizes.worst)),
        ] {
            let labels = [model, name.as_str(), kind.name(), subjects];
            view.series.set_or_remove(Metric::Detectable, &labels, size);
        }
    }
}

/// Shows the quality of one scope in one window.
fn show_quality(view: &mut WorkerView<'_>, key: &QualityKey, observed: &QualityObservation) {
    let status = quality_status(key, observed);
    let (model, version) = (key.scope.model.as_str(), key.scope.version.as_str());
    let segment = status.segment.as_deref().unwrap_or_default();
    let (by, window) = (key.by.name(), status.window.as_str());
    for (measure, value) in &status.measures {
        let labels = [model, version, segment, by, window, measure];
        view.series.set(Metric::QualityValue, &labels, *value);
    }
    if let Some(coverage) = status.coverage {
        let labels = [model, version, segment, by, window];
        view.series.set(Metric::QualityCoverage, &labels, coverage);
    }
    let outcomes = &mut view.shown.model(model).outcomes;
    outcomes.keep_quality(key, status);
}

/// Shows the budget status of an objective.
fn show_objective(
    view: &mut WorkerView<'_>,
    model: &str,
    objective: &str,
    reading: &ObjectiveReading,
) {
    let (labels, budget) = ([model, objective], &reading.budget);
    let end = budget.exhausted_at.map(|end| end.time().0 as f64 / 1e3);
    for (metric, value) in [
        (Metric::SloGood, Some(budget.share.good as f64)),
        (Metric::SloValid, Some(budget.share.valid as f64)),
        (Metric::SloTarget, reading.target),
        (Metric::SloRemaining, budget.remaining),
        (Metric::SloExhaustedAt, end),
    ] {
        view.series.set_or_remove(metric, &labels, value);
    }
    for (window, rate) in &budget.burn_rates {
        let labels = [model, objective, &window.name()];
        view.series
            .set_or_remove(Metric::SloBurnRate, &labels, *rate);
    }
    let outcomes = &mut view.shown.model(model).outcomes;
    outcomes.keep_objective(objective, reading);
}

fn show_alert(view: &mut WorkerView<'_>, alert: &AlertObservation) {
    let before = view.shown.alerts.remove(&alert.fingerprint);
    let now = firing(alert);
    if alert.is_firing {
        let key = alert.fingerprint.clone();
        view.shown.alerts.insert(key, now.clone());
    }
    for changed in before.iter().chain([&now]) {
        count_firing(view, changed);
    }
}

fn firing(alert: &AlertObservation) -> FiringAlert {
    FiringAlert {
        fingerprint: alert.fingerprint.clone(),
        model: alert.model.clone(),
        kind: alert.key.family.into(),
        area: alert.key.area,
        wave: alert.key.wave,
        severity: alert.severity.to_owned(),
        since: alert.since,
        causes: alert.causes.clone(),
    }
}

/// Counts the alerts that fire like `alert`.
fn count_firing(view: &mut WorkerView<'_>, alert: &FiringAlert) {
    let is_alike = |other: &&FiringAlert| {
        other.model == alert.model && other.kind == alert.kind && other.severity == alert.severity
    };
    let count = view.shown.alerts.values().filter(is_alike).count();
    let labels = [&*alert.model, alert.kind.name(), &*alert.severity];
    view.series.set(Metric::AlertsFiring, &labels, count as f64);
}
