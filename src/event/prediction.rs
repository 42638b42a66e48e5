//! One prediction of one model, as it was decoded: borrowed from the payload wherever the text needs no unescaping.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::time::EventTime;

/// One prediction event. Text is borrowed from the payload where it can be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prediction<'a> {
    /// The producer's id: what a label refers to, and what chooses exemplars.
    pub id: Cow<'a, str>,
    /// The model's name.
    pub model: Cow<'a, str>,
    /// The model's version; empty where the producer names none.
    pub version: Cow<'a, str>,
    /// Event time; `None` means the record's arrival time.
    pub timestamp: Option<EventTime>,
    /// Feature values, in the order of the payload; names are distinct.
    pub features: Vec<(Cow<'a, str>, Value<'a>)>,
    /// The predicted class.
    pub label: Option<Cow<'a, str>>,
    /// The score of the predicted (or positive) class; any finite number, usually in 0..=1.
    pub score: Option<f64>,
    /// The score of each class, where the producer sends them.
    pub scores: Vec<(Cow<'a, str>, f64)>,
    /// The predicted value of a regression.
    pub value: Option<f64>,
    /// Segment keys and values.
    pub segments: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Whether the answer was served, tried on a part of the traffic, or only shadowed.
    pub variant: Variant,
    /// How long the model took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Whether the model answered.
    pub status: PredictionStatus,
    /// Tokens and cost of a language model.
    pub usage: Usage,
    /// Scores that a judge gave the answer on the spot, by name; any finite number, names are distinct, at most
    /// [`EVALUATIONS_MAX`](super::EVALUATIONS_MAX).
    pub evaluations: Vec<(Cow<'a, str>, f64)>,
    /// The id under which the provider of the model knows the answer, never empty: a label may refer to it.
    pub response_id: Option<Cow<'a, str>>,
    /// The trace's id: 32 hexadecimal digits.
    pub trace_id: Option<Cow<'a, str>>,
}

/// A feature's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Present without a value.
    Null,
    /// A finite number.
    Number(f64),
    /// A category.
    Text(Cow<'a, str>),
    /// A truth value.
    Bool(bool),
    /// A vector of numbers (an embedding): counted, not sketched.
    Vector,
}

/// How the answer was used.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Variant {
    /// Served.
    #[default]
    Default,
    /// Served to a part of the traffic.
    Canary,
    /// Computed beside the served one.
    Shadow,
}

/// Whether the model answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PredictionStatus {
    /// It answered.
    #[default]
    Ok,
    /// It failed.
    Error,
}

/// What a language model used; every field is a finite number of at least zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub input_tokens: Option<f64>,
    /// Tokens of the prompt that came from a cache.
    pub cached_input_tokens: Option<f64>,
    /// Tokens of the answer.
    pub output_tokens: Option<f64>,
    /// Tokens spent on reasoning.
    pub reasoning_tokens: Option<f64>,
    /// Cost in US dollars.
    pub cost_usd: Option<f64>,
}
