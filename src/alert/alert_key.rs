//! Key of an alert of a model: its family, the area of its subjects, and its wave.
//!
//! **Intuition.** An alert that is open for long must not hide another trouble. Trouble in the features, in the answers and in the
//! operation of a model are separate alerts, because other people mend them. Within an area, a critical cause that comes long
//! after the open alert starts a second *wave*: another alert beside the first, with a fingerprint and an end of its own.
//!
//! The first wave of the features has the fingerprint of the model and kind alone. The others add their parts.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use crate::detect::Family;
use crate::sketch::Subject;

/// Wave of an alert that opens while no other of its family and area is open.
pub(super) const FIRST_WAVE: u8 = 1;

/// Families whose findings come from a comparison with a reference.
pub const COMPARED: [Family; 2] = [Family::Drift, Family::DataQuality];

/// What the subjects of an alert belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// What the model is given: its features.
    Features,
    /// What the model answers: label, score, value, and the scores of judges.
    Answers,
    /// What it takes to answer: latency, tokens, money, and errors.
    Operations,
}

impl Area {
    /// Area of a subject; `None` for an objective.
    #[must_use]
    pub fn of(subject: &Subject) -> Option<Self> {
        match subject {
            Subject::Feature(_) => Some(Self::Features),
            Subject::Label | Subject::Score | Subject::Value | Subject::Evaluation(_) => {
                Some(Self::Answers)
            }
            Subject::Latency
            | Subject::InputTokens
            | Subject::OutputTokens
            | Subject::Cost
            | Subject::Errors => Some(Self::Operations),
            Subject::Objective(_) => None,
        }
    }

    /// Name as published.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Answers => "answers",
            Self::Operations => "operations",
        }
    }
}

/// What tells the alerts of a model apart, or those of one of its objectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// Family of its causes.
    pub family: Family,
    /// Area of its subjects; `None` for volume and objectives.
    pub area: Option<Area>,
    /// Number of the wave, from 1.
    pub wave: u8,
}

impl AlertKey {
    pub(super) fn of(cause: &Cause, wave: u8) -> Self {
        Self {
            family: cause.family,
            area: area_of(cause),
            wave,
        }
    }

    /// True if the causes are compared with a reference.
    #[must_use]
    pub fn is_compared(self) -> bool {
        COMPARED.contains(&self.family)
    }

    /// True if `other` differs in the wave at most.
    pub(super) fn is_beside(self, other: Self) -> bool {
        (self.family, self.area) == (other.family, other.area)
    }

    /// Parts that the fingerprint adds to model and kind. Each contains a colon, which no kind does.
    pub(super) fn parts(self) -> Vec<String> {
        let area = self.area.filter(|area| *area != Area::Features);
        let area = area.map(|area| format!("area:{}", area.name()));
        let wave = (self.wave > FIRST_WAVE).then(|| format!("wave:{}", self.wave));
        area.into_iter().chain(wave).collect()
    }
}

fn area_of(cause: &Cause) -> Option<Area> {
    let subject = cause.subject.as_ref();
    subject
        .filter(|_| COMPARED.contains(&cause.family))
        .and_then(Area::of)
}
