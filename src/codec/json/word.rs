//! Categories: a class or the value of a segment. Producers write them as strings, booleans or numbers.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::rules::Rules;
use crate::event::Reject;

/// Largest magnitude up to which a double represents every integer: 2^53.
const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// Text of the most common integer classes, so that they need no allocation.
const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// A category as text, or `None` for `null`. `1` and `1.0` are the same category.
pub(super) struct CategoryText<'r> {
    rules: &'r Rules<'r>,
    fractions: bool,
}

impl<'r> CategoryText<'r> {
    /// Accepts a class: a string, a boolean or an integer.
    pub(super) fn class(rules: &'r Rules<'r>) -> Self {
        Self {
            rules,
            fractions: false,
        }
    }

    /// Accepts the value of a segment: a string, a boolean or any number.
    pub(super) fn segment(rules: &'r Rules<'r>) -> Self {
        Self {
            rules,
            fractions: true,
        }
    }
}

impl<'a> DeserializeSeed<'a> for CategoryText<'_> {
    type Value = Option<Cow<'a, str>>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for CategoryText<'_> {
    type Value = Option<Cow<'a, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a category or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'a str) -> Result<Self::Value, E> {
        self.rules.text(text)?;
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.rules.text(text)?;
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if truth { "true" } else { "false" })))
    }

    fn visit_u64<E: de::Error>(self, x: u64) -> Result<Self::Value, E> {
        let digit = usize::try_from(x).ok().and_then(|x| DIGITS.get(x));
        Ok(Some(match digit {
            Some(digit) => Cow::Borrowed(digit),
            None => Cow::Owned(x.to_string()),
        }))
    }

    fn visit_i64<E: de::Error>(self, x: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(x.to_string())))
    }

    fn visit_f64<E: de::Error>(self, x: f64) -> Result<Self::Value, E> {
        if x.trunc() == x && x.abs() <= EXACT_INTEGER_MAX {
            Ok(Some(Cow::Owned((x as i64).to_string())))
        } else if self.fractions {
            Ok(Some(Cow::Owned(format!("{x:?}")))) // shortest text that parses back to x: 1e300, not 301 digits
        } else {
            Err(self.rules.refuse(Reject::WrongType))
        }
    }
}
