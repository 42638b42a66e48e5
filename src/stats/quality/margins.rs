//! Margins of the confusion table: how often each class was predicted, was true, and was both.

use std::collections::BTreeMap;

use crate::sketch::{Confusion, OTHER, class_name};

/// Counts of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Margin {
    /// Number of pairs in which the class was both predicted and true.
    pub hits: i64,
    /// Number of pairs in which the class was predicted.
    pub predicted: i64,
    /// Number of pairs in which the class was true.
    pub actual: i64,
}

impl Margin {
    /// True if the class still occurs after corrections.
    fn occurs(self) -> bool {
        self.predicted != 0 || self.actual != 0
    }
}

/// Margins of a confusion table.
#[derive(Debug)]
pub(super) struct Margins<'a> {
    /// Number of pairs of a predicted and a true class.
    pub pairs: i64,
    /// Number of pairs in which both classes are equal.
    pub right: i64,
    /// True if no entry of the table is negative. Only then can it be a table of pairs.
    sound: bool,
    table: &'a Confusion,
    classes: BTreeMap<&'a str, Margin>,
}

impl<'a> Margins<'a> {
    /// Computes margins that may be negative, for values that are summed further.
    pub fn signed(table: &'a Confusion) -> Self {
        let mut margins = Self {
            pairs: 0,
            right: 0,
            sound: true,
            table,
            classes: BTreeMap::new(),
        };
        for field in table.iter() {
            let count = field.cells.total();
            let hits = if field.right { count } else { 0 };
            margins.sound &= count >= 0;
            margins.pairs = margins.pairs.saturating_add(count);
            margins.right = margins.right.saturating_add(hits);
            let row = margins.classes.entry(field.predicted).or_default();
            row.predicted = row.predicted.saturating_add(count);
            row.hits = row.hits.saturating_add(hits);
            let column = margins.classes.entry(field.truth).or_default();
            column.actual = column.actual.saturating_add(count);
        }
        margins
    }

    /// Computes margins for measures; `None` if the table is empty or has negative entries.
    pub fn sound(table: &'a Confusion) -> Option<Self> {
        let margins = Self::signed(table);
        (margins.sound && margins.pairs > 0).then_some(margins)
    }

    /// Margin of a class; zeros if the class did not occur. `None` if the counts of the class may be among the other
    /// classes.
    pub fn class(&self, class: &str) -> Option<Margin> {
        if self.table.is_folded(class) {
            return None;
        }
        let margin = self.classes.get(class_name(class).as_ref());
        Some(margin.copied().unwrap_or_default())
    }

    /// Unweighted average of a score over all classes that were predicted or true. Classes without their own row are
    /// left out.
    pub fn macro_average(&self, score: impl Fn(Margin) -> f64) -> Option<f64> {
        let (mut sum, mut classes) = (0.0, 0_u32);
        for (name, margin) in &self.classes {
            if *name != OTHER && margin.occurs() {
                sum += score(*margin);
                classes += 1;
            }
        }
        (classes > 0).then(|| sum / f64::from(classes))
    }
}

/// `part` ÷ `whole`, or 0 if `whole` is 0, as in scikit-learn's averages.
pub(super) fn ratio(part: i64, whole: i64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}
