//! What holds everywhere in one payload: the limits, and the one reason for which it is refused.

use std::cell::Cell;

use serde::de;
use serde_json::error::Category;

use crate::event::{Limits, Reject};

/// serde_json gives up at 128 levels with an error of its own; ours must come first.
const NESTING_CEILING: usize = 126;

/// The limits of one decoding, and the reason noted by the seed that refused.
pub(super) struct Rules<'l> {
    pub(super) limits: &'l Limits,
    refused: Cell<Option<Reject>>,
}

impl<'l> Rules<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            refused: Cell::new(None),
        }
    }

    /// Notes the reason; the error only carries the refusal out through serde, with none of the values.
    #[cold]
    pub(super) fn refuse<E: de::Error>(&self, reason: Reject) -> E {
        self.refused.set(Some(reason));
        E::custom("refused")
    }

    /// Asked when an object or array opens; the event itself is level 1.
    pub(super) fn enter<E: de::Error>(&self, level: usize) -> Result<(), E> {
        if level > self.limits.nesting_max.min(NESTING_CEILING) {
            return Err(self.refuse(Reject::TooDeep));
        }
        Ok(())
    }

    pub(super) fn name<E: de::Error>(&self, name: &str) -> Result<(), E> {
        if name.len() > self.limits.name_bytes_max {
            return Err(self.refuse(Reject::NameTooLong));
        }
        Ok(())
    }

    pub(super) fn text<E: de::Error>(&self, text: &str) -> Result<(), E> {
        if text.len() > self.limits.text_bytes_max {
            return Err(self.refuse(Reject::TextTooLong));
        }
        Ok(())
    }

    /// The reason: our own if a seed noted one, else what the parser complained of.
    #[cold]
    pub(super) fn reason(&self, error: &serde_json::Error) -> Reject {
        self.refused
            .get()
            .unwrap_or_else(|| match error.classify() {
                Category::Data => Reject::WrongType,
                Category::Syntax => syntax(&error.to_string()),
                Category::Eof | Category::Io => Reject::NotJson,
            })
    }
}

/// serde_json tells its syntax errors apart by their text only; a test holds each of these.
fn syntax(message: &str) -> Reject {
    const BAD_UNICODE: [&str; 2] = [
        "lone leading surrogate in hex escape",
        "unexpected end of hex escape",
    ];
    if message.starts_with("number out of range") {
        Reject::NumberOutOfRange
    } else if BAD_UNICODE.iter().any(|text| message.starts_with(text)) {
        Reject::BadUnicode
    } else {
        Reject::NotJson
    }
}
