//! The steps of one model at a boundary of the clock of predictions.

use super::model::Model;
use super::step::StepContext;
use super::{
    aging, judge, learning, objective_evaluation, ordinary_days, pin, publish, reports, retire,
    unjudged, unpaged, volume,
};
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;

/// Ages, learns, judges, alerts, reports and retires, once the panes of the last minute are in.
///
/// # Errors
/// If an entry does not serialise.
pub fn close(model: &mut Model, step: &mut StepContext<'_>) -> Result<(), StageError> {
    aging::age(model, step)?;
    learning::freeze_if_ready(model, step)?;
    publish::changed_references(model, step);
    unpaged::decide(model, step);
    let mut judged = judge::judge(model, step);
    judged.findings.extend(volume::judge(model, step));
    let findings = std::mem::take(&mut judged.findings);
    let (mut findings, unpaged): (Vec<_>, Vec<_>) = findings.into_iter().partition(|found| {
        let finding = &found.finding;
        model
            .unpaged
            .pages(finding.subject.as_ref(), finding.detector)
    });
    publish::alerts(model, &findings, step);
    ordinary_days::learn(model, judged, step)?;
    unjudged::decide(model, step);
    findings.extend(unpaged);
    reports::publish(model, &findings, step);
    objective_evaluation::keep(model, step)?;
    retire::names(model, step);
    retire::segments(model, step)?;
    pin::forget_old(model, step)?;
    // A drift that waits for its assessment must survive a restart.
    model
        .quality
        .write_knowledge(&model.knowledge.name, step.outbox)?;
    if std::mem::take(&mut model.changed) {
        let key = StateKey::Model(model.knowledge.name.clone());
        step.outbox.put(&key, &model.knowledge)?;
    }
    Ok(())
}
