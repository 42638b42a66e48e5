//! Texts of one flush, shared by its events until they are processed. Each text is hashed once.

use std::sync::Arc;

use super::assertion::{AssertedValue, LabelAssertion, LabelSource};
use super::builder::{LabelParts, parts};
use super::hash::{MixedHash, content_hash, number_hash, text_hash};
use super::outcomes::{Group, LabelTruth, Labelled, Predicted};
use crate::sketch::KnownTruth;

/// Texts of one flush, with their hashes.
#[derive(Debug)]
pub(super) struct FlushTexts {
    groups: Vec<(Arc<Group>, u64)>,
    words: Vec<(Arc<str>, u64)>,
}

impl FlushTexts {
    pub(super) fn new(groups: Vec<Group>, words: Vec<String>) -> Self {
        let hashed = |group: Group| {
            let hash = parts(&group).hash();
            (Arc::new(group), hash)
        };
        let words = words.into_iter();
        Self {
            groups: groups.into_iter().map(hashed).collect(),
            words: words
                .map(|word| (Arc::from(word.as_str()), text_hash(&word)))
                .collect(),
        }
    }

    pub(super) fn group(&self, at: u32) -> Option<&(Arc<Group>, u64)> {
        self.groups.get(at as usize)
    }

    pub(super) fn word(&self, at: u32) -> Option<&(Arc<str>, u64)> {
        self.words.get(at as usize)
    }

    fn word_hash(&self, at: u32) -> u64 {
        self.word(at).map_or(0, |(_, hash)| *hash)
    }

    /// Hash of a prediction's content, without id and time. It uses the texts, because indices differ between flushes.
    pub(super) fn content_of(&self, predicted: &Predicted) -> u64 {
        let group = self.group(predicted.group).map_or(0, |(_, hash)| *hash);
        let class = predicted.class.map(|class| self.word_hash(class));
        content_hash(group, class, (predicted.cell, predicted.value))
    }

    /// Hash of a label's whole content.
    pub(super) fn content_of_label(&self, labelled: &Labelled) -> u64 {
        let truth = match labelled.truth {
            None => 0,
            Some(LabelTruth::Class(class)) => self.word_hash(class),
            Some(LabelTruth::Value(value)) => number_hash(value),
        };
        let mut mixed = MixedHash::of(labelled.id)
            .and(labelled.arrival.0 as u64)
            .and(labelled.made.0 as u64)
            .and(self.word_hash(labelled.source))
            .and(truth);
        for (name, cell) in &labelled.evaluations {
            mixed = mixed.and(self.word_hash(*name)).and(u64::from(*cell));
        }
        mixed.0
    }

    /// Assertions of a label. The truth comes first.
    pub(super) fn assertions<'a>(
        &'a self,
        labelled: &'a Labelled,
    ) -> impl Iterator<Item = LabelAssertion> + 'a {
        let truth = labelled.truth.and_then(|truth| self.truth(truth));
        let evaluations = labelled.evaluations.iter();
        let evaluations = evaluations.filter_map(|(name, cell)| {
            let (name, hash) = self.word(*name)?;
            Some(AssertedValue::Evaluation(Arc::clone(name), *hash, *cell))
        });
        let source = LabelSource(self.word_hash(labelled.source) as u32);
        let assertion = move |asserted| LabelAssertion {
            arrival: labelled.arrival,
            made: labelled.made,
            source,
            asserted,
            counted: false,
        };
        truth.into_iter().chain(evaluations).map(assertion)
    }

    fn truth(&self, truth: LabelTruth) -> Option<AssertedValue> {
        match truth {
            LabelTruth::Class(class) => {
                let (class, hash) = self.word(class)?;
                Some(AssertedValue::Class(Arc::clone(class), *hash))
            }
            LabelTruth::Value(value) => Some(AssertedValue::Value(value)),
        }
    }

    /// Label with its texts, in the form that the builder takes.
    pub(super) fn parts_of<'a>(
        &'a self,
        labelled: &'a Labelled,
    ) -> LabelParts<'a, impl Iterator<Item = (&'a str, u8)>> {
        let text = |at: u32| self.word(at).map_or("", |(text, _)| text);
        let truth = labelled.truth.map(|truth| match truth {
            LabelTruth::Class(class) => KnownTruth::Class(text(class)),
            LabelTruth::Value(value) => KnownTruth::Value(value),
        });
        let evaluations = labelled.evaluations.iter();
        LabelParts {
            id: labelled.id,
            arrival: labelled.arrival,
            made: labelled.made,
            truth,
            evaluations: evaluations.map(move |(name, cell)| (text(*name), *cell)),
            source: text(labelled.source),
        }
    }
}
