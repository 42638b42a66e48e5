//! What was predicted against what was true, by class and score cell: signed counts over at most 64 classes.
//!
//! **Intuition.** All measures of a classifier are sums over this table. Names come from producers, so they are bounded:
//! the 64 classes whose names hash smallest have rows and columns of their own, the others share `other`.
//!
//! **Why the order of merging does not matter.** Rank names by (hash, name). The 64 lowest of a union are the 64 lowest of
//! both sides' 64 lowest; so the classes kept are a function of the names seen alone. A name that has its own row in the
//! end was among the 64 lowest of every part it was seen in, for a part has fewer rivals: nothing that is to be told
//! apart has been folded before. And folding in steps gives what folding at once gives: of a pair, each name that is
//! not kept becomes `other`; two such names stay told apart by whether they were equal, for a name folded before its
//! partner was not its partner's equal. Cells stay where they were seen, even at 0, and with them the names.
//!
//! **Limits.** A pair of folded classes is known to be right or wrong, so accuracy is exact over any number of classes; of
//! a folded class alone nothing is known. Names longer than 64 bytes are kept as their beginning and a hash of the whole.
//! **Cost.** A name of its own per row and column, 16 bytes and less per score cell in use; at most 65 × 66 × 101 cells.
//! **Rejected.** The first 64 classes, or the most frequent: both depend on the order.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Monoid;
use super::counts::ScoreCells;
use super::key::{WordTag, id_hash, word_key};

/// Classes with a row and a column of their own.
pub const CLASSES_MAX: usize = 64;
/// The name under which all other classes are counted; published as `other`.
pub const OTHER: &str = "\u{0}other";
/// The true class of two folded classes that were not equal.
const ANOTHER: &str = "\u{0}another";
/// Bytes of a name that are kept whole.
const NAME_BYTES_MAX: usize = 64;
/// Bytes of the beginning of a longer one; `#` and sixteen digits of its hash follow.
const BEGINNING_BYTES: usize = NAME_BYTES_MAX - 17;

type Rows = BTreeMap<String, BTreeMap<String, ScoreCells>>;

/// Score cells by predicted class (row) and true class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Confusion {
    rows: Rows,
    /// Names with rows or columns, by rank; follows from the rows.
    classes: BTreeSet<(u32, String)>,
}

/// One field of the table.
#[derive(Debug, Clone, Copy)]
pub struct Crossing<'a> {
    /// The predicted class; [`OTHER`] for all that have no row.
    pub predicted: &'a str,
    /// The true class; [`OTHER`] for all that have no column.
    pub truth: &'a str,
    /// Whether both are the same class; known even of classes that have no row.
    pub right: bool,
    /// Signed counts by score cell.
    pub cells: &'a ScoreCells,
}

/// A predicted class and the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classes<'a> {
    /// What was predicted.
    pub predicted: &'a str,
    /// What was true.
    pub truth: &'a str,
}

impl Confusion {
    /// Adds `times` to the count of a pair of classes in a score cell; negative to take back.
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

    /// All fields, by predicted and then by true class.
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

    /// The classes that have rows or columns, by name; those whose labels were all taken back too.
    #[must_use]
    pub fn classes(&self) -> BTreeSet<&str> {
        let names = self.classes.iter();
        names.map(|(_, name)| name.as_str()).collect()
    }

    /// Whether counts of this class could be among [`OTHER`]: it has no row, and others were folded.
    #[must_use]
    pub fn is_folded(&self, class: &str) -> bool {
        let is_other = |name: &str| name == OTHER || name == ANOTHER;
        let name = class_name(class);
        !is_kept(&self.classes, &name)
            && fields(&self.rows).any(|(p, _)| is_other(p.predicted) || is_other(p.truth))
    }

    fn known(&mut self, pair: Classes<'_>) -> Option<&mut ScoreCells> {
        self.rows.get_mut(pair.predicted)?.get_mut(pair.truth)
    }

    /// Lets names in; whether any had to leave for it.
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

    /// Lays the table out again for the classes that are left.
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

/// Only the rows travel.
impl Serialize for Confusion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

/// Whatever the rows say, what is read keeps the limit.
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

/// A pair as it is counted where only `classes` have names.
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

/// Names that begin with a NUL are ours; a producer's that does is folded.
fn is_reserved(name: &str) -> bool {
    name.starts_with('\u{0}')
}

/// The name under which a class is counted.
#[must_use]
pub fn class_name(class: &str) -> Cow<'_, str> {
    if class.len() <= NAME_BYTES_MAX {
        return Cow::Borrowed(class);
    }
    let beginning = (0..=BEGINNING_BYTES).rev().find_map(|end| class.get(..end));
    let (beginning, hash) = (beginning.unwrap_or_default(), id_hash(class));
    Cow::Owned(format!("{beginning}#{hash:016x}"))
}
