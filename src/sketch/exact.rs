//! Exact sums of doubles: signed, independent of the order, and exactly zero when every addend is taken back.
//!
//! **Intuition.** Every finite double is an integer m of at most 53 bits times 2^e. Integers of one magnitude can be
//! added without rounding, in any order. So the sum keeps one wide integer per magnitude and rounds once, when it is
//! read.
//!
//! **Formula.** x = m·2^e is added as m·2^(e mod 32) to chunk ⌊e/32⌋, an `i128`. The sum is Σ chunk_k·2^(32k). To read
//! it, carries are propagated upwards until every chunk is a digit of 32 bits. The top 97..128 bits, with a sticky bit
//! for anything below, are rounded to the nearest double. A square is added as the two halves of m², so it is exact
//! too. The difference n·Σx² − (Σx)² cancels catastrophically in doubles; here it is computed on the digits without any
//! rounding.
//!
//! **Assumptions and limits.** Numbers are finite. Others are ignored here, and the owner of the sum counts them. One
//! addition fills at most 84 of 127 bits, so 2^43 additions fit. Beyond that, chunks wrap around, which is still
//! independent of the order. Sums of squares below 1e-300 lose digits when read. Sums above 1.8e308 read as infinite.
//! **Cost.** One map entry per 32 powers of two that occur: 2 or 3 for most series, 24 bytes each. **Source.**
//! Kulisch's long accumulator (1971), in sparse form. **Rejected.** Kahan and Neumaier sums, because they depend on the
//! order; decimals, because they are slower.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Monoid;

/// Bits of one digit, and the number of powers of two that share a chunk.
const DIGIT_BITS: u32 = 32;
/// Bits in the integer part m of a double.
const MANTISSA_BITS: u32 = 53;
/// Largest chunk number. No product of two doubles, and no sum of many, has a digit beyond it.
const CHUNK_MAX: i16 = 80;

/// Exact signed sum of doubles.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<i16, i128>")]
pub struct ExactSum(BTreeMap<i16, i128>);

impl ExactSum {
    /// Adds `x`.
    pub fn add(&mut self, x: f64) {
        let (whole, exponent) = parted(x);
        self.add_scaled(whole, exponent);
    }

    /// Subtracts `x`.
    pub fn sub(&mut self, x: f64) {
        self.add(-x);
    }

    /// Adds `times`·x² exactly. `times` is 1, −1 or another small number.
    pub fn add_square(&mut self, x: f64, times: i64) {
        let (whole, exponent) = parted(x);
        let square = whole * whole;
        let low = square & ((1 << MANTISSA_BITS) - 1);
        let high = square >> MANTISSA_BITS;
        self.add_scaled(low * i128::from(times), 2 * exponent);
        self.add_scaled(
            high * i128::from(times),
            2 * exponent + MANTISSA_BITS as i32,
        );
    }

    /// Subtracts another sum.
    pub fn subtract(&mut self, other: &Self) {
        for (chunk, value) in &other.0 {
            self.add_chunk(*chunk, value.wrapping_neg());
        }
    }

    /// Returns `n` times the sum, exactly.
    #[must_use]
    pub fn times(&self, n: i64) -> Self {
        let mut product = Self::default();
        for (digit, chunk) in self.digits().terms() {
            product.add_chunk(chunk, digit * i128::from(n));
        }
        product
    }

    /// Returns the square of the sum, exactly.
    #[must_use]
    pub fn squared(&self) -> Self {
        let digits = self.digits();
        let mut square = Self::default();
        for (a, low) in digits.terms() {
            for (b, high) in digits.terms() {
                square.add_chunk(low + high, a * b);
            }
        }
        square
    }

    /// Returns the sum, rounded once to the nearest double.
    #[must_use]
    pub fn value(&self) -> f64 {
        let digits = self.digits();
        let magnitude = digits.magnitude();
        if digits.negative {
            -magnitude
        } else {
            magnitude
        }
    }

    fn add_scaled(&mut self, whole: i128, exponent: i32) {
        if whole == 0 {
            return;
        }
        let chunk = exponent.div_euclid(DIGIT_BITS as i32) as i16;
        let shift = exponent.rem_euclid(DIGIT_BITS as i32);
        self.add_chunk(chunk, whole << shift);
    }

    fn add_chunk(&mut self, chunk: i16, value: i128) {
        let sum = self.0.entry(chunk).or_default();
        *sum = sum.wrapping_add(value);
    }

    fn digits(&self) -> Digits {
        let (digits, rest) = self.carried(1);
        let first = self.0.keys().next().copied().unwrap_or_default();
        let negative = rest < 0;
        let digits = if negative { self.carried(-1).0 } else { digits };
        Digits {
            negative,
            first,
            digits,
        }
    }

    /// Digits from the lowest chunk up, and the carry that is left after the last digit: 0, or −1 for a negative
    /// number.
    fn carried(&self, sign: i128) -> (Vec<u32>, i128) {
        let (mut digits, mut carry) = (Vec::new(), 0_i128);
        let ends = self.0.keys().next().zip(self.0.keys().next_back());
        for chunk in ends.into_iter().flat_map(|(first, last)| *first..=*last) {
            let own = self.0.get(&chunk).copied().unwrap_or_default();
            carry = carry.wrapping_add(own.wrapping_mul(sign));
            digits.push(carry as u32);
            carry >>= DIGIT_BITS;
        }
        while carry != 0 && carry != -1 {
            digits.push(carry as u32);
            carry >>= DIGIT_BITS;
        }
        (digits, carry)
    }
}

impl Monoid for ExactSum {
    fn merge(&mut self, other: &Self) {
        for (chunk, value) in &other.0 {
            self.add_chunk(*chunk, *value);
        }
    }
}

impl TryFrom<BTreeMap<i16, i128>> for ExactSum {
    type Error = &'static str;

    fn try_from(chunks: BTreeMap<i16, i128>) -> Result<Self, Self::Error> {
        let inside = |chunk: &i16| (-CHUNK_MAX..=CHUNK_MAX).contains(chunk);
        if !chunks.keys().all(inside) {
            return Err("a part of the sum is outside the range of a double");
        }
        Ok(Self(chunks))
    }
}

/// A sum written in base 2^32, lowest digit first.
struct Digits {
    negative: bool,
    /// Chunk of the lowest digit.
    first: i16,
    digits: Vec<u32>,
}

impl Digits {
    /// Iterates over the nonzero digits, with their sign and chunk.
    fn terms(&self) -> impl Iterator<Item = (i128, i16)> + '_ {
        let sign = if self.negative { -1 } else { 1 };
        let all = self.digits.iter().zip(self.first..);
        all.filter(|(digit, _)| **digit != 0)
            .map(move |(digit, chunk)| (sign * i128::from(*digit), chunk))
    }

    /// Returns the absolute value. The four highest digits hold every bit that a double keeps. Lower digits only set
    /// the sticky bit.
    fn magnitude(&self) -> f64 {
        let zeros = self.digits.iter().rev().take_while(|d| **d == 0).count();
        let from = self.digits.len() - zeros;
        let (below, top) = self.digits.split_at(from.saturating_sub(4));
        let top = top.iter().take(from.min(4)).rev();
        let whole = top.fold(0_u128, |sum, digit| {
            (sum << DIGIT_BITS) | u128::from(*digit)
        });
        let more = below.iter().any(|digit| *digit != 0);
        let exponent = DIGIT_BITS as i32 * (i32::from(self.first) + below.len() as i32);
        libm::scalbn((whole | u128::from(more)) as f64, exponent)
    }
}

/// Splits a finite double into a signed integer and a power of two. Returns 0 for any other value.
fn parted(x: f64) -> (i128, i32) {
    if !x.is_finite() {
        return (0, 0);
    }
    let bits = x.to_bits();
    let fraction = i128::from(bits & ((1 << (MANTISSA_BITS - 1)) - 1));
    let (whole, exponent) = match (bits >> (MANTISSA_BITS - 1)) as i32 & 0x7FF {
        0 => (fraction, -1_074),
        biased => (fraction | 1 << (MANTISSA_BITS - 1), biased - 1_075),
    };
    (if x < 0.0 { -whole } else { whole }, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(numbers: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        numbers.iter().for_each(|x| sum.add(*x));
        sum
    }

    #[test]
    fn nothing_is_lost_between_huge_and_tiny() {
        assert_eq!(sum(&[1e300, 1.0, 5e-324, -1e300, -1.0]).value(), 5e-324);
        assert_eq!(sum(&[0.1; 10]).value(), 1.0, "as Python's fsum");
        assert_eq!(sum(&[f64::MAX, f64::MAX, f64::MIN]).value(), f64::MAX);
        assert_eq!(sum(&[-1.0, 2_f64.powi(-80)]).value(), -1.0);
        assert_eq!(sum(&[1.0, 2_f64.powi(-53)]).value(), 1.0, "ties to even");
        let above = [1.0, 2_f64.powi(-53), 5e-324];
        assert_eq!(
            sum(&above).value(),
            1.0_f64.next_up(),
            "but not above a tie"
        );
    }

    #[test]
    fn what_is_added_and_taken_away_is_zero() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut numbers: Vec<f64> = (0..1_000)
            .map(|_| f64::from_bits(random.u64(..)))
            .filter(|x| x.is_finite())
            .collect();
        let mut total = sum(&numbers);
        random.shuffle(&mut numbers);
        numbers.iter().for_each(|x| total.sub(*x));
        assert_eq!(total.value().to_bits(), 0);
        assert_eq!(total.squared().value(), 0.0);
    }

    #[test]
    fn one_number_is_itself() {
        let mut random = fastrand::Rng::with_seed(2);
        for x in (0..20_000).map(|_| f64::from_bits(random.u64(..))) {
            let expected = if x.is_finite() { x } else { 0.0 };
            assert_eq!(sum(&[x]).value(), expected, "{x:e}");
        }
    }

    #[test]
    fn the_spread_survives_a_mean_a_billion_times_larger() {
        let numbers = [1e9, 1e9 + 1e-3, 1e9 - 1e-3];
        let mut squares = ExactSum::default();
        numbers.iter().for_each(|x| squares.add_square(*x, 1));
        let mut spread = squares.times(3);
        spread.subtract(&sum(&numbers).squared());
        let (up, down) = (numbers[1] - 1e9, 1e9 - numbers[2]);
        let expected = 3.0 * (up * up + down * down) - (up - down) * (up - down);
        assert!((spread.value() / expected - 1.0).abs() < 1e-12);
        numbers.iter().for_each(|x| squares.add_square(*x, -1));
        assert_eq!(squares.value(), 0.0);
    }

    #[test]
    fn negative_numbers_square_and_multiply() {
        assert_eq!(sum(&[-3.5, 1e-20]).squared().value(), 12.25);
        assert_eq!(sum(&[-3.5]).times(-7).value(), 24.5);
        assert_eq!(
            sum(&[2_f64.powi(500), 1.0]).squared().value(),
            2_f64.powi(1_000)
        );
    }

    #[test]
    fn bytes_of_no_double_are_refused() {
        let far = postcard::to_stdvec(&BTreeMap::from([(900_i16, 1_i128)]));
        assert!(far.is_ok_and(|bytes| postcard::from_bytes::<ExactSum>(&bytes).is_err()));
    }
}
