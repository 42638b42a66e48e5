//! One subject's window beside its reference, as every distance and drift detector sees it.

use super::cells::{Pair, PairedCells};
use super::groups::{category_groups, number_groups};
use crate::sketch::{Histogram, ValueSketch};

/// Levels by which a window may be coarser than its reference before the comparison is called coarse.
const COARSER_LEVELS_MAX: u8 = 4;
/// Share of the reference that one cell above level 0 may hold, as a divisor: 20 %.
const CROWDED_DIVISOR: u64 = 5;

/// What a subject is made of, by the majority of its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// Finite numbers; cells stand in the order of the values.
    Numbers,
    /// Strings and truth values; cells stand in the order of hashes, which means nothing.
    Categories,
}

impl SubjectKind {
    /// The kind of a reference; `None` if it holds neither numbers nor categories.
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

/// A window and its reference on common cells, and on the groups that the reference makes of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What is compared.
    pub kind: SubjectKind,
    /// All cells of the coarser level.
    pub cells: PairedCells,
    /// The groups that hold anything.
    pub groups: Vec<Pair>,
    /// The reference's own level.
    pub reference_level: u8,
    /// The window's own level.
    pub window_level: u8,
    /// Whether the cells are too wide to be trusted: values of wildly different magnitude, or random bits read as doubles.
    pub coarse: bool,
}

impl Comparison {
    /// Compares what `kind` says; the other values of the sketches stay out of it.
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

/// Whether one cell above level 0 holds so much that what moves inside it would be missed.
fn is_crowded<const LIMIT: usize>(reference: &Histogram<LIMIT>, total: u64) -> bool {
    let fullest = reference.cells().iter().map(|cell| cell.count).max();
    reference.level() > 0 && fullest.is_some_and(|count| count > total / CROWDED_DIVISOR)
}
