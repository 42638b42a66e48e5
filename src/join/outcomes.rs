//! What one flush says to the join: predictions made and labels heard, with every text said once.
//!
//! Ids are hashes, classes and sources are indices into `words`, models with their segments are indices into `groups`,
//! so that the records of a second are a few kilobytes of text and about twenty bytes per event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{EventTime, Segment, Variant};

/// Whose prediction it is: everything of a prediction that many others share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Group {
    /// Model.
    pub model: String,
    /// Version; empty where the producer names none.
    pub version: String,
    /// How the answer was used.
    pub variant: Variant,
    /// The configured segments it carries, in the order of the configuration.
    pub segments: Vec<Segment>,
}

impl Group {
    /// Whether predictions of one id in `self` and `other` are the same prediction: segments do not tell them apart.
    #[must_use]
    pub fn is_same_answerer(&self, other: &Self) -> bool {
        self.variant == other.variant && self.model == other.model && self.version == other.version
    }
}

/// What one flush says. Indices are checked when it is decoded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcomes {
    /// Whose predictions.
    pub groups: Vec<Group>,
    /// Classes, sources and names of evaluations.
    pub words: Vec<String>,
    /// Predictions, in any order.
    pub predicted: Vec<Predicted>,
    /// Labels, in any order.
    pub labelled: Vec<Labelled>,
}

/// One prediction, reduced to what quality is counted from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// Hash of the id that labels refer to.
    pub id: u64,
    /// Event time of the prediction.
    pub time: EventTime,
    /// Index of its group.
    pub group: u32,
    /// Index of the predicted class among the words.
    pub class: Option<u32>,
    /// Cell of its score; [`crate::sketch::UNSCORED`] where it has none.
    pub cell: u8,
    /// The predicted value of a regression: finite.
    pub value: Option<f64>,
}

/// One label.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Hash of the id it is about.
    pub id: u64,
    /// When its record was stored, not before the watermark of its source.
    pub arrival: EventTime,
    /// When it was made, by its own word: decides which of two corrections wins, and nothing else.
    pub made: EventTime,
    /// What was right; `None` where only evaluations are sent.
    pub truth: Option<LabelTruth>,
    /// Index of each evaluation's name among the words, and the cell of its score. Names are distinct.
    pub evaluations: Vec<(u32, u8)>,
    /// Index of the source among the words.
    pub source: u32,
}

/// What was right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum LabelTruth {
    /// Index of the true class among the words.
    Class(u32),
    /// The true value of a regression: finite.
    Value(f64),
}

impl Outcomes {
    /// Predictions and labels in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.predicted.len() + self.labelled.len()
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Two halves that say together what it says, each with the texts that it speaks of. For records that must stay below a size.
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

    /// These of its events, with the texts and groups that they point at.
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

/// Those of a list that are pointed at, in the order in which they were met.
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

    /// Makes an index into all one into the chosen.
    fn pick(&mut self, index: &mut u32) {
        let (all, chosen) = (self.all, &mut self.chosen);
        *index = *self.places.entry(*index).or_insert_with(|| {
            let place = chosen.len() as u32;
            chosen.extend(all.get(*index as usize).cloned());
            place
        });
    }
}
