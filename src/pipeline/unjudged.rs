//! Models that cannot be judged because they have too few predictions, or all at one time.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::remarks::instant;
use crate::window::{Boundary, WindowLength};

/// Why the drift of a model cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unjudged {
    /// The traffic of 30 days is too little for a reference.
    TooFewToLearn {
        /// Predictions in these days.
        predictions: u64,
        /// Predictions that any reference needs.
        needed: u64,
    },
    /// All predictions lie in one quarter of an hour.
    OneTime {
        /// Predictions in it.
        predictions: u64,
        /// Hours with predictions that a reference needs.
        hours: u64,
    },
    /// It fell silent before it had a reference, and will be forgotten.
    FellSilent {
        /// Quarter of an hour of its last prediction.
        since: Boundary,
        /// When it is forgotten.
        until: Boundary,
    },
    /// The longest window holds too few predictions of every version.
    TooFewToJudge {
        /// The longest window.
        window: WindowLength,
        /// Predictions of the largest version in it.
        predictions: u64,
        /// `detect.events_min`.
        needed: u64,
    },
}

impl Unjudged {
    /// The value of the label `reason` in metrics, and of `reason` on the status page.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TooFewToLearn { .. } => "too_few_to_learn",
            Self::OneTime { .. } => "one_time",
            Self::FellSilent { .. } => "fell_silent",
            Self::TooFewToJudge { .. } => "too_few_to_judge",
        }
    }
}

/// The reason and what would help, for a log line and the status page.
impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewToLearn {
                predictions,
                needed,
            } => write!(
                f,
                "30 days hold {predictions} predictions, and a reference needs {needed}: with fewer, nothing can be told from chance"
            ),
            Self::OneTime { predictions, hours } => write!(
                f,
                "its {predictions} predictions all lie in one quarter of an hour of event time, and a reference needs {hours} hours with \
                 predictions: if they came over a longer time, check what the producer writes into the field timestamp"
            ),
            Self::FellSilent { since, until } => write!(
                f,
                "it has had no prediction since {}, before it had a reference: while it is silent nothing can be learned, and if it stays silent \
                 it is forgotten at {}",
                instant(*since),
                instant(*until)
            ),
            Self::TooFewToJudge {
                window,
                predictions,
                needed,
            } => write!(
                f,
                "its longest window ({}) holds {predictions} predictions of a version, and a judgement needs {needed}: add a longer window to \
                 `windows`, or lower detect.events_min",
                window.name()
            ),
        }
    }
}
