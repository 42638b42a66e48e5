//! Learned variability: the largest value of each detector in ordinary windows, below which a value is no surprise.

use super::case::{JudgedWindow, budget};
use super::knowledge::VariabilityKey;
use super::model::Model;
use super::slice::Slice;
use crate::alert::Place;
use crate::detect::{DETECTORS, VARIABILITY_BELOW_MINUTES};
use crate::event::Segment;
use crate::pipeline::plan::Plan;
use crate::sketch::{Monoid, Partial, Subject};
use crate::window::{Boundary, COARSE_MINUTES, Span, WindowLength};

/// A window from which variability is learned.
struct OrdinaryWindow<'a> {
    slice: &'a Slice,
    partial: &'a Partial,
    length: WindowLength,
    end: Boundary,
    /// True if the window is a part of the learning span.
    inside_reference: bool,
}

/// Learns from the tumbling windows of the learning span that consist of whole coarse panes.
pub fn learn_within(model: &mut Model, segment: Option<&Segment>, span: Span, plan: &Plan) {
    for length in lengths(plan).filter(|length| length.minutes() % COARSE_MINUTES == 0) {
        let mut end = span.start.plus_minutes(length.minutes());
        while end <= span.end {
            // The reference covers all versions together, so do these windows.
            let mut all = Partial::default();
            let windows = windows(model, segment, Span::ending_at(end, length));
            windows.iter().for_each(|(_, window)| all.merge(window));
            let slice = Slice {
                version: String::new(),
                segment: segment.cloned(),
            };
            let window = OrdinaryWindow {
                slice: &slice,
                partial: &all,
                length,
                end,
                inside_reference: true,
            };
            raise(model, &window, plan);
            end = end.plus_minutes(length.minutes());
        }
    }
}

/// Learns from the tumbling windows that end at this boundary in the days after learning, unless they are in trouble or
/// were recently.
pub fn learn(model: &mut Model, at: Boundary, plan: &Plan) {
    let segments = model.segment_references.keys().cloned().map(Some);
    for segment in [None].into_iter().chain(segments).collect::<Vec<_>>() {
        learn_segment(model, segment.as_ref(), at, plan);
    }
}

fn learn_segment(model: &mut Model, segment: Option<&Segment>, at: Boundary, plan: &Plan) {
    let Some(learned) = model.reference_of(segment).map(|r| r.span.end) else {
        return;
    };
    if at.0 - learned.0 > plan.learning.variability_minutes {
        return;
    }
    let ending: Vec<WindowLength> = lengths(plan)
        .filter(|length| at.on_grid(length.minutes()) && at.0 - length.minutes() >= learned.0)
        .collect();
    for length in ending {
        for (slice, partial) in windows(model, segment, Span::ending_at(at, length)) {
            let window = OrdinaryWindow {
                slice: &slice,
                partial: &partial,
                length,
                end: at,
                inside_reference: false,
            };
            raise(model, &window, plan);
        }
    }
}

/// Lengths of the windows that have a learned variability. Longer windows have none, so they still detect slow drift.
fn lengths(plan: &Plan) -> impl Iterator<Item = WindowLength> {
    plan.windows
        .iter()
        .map(|window| window.length)
        .filter(|length| length.minutes() < VARIABILITY_BELOW_MINUTES)
}

/// The window of each version in `span`.
fn windows(model: &Model, segment: Option<&Segment>, span: Span) -> Vec<(Slice, Partial)> {
    model
        .rings_of(segment)
        .map(|(slice, ring)| (slice.clone(), ring.merged(span)))
        .collect()
}

/// Raises the learned variability of each subject to what the window shows.
fn raise(model: &mut Model, window: &OrdinaryWindow<'_>, plan: &Plan) {
    let Some(reference) = model.reference_of(window.slice.segment.as_ref()) else {
        return;
    };
    if window.partial.predictions < plan.detect.events_min {
        return;
    }
    let judged = JudgedWindow {
        window: window.partial,
        reference,
        budget: budget(model, plan),
        inside_reference: window.inside_reference,
        plan,
    };
    let mut raised = Vec::new();
    for case in judged.cases() {
        if !window.inside_reference && !is_quiet(model, window, case.subject) {
            continue;
        }
        for detector in DETECTORS {
            if let Some(value) = detector.variability(&case) {
                let key = VariabilityKey {
                    segment: window.slice.segment.clone(),
                    subject: case.subject.clone(),
                    window: window.length,
                    detector: detector.name().to_owned(),
                };
                raised.push((key, value));
            }
        }
    }
    for (key, value) in raised {
        model.raise_variability(key, value);
    }
}

/// True if neither the slice nor its whole has trouble with the subject. A segment is often too small to detect what its
/// whole detects, and must not learn that as ordinary.
fn is_quiet(model: &Model, window: &OrdinaryWindow<'_>, subject: &Subject) -> bool {
    let is_quiet = |segment: Option<&Segment>| {
        let place = Place {
            version: window.slice.version.clone(),
            segment: segment.cloned(),
            subject: Some(subject.clone()),
            length: window.length,
        };
        model.knowledge.episodes.is_quiet_at(place, window.end)
    };
    let segment = window.slice.segment.as_ref();
    is_quiet(segment) && (segment.is_none() || is_quiet(None))
}
