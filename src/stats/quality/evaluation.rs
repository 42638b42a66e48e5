//! Share of judges' scores that reach a bound.

use crate::sketch::{EvaluationCells, Share, UNSCORED};

/// Scores of at least `hundredths`/100 among scores within 0..=1. Scores outside that range are not valid.
#[must_use]
pub fn evaluation_share(cells: &EvaluationCells, hundredths: u8) -> Share {
    let mut share = Share::default();
    for (cell, count) in cells.iter().filter(|(cell, _)| *cell != UNSCORED) {
        share.valid = share.valid.saturating_add(count);
        if cell >= hundredths {
            share.good = share.good.saturating_add(count);
        }
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::evaluation_cell;

    #[test]
    fn a_score_at_the_bound_is_good() {
        let mut cells = EvaluationCells::default();
        for score in [0.56, 0.57, 0.7, 1.0, 1.5, f64::NAN] {
            cells.add(evaluation_cell(score), 1);
        }
        assert_eq!(evaluation_share(&cells, 57), Share { good: 3, valid: 4 });
        assert_eq!(evaluation_share(&cells, 100), Share { good: 1, valid: 4 });
    }
}
