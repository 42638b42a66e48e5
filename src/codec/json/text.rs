//! Text: borrowed from the payload, or an owned string if it holds an escape.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::rules::Rules;
use crate::event::Reject;

/// Key of a member. Its length is not limited here.
pub(super) struct MemberKey;

impl<'a> DeserializeSeed<'a> for MemberKey {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Cow<'a, str>, D::Error> {
        source.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for MemberKey {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'a str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A string within a length limit, or `None` for `null`.
#[derive(Clone, Copy)]
pub(super) struct Text<'r> {
    rules: &'r Rules<'r>,
    is_name: bool,
}

impl<'r> Text<'r> {
    /// Accepts a name of at most `limits.name_bytes` bytes.
    pub(super) fn name(rules: &'r Rules<'r>) -> Self {
        Self {
            rules,
            is_name: true,
        }
    }

    /// Accepts any other text of at most `limits.text_bytes` bytes.
    pub(super) fn plain(rules: &'r Rules<'r>) -> Self {
        Self {
            rules,
            is_name: false,
        }
    }

    fn check<E: de::Error>(self, text: &str) -> Result<(), E> {
        if self.is_name {
            self.rules.name(text)
        } else {
            self.rules.text(text)
        }
    }
}

impl<'a> DeserializeSeed<'a> for Text<'_> {
    type Value = Option<Cow<'a, str>>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Text<'_> {
    type Value = Option<Cow<'a, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'a str) -> Result<Self::Value, E> {
        self.check(text)?;
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.check(text)?;
        Ok(Some(Cow::Owned(text.to_owned())))
    }
}

/// A string from a fixed vocabulary, or `None` for `null`. Any other string is rejected as `WrongType`.
pub(super) struct Choice<'r, T> {
    rules: &'r Rules<'r>,
    choose: fn(&str) -> Option<T>,
}

impl<'r, T> Choice<'r, T> {
    pub(super) fn new(rules: &'r Rules<'r>, choose: fn(&str) -> Option<T>) -> Self {
        Self { rules, choose }
    }
}

impl<'a, T> DeserializeSeed<'a> for Choice<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Option<T>, D::Error> {
        let Some(word) = Text::plain(self.rules).deserialize(source)? else {
            return Ok(None);
        };
        match (self.choose)(&word) {
            Some(chosen) => Ok(Some(chosen)),
            None => Err(self.rules.refuse(Reject::WrongType)),
        }
    }
}
