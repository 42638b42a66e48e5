//! Decoded label: the ground truth of one prediction, or the scores that judges gave its answer.

use std::borrow::Cow;

use super::time::EventTime;

/// One label event. Labels arrive minutes to months after their prediction, in any order, and may be duplicated or
/// corrected.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Label<'a> {
    /// Key of the prediction that the label belongs to: the prediction's id, or the field that `join.key` names.
    pub id: Cow<'a, str>,
    /// Ground truth; `None` if the label carries only evaluations.
    pub truth: Option<Truth<'a>>,
    /// Scores from judges, by name. Each score is a finite number, names are distinct, and there are at most
    /// [`EVALUATIONS_MAX`](super::EVALUATIONS_MAX). A score outside 0..=1 has no cell and counts as out of range.
    pub evaluations: Vec<(Cow<'a, str>, f64)>,
    /// Time at which the label was made. It only decides which of two corrections wins. `None` means the record's
    /// arrival.
    pub timestamp: Option<EventTime>,
    /// Origin of the label, such as `human`, `gold`, `chargeback` or `judge`; empty if the producer sends none.
    pub source: Cow<'a, str>,
}

/// Ground truth of one prediction.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth<'a> {
    /// True class.
    Class(Cow<'a, str>),
    /// True value of a regression.
    Value(f64),
}
