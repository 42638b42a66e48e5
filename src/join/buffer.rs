//! What was told but not worked, by the minute of its time: where the order in which it came is forgotten.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::batch::Batch;
use super::claim::Rank;
use super::outcomes::{Labelled, Outcomes, Predicted};
use crate::event::EventTime;
use crate::window::Boundary;

/// An event with its texts.
#[derive(Debug)]
pub(super) struct Told<T> {
    /// The event.
    pub what: T,
    /// The texts it points at.
    pub batch: Arc<Batch>,
    /// Hash of what it says, without regard to how: the last word on its order.
    pub content: u64,
}

/// The events of one minute.
#[derive(Debug, Default)]
pub(super) struct Minute {
    pub predicted: Vec<Told<Predicted>>,
    pub labelled: Vec<Told<Labelled>>,
}

/// Minutes by their beginning.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    minutes: BTreeMap<Boundary, Minute>,
    events: usize,
}

impl Buffer {
    pub(super) fn predict(&mut self, minute: Boundary, told: Told<Predicted>) {
        self.events += 1;
        self.minutes.entry(minute).or_default().predicted.push(told);
    }

    pub(super) fn label(&mut self, minute: Boundary, told: Told<Labelled>) {
        self.events += 1;
        self.minutes.entry(minute).or_default().labelled.push(told);
    }

    /// The oldest minute with events.
    pub(super) fn first(&self) -> Option<Boundary> {
        self.minutes.first_key_value().map(|(minute, _)| *minute)
    }

    pub(super) fn get(&self, minute: Boundary) -> Option<&Minute> {
        self.minutes.get(&minute)
    }

    /// Takes out the oldest minute, if it begins before `until`; its events are in order.
    pub(super) fn pop_before(&mut self, until: Boundary) -> Option<(Boundary, Minute)> {
        let first = self
            .minutes
            .first_entry()
            .filter(|first| *first.key() < until)?;
        let (start, mut minute) = first.remove_entry();
        self.events -= minute.predicted.len() + minute.labelled.len();
        minute.sort();
        Some((start, minute))
    }

    /// Bytes, but for texts.
    pub(super) fn bytes(&self) -> usize {
        self.events * size_of::<Told<Labelled>>()
    }
}

impl Minute {
    /// Of labels that arrive at once the winner comes first, so that no correction is told of what was never known.
    fn sort(&mut self) {
        self.predicted
            .sort_unstable_by_key(|told| (told.what.time, told.what.id, told.content));
        self.labelled
            .sort_by_cached_key(|told| (told.what.arrival, Reverse(rank(told)), told.content));
    }

    /// The events in order of time, a prediction before the labels of the same instant.
    pub(super) fn in_order(&self) -> impl Iterator<Item = Event<'_>> {
        let mut predicted = self.predicted.iter().peekable();
        let mut labelled = self.labelled.iter().peekable();
        std::iter::from_fn(move || {
            let label_at = labelled.peek().map(|told| told.what.arrival);
            let first = |time: EventTime| label_at.is_none_or(|at| time <= at);
            match predicted.next_if(|told| first(told.what.time)) {
                Some(told) => Some(Event::Predicted(told)),
                None => labelled.next().map(Event::Labelled),
            }
        })
    }
}

fn rank(told: &Told<Labelled>) -> Option<Rank> {
    told.batch
        .claims(&told.what)
        .next()
        .map(|claim| claim.rank())
}

/// One event of a minute.
pub(super) enum Event<'a> {
    /// A prediction.
    Predicted(&'a Told<Predicted>),
    /// A label.
    Labelled(&'a Told<Labelled>),
}

/// The texts of `outcomes` beside its events.
pub(super) fn unpack(outcomes: Outcomes) -> (Arc<Batch>, Vec<Predicted>, Vec<Labelled>) {
    let batch = Batch::new(outcomes.groups, outcomes.words);
    (Arc::new(batch), outcomes.predicted, outcomes.labelled)
}
