//! Sketch of one subject: counts by type, numbers and categories.

use serde::{Deserialize, Serialize};

use super::Monoid;
use super::key::{Scale, WordTag};
use super::numbers::{Numbers, NumbersBuffer};
use super::words::{Words, WordsBuffer};
use crate::event::Value;

/// Number of values of each type. The sum is the number of events that had the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypeCounts {
    /// Finite numbers.
    pub number: u64,
    /// Strings.
    pub text: u64,
    /// Booleans.
    pub boolean: u64,
    /// Nulls.
    pub null: u64,
    /// Vectors.
    pub vector: u64,
    /// NaN and infinities, which enter no histogram.
    pub not_finite: u64,
}

impl TypeCounts {
    /// Number of events that had the subject, whatever its value.
    #[must_use]
    pub fn present(&self) -> u64 {
        self.number + self.text + self.boolean + self.null + self.vector + self.not_finite
    }
}

impl Monoid for TypeCounts {
    fn merge(&mut self, other: &Self) {
        self.number += other.number;
        self.text += other.text;
        self.boolean += other.boolean;
        self.null += other.null;
        self.vector += other.vector;
        self.not_finite += other.not_finite;
    }
}

/// Frozen form: counts by type, numbers and categories.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ValueSketch {
    /// Counts by type.
    pub types: TypeCounts,
    /// Distribution of the numbers.
    pub numbers: Numbers,
    /// Distribution of the strings and booleans.
    pub words: Words,
}

impl Monoid for ValueSketch {
    fn merge(&mut self, other: &Self) {
        self.types.merge(&other.types);
        self.numbers.merge(&other.numbers);
        self.words.merge(&other.words);
    }
}

/// Open form of [`ValueSketch`].
#[derive(Debug, Clone, Default)]
pub struct ValueBuffer {
    types: TypeCounts,
    truths: u64,
    numbers: NumbersBuffer,
    words: WordsBuffer,
}

impl ValueBuffer {
    /// Counts one value.
    pub fn push(&mut self, scale: Scale, value: &Value<'_>) {
        match value {
            Value::Null => self.types.null += 1,
            Value::Number(x) => self.push_number(scale, *x),
            Value::Text(text) => self.push_text(text),
            Value::Bool(truth) => self.push_bool(*truth),
            Value::Vector => self.types.vector += 1,
        }
    }

    /// Counts one number. NaN and infinities are counted as `not_finite` and enter no histogram.
    pub fn push_number(&mut self, scale: Scale, x: f64) {
        if x.is_finite() {
            self.types.number += 1;
            self.numbers.push(scale, x);
        } else {
            self.types.not_finite += 1;
        }
    }

    /// Counts one string.
    pub fn push_text(&mut self, text: &str) {
        self.types.text += 1;
        self.words.push(WordTag::Text, text);
    }

    fn push_bool(&mut self, truth: bool) {
        self.types.boolean += 1;
        self.truths += u64::from(truth);
    }

    /// Returns what was counted. The buffer is then empty and keeps its allocated memory.
    pub fn freeze(&mut self) -> ValueSketch {
        let types = std::mem::take(&mut self.types);
        let truths = std::mem::take(&mut self.truths);
        let mut words = self.words.freeze();
        words.merge(&Words::of(WordTag::Bool, "true", truths));
        words.merge(&Words::of(WordTag::Bool, "false", types.boolean - truths));
        ValueSketch {
            types,
            numbers: self.numbers.freeze(),
            words,
        }
    }
}
