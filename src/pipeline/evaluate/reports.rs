//! Reports of windows: the summary of each subject in each tumbling window.
//!
//! A window with fewer than `detect.events_min` predictions has no report of its own: a longer window that has enough
//! contains its predictions. The longest length that is reported always is, so its reports count every prediction once.

use super::model::{Model, predictions_in};
use super::slice::Slice;
use super::step::StepContext;
use crate::alert::{Report, ScopedFinding};
use crate::detect::Finding;
use crate::pipeline::output::{Output, OutputTopic};
use crate::pipeline::plan::Plan;
use crate::sketch::{Partial, Subject};
use crate::window::{Span, WindowLength};

/// Publishes the summary of each tumbling window that ends at this boundary.
pub fn publish(model: &Model, observed: &[ScopedFinding], step: &mut StepContext<'_>) {
    let at = step.at;
    let lengths = step.plan.reported_windows().map(|spec| spec.length);
    for length in lengths.filter(|length| at.on_grid(length.minutes())) {
        let span = Span::ending_at(at, length);
        let events_min = events_min(length, step.plan);
        for (slice, ring) in &model.rings {
            if predictions_in(ring, span) >= events_min {
                window_reports(model, slice, length, &ring.merged(span), observed, step);
            }
        }
    }
}

/// Predictions from which a window of `length` reports.
fn events_min(length: WindowLength, plan: &Plan) -> u64 {
    if plan.longest_reported() == Some(length) {
        1
    } else {
        plan.detect.events_min
    }
}

fn window_reports(
    model: &Model,
    slice: &Slice,
    length: WindowLength,
    window: &Partial,
    observed: &[ScopedFinding],
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
    let failures = (&Subject::Errors, &window.failures());
    for (subject, sketch) in window.subjects.iter().chain([failures]) {
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
