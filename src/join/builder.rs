//! Open form of outcomes: it takes borrowed texts, one event at a time, and stores each text once per flush.

use hashbrown::HashTable;

use super::hash::{MixedHash, text_hash};
use super::outcomes::{Group, LabelTruth, Labelled, Outcomes, Predicted};
use crate::event::{EventTime, Segment, Variant};
use crate::sketch::{Answered, KnownTruth};

/// Group with borrowed texts. `segments` yields keys and values in the order of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct GroupParts<'a, S> {
    /// Name of the model.
    pub model: &'a str,
    /// Version of the model; empty if the producer sends none.
    pub version: &'a str,
    /// Use of the answer: served, served to part of the traffic, or shadow only.
    pub variant: Variant,
    /// Keys and values of the configured segments that the prediction has.
    pub segments: S,
}

/// Label with borrowed texts.
#[derive(Debug, Clone, Copy)]
pub struct LabelParts<'a, E> {
    /// Hash of the id that the label belongs to.
    pub id: u64,
    /// Arrival time of the label's record, but not before the watermark of its source.
    pub arrival: EventTime,
    /// Time at which the label was made, or its arrival time if the label has no timestamp.
    pub made: EventTime,
    /// Ground truth; `None` if the label carries only evaluations.
    pub truth: Option<KnownTruth<'a>>,
    /// Name and score cell of each evaluation.
    pub evaluations: E,
    /// Source of the label; empty if the producer sends none.
    pub source: &'a str,
}

/// Collects outcomes. An event whose texts and group are already known costs no allocation.
#[derive(Debug, Clone, Default)]
pub struct OutcomesBuilder {
    outcomes: Outcomes,
    words: HashTable<u32>,
    groups: HashTable<u32>,
    last_group: u32,
}

impl OutcomesBuilder {
    /// Adds a prediction.
    pub fn predict<'a, S>(
        &mut self,
        id: u64,
        time: EventTime,
        of: &GroupParts<'a, S>,
        answer: Answered<'_>,
    ) where
        S: Iterator<Item = (&'a str, &'a str)> + Clone,
    {
        let group = self.group(of);
        let class = answer.class.map(|class| self.word(class));
        self.outcomes.predicted.push(Predicted {
            id,
            time,
            group,
            class,
            cell: answer.cell,
            value: answer.value,
        });
    }

    /// Adds a label.
    pub fn label<'a, E>(&mut self, label: LabelParts<'a, E>)
    where
        E: Iterator<Item = (&'a str, u8)>,
    {
        let truth = label.truth.map(|truth| match truth {
            KnownTruth::Class(class) => LabelTruth::Class(self.word(class)),
            KnownTruth::Value(value) => LabelTruth::Value(value),
        });
        let source = self.word(label.source);
        let evaluations = label
            .evaluations
            .map(|(name, cell)| (self.word(name), cell));
        let evaluations = evaluations.collect();
        self.outcomes.labelled.push(Labelled {
            id: label.id,
            arrival: label.arrival,
            made: label.made,
            truth,
            evaluations,
            source,
        });
    }

    /// Returns the collected outcomes and starts again with none.
    pub fn take(&mut self) -> Outcomes {
        self.words.clear();
        self.groups.clear();
        self.last_group = 0;
        std::mem::take(&mut self.outcomes)
    }

    /// Number of predictions and labels collected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// True if nothing was collected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    fn word(&mut self, word: &str) -> u32 {
        let owned = &mut self.outcomes.words;
        let hash = text_hash(word);
        let is_it = |at: &u32| owned.get(*at as usize).is_some_and(|known| known == word);
        if let Some(at) = self.words.find(hash, is_it) {
            return *at;
        }
        let at = owned.len() as u32;
        owned.push(word.to_owned());
        let rehash = |at: &u32| owned.get(*at as usize).map_or(0, |word| text_hash(word));
        self.words.insert_unique(hash, at, rehash);
        at
    }

    fn group<'a, S>(&mut self, of: &GroupParts<'a, S>) -> u32
    where
        S: Iterator<Item = (&'a str, &'a str)> + Clone,
    {
        let owned = &mut self.outcomes.groups;
        let is_it = |at: &u32| owned.get(*at as usize).is_some_and(|group| of.is(group));
        if is_it(&self.last_group) {
            return self.last_group;
        }
        let hash = of.hash();
        self.last_group = match self.groups.find(hash, is_it) {
            Some(at) => *at,
            None => {
                let at = owned.len() as u32;
                owned.push(of.to_group());
                let rehash = |at: &u32| owned.get(*at as usize).map_or(0, |g| parts(g).hash());
                self.groups.insert_unique(hash, at, rehash);
                at
            }
        };
        self.last_group
    }
}

impl<'a, S> GroupParts<'a, S>
where
    S: Iterator<Item = (&'a str, &'a str)> + Clone,
{
    fn is(&self, group: &Group) -> bool {
        let mut given = self.segments.clone();
        let mut owned = group.segments.iter();
        self.model == group.model
            && self.version == group.version
            && self.variant == group.variant
            && owned.all(|s| given.next() == Some((s.key.as_str(), s.value.as_str())))
            && given.next().is_none()
    }

    pub(super) fn hash(&self) -> u64 {
        let mut mixed = MixedHash::of(text_hash(self.model))
            .and(text_hash(self.version))
            .and(self.variant as u64);
        for (key, value) in self.segments.clone() {
            mixed = mixed.and(text_hash(key)).and(text_hash(value));
        }
        mixed.0
    }

    fn to_group(&self) -> Group {
        let segments = self.segments.clone().map(|(key, value)| Segment {
            key: key.to_owned(),
            value: value.to_owned(),
        });
        Group {
            model: self.model.to_owned(),
            version: self.version.to_owned(),
            variant: self.variant,
            segments: segments.collect(),
        }
    }
}

/// Borrowed form of a group.
pub(super) fn parts(group: &Group) -> GroupParts<'_, impl Iterator<Item = (&str, &str)> + Clone> {
    let segments = group.segments.iter();
    GroupParts {
        model: &group.model,
        version: &group.version,
        variant: group.variant,
        segments: segments.map(|segment| (segment.key.as_str(), segment.value.as_str())),
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn predict(builder: &mut OutcomesBuilder, model: &str, segments: &[(&str, &str)], class: &str) {
        let of = GroupParts {
            model,
            version: "",
            variant: Variant::Default,
            segments: segments.iter().copied(),
        };
        let answer = Answered {
            class: Some(class),
            cell: 1,
            value: None,
        };
        builder.predict(1, EventTime(0), &of, answer);
    }

    #[test]
    fn each_text_and_each_group_is_said_once() {
        let mut builder = OutcomesBuilder::default();
        for round in 0..50 {
            for model in ["a", "b"] {
                predict(&mut builder, model, &[], "yes");
                predict(&mut builder, model, &[("x", "1")], "no");
                predict(&mut builder, model, &[("x", "1"), ("y", "1")], "yes");
            }
            assert_eq!(builder.len(), (round + 1) * 6);
        }
        let outcomes = builder.take();
        assert_eq!(outcomes.words, ["yes", "no"]);
        assert_eq!(outcomes.groups.len(), 6);
        for (at, predicted) in outcomes.predicted.iter().enumerate() {
            assert_eq!(predicted.group as usize, at % 6);
            assert_eq!(predicted.class, Some(u32::from(at % 3 == 1)));
        }
        assert_eq!(outcomes.groups[4].segments.len(), 1);
    }

    #[test]
    fn what_was_taken_is_not_pointed_at_again() {
        let mut builder = OutcomesBuilder::default();
        predict(&mut builder, "a", &[], "yes");
        builder.take();
        assert!(builder.is_empty());
        predict(&mut builder, "b", &[], "no");
        let outcomes = builder.take();
        assert_eq!(
            (outcomes.words.len(), outcomes.groups[0].model.as_str()),
            (1, "b")
        );
    }
}
