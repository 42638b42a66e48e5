//! Distributions as published: exact integer cells, from which every number of a report can be recomputed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finite::finite;
use crate::sketch::{Cell, Numbers, Scale, TypeCounts, ValueSketch, Words};

/// Most frequent categories that are shown with their count, at most.
const TOP_MAX: usize = 20;
/// Published quantiles.
const QUANTILES: [(&str, f64); 7] = [
    ("p01", 0.01),
    ("p05", 0.05),
    ("p25", 0.25),
    ("p50", 0.50),
    ("p75", 0.75),
    ("p95", 0.95),
    ("p99", 0.99),
];

/// Counts by type of value, and of predictions that do not have the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypesRecord {
    /// Finite numbers.
    pub number: u64,
    /// Strings.
    pub text: u64,
    /// Truth values.
    pub boolean: u64,
    /// Nulls.
    pub null: u64,
    /// Vectors.
    pub vector: u64,
    /// NaN and infinities.
    pub not_finite: u64,
    /// Predictions without the subject.
    pub missing: u64,
}

impl TypesRecord {
    pub(super) fn of(types: &TypeCounts, predictions: u64) -> Self {
        Self {
            number: types.number,
            text: types.text,
            boolean: types.boolean,
            null: types.null,
            vector: types.vector,
            not_finite: types.not_finite,
            missing: predictions.saturating_sub(types.present()),
        }
    }
}

/// Distribution of the numbers of a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumbersRecord {
    /// Exact smallest value.
    pub min: f64,
    /// Exact largest value.
    pub max: f64,
    /// p01, p05, p25, p50, p75, p95, p99, by interpolation inside a cell.
    pub quantiles: BTreeMap<String, f64>,
    /// Scale of the cells: `plain` or `score`.
    pub scale: String,
    /// Bits by which keys are shifted to give cell indices.
    pub level: u8,
    /// `[index, count]`, by ascending index.
    pub cells: Vec<(u32, u64)>,
}

impl NumbersRecord {
    /// Record of the numbers; `None` if there are none.
    #[must_use]
    pub fn of(numbers: &Numbers, scale: Scale) -> Option<Self> {
        let range = numbers.range?;
        let quantile = |(name, q): (&str, f64)| {
            let x = numbers.quantile(scale, q).and_then(finite)?;
            Some((name.to_owned(), x))
        };
        Some(Self {
            min: finite(range.min)?,
            max: finite(range.max)?,
            quantiles: QUANTILES.into_iter().filter_map(quantile).collect(),
            scale: match scale {
                Scale::Plain => "plain".to_owned(),
                Scale::Score => "score".to_owned(),
            },
            level: numbers.histogram.level(),
            cells: pairs(numbers.histogram.cells()),
        })
    }
}

/// Distribution of the categories of a subject: strings and truth values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoriesRecord {
    /// True if each category has a cell of its own. If false, cells are groups of hashes and have no names.
    pub exact: bool,
    /// Number of non-empty cells.
    pub distinct: u64,
    /// Most frequent named categories, at most 20, by descending count, then by cell.
    pub top: Vec<TopCategory>,
    /// Bits by which hashes are shifted to give cell indices.
    pub level: u8,
    /// `[index, count]`, by ascending index.
    pub cells: Vec<(u32, u64)>,
}

/// One frequent category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopCategory {
    /// Name of the category, cut to 64 bytes.
    pub name: String,
    /// Events of the category.
    pub count: u64,
}

impl CategoriesRecord {
    /// Record of the categories; `None` if there are none.
    #[must_use]
    pub fn of(words: &Words) -> Option<Self> {
        if words.histogram.is_empty() {
            return None;
        }
        Some(Self {
            exact: words.is_exact(),
            distinct: words.histogram.cells().len() as u64,
            top: top(words),
            level: words.histogram.level(),
            cells: pairs(words.histogram.cells()),
        })
    }
}

fn top(words: &Words) -> Vec<TopCategory> {
    let mut cells: Vec<&Cell> = words.histogram.cells().iter().collect();
    cells.sort_by_key(|cell| (Reverse(cell.count), cell.index));
    let named = cells.into_iter().filter_map(|cell| {
        let name = words.names.get(&cell.index)?.clone();
        let count = cell.count;
        Some(TopCategory { name, count })
    });
    named.take(TOP_MAX).collect()
}

fn pairs(cells: &[Cell]) -> Vec<(u32, u64)> {
    cells.iter().map(|cell| (cell.index, cell.count)).collect()
}

/// Records of the numbers and of the categories in a sketch.
pub(super) fn shapes(
    sketch: &ValueSketch,
    scale: Scale,
) -> (Option<NumbersRecord>, Option<CategoriesRecord>) {
    (
        NumbersRecord::of(&sketch.numbers, scale),
        CategoriesRecord::of(&sketch.words),
    )
}
