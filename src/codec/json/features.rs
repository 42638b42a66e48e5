//! The `features` object: pairs of name and value, written into one vector.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::names::distinct;
use super::number::Number;
use super::object::Members;
use super::rules::Rules;
use crate::event::{Reject, Value};

/// Bytes that one feature takes in the payload, for the initial capacity. Features rarely take fewer; a wrong guess
/// costs one more allocation.
const BYTES_PER_FEATURE: usize = 24;
const CAPACITY_MAX: usize = 64;

/// Reads the members of `features` and writes them into a vector.
pub(super) struct Features<'a, 'r, 'm> {
    rules: &'r Rules<'r>,
    capacity: usize,
    level: usize,
    into: &'m mut Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a, 'r, 'm> Features<'a, 'r, 'm> {
    /// Starts a `features` object at nesting level `level`, in a payload of `payload_bytes` bytes.
    pub(super) fn new(
        rules: &'r Rules<'r>,
        level: usize,
        payload_bytes: usize,
        into: &'m mut Vec<(Cow<'a, str>, Value<'a>)>,
    ) -> Self {
        Self {
            rules,
            capacity: (payload_bytes / BYTES_PER_FEATURE).min(CAPACITY_MAX),
            level,
            into,
        }
    }
}

impl<'a> Members<'a> for Features<'a, '_, '_> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if self.into.len() >= self.rules.limits.features_max {
            return Err(self.rules.refuse(Reject::TooManyFeatures));
        }
        self.rules.name(&name)?;
        if self.into.is_empty() {
            self.into.reserve(self.capacity);
        }
        let value = map.next_value_seed(FeatureValue {
            rules: self.rules,
            level: self.level + 1,
        })?;
        self.into.push((name, value));
        Ok(())
    }

    fn close<E: de::Error>(&mut self) -> Result<(), E> {
        if distinct(self.into) {
            Ok(())
        } else {
            Err(self.rules.refuse(Reject::DuplicateKey))
        }
    }
}

/// Seed for one feature's value. `level` is the nesting level of the value if it is an array.
struct FeatureValue<'r> {
    rules: &'r Rules<'r>,
    level: usize,
}

impl<'a> DeserializeSeed<'a> for FeatureValue<'_> {
    type Value = Value<'a>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Value<'a>, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for FeatureValue<'_> {
    type Value = Value<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a string, a truth value, null or an array of numbers")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value<'a>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Value<'a>, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_f64<E: de::Error>(self, x: f64) -> Result<Value<'a>, E> {
        Ok(Value::Number(x))
    }

    fn visit_u64<E: de::Error>(self, x: u64) -> Result<Value<'a>, E> {
        Ok(Value::Number(x as f64))
    }

    fn visit_i64<E: de::Error>(self, x: i64) -> Result<Value<'a>, E> {
        Ok(Value::Number(x as f64))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'a str) -> Result<Value<'a>, E> {
        self.rules.text(text)?;
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value<'a>, E> {
        self.rules.text(text)?;
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Value<'a>, A::Error> {
        self.rules.enter(self.level)?;
        while let Some(element) = seq.next_element_seed(Number::any(self.rules))? {
            if element.is_none() {
                return Err(self.rules.refuse(Reject::WrongType));
            }
        }
        Ok(Value::Vector)
    }
}
