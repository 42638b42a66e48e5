//! What was told but not worked, by the minute of its time: where the order in which it came is forgotten.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::assertion::Rank;
use super::flush_texts::FlushTexts;
use super::outcomes::{Labelled, Outcomes, Predicted};
use crate::event::EventTime;
use crate::window::Boundary;

/// An event with its texts.
#[derive(Debug)]
pub(super) struct BufferedItem<T> {
    /// The event.
    pub what: T,
    /// The texts it points at.
    pub batch: Arc<FlushTexts>,
    /// Hash of what it says, without regard to how: the last word on its order.
    pub content: u64,
}

/// The events of one minute.
#[derive(Debug, Default)]
pub(super) struct Minute {
    pub predicted: Vec<BufferedItem<Predicted>>,
    pub labelled: Vec<BufferedItem<Labelled>>,
}

/// Minutes by their beginning.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    minutes: BTreeMap<Boundary, Minute>,
    events: usize,
}

impl Buffer {
    pub(super) fn predict(&mut self, minute: Boundary, item: BufferedItem<Predicted>) {
        self.events += 1;
        self.minutes.entry(minute).or_default().predicted.push(item);
    }

    pub(super) fn label(&mut self, minute: Boundary, item: BufferedItem<Labelled>) {
        self.events += 1;
        self.minutes.entry(minute).or_default().labelled.push(item);
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
        self.events * size_of::<BufferedItem<Labelled>>()
    }
}

impl Minute {
    /// Of labels that arrive at once the winner comes first, so that no correction is told of what was never known.
    fn sort(&mut self) {
        self.predicted
            .sort_unstable_by_key(|item| (item.what.time, item.what.id, item.content));
        self.labelled
            .sort_by_cached_key(|item| (item.what.arrival, Reverse(rank(item)), item.content));
    }

    /// The events in order of time, a prediction before the labels of the same instant.
    pub(super) fn in_order(&self) -> impl Iterator<Item = MinuteEvent<'_>> {
        let mut predicted = self.predicted.iter().peekable();
        let mut labelled = self.labelled.iter().peekable();
        std::iter::from_fn(move || {
            let label_at = labelled.peek().map(|item| item.what.arrival);
            let first = |time: EventTime| label_at.is_none_or(|at| time <= at);
            match predicted.next_if(|item| first(item.what.time)) {
                Some(item) => Some(MinuteEvent::Predicted(item)),
                None => labelled.next().map(MinuteEvent::Labelled),
            }
        })
    }
}

fn rank(item: &BufferedItem<Labelled>) -> Option<Rank> {
    item.batch
        .assertions(&item.what)
        .next()
        .map(|assertion| assertion.rank())
}

/// One event of a minute.
pub(super) enum MinuteEvent<'a> {
    /// A prediction.
    Predicted(&'a BufferedItem<Predicted>),
    /// A label.
    Labelled(&'a BufferedItem<Labelled>),
}

/// The texts of `outcomes` beside its events.
pub(super) fn unpack(outcomes: Outcomes) -> (Arc<FlushTexts>, Vec<Predicted>, Vec<Labelled>) {
    let batch = FlushTexts::new(outcomes.groups, outcomes.words);
    (Arc::new(batch), outcomes.predicted, outcomes.labelled)
}
