//! Outcomes: each prediction and each label in a few bytes, for the join partition of its id.
//!
//! A prediction and its label can lie in any input partitions, so ingest partitions `outcomes` by the hash of the id.
//! It also samples the ids by hash: a prediction and its label are both kept or both left out.

use std::sync::Arc;

use super::frame::Payload;
use super::partition::{INTERNAL_PARTITIONS, partition_of_id};
use super::plan::{JoinKey, Plan, ScoreOf};
use super::segments::segments_of;
use crate::event::{EventTime, Label, LabelTimes, Prediction, Truth};
use crate::join::{GroupParts, LabelParts, Outcomes, OutcomesBuilder};
use crate::sketch::{Answered, KnownTruth, evaluation_cell, id_hash, score_cell};
use crate::stats::POSITIVE_CLASSES;

/// Outcomes that force a flush; about 40 bytes each.
const OUTCOMES_MAX: usize = 200_000;
/// Negative classes: a score beside one of them is still a score of the positive class.
const NEGATIVE_CLASSES: [&str; 4] = ["0", "false", "no", "negative"];

/// Outcomes since the last flush, by partition of the `outcomes` topic.
pub struct OutcomeBuffers {
    plan: Arc<Plan>,
    builders: Vec<OutcomesBuilder>,
    len: usize,
}

/// What the sample decided about a prediction or a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    /// It goes to the join, or no labels are read at all.
    In,
    /// It has no id, or its id is outside the sample.
    Out,
}

impl OutcomeBuffers {
    /// Empty buffers. If no labels are read, they stay empty.
    #[must_use]
    pub fn new(plan: &Arc<Plan>) -> Self {
        let count = if plan.joins() { INTERNAL_PARTITIONS } else { 0 };
        Self {
            plan: Arc::clone(plan),
            builders: (0..count).map(|_| OutcomesBuilder::default()).collect(),
            len: 0,
        }
    }

    /// True if memory requires a flush now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len >= OUTCOMES_MAX
    }

    /// Adds a prediction that was counted.
    pub fn predict(&mut self, prediction: &Prediction<'_>, time: EventTime) -> Sampled {
        if self.builders.is_empty() {
            return Sampled::In;
        }
        let Some(id) = key_of(prediction, self.plan.join.key) else {
            return Sampled::Out;
        };
        let id = id_hash(id);
        if !self.takes(id) {
            return Sampled::Out;
        }
        let plan = &self.plan;
        let segments = segments_of(prediction, &plan.segments);
        let group = GroupParts {
            model: &prediction.model,
            version: &prediction.version,
            variant: prediction.variant,
            segments,
        };
        if let Some(builder) = self.builders.get_mut(partition_of_id(id) as usize) {
            builder.predict(id, time, &group, answer(prediction, plan));
        }
        Sampled::In
    }

    /// Adds a label.
    pub fn label(&mut self, label: &Label<'_>, times: LabelTimes) -> Sampled {
        let id = id_hash(&label.id);
        if !self.takes(id) {
            return Sampled::Out;
        }
        let Some(builder) = self.builders.get_mut(partition_of_id(id) as usize) else {
            return Sampled::Out;
        };
        let evaluations = label.evaluations.iter();
        builder.label(LabelParts {
            id,
            arrival: times.arrival,
            made: times.made,
            truth: label.truth.as_ref().map(|truth| match truth {
                Truth::Class(class) => KnownTruth::Class(class),
                Truth::Value(value) => KnownTruth::Value(*value),
            }),
            evaluations: evaluations.map(|(name, score)| (&**name, evaluation_cell(*score))),
            source: &label.source,
        });
        Sampled::In
    }

    /// Counts the id and returns true if it belongs to the sample.
    fn takes(&mut self, id: u64) -> bool {
        let takes = is_sampled(id, self.plan.join.sample);
        self.len += usize::from(takes);
        takes
    }

    /// Hands out everything since the last flush, by partition.
    pub fn take(&mut self) -> Vec<Outcomes> {
        self.len = 0;
        self.builders
            .iter_mut()
            .map(OutcomesBuilder::take)
            .collect()
    }
}

impl Payload for Outcomes {
    fn split_in_two(self) -> Result<(Self, Self), Box<Self>> {
        if self.len() < 2 {
            return Err(Box::new(self));
        }
        Ok(self.split())
    }
}

/// True if the id belongs to a sample of `share` of all ids.
fn is_sampled(id: u64, share: f64) -> bool {
    f64::from(id as u32) < share * 4_294_967_296.0 // 2^32: the low half of the hash as a number in 0..1
}

fn key_of<'a>(prediction: &'a Prediction<'_>, key: JoinKey) -> Option<&'a str> {
    match key {
        JoinKey::Id => Some(&prediction.id),
        JoinKey::TraceId => prediction.trace_id.as_deref(),
        JoinKey::ResponseId => prediction.response_id.as_deref(),
    }
}

fn answer<'a>(prediction: &'a Prediction<'_>, plan: &Plan) -> Answered<'a> {
    Answered {
        class: prediction.label.as_deref(),
        cell: score_cell(score(prediction, plan)),
        value: prediction.value,
    }
}

/// The score of the positive class if it is known, else the score of the predicted class.
fn score(prediction: &Prediction<'_>, plan: &Plan) -> Option<f64> {
    let configured = plan
        .quality
        .positive
        .get(&*prediction.model)
        .map(String::as_str);
    let positive = configured.or_else(|| {
        let named = |class: &&&str| prediction.scores.iter().any(|(name, _)| name == **class);
        POSITIVE_CLASSES.iter().find(named).copied()
    });
    let label = prediction.label.as_deref();
    let of = |class: Option<&str>| {
        let found = prediction
            .scores
            .iter()
            .find(|(name, _)| Some(&**name) == class);
        found.map(|(_, score)| *score)
    };
    let of_positive = of(positive);
    let score = of_positive.or_else(|| of(label)).or(prediction.score)?;
    let says_no = match configured {
        Some(positive) => label.is_some_and(|label| label != positive),
        None => label.is_some_and(|label| NEGATIVE_CLASSES.contains(&label)),
    };
    // With scores by class but none for the positive class, the score is that of the predicted class. Without scores by
    // class, the plan says whose score it is.
    let is_of_predicted = match prediction.scores.is_empty() {
        true => plan.quality.score == ScoreOf::Predicted,
        false => of_positive.is_none(),
    };
    Some(if says_no && is_of_predicted {
        1.0 - score
    } else {
        score
    })
}
