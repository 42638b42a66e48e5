//! Learning: the reference of a first span of event time, and the habits of ordinary windows.

use super::Stop;
use super::model::{HabitKey, Model};
use super::{judge, publish};
use crate::detect::{DETECTORS, HABITS_BELOW_MINUTES};
use crate::pipeline::effect::Effects;
use crate::pipeline::plan::Plan;
use crate::pipeline::state::{Key, StateWriter};
use crate::reference::learn;
use crate::sketch::{Monoid, Partial};
use crate::window::{Boundary, COARSE_MINUTES, Span, WindowLength};

/// Freezes the reference at the first quarter of an hour at which the span is long and full enough.
pub fn freeze_if_ready(
    model: &mut Model,
    at: Boundary,
    plan: &Plan,
    effects: &mut Effects,
    writer: &mut StateWriter,
) -> Result<(), Stop> {
    let since = model.knowledge.since;
    let start = Boundary(since.0 - since.0.rem_euclid(COARSE_MINUTES));
    if !at.on_grid(COARSE_MINUTES) || at.0 - start.0 < plan.learning.span_minutes {
        return Ok(());
    }
    let first = model
        .rings
        .values()
        .filter_map(|ring| ring.first())
        .min()
        .unwrap_or(start);
    let span = Span {
        start: first.max(start),
        end: at,
    };
    let panes = || {
        model
            .rings
            .values()
            .flat_map(|ring| ring.coarse_within(span))
    };
    if panes().map(|(_, pane)| pane.predictions).sum::<u64>() < plan.learning.events_min {
        return Ok(());
    }
    let reference = learn(model.name(), span, panes());
    writer.put(
        effects,
        &Key::Reference(model.name().to_owned()),
        &reference,
    )?;
    effects.outputs.extend(publish::reference(&reference));
    model.reference = Some(reference);
    learn_first_habits(model, span, plan);
    model.changed = true;
    Ok(())
}

/// Lengths whose windows learn habits; longer ones learn none, so that what creeps is still seen in them.
fn habit_lengths(plan: &Plan) -> impl Iterator<Item = WindowLength> {
    plan.windows
        .iter()
        .map(|w| w.length)
        .filter(|length| length.minutes() < HABITS_BELOW_MINUTES)
}

/// The habits within the learning span itself: its disjoint windows that are made of whole coarse panes.
fn learn_first_habits(model: &mut Model, span: Span, plan: &Plan) {
    for length in habit_lengths(plan).filter(|length| length.minutes() % COARSE_MINUTES == 0) {
        let mut end = span.start.plus_minutes(length.minutes());
        while end <= span.end {
            fold_window(model, end, length, plan, true);
            end = end.plus_minutes(length.minutes());
        }
    }
}

/// Each disjoint window of the days after learning raises the habits, unless it is in trouble or has just been.
pub fn fold_habits(model: &mut Model, at: Boundary, plan: &Plan) {
    let Some(learned) = model.reference.as_ref().map(|reference| reference.span.end) else {
        return;
    };
    if at.0 - learned.0 > plan.learning.habit_minutes {
        return;
    }
    let ending: Vec<WindowLength> = habit_lengths(plan)
        .filter(|length| at.on_grid(length.minutes()) && at.0 - length.minutes() >= learned.0)
        .collect();
    for length in ending {
        fold_window(model, at, length, plan, false);
    }
}

fn fold_window(model: &mut Model, end: Boundary, length: WindowLength, plan: &Plan, inside: bool) {
    let span = Span::ending_at(end, length);
    let windows: Vec<(String, Partial)> = model
        .rings
        .iter()
        .map(|(version, ring)| (version.clone(), ring.merged(span)))
        .collect();
    if inside {
        // The reference is the model's, so its own windows are those of all versions together.
        let mut whole = Partial::default();
        windows.iter().for_each(|(_, window)| whole.merge(window));
        fold(model, "", &whole, end, length, plan, true);
    } else {
        windows
            .iter()
            .for_each(|(version, window)| fold(model, version, window, end, length, plan, false));
    }
}

fn fold(
    model: &mut Model,
    version: &str,
    window: &Partial,
    end: Boundary,
    length: WindowLength,
    plan: &Plan,
    inside: bool,
) {
    let Some(reference) = &model.reference else {
        return;
    };
    if window.predictions < plan.detect.events_min {
        return;
    }
    let budget = judge::budget(model, plan);
    for (subject, of_reference) in &reference.subjects {
        let quiet = inside
            || model
                .knowledge
                .episodes
                .is_quiet(version, subject, length, end);
        if !subject.drifts() || !quiet {
            continue;
        }
        let case = judge::case(
            subject,
            window,
            of_reference,
            reference,
            budget,
            plan,
            inside,
        );
        for detector in DETECTORS {
            let Some(value) = detector.habit(&case) else {
                continue;
            };
            let key = HabitKey {
                subject: subject.clone(),
                window: length,
                detector: detector.name().to_owned(),
            };
            let habit = model.knowledge.habits.entry(key).or_insert(0.0);
            if value > *habit {
                *habit = value;
                model.changed = true;
            }
        }
    }
}
