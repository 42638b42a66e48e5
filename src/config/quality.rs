//! `quality`: how predictions and labels are read as right and wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::words::words;
use crate::pipeline;

/// How predictions and labels are read as right and wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityConfig {
    /// The positive class by model, as in `{fraud: chargeback}`: what precision, recall and the false positive rate are about. A model that is
    /// not named here has it guessed: the one of `1`, `true`, `yes`, `positive` that occurs among its classes.
    pub positive: BTreeMap<String, String>,
    /// Whose probability a prediction's score is: `positive` (the positive class's, whatever is predicted) or `predicted` (the predicted class's own, its
    /// confidence). Only AUC, log loss, Brier and calibration ask for it.
    pub score: Score,
}

words! {
    /// Whose probability a prediction's score is.
    Score {
        /// The positive class's.
        #[default]
        Positive = "positive",
        /// The predicted class's.
        Predicted = "predicted",
    }
}

impl QualityConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::QualityPlan {
        for (model, class) in &self.positive {
            let path = format!("quality.positive.{model}");
            let fix = "write the name of the class as the labels have it";
            faults.require(!class.is_empty(), &path, "no class is named", fix);
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
