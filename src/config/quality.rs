//! `quality`: how predictions and labels are read as right or wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::words::words;
use crate::pipeline;

/// How predictions and labels are read as right or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityConfig {
    /// Positive class of each model, as in `{fraud: chargeback}`. Precision, recall and the false positive rate refer
    /// to it. For a model that is not listed it is guessed: the class among `1`, `true`, `yes`, `positive` that the
    /// model has.
    pub positive: BTreeMap<String, String>,
    /// Class whose probability the score of a prediction is: `positive` (always the positive class) or `predicted` (the
    /// predicted class, as a confidence). Only AUC, log loss, Brier score and calibration use it.
    pub score: Score,
}

words! {
    /// Class whose probability the score of a prediction is.
    Score {
        /// The positive class.
        #[default]
        Positive = "positive",
        /// The predicted class.
        Predicted = "predicted",
    }
}

impl QualityConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::QualityPlan {
        for (model, class) in &self.positive {
            let path = format!("quality.positive.{model}");
            let fix = "write the class as it appears in the labels";
            faults.require(!class.is_empty(), &path, "the class is empty", fix);
        }
        pipeline::QualityPlan {
            positive: self.positive.clone(),
            score: match self.score {
                Score::Positive => pipeline::ScoreOf::Positive,
                Score::Predicted => pipeline::ScoreOf::Predicted,
            },
        }
    }
}
