//! Buffer of submitted events by the minute of their time, until the minute is processed. Within a minute, the order of
//! submission does not matter.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::assertion::Rank;
use super::flush_texts::FlushTexts;
use super::outcomes::{Labelled, Outcomes, Predicted};
use crate::event::EventTime;
use crate::window::Boundary;

/// Event with its texts.
#[derive(Debug)]
pub(super) struct BufferedItem<T> {
    /// Prediction or label.
    pub event: T,
    /// Texts that the event refers to.
    pub batch: Arc<FlushTexts>,
    /// Hash of the event's content, without the encoding. It is the last criterion of its order.
    pub content: u64,
}

/// Events of one minute.
#[derive(Debug, Default)]
pub(super) struct Minute {
    pub predicted: Vec<BufferedItem<Predicted>>,
    pub labelled: Vec<BufferedItem<Labelled>>,
}

/// Minutes by their start.
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

    /// Oldest minute with events.
    pub(super) fn first(&self) -> Option<Boundary> {
        self.minutes.first_key_value().map(|(minute, _)| *minute)
    }

    pub(super) fn get(&self, minute: Boundary) -> Option<&Minute> {
        self.minutes.get(&minute)
    }

    /// Removes the oldest minute, if it starts before `until`. Its events are sorted.
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

    /// Bytes of the events, without texts.
    pub(super) fn bytes(&self) -> usize {
        self.events * size_of::<BufferedItem<Labelled>>()
    }
}

impl Minute {
    /// Sorts the events. Of labels that arrive at the same time, the winner comes first, so no correction is reported
    /// for a truth that was never known.
    fn sort(&mut self) {
        self.predicted
            .sort_unstable_by_key(|item| (item.event.time, item.event.id, item.content));
        self.labelled
            .sort_by_cached_key(|item| (item.event.arrival, Reverse(rank(item)), item.content));
    }

    /// Iterates over the events in order of time. A prediction comes before labels of the same time.
    pub(super) fn in_order(&self) -> impl Iterator<Item = MinuteEvent<'_>> {
        let mut predicted = self.predicted.iter().peekable();
        let mut labelled = self.labelled.iter().peekable();
        std::iter::from_fn(move || {
            let label_at = labelled.peek().map(|item| item.event.arrival);
            let first = |time: EventTime| label_at.is_none_or(|at| time <= at);
            match predicted.next_if(|item| first(item.event.time)) {
                Some(item) => Some(MinuteEvent::Predicted(item)),
                None => labelled.next().map(MinuteEvent::Labelled),
            }
        })
    }
}

fn rank(item: &BufferedItem<Labelled>) -> Option<Rank> {
    item.batch
        .assertions(&item.event)
        .next()
        .map(|assertion| assertion.rank())
}

/// Event of a minute.
pub(super) enum MinuteEvent<'a> {
    /// A prediction.
    Predicted(&'a BufferedItem<Predicted>),
    /// A label.
    Labelled(&'a BufferedItem<Labelled>),
}

/// Separates the texts of `outcomes` from its events.
pub(super) fn unpack(outcomes: Outcomes) -> (Arc<FlushTexts>, Vec<Predicted>, Vec<Labelled>) {
    let batch = FlushTexts::new(outcomes.groups, outcomes.words);
    (Arc::new(batch), outcomes.predicted, outcomes.labelled)
}
