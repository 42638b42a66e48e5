//! Reports of windows: the summary of each subject in each tumbling window.

use super::model::Model;
use super::slice::Slice;
use super::step::StepContext;
use crate::alert::{Observed, Report};
use crate::detect::Finding;
use crate::pipeline::output::{Output, OutputTopic};
use crate::sketch::{Partial, Subject};
use crate::window::{Span, WindowLength};

/// Publishes the summary of each tumbling window that ends at this boundary.
pub fn publish(model: &Model, observed: &[Observed], step: &mut StepContext<'_>) {
    let at = step.at;
    let windows = step.plan.windows.iter();
    for spec in windows.filter(|spec| at.on_grid(spec.length.minutes())) {
        for (slice, ring) in &model.rings {
            let window = ring.merged(Span::ending_at(at, spec.length));
            if window.predictions > 0 {
                window_reports(model, slice, spec.length, &window, observed, step);
            }
        }
    }
}

fn window_reports(
    model: &Model,
    slice: &Slice,
    length: WindowLength,
    window: &Partial,
    observed: &[Observed],
    step: &mut StepContext<'_>,
) {
    let of_window: Vec<&Finding> = observed
        .iter()
        .filter(|found| {
            found.version == slice.version
                && found.segment == slice.segment
                && found.window == length
        })
        .map(|found| &found.finding)
        .collect();
    for (subject, sketch) in &window.subjects {
        let findings = findings_on(&of_window, subject);
        let report = Report {
            model: model.name(),
            version: &slice.version,
            segment: slice.segment.as_ref(),
            subject,
            length,
            end: step.at,
            predictions: window.predictions,
            sketch,
            findings: &findings,
            reference_id: model
                .reference_of(slice.segment.as_ref())
                .map(|reference| reference.id.as_str())
                .filter(|_| !findings.is_empty()),
        }
        .record();
        let report = Output::plain(OutputTopic::Reports, report.key(), report.value());
        step.outbox.publish(report);
    }
}

fn findings_on(findings: &[&Finding], subject: &Subject) -> Vec<Finding> {
    let on = findings
        .iter()
        .filter(|finding| finding.subject.as_ref() == Some(subject));
    on.map(|finding| (*finding).clone()).collect()
}
