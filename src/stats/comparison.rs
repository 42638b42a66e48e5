//! Comparison of one subject's window with its reference: the input of every distance.

use super::cells::{Pair, PairedCells};
use super::groups::Grouping;
use super::subject_kind::SubjectKind;
use crate::sketch::{Cell, Histogram, ValueSketch};

/// Number of levels by which a window may be coarser than its reference before the comparison counts as coarse.
const COARSER_LEVELS_MAX: u8 = 4;
/// Largest share of the reference in one cell above level 0, as a divisor: 20 %.
const CROWDED_DIVISOR: u64 = 5;

/// Window and reference on common cells, and on the groups that the reference defines.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// All cells, at the coarser level.
    pub cells: PairedCells,
    /// Groups that hold at least one event.
    pub groups: Vec<Pair>,
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
        Self {
            groups: groups(kind, &cells),
            cells,
        }
    }
}

/// The counts of both sides by the groups that the reference defines, without groups that hold no event.
fn groups(kind: SubjectKind, paired: &PairedCells) -> Vec<Pair> {
    let side = |count: fn(Pair) -> u64| {
        let cells = paired.cells.iter().map(|cell| Cell {
            index: cell.index,
            count: count(cell.counts),
        });
        cells.filter(|cell| cell.count > 0).collect::<Vec<Cell>>()
    };
    let (reference, window) = (side(|pair| pair.reference), side(|pair| pair.window));
    let grouping = Grouping::of(kind, &reference, paired.level);
    let reference = grouping.count(&reference, paired.level);
    let window = grouping.count(&window, paired.level);
    pairs(&reference, &window)
}

/// Pairs the counts of a reference and a window by group, and leaves out groups that hold no event.
#[must_use]
pub fn pairs(reference: &[u64], window: &[u64]) -> Vec<Pair> {
    let pairs = reference.iter().zip(window);
    let pairs = pairs.map(|(reference, window)| Pair {
        reference: *reference,
        window: *window,
    });
    pairs.filter(|pair| pair.sum() > 0).collect()
}

/// True if the cells of a window are too much wider than those of its reference.
#[must_use]
pub fn is_coarse(window_level: u8, reference_level: u8) -> bool {
    window_level > reference_level.saturating_add(COARSER_LEVELS_MAX)
}

/// True if one cell of a reference above level 0 holds so many events that changes inside it would be missed.
#[must_use]
pub fn is_crowded<const LIMIT: usize>(reference: &Histogram<LIMIT>) -> bool {
    let fullest = reference.cells().iter().map(|cell| cell.count).max();
    let limit = reference.total() / CROWDED_DIVISOR;
    reference.level() > 0 && fullest.is_some_and(|count| count > limit)
}
