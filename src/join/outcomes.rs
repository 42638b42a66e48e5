//! Outcomes: the predictions and labels of one flush, as sent to the join. Every text occurs once.
//!
//! Ids are hashes. Classes and sources are indices into `words`; models with their segments are indices into `groups`.
//! So the records of one second hold a few kilobytes of text and about twenty bytes per event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{EventTime, Segment, Variant};

/// Properties that a prediction shares with many others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Group {
    /// Name of the model.
    pub model: String,
    /// Version of the model; empty if the producer sends none.
    pub version: String,
    /// Use of the answer: served, served to part of the traffic, or shadow only.
    pub variant: Variant,
    /// Configured segments of the prediction, in the order of the configuration.
    pub segments: Vec<Segment>,
}

impl Group {
    /// True if predictions of one id in `self` and `other` count as the same prediction. Segments make no difference.
    #[must_use]
    pub fn is_same_answerer(&self, other: &Self) -> bool {
        self.variant == other.variant && self.model == other.model && self.version == other.version
    }
}

/// Predictions and labels of one flush. Decoding checks all indices.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcomes {
    /// Groups of the predictions.
    pub groups: Vec<Group>,
    /// Classes, sources, and names of evaluations.
    pub words: Vec<String>,
    /// Predictions, in any order.
    pub predicted: Vec<Predicted>,
    /// Labels, in any order.
    pub labelled: Vec<Labelled>,
}

/// One prediction, reduced to the values that quality is computed from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// Hash of the id that labels refer to.
    pub id: u64,
    /// Event time of the prediction.
    pub time: EventTime,
    /// Index of the group.
    pub group: u32,
    /// Index of the predicted class in `words`.
    pub class: Option<u32>,
    /// Cell of the score; [`crate::sketch::UNSCORED`] if there is no score.
    pub cell: u8,
    /// Predicted value of a regression; finite.
    pub value: Option<f64>,
}

/// One label, reduced to the values that the join needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Hash of the id that the label belongs to.
    pub id: u64,
    /// Arrival time of the label's record, but not before the watermark of its source.
    pub arrival: EventTime,
    /// Time at which the label was made. It only decides which of two corrections wins.
    pub made: EventTime,
    /// Ground truth; `None` if the label carries only evaluations.
    pub truth: Option<LabelTruth>,
    /// Index of each evaluation's name in `words`, and the cell of its score. Names are distinct.
    pub evaluations: Vec<(u32, u8)>,
    /// Index of the source in `words`.
    pub source: u32,
}

/// Ground truth of a label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum LabelTruth {
    /// Index of the true class in `words`.
    Class(u32),
    /// True value of a regression; finite.
    Value(f64),
}

impl Outcomes {
    /// Number of predictions and labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.predicted.len() + self.labelled.len()
    }

    /// True if there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Splits the events into two halves, each with the texts it refers to. Used for records that must stay below a
    /// size limit.
    #[must_use]
    pub fn split(mut self) -> (Self, Self) {
        let predicted = self.predicted.split_off(self.predicted.len() / 2);
        let labelled = self.labelled.split_off(self.labelled.len().div_ceil(2));
        let second = self.saying(predicted, labelled);
        let (predicted, labelled) = (
            std::mem::take(&mut self.predicted),
            std::mem::take(&mut self.labelled),
        );
        (self.saying(predicted, labelled), second)
    }

    /// Returns outcomes with these events, and with the texts and groups that they refer to.
    fn saying(&self, mut predicted: Vec<Predicted>, mut labelled: Vec<Labelled>) -> Self {
        let (mut groups, mut words) = (Picked::of(&self.groups), Picked::of(&self.words));
        for one in &mut predicted {
            groups.pick(&mut one.group);
            one.class.iter_mut().for_each(|class| words.pick(class));
        }
        for one in &mut labelled {
            words.pick(&mut one.source);
            let names = one.evaluations.iter_mut().map(|(name, _)| name);
            names.for_each(|name| words.pick(name));
            if let Some(LabelTruth::Class(class)) = &mut one.truth {
                words.pick(class);
            }
        }
        Self {
            groups: groups.chosen,
            words: words.chosen,
            predicted,
            labelled,
        }
    }
}

/// Elements of a list that are referred to, in the order of the first reference.
struct Picked<'a, T> {
    all: &'a [T],
    chosen: Vec<T>,
    places: BTreeMap<u32, u32>,
}

impl<'a, T: Clone> Picked<'a, T> {
    fn of(all: &'a [T]) -> Self {
        Self {
            all,
            chosen: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// Replaces an index into the whole list by an index into the chosen elements.
    fn pick(&mut self, index: &mut u32) {
        let (all, chosen) = (self.all, &mut self.chosen);
        *index = *self.places.entry(*index).or_insert_with(|| {
            let place = chosen.len() as u32;
            chosen.extend(all.get(*index as usize).cloned());
            place
        });
    }
}
