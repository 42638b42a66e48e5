//! What a model answered and what was right, reduced to what quality is counted from.

/// Cells of a score between 0 and 1.
pub const SCORE_CELLS: u8 = 100;
/// The cell of an answer without a score, or with one outside 0..=1.
pub const UNSCORED: u8 = 255;

/// The cell of a score: hundredths, the last cell holding 1 itself; [`UNSCORED`] outside 0..=1.
#[must_use]
pub fn score_cell(score: Option<f64>) -> u8 {
    match score {
        Some(x) if (0.0..=1.0).contains(&x) => {
            ((x * f64::from(SCORE_CELLS)) as u8).min(SCORE_CELLS - 1)
        }
        _ => UNSCORED,
    }
}

/// What a model answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answered<'a> {
    /// The predicted class.
    pub class: Option<&'a str>,
    /// The cell of the score: of the positive class where it is known, else of the predicted one.
    pub cell: u8,
    /// The predicted value of a regression.
    pub value: Option<f64>,
}

/// What turned out to be right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known<'a> {
    /// The true class.
    Class(&'a str),
    /// The true value of a regression.
    Value(f64),
}
