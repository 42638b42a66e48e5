//! The confusion table as measures by class see it: how often each class was predicted, was true, and was both.

use std::collections::BTreeMap;

use crate::sketch::{Confusion, OTHER, class_name};

/// Counts of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Margin {
    /// Predicted and true.
    pub hits: i64,
    /// Predicted.
    pub predicted: i64,
    /// True.
    pub actual: i64,
}

impl Margin {
    /// Whether the class occurs at all, after what was taken back.
    fn occurs(self) -> bool {
        self.predicted != 0 || self.actual != 0
    }
}

/// The margins of a table.
#[derive(Debug)]
pub(super) struct Margins<'a> {
    /// Pairs of a predicted class and a true one.
    pub pairs: i64,
    /// Those in which both are the same.
    pub right: i64,
    /// Whether no field of the table is negative, so that it can be a table of pairs at all.
    sound: bool,
    table: &'a Confusion,
    classes: BTreeMap<&'a str, Margin>,
}

impl<'a> Margins<'a> {
    /// Signed margins, for what is summed further.
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

    /// Margins to measure by; `None` where the table is empty or has negative fields.
    pub fn sound(table: &'a Confusion) -> Option<Self> {
        let margins = Self::signed(table);
        (margins.sound && margins.pairs > 0).then_some(margins)
    }

    /// The margin of a class, zeros where it did not occur; `None` where it may have, among the other classes.
    pub fn class(&self, class: &str) -> Option<Margin> {
        if self.table.is_folded(class) {
            return None;
        }
        let margin = self.classes.get(class_name(class).as_ref());
        Some(margin.copied().unwrap_or_default())
    }

    /// The plain average of a score of each class that was predicted or true; classes without a row of their own stay out.
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

/// `part` ÷ `whole`, and 0 of nothing, as scikit-learn's averages have it.
pub(super) fn ratio(part: i64, whole: i64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}
