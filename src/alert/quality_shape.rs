//! Quality as published: signed cells of what was predicted against what was true, and sums from which measures can be recomputed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finite::finite;
use crate::sketch::{
    Confusion, Crossing, EvaluationCells, GridCounts, OTHER, Regression, SignedCounts, UNSCORED,
};

/// Fields of the confusion table that are shown, the largest first; at some 180 bytes each 360 KB.
const FIELDS_SHOWN_MAX: usize = 2_000;
/// Score cells of all fields together up to which they are shown; at some 9 bytes each 180 KB.
const CELLS_SHOWN_MAX: usize = 20_000;
/// How the class that stands for all without a row of their own is published.
const OTHER_SHOWN: &str = "other";
/// Quantiles of the delay.
const DELAYS: [(&str, f64); 3] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)];

/// One field of the confusion table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionRecord {
    /// The predicted class; `other` for all that have no row.
    pub predicted: String,
    /// The true class; `other` for all that have no column.
    pub label: String,
    /// Whether both are the same class; known even where both are `other`.
    pub right: bool,
    /// Predictions, signed: corrections take back.
    pub count: i64,
    /// `[cell, count]` by hundredth of the score, 255 without one; empty where the table has too many to show.
    pub cells: Vec<(u8, i64)>,
}

/// Sums over pairs of a predicted and a true value, rounded once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegressionRecord {
    /// Pairs.
    pub pairs: i64,
    /// Σ y, the true values.
    pub truths: f64,
    /// Σ y².
    pub truths_squared: f64,
    /// Σ e, predicted − true.
    pub errors: f64,
    /// Σ |e|.
    pub errors_absolute: f64,
    /// Σ e².
    pub errors_squared: f64,
}

/// A judge's scores of one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Scores within 0..=1.
    pub count: i64,
    /// Mean of the cells' lower edges: exact for scores in hundredths, else at most 0.01 low; `null` without scores.
    pub mean: Option<f64>,
    /// `[cell, count]` by hundredth, 255 for scores outside 0..=1.
    pub cells: Vec<(u8, i64)>,
}

/// The largest fields that are not empty, by predicted class and label; and how many there are.
pub(super) fn confusion_records(table: &Confusion) -> (Vec<ConfusionRecord>, u64) {
    let fields = table.iter().map(|field| confusion_record(&field));
    let mut fields: Vec<_> = fields.filter(|f| !f.cells.is_empty()).collect();
    let total = fields.len() as u64;
    fields.sort_by_key(|f| Reverse(f.count.unsigned_abs())); // stable: ties by class
    fields.truncate(FIELDS_SHOWN_MAX);
    fields
        .sort_by(|a, b| (&a.predicted, &a.label, a.right).cmp(&(&b.predicted, &b.label, b.right)));
    if fields.iter().map(|f| f.cells.len()).sum::<usize>() > CELLS_SHOWN_MAX {
        fields.iter_mut().for_each(|f| f.cells.clear());
    }
    (fields, total)
}

fn confusion_record(field: &Crossing<'_>) -> ConfusionRecord {
    ConfusionRecord {
        predicted: shown(field.predicted),
        label: shown(field.truth),
        right: field.right,
        count: field.cells.total(),
        cells: pairs(field.cells),
    }
}

fn shown(class: &str) -> String {
    if class == OTHER { OTHER_SHOWN } else { class }.to_owned()
}

/// Cells that hold anything: one whose labels were all taken back says nothing.
fn pairs(cells: &SignedCounts<u8>) -> Vec<(u8, i64)> {
    cells.iter().filter(|(_, count)| *count != 0).collect()
}

impl RegressionRecord {
    /// The record; `None` without pairs.
    pub(super) fn of(regression: &Regression) -> Option<Self> {
        if regression.pairs == 0 {
            return None;
        }
        Some(Self {
            pairs: regression.pairs,
            truths: finite(regression.truths.value())?,
            truths_squared: finite(regression.truths_squared.value())?,
            errors: finite(regression.errors.value())?,
            errors_absolute: finite(regression.errors_absolute.value())?,
            errors_squared: finite(regression.errors_squared.value())?,
        })
    }
}

impl EvaluationRecord {
    pub(super) fn of(scores: &EvaluationCells) -> Self {
        let inside = scores.iter().filter(|(cell, _)| *cell != UNSCORED);
        let (mut count, mut hundredths) = (0_i64, 0_i64);
        for (cell, n) in inside {
            count = count.saturating_add(n);
            hundredths = hundredths.saturating_add(n.saturating_mul(i64::from(cell)));
        }
        Self {
            count,
            mean: (count > 0).then(|| hundredths as f64 / count as f64 / 100.0),
            cells: pairs(scores),
        }
    }
}

/// Seconds from a prediction to its first label, by quantile; empty where none is known.
pub(super) fn delays(millis: &GridCounts) -> BTreeMap<String, f64> {
    let second = |(name, q): (&str, f64)| Some((name.to_owned(), millis.quantile(q)? / 1e3));
    DELAYS.into_iter().filter_map(second).collect()
}
