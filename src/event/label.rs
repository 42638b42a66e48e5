//! The truth about a prediction, as it was decoded: what was right, or what a judge thinks of the answer.

use std::borrow::Cow;

use super::time::EventTime;

/// One label event: it comes minutes to months after the prediction it is about, in any order, doubled, or corrected.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Label<'a> {
    /// What it is about: the prediction's id, or whatever `join.key` names.
    pub id: Cow<'a, str>,
    /// What was right; `None` where only evaluations are sent.
    pub truth: Option<Truth<'a>>,
    /// Scores that a judge gave the answer, by name; any finite number, names are distinct, at most
    /// [`EVALUATIONS_MAX`](super::EVALUATIONS_MAX). Outside 0..=1 a score has no cell and counts as out of range.
    pub evaluations: Vec<(Cow<'a, str>, f64)>,
    /// When the label was made: only decides which of two corrections wins. `None` means the record's arrival.
    pub timestamp: Option<EventTime>,
    /// Who said so: `human`, `gold`, `chargeback`, `judge`; empty where the producer names none.
    pub source: Cow<'a, str>,
}

/// What was right.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth<'a> {
    /// The true class.
    Class(Cow<'a, str>),
    /// The true value of a regression.
    Value(f64),
}
