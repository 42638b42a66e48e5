//! Rules for the whole payload: its limits, and the one reason for which it is rejected.

use std::cell::Cell;

use serde::de;
use serde_json::error::Category;

use crate::event::{Limits, NESTING_MAX, Reject};

/// Limits for decoding one payload, and the reason recorded by the seed that rejected it.
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

    /// Records the reason. The error only carries the rejection out through serde. It holds no values from the payload.
    #[cold]
    pub(super) fn refuse<E: de::Error>(&self, reason: Reject) -> E {
        self.refused.set(Some(reason));
        E::custom("refused")
    }

    /// Checks the nesting level when an object or array opens. The event itself is level 1.
    pub(super) fn enter<E: de::Error>(&self, level: usize) -> Result<(), E> {
        if level > self.limits.nesting_max.min(NESTING_MAX) {
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

    /// Returns the recorded reason, or a reason derived from the parser's error if no seed recorded one.
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

/// Maps a syntax error of serde_json to a reason. Only the message text tells these errors apart; a test checks each
/// text.
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
