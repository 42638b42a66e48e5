//! Prediction and truth, reduced to the values that quality is computed from.

/// Number of cells for scores between 0 and 1.
pub const SCORE_CELLS: u8 = 100;
/// Cell of an answer without a score, or with a score outside 0..=1.
pub const UNSCORED: u8 = 255;

/// Returns the cell of a score, in hundredths. The last cell includes 1. A score outside 0..=1 gives [`UNSCORED`].
#[must_use]
pub fn score_cell(score: Option<f64>) -> u8 {
    match score {
        Some(x) if (0.0..=1.0).contains(&x) => {
            ((x * f64::from(SCORE_CELLS)) as u8).min(SCORE_CELLS - 1)
        }
        _ => UNSCORED,
    }
}

/// Returns the cell of a judge's score: the largest k in 0..=100 with k/100 <= x. A score outside 0..=1 gives
/// [`UNSCORED`].
///
/// Objectives use conditions such as "at least 0.57". So 0.57 must be in cell 57, although 100 times the double 0.57 is
/// less than 57.
#[must_use]
pub fn evaluation_cell(x: f64) -> u8 {
    if !(0.0..=1.0).contains(&x) {
        return UNSCORED;
    }
    let near = (x * 100.0) as u8;
    let is_reached = |k: u8| f64::from(k) / 100.0 <= x;
    let candidates = [near.saturating_add(1), near];
    let cell = candidates.into_iter().find(|k| is_reached(*k));
    cell.unwrap_or(near.saturating_sub(1)).min(100)
}

/// Answer of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answered<'a> {
    /// The predicted class.
    pub class: Option<&'a str>,
    /// Cell of the score: of the positive class if it is known, otherwise of the predicted class.
    pub cell: u8,
    /// The predicted value of a regression.
    pub value: Option<f64>,
}

/// Ground truth of one prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KnownTruth<'a> {
    /// The true class.
    Class(&'a str),
    /// The true value of a regression.
    Value(f64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evaluation_reaches_the_hundredth_it_names() {
        for k in 0..=100_u8 {
            let x = f64::from(k) / 100.0;
            assert_eq!(evaluation_cell(x), k);
            if k > 0 {
                assert_eq!(evaluation_cell(x.next_down()), k - 1, "just below {x}");
            }
        }
        for x in [
            -f64::MIN_POSITIVE,
            1.0_f64.next_up(),
            f64::NAN,
            f64::INFINITY,
        ] {
            assert_eq!(evaluation_cell(x), UNSCORED);
        }
    }
}
