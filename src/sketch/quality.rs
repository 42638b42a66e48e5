//! How good predictions turned out to be: signed counts of answers, labels and their corrections, merged in any order.
//!
//! A first label adds; a correction takes the old truth back and adds the new one, in the span where it became known. The
//! sum over all spans is then what counting only the last truths would have given, up to cells that hold 0; a single
//! span may be negative, and measures of it are not defined.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::answer::{Answered, KnownTruth};
use super::confusion::{Classes, Confusion};
use super::counts::{EvaluationCells, ScoreCells};
use super::grid::GridCounts;
use super::key::id_hash;
use super::regression::{Direction, Regression, Values};
use crate::event::EVALUATIONS_MAX;

/// Counts of predictions, of truths against them, and of judges' scores. All signed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quality {
    /// Predictions, labelled or not.
    pub predicted: i64,
    /// Their scores.
    pub predicted_scores: ScoreCells,
    /// Predictions whose truth is known; a correction does not change it.
    pub labelled: i64,
    /// Truths that replaced another.
    pub corrections: i64,
    /// Labelled predictions that are in neither table: a value where a class is due or the reverse, an answer with
    /// neither, a number that is not finite or beyond [`VALUE_MAX`](super::VALUE_MAX).
    pub mismatched: i64,
    /// Classes predicted and true.
    pub table: Confusion,
    /// Values predicted and true.
    pub regression: Regression,
    /// Judges' scores by name.
    pub evaluations: BTreeMap<String, EvaluationCells>,
    /// Milliseconds from a prediction to its first label.
    pub delay: GridCounts,
}

impl Quality {
    /// Counts a prediction.
    pub fn predict(&mut self, answer: &Answered<'_>) {
        self.predicted = self.predicted.wrapping_add(1);
        self.predicted_scores.add(answer.cell, 1);
    }

    /// Counts the first label of a prediction, `delay_millis` after it.
    pub fn judge(&mut self, answer: &Answered<'_>, truth: KnownTruth<'_>, delay_millis: i64) {
        self.labelled = self.labelled.wrapping_add(1);
        self.delay.add(delay_millis as f64, 1);
        self.pair(answer, truth, Direction::Count);
    }

    /// Takes the old truth back and counts the one that replaced it.
    pub fn correct(&mut self, answer: &Answered<'_>, old: KnownTruth<'_>, new: KnownTruth<'_>) {
        self.corrections = self.corrections.wrapping_add(1);
        self.pair(answer, old, Direction::TakeBack);
        self.pair(answer, new, Direction::Count);
    }

    /// Counts a judge's score by its [`evaluation_cell`](super::evaluation_cell), `times` over; negative to take back.
    pub fn evaluate(&mut self, name: &str, cell: u8, times: i64) {
        match self.evaluations.get_mut(name) {
            Some(cells) => cells.add(cell, times),
            None => {
                let cells = self.evaluations.entry(name.to_owned()).or_default();
                cells.add(cell, times);
                self.bound_evaluations();
            }
        }
    }

    /// Keeps the names with the smallest hashes: which those are does not depend on the order in which they came.
    fn bound_evaluations(&mut self) {
        while self.evaluations.len() > EVALUATIONS_MAX {
            let largest = self
                .evaluations
                .keys()
                .max_by_key(|name| (id_hash(name), *name));
            let Some(largest) = largest.cloned() else {
                return;
            };
            self.evaluations.remove(&largest);
        }
    }

    fn pair(&mut self, answer: &Answered<'_>, truth: KnownTruth<'_>, direction: Direction) {
        match (truth, answer.class, answer.value) {
            (KnownTruth::Class(truth), Some(predicted), _) => {
                let pair = Classes { predicted, truth };
                self.table.add(pair, answer.cell, direction.times());
            }
            (KnownTruth::Value(truth), _, Some(predicted)) => {
                self.pair_values(Values { predicted, truth }, direction);
            }
            _ => self.mismatch(direction),
        }
    }

    fn pair_values(&mut self, pair: Values, direction: Direction) {
        if pair.are_countable() {
            self.regression.add(pair, direction);
        } else {
            self.mismatch(direction);
        }
    }

    fn mismatch(&mut self, direction: Direction) {
        self.mismatched = self.mismatched.wrapping_add(direction.times());
    }
}

impl Monoid for Quality {
    fn merge(&mut self, other: &Self) {
        self.predicted = self.predicted.wrapping_add(other.predicted);
        self.predicted_scores.merge(&other.predicted_scores);
        self.labelled = self.labelled.wrapping_add(other.labelled);
        self.corrections = self.corrections.wrapping_add(other.corrections);
        self.mismatched = self.mismatched.wrapping_add(other.mismatched);
        self.table.merge(&other.table);
        self.regression.merge(&other.regression);
        for (name, cells) in &other.evaluations {
            match self.evaluations.get_mut(name) {
                Some(own) => own.merge(cells),
                None => {
                    self.evaluations.insert(name.clone(), cells.clone());
                }
            }
        }
        self.bound_evaluations();
        self.delay.merge(&other.delay);
    }
}
