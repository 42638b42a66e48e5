//! Quality as published: signed cells of predicted and true classes, and the sums that measures can be recomputed from.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finite::finite;
use crate::sketch::{
    Confusion, Crossing, EvaluationCells, GridCounts, OTHER, Regression, SignedCounts, UNSCORED,
};

/// Fields of the confusion table that are shown, largest first; at about 180 bytes each, 360 KB.
const FIELDS_SHOWN_MAX: usize = 2_000;
/// Largest total number of score cells that is shown; at about 9 bytes each, 180 KB.
const CELLS_SHOWN_MAX: usize = 20_000;
/// Published name of the class for all classes without a row of their own.
const OTHER_SHOWN: &str = "other";
/// Published quantiles of the label delay.
const DELAYS: [(&str, f64); 3] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)];

/// One field of the confusion table, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionRecord {
    /// Predicted class; `other` for all classes that have no row.
    pub predicted: String,
    /// True class; `other` for all classes that have no column.
    pub label: String,
    /// True if both are the same class. Known even if both are `other`.
    pub right: bool,
    /// Number of predictions, signed, because corrections subtract.
    pub count: i64,
    /// `[cell, count]` by hundredth of the score, 255 without a score; empty if the table has too many cells to show.
    pub cells: Vec<(u8, i64)>,
}

/// Sums over pairs of a predicted and a true value, each rounded once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegressionRecord {
    /// Number of pairs.
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

/// Evaluation scores of one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Number of scores within 0..=1.
    pub count: i64,
    /// Mean of the cells' lower edges: exact for scores in hundredths, else at most 0.01 too low; `null` without scores.
    pub mean: Option<f64>,
    /// `[cell, count]` by hundredth, 255 for scores outside 0..=1.
    pub cells: Vec<(u8, i64)>,
}

/// Largest non-empty fields, by predicted class and label, and the number of all non-empty fields.
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

/// Non-zero cells. A cell whose labels were all subtracted by corrections is left out.
fn pairs(cells: &SignedCounts<u8>) -> Vec<(u8, i64)> {
    cells.iter().filter(|(_, count)| *count != 0).collect()
}

impl RegressionRecord {
    /// Record of the sums; `None` without pairs.
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

/// Seconds from a prediction to its first label, by quantile; empty if none is known.
pub(super) fn delays(millis: &GridCounts) -> BTreeMap<String, f64> {
    let second = |(name, q): (&str, f64)| Some((name.to_owned(), millis.quantile(q)? / 1e3));
    DELAYS.into_iter().filter_map(second).collect()
}
