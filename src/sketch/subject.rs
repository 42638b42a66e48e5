//! Subjects: the measured quantities of a model, such as features, answers and cost.

use serde::{Deserialize, Serialize};

use super::key::Scale;

/// One measured quantity: a feature, or a field that every prediction may carry.
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
    /// Score from a judge that the prediction itself carries, by name. Scores that arrive as labels count only towards
    /// quality.
    Evaluation(String),
    /// An objective, by name.
    Objective(String),
    /// Predictions that failed: those with status `error`.
    Errors,
}

impl Subject {
    /// Scale of the keys of its numbers.
    #[must_use]
    pub fn scale(&self) -> Scale {
        if matches!(self, Self::Score) {
            Scale::Score
        } else {
            Scale::Plain
        }
    }

    /// Published name, such as `feature:amount` or `score`.
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
            Self::Errors => "errors".to_owned(),
        }
    }

    /// Subject with this published name; the reverse of [`Subject::name`].
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        if let Some((kind, own)) = name.split_once(':') {
            return match kind {
                "feature" => Some(Self::Feature(own.to_owned())),
                "evaluation" => Some(Self::Evaluation(own.to_owned())),
                "objective" => Some(Self::Objective(own.to_owned())),
                _ => None,
            };
        }
        let plain = [
            Self::Label,
            Self::Score,
            Self::Value,
            Self::Latency,
            Self::InputTokens,
            Self::OutputTokens,
            Self::Cost,
            Self::Errors,
        ];
        plain.into_iter().find(|subject| subject.name() == name)
    }

    /// True if the values are compared with the reference. Evaluations are only reported: judges score samples of changing
    /// size, their names are not settled as those of features are, and an objective watches them.
    #[must_use]
    pub fn drifts(&self) -> bool {
        match self {
            Self::Feature(_)
            | Self::Label
            | Self::Score
            | Self::Value
            | Self::Latency
            | Self::InputTokens
            | Self::OutputTokens
            | Self::Cost => true,
            Self::Evaluation(_) | Self::Objective(_) | Self::Errors => false,
        }
    }

    /// True if a detector judges it: its values, or, of errors, their share.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.drifts() || *self == Self::Errors
    }

    /// True if a failed prediction may well lack it: everything but a feature belongs to the answer.
    #[must_use]
    pub fn is_of_answer(&self) -> bool {
        !matches!(self, Self::Feature(_))
    }
}
