//! Finite numbers, or `null`.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::rules::Rules;
use crate::event::Reject;

/// Reads a number as the nearest double. serde_json itself refuses numbers beyond that range, such as 1e400.
pub(super) struct Number<'r> {
    rules: &'r Rules<'r>,
    least: f64,
}

impl<'r> Number<'r> {
    /// Accepts any finite number.
    pub(super) fn any(rules: &'r Rules<'r>) -> Self {
        Self {
            rules,
            least: f64::MIN,
        }
    }

    /// Accepts a finite number of at least zero. A negative number is rejected as `WrongType`.
    pub(super) fn amount(rules: &'r Rules<'r>) -> Self {
        Self { rules, least: 0.0 }
    }
}

impl<'a> DeserializeSeed<'a> for Number<'_> {
    type Value = Option<f64>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Option<f64>, D::Error> {
        source.deserialize_any(self)
    }
}

impl Visitor<'_> for Number<'_> {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<f64>, E> {
        Ok(None)
    }

    fn visit_f64<E: de::Error>(self, x: f64) -> Result<Option<f64>, E> {
        if x < self.least {
            return Err(self.rules.refuse(Reject::WrongType));
        }
        Ok(Some(x))
    }

    fn visit_u64<E: de::Error>(self, x: u64) -> Result<Option<f64>, E> {
        self.visit_f64(x as f64)
    }

    fn visit_i64<E: de::Error>(self, x: i64) -> Result<Option<f64>, E> {
        self.visit_f64(x as f64)
    }
}
