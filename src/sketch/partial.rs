//! The sketches of one scope over one span of event time: what ingest emits, panes merge and windows are made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::exemplar::{Exemplar, Exemplars, Whereabouts};
use super::key::{Scale, id_hash};
use super::value::{ValueBuffer, ValueSketch};
use crate::event::{Prediction, Status};

/// What is measured: a feature, or something that every prediction may carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A feature, by name.
    Feature(String),
    /// The predicted class.
    Label,
    /// The score.
    Score,
    /// The predicted value of a regression.
    Value,
    /// Latency in milliseconds.
    Latency,
    /// Tokens of the prompt.
    InputTokens,
    /// Tokens of the answer.
    OutputTokens,
    /// Cost in US dollars.
    Cost,
}

impl Subject {
    /// The key its numbers get.
    #[must_use]
    pub fn scale(&self) -> Scale {
        if matches!(self, Self::Score) {
            Scale::Score
        } else {
            Scale::Plain
        }
    }

    /// Its name as published: `feature:amount`, `score`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Feature(name) => format!("feature:{name}"),
            Self::Label => "label".to_owned(),
            Self::Score => "score".to_owned(),
            Self::Value => "value".to_owned(),
            Self::Latency => "latency_ms".to_owned(),
            Self::InputTokens => "input_tokens".to_owned(),
            Self::OutputTokens => "output_tokens".to_owned(),
            Self::Cost => "cost_usd".to_owned(),
        }
    }

    /// Whether its distribution is compared with the reference; latency, tokens and cost are reported only.
    #[must_use]
    pub fn drifts(&self) -> bool {
        matches!(
            self,
            Self::Feature(_) | Self::Label | Self::Score | Self::Value
        )
    }
}

/// The sketches of one scope over one span of event time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Partial {
    /// Predictions counted.
    pub predictions: u64,
    /// Of them, those with status `error`.
    pub errors: u64,
    /// What is remembered of each subject.
    pub subjects: BTreeMap<Subject, ValueSketch>,
    /// A few of the predictions.
    pub exemplars: Exemplars,
}

impl Monoid for Partial {
    fn merge(&mut self, other: &Self) {
        self.predictions += other.predictions;
        self.errors += other.errors;
        for (subject, sketch) in &other.subjects {
            match self.subjects.get_mut(subject) {
                Some(kept) => kept.merge(sketch),
                None => {
                    self.subjects.insert(subject.clone(), sketch.clone());
                }
            }
        }
        self.exemplars.merge(&other.exemplars);
    }
}

/// The open form of [`Partial`]: takes predictions one by one.
///
/// Features usually come in the same order, so each is looked for first where it was in the event before; only a
/// surprise costs a search.
#[derive(Debug, Default)]
pub struct PartialBuffer {
    predictions: u64,
    errors: u64,
    features: Vec<(String, ValueBuffer)>,
    by_name: BTreeMap<String, usize>,
    label: ValueBuffer,
    score: ValueBuffer,
    value: ValueBuffer,
    latency: ValueBuffer,
    input_tokens: ValueBuffer,
    output_tokens: ValueBuffer,
    cost: ValueBuffer,
    exemplars: Exemplars,
}

impl PartialBuffer {
    /// Counts one prediction, which lies at `whereabouts` (asked for only when it becomes an exemplar).
    pub fn push(&mut self, prediction: &Prediction<'_>, whereabouts: impl FnOnce() -> Whereabouts) {
        self.predictions += 1;
        self.errors += u64::from(prediction.status == Status::Error);
        for (position, (name, value)) in prediction.features.iter().enumerate() {
            self.feature(position, name).push(Scale::Plain, value);
        }
        self.push_outcome(prediction);
        let hash = id_hash(&prediction.id);
        if self.exemplars.wants(hash) {
            self.exemplars.offer(Exemplar {
                hash,
                id: prediction.id.clone().into_owned(),
                trace_id: prediction
                    .trace_id
                    .clone()
                    .map(std::borrow::Cow::into_owned),
                whereabouts: whereabouts(),
            });
        }
    }

    fn push_outcome(&mut self, prediction: &Prediction<'_>) {
        if let Some(label) = &prediction.label {
            self.label.push_text(label);
        }
        let numbers = [
            (&mut self.score, Scale::Score, prediction.score),
            (&mut self.value, Scale::Plain, prediction.value),
            (&mut self.latency, Scale::Plain, prediction.latency_ms),
            (
                &mut self.input_tokens,
                Scale::Plain,
                prediction.usage.input_tokens,
            ),
            (
                &mut self.output_tokens,
                Scale::Plain,
                prediction.usage.output_tokens,
            ),
            (&mut self.cost, Scale::Plain, prediction.usage.cost_usd),
        ];
        for (buffer, scale, number) in numbers {
            if let Some(x) = number {
                buffer.push_number(scale, x);
            }
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "positions come from the vector itself, which never shrinks"
    )]
    fn feature(&mut self, guess: usize, name: &str) -> &mut ValueBuffer {
        let position = match self.features.get(guess) {
            Some((known, _)) if known == name => guess,
            _ => self.position(name),
        };
        &mut self.features[position].1
    }

    fn position(&mut self, name: &str) -> usize {
        if let Some(position) = self.by_name.get(name) {
            return *position;
        }
        let position = self.features.len();
        self.features
            .push((name.to_owned(), ValueBuffer::default()));
        self.by_name.insert(name.to_owned(), position);
        position
    }

    /// What was counted, or `None` if nothing was; the buffer is empty afterwards.
    pub fn freeze(&mut self) -> Option<Partial> {
        if self.predictions == 0 {
            return None;
        }
        let fixed = [
            (Subject::Label, &mut self.label),
            (Subject::Score, &mut self.score),
            (Subject::Value, &mut self.value),
            (Subject::Latency, &mut self.latency),
            (Subject::InputTokens, &mut self.input_tokens),
            (Subject::OutputTokens, &mut self.output_tokens),
            (Subject::Cost, &mut self.cost),
        ];
        let features = self
            .features
            .iter_mut()
            .map(|(name, buffer)| (Subject::Feature(name.clone()), buffer));
        let subjects = features
            .chain(fixed)
            .map(|(subject, buffer)| (subject, buffer.freeze()))
            .filter(|(_, sketch)| sketch.types.present() > 0)
            .collect();
        Some(Partial {
            predictions: std::mem::take(&mut self.predictions),
            errors: std::mem::take(&mut self.errors),
            subjects,
            exemplars: std::mem::take(&mut self.exemplars),
        })
    }
}
