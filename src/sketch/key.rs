//! Keys of the adaptive histogram: 32-bit integers in the order of the values they represent.
//!
//! The key of a number is the upper half of its bits, transformed so that integers sort as the doubles do: sign,
//! exponent and the top 20 bits of the mantissa. The relative width of a key is therefore at most 2⁻²⁰. Scores get a
//! symmetric key, as fine near 1 as near 0, because a calibrated score of 0.999 differs from 0.9999 as 0.001 does from
//! 0.0001.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Mapping from numbers to keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scale {
    /// Bits of the double.
    #[default]
    Plain,
    /// Symmetric about ½ on 0..=1; plain below 0, coarser above 1.
    Score,
}

const SIGN: u64 = 1 << 63;
/// `plain(0.5)` and `plain(1.0)` as constants, so that the symmetric key needs no lazily computed state.
const HALF: u32 = 0xBFE0_0000;
const ONE: u32 = 0xBFF0_0000;
const ZERO: u32 = 0x8000_0000;
/// Symmetric key of 1: 2·key(½) − key(0).
const SCORE_ONE: u32 = 0xFFC0_0000;
/// Bits by which scores above 1 are coarser, so that they fit above the key of 1.
const BEYOND_SHIFT: u32 = 8;
/// Hash seed for categories. It is part of the format and must never change.
const WORD_SEED: u64 = 0x7469_6465;

impl Scale {
    /// Returns the key of a finite number. −0.0 counts as 0.0; otherwise a producer that writes −0.0 would look like
    /// total drift.
    #[must_use]
    pub fn key(self, x: f64) -> u32 {
        match self {
            Self::Plain => plain(x),
            Self::Score => score(x),
        }
    }

    /// Returns the lower edge of a cell: the smallest number whose key is at least `key`. For a score above ½, whose
    /// cells are open below, it is the number just before that one. Below the first number it is [`f64::MIN`], beyond
    /// the last [`f64::MAX`].
    #[must_use]
    pub fn edge(self, key: u64) -> f64 {
        match self {
            Self::Plain => plain_edge(key),
            Self::Score => score_edge(key),
        }
    }

    /// Returns the number with the fewest binary digits whose key is `key`; `key` must be the key of a finite number.
    /// The result is exact for integers below 2²¹. For other numbers the relative error is at most 2⁻²⁰.
    #[must_use]
    pub fn point(self, key: u32) -> f64 {
        match self {
            Self::Plain => plain_point(key),
            Self::Score => score_point(key),
        }
    }
}

/// Number whose upper half is `key` and whose lower half is zero.
fn plain_point(key: u32) -> f64 {
    let high = if key >= ZERO { key - ZERO } else { !key };
    f64::from_bits(u64::from(high) << 32)
}

fn plain(x: f64) -> u32 {
    let bits = (x + 0.0).to_bits(); // −0.0 + 0.0 is 0.0
    let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    (ordered >> 32) as u32
}

fn plain_edge(key: u64) -> f64 {
    let ordered = key.saturating_mul(1 << 32);
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
        // 1 − x is exact here (Sterbenz), so the mirrored key is exact too.
        SCORE_ONE - (plain(1.0 - x) - ZERO)
    } else {
        SCORE_ONE + (plain(x).saturating_sub(ONE) >> BEYOND_SHIFT)
    }
}

fn score_edge(key: u64) -> f64 {
    if key <= u64::from(HALF) {
        plain_edge(key)
    } else if key <= u64::from(SCORE_ONE) {
        // A mirrored cell is open below: its lower edge is 1 minus the upper edge of its mirror cell.
        let mirror = u64::from(SCORE_ONE) - key + u64::from(ZERO);
        (1.0 - plain_edge(mirror + 1)).max(0.5)
    } else {
        plain_edge(u64::from(ONE) + ((key - u64::from(SCORE_ONE)) << BEYOND_SHIFT))
    }
}

fn score_point(key: u32) -> f64 {
    if key <= HALF {
        plain_point(key)
    } else if key <= SCORE_ONE {
        1.0 - plain_point(SCORE_ONE - key + ZERO)
    } else {
        score_edge(u64::from(key))
    }
}

/// Returns the key of a category: a hash with a fixed seed. `tag` distinguishes `true` from `"true"`.
#[must_use]
pub fn word_key(tag: WordTag, word: &str) -> u32 {
    (xxh3_64_with_seed(word.as_bytes(), WORD_SEED ^ tag as u64) >> 32) as u32
}

/// JSON type of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordTag {
    /// A string.
    Text = 0,
    /// `true` or `false`.
    Bool = 1,
}

/// Returns the hash of an id or a name. It selects exemplars, the sample of the join and the partition of `outcomes`, and
/// decides which new names a limit admits. It depends on the text alone.
#[must_use]
pub fn id_hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod tests {
    use super::*;

    const SCALES: [Scale; 2] = [Scale::Plain, Scale::Score];

    /// Numbers for which keys might go wrong: the extremes, neighbours of ½ and 1, subnormals, and random bit patterns.
    fn awkward() -> Vec<f64> {
        let mut numbers = vec![
            0.0,
            5e-324,
            f64::MIN_POSITIVE,
            1e-300,
            0.1,
            0.25,
            3.0,
            1e300,
        ];
        numbers.extend([f64::MAX, f64::MAX.next_down(), 2.0_f64.powi(32), 1e-17]);
        for x in [0.5_f64, 0.75, 1.0, 2.0, f64::MIN_POSITIVE] {
            numbers.extend([x, x.next_down(), x.next_up()]);
        }
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..20_000 {
            numbers.push(f64::from_bits(random.u64(..)));
            numbers.push(random.f64());
            numbers.push(1.0 - libm::exp(-40.0 * random.f64()));
        }
        numbers.retain(|x| x.is_finite());
        let negative: Vec<f64> = numbers.iter().map(|x| -x).collect();
        numbers.extend(negative);
        numbers.sort_by(f64::total_cmp);
        numbers
    }

    #[test]
    fn keys_are_in_the_order_of_the_numbers() {
        for scale in SCALES {
            for pair in awkward().windows(2) {
                assert!(
                    scale.key(pair[0]) <= scale.key(pair[1]),
                    "{scale:?} {pair:?}"
                );
            }
        }
    }

    #[test]
    fn a_number_lies_between_the_edges_of_its_key() {
        for scale in SCALES {
            for x in awkward() {
                let key = u64::from(scale.key(x));
                let (low, high) = (scale.edge(key), scale.edge(key + 1));
                // From ½ to 1, cells are closed above instead of below.
                let closed_above = scale == Scale::Score && (0.5..=1.0).contains(&x);
                let inside = match closed_above {
                    true => low <= x && x <= high,
                    false => low <= x && (x < high || high == f64::MAX),
                };
                assert!(inside, "{scale:?}: {low:e} {x:e} {high:e}");
            }
        }
    }

    #[test]
    fn an_edge_is_the_first_number_of_its_key() {
        for scale in SCALES {
            for x in awkward() {
                let key = scale.key(x);
                let edge = scale.edge(u64::from(key));
                if edge == f64::MIN {
                    continue;
                }
                // The edge of a mirrored cell is the last number before the cell.
                let first = match scale.key(edge) == key {
                    true => edge,
                    false => edge.next_up(),
                };
                assert_eq!(scale.key(first), key, "{scale:?} {x:e}");
                assert!(scale.key(first.next_down()) < key, "{scale:?} {x:e}");
            }
        }
    }

    #[test]
    fn a_point_has_its_key() {
        for scale in SCALES {
            for x in awkward() {
                let key = scale.key(x);
                // Above 1 − 2⁻³³, doubles are further apart than keys, so a mirrored point may round to a neighbour.
                let near = (scale.point(key) - x).abs() <= f64::EPSILON;
                assert!(
                    near || scale.key(scale.point(key)) == key,
                    "{scale:?} {x:e}"
                );
            }
        }
        for integer in (-2_097_151..2_097_152).step_by(997) {
            let x = f64::from(integer);
            assert_eq!(Scale::Plain.point(Scale::Plain.key(x)), x);
        }
    }

    #[test]
    fn edges_end_at_the_largest_numbers() {
        for scale in SCALES {
            assert_eq!(scale.edge(0), f64::MIN);
            assert_eq!(scale.edge(1 << 32), f64::MAX);
            assert_eq!(scale.edge(u64::from(ZERO)), 0.0);
        }
    }

    #[test]
    fn minus_zero_is_zero() {
        for scale in SCALES {
            assert_eq!(scale.key(-0.0), scale.key(0.0));
            assert!(scale.key(-5e-324) < scale.key(0.0));
        }
    }

    #[test]
    fn scores_are_as_fine_near_one_as_near_zero() {
        let mirror = u64::from(SCORE_ONE) + u64::from(ZERO);
        for power in 2..50 {
            let x = 0.5_f64.powi(power);
            let (low, high) = (Scale::Score.key(x), Scale::Score.key(1.0 - x));
            assert_eq!(u64::from(low) + u64::from(high), mirror, "{x:e}");
        }
        assert_eq!(Scale::Score.key(1.0), SCORE_ONE);
        assert_eq!(Scale::Score.key(f64::MAX), u32::MAX);
        assert!(Scale::Score.key(1.001) > SCORE_ONE);
    }

    #[test]
    fn words_of_different_types_differ_and_their_hashes_never_change() {
        assert_ne!(
            word_key(WordTag::Text, "true"),
            word_key(WordTag::Bool, "true")
        );
        assert_eq!(word_key(WordTag::Text, "DE"), GOLDEN_DE);
        assert_eq!(id_hash("prediction-1"), GOLDEN_ID);
    }
    // Computed with Python's `xxhash` package: xxh3_64_intdigest(b"DE", seed=0x74696465) >> 32, and without a seed.
    const GOLDEN_DE: u32 = 0x5C5C_1F90;
    const GOLDEN_ID: u64 = 0x80EA_AE65_7E84_9EFE;
}
