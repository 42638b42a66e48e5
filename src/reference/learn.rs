//! Learning of a reference from the panes of a span of event time.

use std::collections::BTreeMap;

use super::{Reference, SubjectReference};
use crate::event::Segment;
use crate::sketch::{Monoid, Partial, Subject, ValueSketch, Words};
use crate::window::{Boundary, Span};

/// Builds the reference of `model`, or of one segment of it, over `span`. There may be any number of panes per start,
/// in any order.
#[must_use]
pub fn learn<'a>(
    model: &str,
    segment: Option<Segment>,
    span: Span,
    panes: impl Iterator<Item = (Boundary, &'a Partial)>,
) -> Reference {
    let Learned {
        predictions,
        errors,
        subjects,
    } = learn_subjects(panes, |_| true);
    let subjects = (0..).zip(subjects).map(|(place, (subject, learned))| {
        let reference = SubjectReference {
            place,
            span,
            predictions,
            errors,
            is_provisional: false,
            sketch: learned.sketch,
            lone_events: learned.lone_events,
            rhythm: None,
        };
        (subject, reference)
    });
    Reference {
        id: String::new(),
        model: model.to_owned(),
        segment,
        span,
        predictions,
        subjects: subjects.collect(),
    }
    .with_content_id()
}

/// What a span teaches.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    /// Predictions of all panes.
    pub predictions: u64,
    /// Failed predictions among them.
    pub errors: u64,
    /// The subjects that were wanted. [`Subject::Errors`] is one even if nothing failed: from then on that is the ordinary.
    pub subjects: BTreeMap<Subject, LearnedSubject>,
}

/// What a span teaches about one subject.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearnedSubject {
    /// Distribution over the span.
    pub sketch: ValueSketch,
    /// Number of events whose category occurred in a single pane; panes of less than an hour count by the hour.
    pub lone_events: u64,
}

/// Learns the subjects that are `wanted` from panes of a span.
pub fn learn_subjects<'a>(
    panes: impl Iterator<Item = (Boundary, &'a Partial)>,
    wanted: impl Fn(&Subject) -> bool,
) -> Learned {
    let mut whole = Partial::default();
    let mut hours: BTreeMap<&Subject, BTreeMap<i64, ValueSketch>> = BTreeMap::new();
    for (start, pane) in panes {
        whole.predictions += pane.predictions;
        whole.errors += pane.errors;
        for (subject, sketch) in pane.subjects.iter().filter(|(subject, _)| wanted(subject)) {
            let of_subject = hours.entry(subject).or_default();
            let hour = of_subject.entry(start.0.div_euclid(60)).or_default();
            hour.merge(sketch);
        }
    }
    let subjects = hours.into_iter();
    let subjects = subjects.map(|(subject, hours)| (subject.clone(), of_subject(&hours)));
    let failures = LearnedSubject {
        sketch: whole.failures(),
        lone_events: 0,
    };
    let failures = Some((Subject::Errors, failures));
    let failures = failures.filter(|_| whole.predictions > 0 && wanted(&Subject::Errors));
    Learned {
        predictions: whole.predictions,
        errors: whole.errors,
        subjects: subjects.chain(failures).collect(),
    }
}

fn of_subject(hours: &BTreeMap<i64, ValueSketch>) -> LearnedSubject {
    let mut sketch = ValueSketch::default();
    for hour in hours.values() {
        sketch.merge(hour);
    }
    let lone_events = lone_events(hours.values().map(|hour| &hour.words), &sketch.words);
    LearnedSubject {
        sketch,
        lone_events,
    }
}

/// Number of events whose category occurred in one hour only; 0 if cells are groups of categories.
fn lone_events<'a>(hours: impl Iterator<Item = &'a Words>, whole: &Words) -> u64 {
    if !whole.is_exact() {
        return 0;
    }
    let mut seen: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
    for cell in hours.flat_map(|words| words.histogram.cells()) {
        let (in_hours, events) = seen.entry(cell.index).or_default();
        *in_hours += 1;
        *events += cell.count;
    }
    seen.values()
        .filter(|(in_hours, _)| *in_hours == 1)
        .map(|(_, events)| events)
        .sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::event::{Prediction, Value};
    use crate::sketch::{PartialBuffer, RecordPosition};

    fn pane(country: &'static str, amount: f64, times: u64) -> Partial {
        let mut buffer = PartialBuffer::default();
        for n in 0..times {
            let prediction = Prediction {
                id: n.to_string().into(),
                features: vec![
                    ("country".into(), Value::Text(country.into())),
                    ("amount".into(), Value::Number(amount)),
                ],
                ..Prediction::default()
            };
            let nowhere = || RecordPosition {
                topic: String::new(),
                partition: 0,
                offset: 0,
            };
            buffer.push(&prediction, nowhere);
        }
        buffer.freeze().unwrap()
    }

    const SPAN: Span = Span {
        start: Boundary(0),
        end: Boundary(120),
    };

    fn three_panes() -> [(i64, Partial); 3] {
        [
            (0, pane("de", 1.0, 5)),
            (15, pane("fr", 2.0, 3)),
            (60, pane("de", 3.0, 4)),
        ]
    }

    #[test]
    fn order_and_grouping_of_panes_do_not_change_the_id() {
        let panes = three_panes();
        let forward = learn(
            "m",
            None,
            SPAN,
            panes.iter().map(|(b, p)| (Boundary(*b), p)),
        );
        let backward = learn(
            "m",
            None,
            SPAN,
            panes.iter().rev().map(|(b, p)| (Boundary(*b), p)),
        );
        assert_eq!(forward, backward);
        assert_eq!(forward.id.len(), 32);
        assert_eq!(forward.predictions, 12);
        let other = learn(
            "m",
            None,
            SPAN,
            panes.iter().take(2).map(|(b, p)| (Boundary(*b), p)),
        );
        assert_ne!(forward.id, other.id);
    }

    #[test]
    fn a_provisional_reference_has_another_id_than_a_final_one_of_the_same_panes() {
        let panes = three_panes();
        let panes = panes.iter().map(|(b, p)| (Boundary(*b), p));
        let last = learn("m", None, SPAN, panes);
        let mut provisional = last.clone();
        let subjects = provisional.subjects.values_mut();
        subjects.for_each(|subject| subject.is_provisional = true);
        assert_ne!(provisional.with_content_id().id, last.id);
    }

    #[test]
    fn a_segment_has_another_id_than_its_whole_and_than_its_neighbours() {
        let panes = three_panes();
        let learned = |segment| {
            learn(
                "m",
                segment,
                SPAN,
                panes.iter().map(|(b, p)| (Boundary(*b), p)),
            )
        };
        let of = |key: &str, value: &str| Segment {
            key: key.into(),
            value: value.into(),
        };
        let segments = [
            None,
            Some(of("a", "b")),
            Some(of("a", "c")),
            Some(of("ab", "")),
        ];
        let ids: BTreeSet<String> = segments.map(|segment| learned(segment).id).into();
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn categories_of_one_hour_are_counted_by_their_events() {
        let panes = three_panes();
        let reference = learn(
            "m",
            None,
            SPAN,
            panes.iter().map(|(b, p)| (Boundary(*b), p)),
        );
        let country = &reference.subjects[&Subject::Feature("country".into())];
        assert_eq!(
            country.lone_events, 3,
            "only fr, seen three times, kept to one hour"
        );
    }
}
