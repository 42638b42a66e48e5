//! Test if the labelled predictions are like all predictions. If only some scores get labels, measures of quality hold
//! only for those.
//!
//! **Intuition.** If cases above a threshold are reviewed and others never are, the precision of the reviewed cases
//! says nothing about the rest. Labels cannot show this, but the scores of the labelled predictions can.
//!
//! **Formula.** The score cells of all predictions are cut into about ten groups of equal counts. The two-sample
//! likelihood ratio G of labelled against unlabelled predictions tests if they differ (p below 0.001). The PSI of
//! labelled against all predictions, less its bias (k − 1)(1/n − 1/m), tests if the difference matters (0.1 or more).
//!
//! **Assumptions and limits.** Counts predictions with a score and a pair of classes. At least 200 are needed on each
//! side, unless none is unlabelled. Selection by anything that the score does not reflect is not detected. **Cost.**
//! One pass over 100 cells. **Rejected.** The test alone, because with a million predictions it reports any trivial
//! difference.

use std::collections::BTreeMap;

use crate::sketch::{Quality, SCORE_CELLS};
use crate::stats::cells::Pair;
use crate::stats::chi_square::ChiSquare;
use crate::stats::distance::population_stability;
use crate::stats::likelihood::likelihood_ratio;

/// Minimum number of predictions on each side for the distribution of G to be accurate.
const EVENTS_MIN: u64 = 200;
/// Number of groups that the scores are cut into.
const GROUPS: u64 = 10;
/// ln 0.001: the largest p-value, as a logarithm, that counts as a difference.
const LN_ALPHA: f64 = -6.907_755_278_982_137;
/// Smallest PSI that counts as relevant.
const PSI_MIN: f64 = 0.1;

/// Result of the selection test: how the labelled predictions were chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Selection {
    /// There are too few scored predictions with or without a label, or a count is negative.
    TooFew,
    /// The scores of labelled predictions are like those of all predictions.
    Alike(SelectionTest),
    /// The scores differ: measures hold for the labelled predictions, not for all.
    Differs(SelectionTest),
}

/// Numbers of the selection test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelectionTest {
    /// PSI of labelled against all predictions, less its bias, in nats, 0..∞.
    pub psi: f64,
    /// ln of the p-value of labelled against unlabelled predictions, −∞..=0.
    pub ln_p: f64,
    /// Number of labelled predictions with a score.
    pub labelled: u64,
    /// Number of unlabelled predictions with a score.
    pub unlabelled: u64,
}

/// Compares the scores of labelled predictions with those of all.
#[must_use]
pub fn selection(quality: &Quality) -> Selection {
    let Some(groups) = cells(quality).map(grouped) else {
        return Selection::TooFew;
    };
    let total = Pair::total(&groups);
    if total.window < EVENTS_MIN || (1..EVENTS_MIN).contains(&total.reference) {
        return Selection::TooFew;
    }
    let ratio = likelihood_ratio(&groups);
    let ln_p = match ratio.df {
        0 => 0.0,
        df => ChiSquare { df: f64::from(df) }.ln_survival(ratio.statistic),
    };
    let test = SelectionTest {
        psi: psi_of_all(groups),
        ln_p,
        labelled: total.window,
        unlabelled: total.reference,
    };
    if test.psi >= PSI_MIN && ln_p <= LN_ALPHA {
        Selection::Differs(test)
    } else {
        Selection::Alike(test)
    }
}

/// Counts of labelled (window) and unlabelled (reference) predictions by score cell; `None` if any is negative.
fn cells(quality: &Quality) -> Option<Vec<Pair>> {
    let mut labelled: BTreeMap<u8, i64> = BTreeMap::new();
    for (cell, count) in quality.table.iter().flat_map(|field| field.cells.iter()) {
        let sum = labelled.entry(cell).or_default();
        *sum = sum.saturating_add(count);
    }
    let pair = |cell: u8| {
        let window = labelled.get(&cell).copied().unwrap_or_default();
        let rest = quality.predicted_scores.count(cell).checked_sub(window)?;
        Some(Pair {
            reference: u64::try_from(rest).ok()?,
            window: u64::try_from(window).ok()?,
        })
    };
    (0..SCORE_CELLS).map(pair).collect()
}

/// Joins neighbouring cells until a group holds a tenth of all predictions. The remainder joins the last group.
fn grouped(cells: Vec<Pair>) -> Vec<Pair> {
    let all = Pair::total(&cells).sum();
    let mut groups = Vec::new();
    let mut open = Pair::default();
    for cell in cells {
        open.add(cell);
        if open.sum() > 0 && open.sum() >= all / GROUPS {
            groups.push(std::mem::take(&mut open));
        }
    }
    match groups.last_mut() {
        Some(last) => last.add(open),
        None => groups.push(open),
    }
    groups
}

fn psi_of_all(mut groups: Vec<Pair>) -> f64 {
    groups
        .iter_mut()
        .for_each(|group| group.reference = group.sum());
    let total = Pair::total(&groups);
    let places = groups.len().saturating_sub(1) as f64;
    let bias = places * (1.0 / total.window as f64 - 1.0 / total.reference as f64);
    (population_stability(&groups) - bias).max(0.0)
}
