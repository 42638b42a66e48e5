//! Comparison of one subject's window with its reference: the input of every distance and drift detector.

use super::cells::{Pair, PairedCells};
use super::groups::{category_groups, number_groups};
use crate::sketch::{Histogram, ValueSketch};

/// Number of levels by which a window may be coarser than its reference before the comparison counts as coarse.
const COARSER_LEVELS_MAX: u8 = 4;
/// Largest share of the reference in one cell above level 0, as a divisor: 20 %.
const CROWDED_DIVISOR: u64 = 5;

/// Kind of values of a subject, by the majority in its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// Finite numbers. Cells are in the order of the values.
    Numbers,
    /// Strings and booleans. Cells are in the order of the hashes, which has no meaning.
    Categories,
}

impl SubjectKind {
    /// Kind of values in a reference; `None` if it holds neither numbers nor categories.
    #[must_use]
    pub fn of(reference: &ValueSketch) -> Option<Self> {
        let types = reference.types;
        match types.text + types.boolean {
            0 if types.number == 0 => None,
            words if words > types.number => Some(Self::Categories),
            _ => Some(Self::Numbers),
        }
    }
}

/// Window and reference on common cells, and on the groups that the reference defines.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Kind of the compared values.
    pub kind: SubjectKind,
    /// All cells, at the coarser level.
    pub cells: PairedCells,
    /// Groups that hold at least one event.
    pub groups: Vec<Pair>,
    /// Level of the reference before pairing.
    pub reference_level: u8,
    /// Level of the window before pairing.
    pub window_level: u8,
    /// True if the cells are too wide to be trusted. Causes are values of widely different magnitudes, or random bits
    /// read as doubles.
    pub coarse: bool,
}

impl Comparison {
    /// Compares the values of `kind`. Other values of the sketches are ignored.
    #[must_use]
    pub fn of(kind: SubjectKind, reference: &ValueSketch, window: &ValueSketch) -> Self {
        match kind {
            SubjectKind::Numbers => Self::of_histograms(
                kind,
                &reference.numbers.histogram,
                &window.numbers.histogram,
            ),
            SubjectKind::Categories => {
                Self::of_histograms(kind, &reference.words.histogram, &window.words.histogram)
            }
        }
    }

    fn of_histograms<const LIMIT: usize>(
        kind: SubjectKind,
        reference: &Histogram<LIMIT>,
        window: &Histogram<LIMIT>,
    ) -> Self {
        let cells = PairedCells::of(reference, window);
        let groups = match kind {
            SubjectKind::Numbers => number_groups(&cells.cells),
            SubjectKind::Categories => category_groups(&cells.cells),
        };
        Self {
            kind,
            groups,
            reference_level: reference.level(),
            window_level: window.level(),
            coarse: window.level() > reference.level().saturating_add(COARSER_LEVELS_MAX)
                || is_crowded(reference, cells.total.reference),
            cells,
        }
    }
}

/// True if one cell above level 0 holds so many events that changes inside it would be missed.
fn is_crowded<const LIMIT: usize>(reference: &Histogram<LIMIT>, total: u64) -> bool {
    let fullest = reference.cells().iter().map(|cell| cell.count).max();
    reference.level() > 0 && fullest.is_some_and(|count| count > total / CROWDED_DIVISOR)
}
