//! Decoded prediction. Text is borrowed from the payload unless it needs unescaping.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::time::EventTime;

/// One prediction event. Text is borrowed from the payload where possible.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prediction<'a> {
    /// Id set by the producer. Labels refer to it, and its hash selects exemplars.
    pub id: Cow<'a, str>,
    /// Name of the model.
    pub model: Cow<'a, str>,
    /// Version of the model; empty if the producer sends none.
    pub version: Cow<'a, str>,
    /// Event time; `None` means the record's arrival time.
    pub timestamp: Option<EventTime>,
    /// Feature values, in the order of the payload; names are distinct.
    pub features: Vec<(Cow<'a, str>, Value<'a>)>,
    /// The predicted class.
    pub label: Option<Cow<'a, str>>,
    /// The score of the predicted (or positive) class; any finite number, usually in 0..=1.
    pub score: Option<f64>,
    /// Score of each class, if the producer sends them.
    pub scores: Vec<(Cow<'a, str>, f64)>,
    /// The predicted value of a regression.
    pub value: Option<f64>,
    /// Segment keys and values.
    pub segments: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Use of the answer: served, served to part of the traffic, or shadow only.
    pub variant: Variant,
    /// Latency of the model, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Result of the call: ok or error.
    pub status: PredictionStatus,
    /// Token counts and cost of a language model.
    pub usage: Usage,
    /// Scores from judges that the prediction itself carries, by name. Each score is a finite number, names are
    /// distinct, and there are at most [`EVALUATIONS_MAX`](super::EVALUATIONS_MAX).
    pub evaluations: Vec<(Cow<'a, str>, f64)>,
    /// Id of the answer at the model's provider, never empty. A label may refer to it.
    pub response_id: Option<Cow<'a, str>>,
    /// Trace id: 32 hexadecimal digits.
    pub trace_id: Option<Cow<'a, str>>,
}

/// Value of one feature.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// The feature is present, but its value is null.
    Null,
    /// A finite number.
    Number(f64),
    /// A category, as text.
    Text(Cow<'a, str>),
    /// A boolean.
    Bool(bool),
    /// A vector of numbers (an embedding). It is counted, but no sketch keeps its values.
    Vector,
}

/// Use of a model's answer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Variant {
    /// The answer was served.
    #[default]
    Default,
    /// The answer was served to part of the traffic.
    Canary,
    /// The answer was computed beside the served one and not used.
    Shadow,
}

/// Result of the call to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PredictionStatus {
    /// The model answered.
    #[default]
    Ok,
    /// The model failed.
    Error,
}

/// Resource usage of a language model. Every field is a finite number of at least zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Tokens of the prompt, including cached tokens.
    pub input_tokens: Option<f64>,
    /// Tokens of the prompt that were read from a cache.
    pub cached_input_tokens: Option<f64>,
    /// Tokens of the answer.
    pub output_tokens: Option<f64>,
    /// Tokens spent on reasoning.
    pub reasoning_tokens: Option<f64>,
    /// Cost in US dollars.
    pub cost_usd: Option<f64>,
}
