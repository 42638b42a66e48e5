//! Keys of the adaptive histogram: 32-bit integers in the order of the values they stand for.
//!
//! A number's key is the upper half of its bits, turned so that integers order as the doubles do: sign, exponent and
//! the top 20 bits of the mantissa, hence a relative width of at most 2⁻²⁰. Scores get a symmetric key, as fine near
//! 1 as near 0, because a calibrated score of 0.999 differs from 0.9999 as 0.001 does from 0.0001.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Which key a number gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scale {
    /// The bits of the double.
    #[default]
    Plain,
    /// Symmetric about ½ on 0..=1, plain below, coarser above.
    Score,
}

const SIGN: u64 = 1 << 63;
/// `plain(0.5)` and `plain(1.0)`, written out so that the symmetric key needs no lazy state.
const HALF: u32 = 0xBFE0_0000;
const ONE: u32 = 0xBFF0_0000;
const ZERO: u32 = 0x8000_0000;
/// The symmetric key of 1: 2·key(½) − key(0).
const SCORE_ONE: u32 = 0xFFC0_0000;
/// Bits by which scores beyond 1 are coarser, so that they fit above the key of 1.
const BEYOND_SHIFT: u32 = 8;
/// The seed under which categories are hashed; part of the format, never to change.
const WORD_SEED: u64 = 0x7469_6465;

impl Scale {
    /// The key of a finite number. −0.0 counts as 0.0, else a producer that writes −0.0 would be total drift.
    #[must_use]
    pub fn key(self, x: f64) -> u32 {
        match self {
            Self::Plain => plain(x),
            Self::Score => score(x),
        }
    }

    /// The smallest number whose key is at least `key`, as nearly as a double tells: the lower edge of a cell.
    /// Beyond the last key it is the largest finite number.
    #[must_use]
    pub fn edge(self, key: u64) -> f64 {
        match self {
            Self::Plain => plain_edge(key),
            Self::Score => score_edge(key),
        }
    }
}

fn plain(x: f64) -> u32 {
    let bits = (x + 0.0).to_bits(); // −0.0 + 0.0 is 0.0
    let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    (ordered >> 32) as u32
}

fn plain_edge(key: u64) -> f64 {
    let ordered = key.saturating_mul(1 << 32).min(u64::MAX);
    let bits = if ordered & SIGN == 0 {
        !ordered
    } else {
        ordered & !SIGN
    };
    let edge = f64::from_bits(bits);
    if edge.is_finite() {
        edge
    } else if ordered & SIGN == 0 {
        f64::MIN
    } else {
        f64::MAX
    }
}

fn score(x: f64) -> u32 {
    if x <= 0.5 {
        plain(x)
    } else if x <= 1.0 {
        // 1 − x is exact here (Sterbenz), and so the mirror is.
        SCORE_ONE - (plain(1.0 - x) - ZERO)
    } else {
        SCORE_ONE + ((plain(x) - ONE) >> BEYOND_SHIFT)
    }
}

fn score_edge(key: u64) -> f64 {
    if key <= u64::from(HALF) {
        plain_edge(key)
    } else if key <= u64::from(SCORE_ONE) {
        // A mirrored cell is open below: its lower edge is 1 − the upper edge of its mirror.
        let mirror = u64::from(SCORE_ONE) - key + u64::from(ZERO);
        (1.0 - plain_edge(mirror + 1)).max(0.5)
    } else {
        plain_edge(u64::from(ONE) + ((key - u64::from(SCORE_ONE)) << BEYOND_SHIFT))
    }
}

/// The key of a category: a hash with a fixed seed. `tag` keeps `true` and `"true"` apart.
#[must_use]
pub fn word_key(tag: WordTag, word: &str) -> u32 {
    (xxh3_64_with_seed(word.as_bytes(), WORD_SEED ^ tag as u64) >> 32) as u32
}

/// The JSON type of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordTag {
    /// A string.
    Text = 0,
    /// `true` or `false`.
    Bool = 1,
}

/// The hash by which exemplars and samples are chosen: a function of the id alone.
#[must_use]
pub fn id_hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}
