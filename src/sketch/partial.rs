//! Sketches of one scope over one span of event time. Ingest emits partials, panes merge them, windows consist of
//! panes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::exemplar::{Exemplar, Exemplars, RecordPosition};
use super::judges::{self, JudgesBuffer};
use super::key::{Scale, id_hash};
use super::share::Share;
use super::subject::Subject;
use super::value::{TypeCounts, ValueBuffer, ValueSketch};
use crate::event::{Prediction, PredictionStatus, Value};

/// Sketches of one scope over one span of event time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Partial {
    /// Number of predictions counted.
    pub predictions: u64,
    /// Number of predictions with status `error`.
    pub errors: u64,
    /// Sketch of each subject.
    pub subjects: BTreeMap<Subject, ValueSketch>,
    /// References to a few of the predictions.
    pub exemplars: Exemplars,
    /// Good and valid counts of each objective, by name.
    pub objectives: BTreeMap<String, Share>,
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
        judges::bound(&mut self.subjects);
        self.exemplars.merge(&other.exemplars);
        for (name, share) in &other.objectives {
            match self.objectives.get_mut(name) {
                Some(kept) => kept.merge(share),
                None => {
                    self.objectives.insert(name.clone(), *share);
                }
            }
        }
    }
}

impl Partial {
    /// Failed predictions as values of the subject [`Subject::Errors`]: one true value for each of them.
    #[must_use]
    pub fn failures(&self) -> ValueSketch {
        ValueSketch {
            types: TypeCounts {
                boolean: self.errors,
                ..TypeCounts::default()
            },
            ..ValueSketch::default()
        }
    }
}

/// Open form of [`Partial`]: counts predictions one at a time.
///
/// Features usually arrive in the same order. So the lookup of a feature first tries the place after the previous
/// feature, and searches by name only if that fails. Only the limits on single events bound this buffer. Its owner must
/// freeze it in time.
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
    judges: JudgesBuffer,
    exemplars: Exemplars,
    objectives: Vec<(String, Share)>,
}

impl PartialBuffer {
    /// Counts one prediction. `whereabouts` returns its position and is called only if the prediction becomes an
    /// exemplar.
    pub fn push(
        &mut self,
        prediction: &Prediction<'_>,
        whereabouts: impl FnOnce() -> RecordPosition,
    ) {
        self.predictions += 1;
        self.errors += u64::from(prediction.status == PredictionStatus::Error);
        self.push_features(&prediction.features);
        self.push_outcome(prediction);
        self.judges.push(&prediction.evaluations);
        self.offer_exemplar(prediction, whereabouts);
    }

    /// Adds one prediction's `share` to the counts of an objective.
    pub fn count(&mut self, objective: &str, share: Share) {
        let mut kept = self.objectives.iter_mut();
        match kept.find(|(name, _)| name == objective) {
            Some((_, kept)) => kept.merge(&share),
            None => self.objectives.push((objective.to_owned(), share)),
        }
    }

    /// Number of distinct features and evaluations held. The memory cost grows with them: up to 4 KB each, plus the
    /// names of their categories.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features.len() + self.judges.len()
    }

    fn push_features(&mut self, features: &[(Cow<'_, str>, Value<'_>)]) {
        let mut expected = 0;
        for (name, value) in features {
            let position = self.position(expected, name);
            if let Some((_, buffer)) = self.features.get_mut(position) {
                buffer.push(Scale::Plain, value);
            }
            expected = position + 1;
        }
    }

    /// Position of the feature's buffer. A new feature is added at the end.
    fn position(&mut self, expected: usize, name: &str) -> usize {
        if let Some((known, _)) = self.features.get(expected)
            && known == name
        {
            return expected;
        }
        if let Some(position) = self.by_name.get(name) {
            return *position;
        }
        let position = self.features.len();
        self.features
            .push((name.to_owned(), ValueBuffer::default()));
        self.by_name.insert(name.to_owned(), position);
        position
    }

    fn push_outcome(&mut self, prediction: &Prediction<'_>) {
        if let Some(label) = &prediction.label {
            self.label.push_text(label);
        }
        let usage = &prediction.usage;
        let numbers = [
            (&mut self.score, Subject::Score, prediction.score),
            (&mut self.value, Subject::Value, prediction.value),
            (&mut self.latency, Subject::Latency, prediction.latency_ms),
            (
                &mut self.input_tokens,
                Subject::InputTokens,
                usage.input_tokens,
            ),
            (
                &mut self.output_tokens,
                Subject::OutputTokens,
                usage.output_tokens,
            ),
            (&mut self.cost, Subject::Cost, usage.cost_usd),
        ];
        for (buffer, subject, number) in numbers {
            if let Some(x) = number {
                buffer.push_number(subject.scale(), x);
            }
        }
    }

    fn offer_exemplar(
        &mut self,
        prediction: &Prediction<'_>,
        whereabouts: impl FnOnce() -> RecordPosition,
    ) {
        let hash = id_hash(&prediction.id);
        if self.exemplars.wants(hash) {
            self.exemplars.offer(Exemplar {
                hash,
                id: prediction.id.clone().into_owned(),
                trace_id: prediction.trace_id.clone().map(Cow::into_owned),
                whereabouts: whereabouts(),
            });
        }
    }

    /// Returns what was counted, or `None` if nothing was. The buffer is empty afterwards. It keeps the memory of
    /// features seen since the last freeze and drops all others, so a stream of ever new names costs no more than the
    /// names between two freezes.
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
        let subjects: BTreeMap<_, _> = features
            .chain(fixed)
            .map(|(subject, buffer)| (subject, buffer.freeze()))
            .chain(self.judges.freeze())
            .filter(|(_, sketch)| sketch.types.present() > 0)
            .collect();
        self.forget_absent(&subjects);
        Some(Partial {
            predictions: std::mem::take(&mut self.predictions),
            errors: std::mem::take(&mut self.errors),
            subjects,
            exemplars: std::mem::take(&mut self.exemplars),
            objectives: self.objectives.drain(..).collect(),
        })
    }

    fn forget_absent(&mut self, present: &BTreeMap<Subject, ValueSketch>) {
        let occurred = present
            .keys()
            .filter(|subject| matches!(subject, Subject::Feature(_)));
        if occurred.count() == self.features.len() {
            return;
        }
        self.features
            .retain(|(name, _)| present.contains_key(&Subject::Feature(name.clone())));
        let positions = self.features.iter().enumerate();
        self.by_name = positions.map(|(i, (name, _))| (name.clone(), i)).collect();
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod tests {
    use super::*;

    fn prediction<'a>(id: &'a str, features: &[(&'a str, f64)]) -> Prediction<'a> {
        Prediction {
            id: id.into(),
            features: features
                .iter()
                .map(|(name, x)| ((*name).into(), Value::Number(*x)))
                .collect(),
            ..Prediction::default()
        }
    }

    fn nowhere() -> RecordPosition {
        RecordPosition {
            topic: "predictions".to_owned(),
            partition: 0,
            offset: 0,
        }
    }

    fn counts(partial: &Partial) -> Vec<(String, u64)> {
        let subjects = partial.subjects.iter();
        subjects.map(|(s, v)| (s.name(), v.types.number)).collect()
    }

    #[test]
    fn features_are_told_apart_in_any_order_of_coming() {
        let mut buffer = PartialBuffer::default();
        for features in [vec!["a", "b", "c"], vec!["c", "a"], vec!["b", "d", "c"]] {
            let features: Vec<_> = features.into_iter().map(|name| (name, 1.0)).collect();
            buffer.push(&prediction("x", &features), nowhere);
        }
        let partial = buffer.freeze().unwrap();
        let expected = [
            ("feature:a", 2),
            ("feature:b", 2),
            ("feature:c", 3),
            ("feature:d", 1),
        ];
        assert_eq!(counts(&partial), expected.map(|(n, c)| (n.to_owned(), c)));
    }

    #[test]
    fn a_frozen_buffer_is_empty_and_forgets_features_that_stay_away() {
        let mut buffer = PartialBuffer::default();
        assert_eq!(buffer.freeze(), None);
        buffer.push(&prediction("x", &[("a", 1.0), ("b", 1.0)]), nowhere);
        let first = buffer.freeze();
        assert_eq!((buffer.features(), buffer.freeze()), (2, None));
        buffer.push(&prediction("x", &[("b", 1.0)]), nowhere);
        buffer.freeze();
        assert_eq!(buffer.features(), 1);
        buffer.push(&prediction("x", &[("a", 1.0), ("b", 1.0)]), nowhere);
        assert_eq!(buffer.freeze(), first);
    }

    #[test]
    fn an_event_without_features_still_counts() {
        let mut buffer = PartialBuffer::default();
        let failed = Prediction {
            status: PredictionStatus::Error,
            ..prediction("x", &[])
        };
        buffer.push(&failed, nowhere);
        let partial = buffer.freeze().unwrap();
        assert_eq!((partial.predictions, partial.errors), (1, 1));
        assert!(partial.subjects.is_empty());
    }

    #[test]
    fn values_are_counted_by_type_and_only_finite_numbers_enter() {
        let values = [
            Value::Null,
            Value::Vector,
            Value::Bool(true),
            Value::Text("true".into()),
            Value::Number(f64::NAN),
            Value::Number(f64::NEG_INFINITY),
            Value::Number(-0.0),
        ];
        let mut buffer = PartialBuffer::default();
        for value in values {
            let features = vec![("f".into(), value)];
            let event = Prediction {
                features,
                ..prediction("x", &[])
            };
            buffer.push(&event, nowhere);
        }
        let partial = buffer.freeze().unwrap();
        let sketch = &partial.subjects[&Subject::Feature("f".to_owned())];
        assert_eq!((sketch.types.not_finite, sketch.types.present()), (2, 7));
        assert_eq!(sketch.numbers.histogram.total(), 1);
        assert_eq!(sketch.words.histogram.cells().len(), 2);
    }

    #[test]
    fn evaluations_are_subjects_of_their_own_that_do_not_drift() {
        let mut buffer = PartialBuffer::default();
        for score in [0.5, 7.0] {
            let event = Prediction {
                evaluations: vec![("tone".into(), score)],
                ..prediction("x", &[("tone", 1.0)])
            };
            buffer.push(&event, nowhere);
        }
        assert_eq!(buffer.features(), 2);
        let partial = buffer.freeze().unwrap();
        let expected = [("feature:tone", 2), ("evaluation:tone", 2)];
        assert_eq!(counts(&partial), expected.map(|(n, c)| (n.to_owned(), c)));
        assert!(!Subject::Evaluation("tone".to_owned()).drifts());
        assert_eq!(buffer.features(), 1);
    }
}
