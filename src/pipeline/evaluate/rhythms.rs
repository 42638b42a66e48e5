//! Rhythms: how much of what each subject varies by is the time of day, found once its reference is complete.

use std::collections::BTreeMap;

use super::model::Model;
use crate::detect::{Baseline, Tally};
use crate::event::Segment;
use crate::reference::{PhasedCounts, Reference, Rhythm, SubjectReference};
use crate::sketch::{Monoid, Partial, Subject};
use crate::window::{Boundary, DAY_MINUTES, Span, Tier};

/// Finds the rhythm of each subject that `is_new`, from the panes of six hours that lie within its span.
pub fn find(
    model: &Model,
    reference: &mut Reference,
    is_new: impl Fn(&Subject, &SubjectReference) -> bool,
) {
    let segment = reference.segment.clone();
    let subjects = reference.subjects.iter_mut();
    for (subject, own) in subjects.filter(|(subject, own)| is_new(subject, own)) {
        own.rhythm = of_span(model, segment.as_ref(), (subject, own), own.span);
    }
}

/// The rhythm of a subject within a span, by the groups of its reference.
pub fn of_span(
    model: &Model,
    segment: Option<&Segment>,
    (subject, own): (&Subject, &SubjectReference),
    span: Span,
) -> Option<Rhythm> {
    let baseline = Baseline::of(subject, own);
    let panes = model
        .rings_of(segment)
        .flat_map(|(_, ring)| ring.within(Tier::SixHours, whole_panes(span)));
    let mut of_versions: BTreeMap<Boundary, Tally> = BTreeMap::new();
    for (start, pane) in panes {
        let sum = of_versions.entry(start).or_default();
        sum.merge(&tally(subject, &baseline, pane));
    }
    let phased = of_versions.into_iter().map(phased);
    Rhythm::of(&phased.collect::<Vec<_>>())
}

/// The panes that lie in the span as a whole.
fn whole_panes(span: Span) -> Span {
    let six_hours = Tier::SixHours.minutes();
    Span {
        start: span.start.plus_minutes(six_hours - 1).floor(six_hours),
        end: span.end.floor(six_hours),
    }
}

/// The values of a pane by group. Errors have two: failed and answered.
fn tally(subject: &Subject, baseline: &Baseline, pane: &Partial) -> Tally {
    if *subject == Subject::Errors {
        let answered = pane.predictions.saturating_sub(pane.errors);
        return Tally {
            groups: vec![pane.errors, answered],
            ..Tally::default()
        };
    }
    let sketch = pane.subjects.get(subject);
    sketch.map_or_else(Tally::default, |sketch| baseline.count(sketch))
}

fn phased((start, tally): (Boundary, Tally)) -> PhasedCounts {
    PhasedCounts {
        day: start.0.div_euclid(DAY_MINUTES),
        part_of_day: start.0.rem_euclid(DAY_MINUTES) / Tier::SixHours.minutes(),
        groups: tally.groups,
    }
}
