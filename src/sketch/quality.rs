//! Quality of predictions: signed counts of answers, labels and corrections, mergeable in any order.
//!
//! A first label adds a truth. A correction takes the old truth back and adds the new one, in the span where it became
//! known. The sum over all spans then equals a count of only the last truths, except for cells that hold 0. A single
//! span may be negative, and its measures are then undefined.

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

/// Counts of predictions, of truths joined to them, and of judges' scores. All are signed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Quality {
    /// Number of predictions, labelled or not.
    pub predicted: i64,
    /// Scores of all predictions, by cell.
    pub predicted_scores: ScoreCells,
    /// Number of predictions whose truth is known. A correction does not change this number.
    pub labelled: i64,
    /// Number of truths that replaced an earlier one.
    pub corrections: i64,
    /// Number of labelled predictions that are in neither table. Causes: a value where a class is expected or the
    /// reverse, an answer with neither, a number that is not finite or is beyond [`VALUE_MAX`](super::VALUE_MAX).
    pub mismatched: i64,
    /// Predicted and true classes.
    pub table: Confusion,
    /// Predicted and true values.
    pub regression: Regression,
    /// Scores from judges, by name of the evaluation.
    pub evaluations: BTreeMap<String, EvaluationCells>,
    /// Time from a prediction to its first label, in milliseconds.
    pub delay: GridCounts,
}

impl Quality {
    /// Counts a prediction.
    pub fn predict(&mut self, answer: &Answered<'_>) {
        self.predicted = self.predicted.wrapping_add(1);
        self.predicted_scores.add(answer.cell, 1);
    }

    /// Counts the first label of a prediction, `delay_millis` milliseconds after the prediction.
    pub fn judge(&mut self, answer: &Answered<'_>, truth: KnownTruth<'_>, delay_millis: i64) {
        self.labelled = self.labelled.wrapping_add(1);
        self.delay.add(delay_millis as f64, 1);
        self.pair(answer, truth, Direction::Count);
    }

    /// Takes the old truth back and counts its replacement.
    pub fn correct(&mut self, answer: &Answered<'_>, old: KnownTruth<'_>, new: KnownTruth<'_>) {
        self.corrections = self.corrections.wrapping_add(1);
        self.pair(answer, old, Direction::TakeBack);
        self.pair(answer, new, Direction::Count);
    }

    /// Adds `times` to the count of a judge's score, given by its [`evaluation_cell`](super::evaluation_cell). A
    /// negative value takes counts back.
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

    /// Keeps the names with the smallest hashes, so the result does not depend on the order of events.
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
