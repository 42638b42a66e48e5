//! Confusion table by predicted class, true class and score cell: signed counts over at most 64 classes.
//!
//! **Intuition.** Every measure of a classifier is a sum over this table. Producers choose the class names, so their
//! number must be bounded. The 64 classes whose names have the smallest hashes get their own rows and columns; all
//! others share `other`.
//!
//! **Why the order of merging does not matter.** Rank names by (hash, name). The 64 lowest names of a union are the 64
//! lowest among the 64 lowest of each side, so the kept classes depend only on the set of names seen. A name that is
//! kept in the end was among the 64 lowest in every part that contained it, because a part has fewer competing names.
//! So no count of a kept class was folded earlier. Folding in several steps gives the result of folding once: in each
//! pair, every name that is not kept becomes `other`. Two folded names are still marked as equal or different, because
//! a name that was folded before the other name of its pair differs from it. A cell stays once it was used, even at
//! count 0, and so do its class names.
//!
//! **Limits.** For a pair of folded classes, the table knows only whether the prediction was right. Accuracy is
//! therefore exact for any number of classes, but nothing is known about a single folded class. A name longer than 64
//! bytes is kept as its beginning and a hash of the whole name. **Cost.** One name per row and column, and at most 16
//! bytes per used score cell; at most 65 × 66 × 101 cells. **Rejected.** Keeping the first 64 classes, or the most
//! frequent: both depend on the order of events.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Monoid;
use super::counts::ScoreCells;
use super::key::{WordTag, id_hash, word_key};

/// Maximum number of classes with their own row and column.
pub const CLASSES_MAX: usize = 64;
/// Internal name for all other classes; published as `other`.
pub const OTHER: &str = "\u{0}other";
/// True class of a pair of two different folded classes.
const ANOTHER: &str = "\u{0}another";
/// Maximum length, in bytes, of a class name that is kept whole.
const NAME_BYTES_MAX: usize = 64;
/// Bytes kept from the beginning of a longer name. `#` and the sixteen hexadecimal digits of its hash follow.
const BEGINNING_BYTES: usize = NAME_BYTES_MAX - 17;

type Rows = BTreeMap<String, BTreeMap<String, ScoreCells>>;

/// Counts by predicted class (row), true class (column) and score cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Confusion {
    rows: Rows,
    /// Names with their own row or column, ordered by rank. Derived from the rows.
    classes: BTreeSet<(u32, String)>,
}

/// One entry of the table: a predicted class, a true class and their counts.
#[derive(Debug, Clone, Copy)]
pub struct Crossing<'a> {
    /// Predicted class; [`OTHER`] for every class without its own row.
    pub predicted: &'a str,
    /// True class; [`OTHER`] for every class without its own column.
    pub truth: &'a str,
    /// True if both classes are equal. This is known even for classes without a row.
    pub right: bool,
    /// Signed counts by score cell.
    pub cells: &'a ScoreCells,
}

/// Predicted class and true class of one prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classes<'a> {
    /// Predicted class.
    pub predicted: &'a str,
    /// True class.
    pub truth: &'a str,
}

impl Confusion {
    /// Adds `times` to the count of a pair of classes in a score cell. A negative value takes counts back.
    pub fn add(&mut self, pair: Classes<'_>, cell: u8, times: i64) {
        let (predicted, truth) = (class_name(pair.predicted), class_name(pair.truth));
        let pair = Classes {
            predicted: &predicted,
            truth: &truth,
        };
        if let Some(cells) = self.known(pair) {
            return cells.add(cell, times);
        }
        let full = self.admit([pair.predicted, pair.truth]);
        if full {
            self.refold();
        }
        let pair = folded(&self.classes, pair);
        field(&mut self.rows, pair).add(cell, times);
    }

    /// Iterates over all entries, by predicted class and then by true class.
    pub fn iter(&self) -> impl Iterator<Item = Crossing<'_>> {
        fields(&self.rows).map(|(pair, cells)| Crossing {
            predicted: pair.predicted,
            truth: if pair.truth == ANOTHER {
                OTHER
            } else {
                pair.truth
            },
            right: pair.predicted == pair.truth,
            cells,
        })
    }

    /// Classes with their own row or column, by name. Classes whose labels were all taken back are included.
    #[must_use]
    pub fn classes(&self) -> BTreeSet<&str> {
        let names = self.classes.iter();
        names.map(|(_, name)| name.as_str()).collect()
    }

    /// True if the class has its own row or column, even if all its counts are 0.
    #[must_use]
    pub fn has_class(&self, class: &str) -> bool {
        is_kept(&self.classes, &class_name(class))
    }

    /// True if [`OTHER`] may include counts of this class: it has no row, and some classes were folded.
    #[must_use]
    pub fn is_folded(&self, class: &str) -> bool {
        let is_other = |name: &str| name == OTHER || name == ANOTHER;
        !self.has_class(class)
            && fields(&self.rows).any(|(p, _)| is_other(p.predicted) || is_other(p.truth))
    }

    fn known(&mut self, pair: Classes<'_>) -> Option<&mut ScoreCells> {
        self.rows.get_mut(pair.predicted)?.get_mut(pair.truth)
    }

    /// Adds names to the kept classes. Returns true if this pushed any name out.
    fn admit<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> bool {
        for name in names.into_iter().filter(|name| !is_reserved(name)) {
            self.classes.insert(rank(name));
        }
        let full = self.classes.len() > CLASSES_MAX;
        while self.classes.len() > CLASSES_MAX {
            self.classes.pop_last();
        }
        full
    }

    /// Rebuilds the table after some classes were pushed out.
    fn refold(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        self.take_in(&rows);
    }

    fn take_in(&mut self, rows: &Rows) {
        for (pair, cells) in fields(rows) {
            let pair = folded(&self.classes, pair);
            field(&mut self.rows, pair).merge(cells);
        }
    }
}

impl Monoid for Confusion {
    fn merge(&mut self, other: &Self) {
        if self.admit(other.classes.iter().map(|(_, name)| name.as_str())) {
            self.refold();
        }
        self.take_in(&other.rows);
    }
}

/// Serializes only the rows. The set of classes is derived from them.
impl Serialize for Confusion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

/// Applies the limit of classes while decoding, whatever the bytes hold.
impl<'de> Deserialize<'de> for Confusion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Rows::deserialize(deserializer)?;
        let mut table = Self::default();
        table.admit(fields(&rows).flat_map(|(pair, _)| [pair.predicted, pair.truth]));
        table.take_in(&rows);
        Ok(table)
    }
}

fn fields(rows: &Rows) -> impl Iterator<Item = (Classes<'_>, &ScoreCells)> {
    rows.iter().flat_map(|(predicted, row)| {
        row.iter()
            .map(move |(truth, cells)| (Classes { predicted, truth }, cells))
    })
}

fn field<'a>(rows: &'a mut Rows, pair: Classes<'_>) -> &'a mut ScoreCells {
    let row = rows.entry(pair.predicted.to_owned()).or_default();
    row.entry(pair.truth.to_owned()).or_default()
}

/// Replaces every class outside `classes` by [`OTHER`] or [`ANOTHER`].
fn folded<'a>(classes: &BTreeSet<(u32, String)>, pair: Classes<'a>) -> Classes<'a> {
    let kept = |name: &str| is_kept(classes, name);
    let (predicted, truth) = match (kept(pair.predicted), kept(pair.truth)) {
        (true, true) => (pair.predicted, pair.truth),
        (true, false) => (pair.predicted, OTHER),
        (false, true) => (OTHER, pair.truth),
        (false, false) if pair.predicted == pair.truth => (OTHER, OTHER),
        (false, false) => (OTHER, ANOTHER),
    };
    Classes { predicted, truth }
}

fn is_kept(classes: &BTreeSet<(u32, String)>, name: &str) -> bool {
    classes.contains(&rank(name))
}

fn rank(name: &str) -> (u32, String) {
    (word_key(WordTag::Text, name), name.to_owned())
}

/// True for internal names, which begin with NUL. A producer's name that begins with NUL is always folded.
fn is_reserved(name: &str) -> bool {
    name.starts_with('\u{0}')
}

/// Returns the name under which a class is counted. A long name is cut and gets a hash.
#[must_use]
pub fn class_name(class: &str) -> Cow<'_, str> {
    if class.len() <= NAME_BYTES_MAX {
        return Cow::Borrowed(class);
    }
    let beginning = (0..=BEGINNING_BYTES).rev().find_map(|end| class.get(..end));
    let (beginning, hash) = (beginning.unwrap_or_default(), id_hash(class));
    Cow::Owned(format!("{beginning}#{hash:016x}"))
}
