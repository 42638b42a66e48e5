//! What is measured of a model: its features, its answers, and what they cost.

use serde::{Deserialize, Serialize};

use super::key::Scale;

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
    /// A score that a judge gave the answer on the spot, by name; those that came as labels count towards quality only.
    Evaluation(String),
    /// An objective, by name.
    Objective(String),
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
            Self::Evaluation(name) => format!("evaluation:{name}"),
            Self::Objective(name) => format!("objective:{name}"),
        }
    }

    /// Whether its distribution is compared with the reference; latency, tokens, cost and
    /// evaluations are reported only.
    #[must_use]
    pub fn drifts(&self) -> bool {
        matches!(
            self,
            Self::Feature(_) | Self::Label | Self::Score | Self::Value
        )
    }
}
