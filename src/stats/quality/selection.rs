//! Whether the labelled predictions are like all predictions: if only some scores get labels, quality is that of those.
//!
//! **Intuition.** Cases above a threshold are reviewed, others never: precision of the reviewed says nothing of the rest.
//! Labels cannot show it, but the scores of who got one can.
//!
//! **Formula.** The score cells of all predictions are cut into about ten groups of equal counts. The two-sample likelihood
//! ratio G of labelled against unlabelled says whether they differ (p below 0.001), PSI of labelled against all, less its
//! bias (k − 1)(1/n − 1/m), whether it matters (0.1 or more).
//!
//! **Assumptions and limits.** Predictions with a score and a pair of classes. 200 on either side, or none unlabelled; fewer
//! are too few. Selection by anything that the score does not see stays unseen. **Cost.** One pass over 100 cells.
//! **Rejected.** The test alone, which at a million predictions calls any trifle a difference.

use std::collections::BTreeMap;

use crate::sketch::{Quality, SCORE_CELLS};
use crate::stats::cells::{Pair, PairedCells};
use crate::stats::chi_square::ChiSquare;
use crate::stats::comparison::{Comparison, SubjectKind};
use crate::stats::distance::{Distance, Psi};
use crate::stats::likelihood::likelihood_ratio;

/// Predictions on either side from which the law of G is trusted.
const EVENTS_MIN: u64 = 200;
/// Groups that the scores are cut into.
const GROUPS: u64 = 10;
/// ln 0.001: how rare a difference must be under chance.
const LN_ALPHA: f64 = -6.907_755_278_982_137;
/// PSI from which a difference matters.
const PSI_MIN: f64 = 0.1;

/// What is known of how the labelled predictions were chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Selection {
    /// Too few scored predictions with or without a label, or counts in debt.
    TooFew,
    /// Scores of labelled predictions are like those of all.
    Alike(SelectionTest),
    /// They are not: measures are those of the labelled predictions, not of all.
    Differs(SelectionTest),
}

/// The numbers behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelectionTest {
    /// PSI of the labelled against all predictions, less its bias, in nats, 0..∞.
    pub psi: f64,
    /// ln of the p-value of labelled against unlabelled, −∞..=0.
    pub ln_p: f64,
    /// Labelled predictions with a score.
    pub labelled: u64,
    /// Unlabelled ones.
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
        df => ChiSquare::non_central(f64::from(df), 0.0).ln_survival(ratio.statistic),
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

/// Labelled (window) and unlabelled predictions (reference) by score cell; `None` if any count is negative.
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

/// Neighbouring cells together until they hold a tenth of all predictions; what is left joins the last group.
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
    let comparison = Comparison {
        kind: SubjectKind::Numbers,
        cells: PairedCells::default(),
        groups,
        reference_level: 0,
        window_level: 0,
        coarse: false,
    };
    (Psi.measure(&comparison) - bias).max(0.0)
}
