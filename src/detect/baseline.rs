//! Baseline: the reference of one subject, ready to count windows against it.

use super::reference_counts::{ReferenceCounts, ReferenceKind};
use super::tally::Tally;
use crate::reference::{Rhythm, SubjectReference};
use crate::sketch::{Numbers, Range, Scale, Subject, ValueSketch, Words};
use crate::stats::{Grouping, SubjectKind, is_crowded};
use crate::window::{Boundary, Span};

/// The reference of one subject with its groups, and its own tally.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// Kind of the values that are compared; `None` if the reference holds neither numbers nor categories.
    pub kind: Option<SubjectKind>,
    /// The reference, counted by its own groups.
    pub tally: Tally,
    /// Number of events whose category occurred in a single pane of the learning span.
    pub lone_events: u64,
    /// Number of predictions in the learning span that could have had the subject.
    pub predictions: u64,
    /// Number of failed predictions among them.
    pub errors: u64,
    /// Span of event time that the subject was learned from.
    pub span: Span,
    /// First boundary from which windows are compared with it: the end of the span, or later if another reference was in force
    /// meanwhile.
    pub compared_since: Boundary,
    /// True until the whole learning span was seen.
    pub is_provisional: bool,
    /// How much of what it varied by was the time of day.
    pub rhythm: Option<Rhythm>,
    /// True if one cell of the reference holds so much that changes inside it would be missed.
    pub is_crowded: bool,
    grouping: Grouping,
    /// Keys of the categories, ascending; `None` if some of them had no cell of their own.
    categories: Option<Vec<u32>>,
    range: Option<Range>,
    scale: Scale,
}

impl Baseline {
    /// Draws the groups of `reference`.
    #[must_use]
    pub fn of(subject: &Subject, reference: &SubjectReference) -> Self {
        let sketch = &reference.sketch;
        let (numbers, words) = (&sketch.numbers.histogram, &sketch.words.histogram);
        let kind = SubjectKind::of(sketch);
        let (grouping, is_crowded) = match kind {
            Some(kind @ SubjectKind::Numbers) => (
                Grouping::of(kind, numbers.cells(), numbers.level()),
                is_crowded(numbers),
            ),
            Some(kind @ SubjectKind::Categories) => (
                Grouping::of(kind, words.cells(), words.level()),
                is_crowded(words),
            ),
            None => (Grouping::default(), false),
        };
        let mut baseline = Self {
            kind,
            tally: Tally::default(),
            lone_events: reference.lone_events,
            predictions: reference.predictions,
            errors: reference.errors,
            span: reference.span,
            compared_since: reference.span.end,
            is_provisional: reference.is_provisional,
            rhythm: reference.rhythm,
            is_crowded,
            grouping,
            categories: exact_keys(&sketch.words),
            range: sketch.numbers.range,
            scale: subject.scale(),
        };
        baseline.tally = baseline.count(sketch);
        baseline
    }

    /// The counts of the reference itself.
    #[must_use]
    pub fn counts(&self) -> ReferenceCounts<'_> {
        ReferenceCounts {
            kind: ReferenceKind::Fixed,
            tally: &self.tally,
            predictions: self.predictions,
            errors: self.errors,
        }
    }

    /// Group of a cell with this index at `level`.
    #[must_use]
    pub fn group_of(&self, index: u32, level: u8) -> usize {
        self.grouping.group_of(index, level)
    }

    /// The groups of numbers in the order of their values, without the one that gathers what the reference lacks.
    #[must_use]
    pub fn groups_along_axis(&self) -> Vec<usize> {
        self.grouping.along_axis()
    }

    /// Counts the values of a pane.
    #[must_use]
    pub fn count(&self, pane: &ValueSketch) -> Tally {
        let mut tally = Tally {
            types: pane.types,
            ..Tally::default()
        };
        match self.kind {
            Some(SubjectKind::Numbers) => {
                let histogram = &pane.numbers.histogram;
                tally.groups = self.grouping.count(histogram.cells(), histogram.level());
                tally.level = histogram.level();
                tally.beyond = beyond(&pane.numbers, self.range, self.scale);
            }
            Some(SubjectKind::Categories) => {
                let histogram = &pane.words.histogram;
                tally.groups = self.grouping.count(histogram.cells(), histogram.level());
                tally.level = histogram.level();
                let known = self.categories.as_ref().filter(|_| pane.words.is_exact());
                tally.is_inexact = known.is_none();
                tally.new = known.map_or(0, |known| new(&pane.words, known));
            }
            None => {}
        }
        tally
    }
}

/// Number of values in cells that lie wholly below or above the range.
fn beyond(pane: &Numbers, range: Option<Range>, scale: Scale) -> u64 {
    let (Some(own), Some(range)) = (pane.range, range) else {
        return 0;
    };
    if own.min >= range.min && own.max <= range.max {
        return 0;
    }
    let level = u32::from(pane.histogram.level());
    let cell_of = |x: f64| scale.key(x).checked_shr(level).unwrap_or(0);
    let (first, last) = (cell_of(range.min), cell_of(range.max));
    let cells = pane.histogram.cells().iter();
    cells
        .filter(|cell| cell.index < first || cell.index > last)
        .map(|cell| cell.count)
        .sum()
}

fn exact_keys(words: &Words) -> Option<Vec<u32>> {
    let keys = words.histogram.cells().iter().map(|cell| cell.index);
    words.is_exact().then(|| keys.collect())
}

/// Number of strings and booleans whose category is not among the `known`, which ascend.
fn new(pane: &Words, known: &[u32]) -> u64 {
    let mut known = known.iter().peekable();
    let mut new = 0;
    for cell in pane.histogram.cells() {
        while known.next_if(|known| **known < cell.index).is_some() {}
        if known.peek().is_none_or(|known| **known != cell.index) {
            new += cell.count;
        }
    }
    new
}
