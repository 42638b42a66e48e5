//! `log`: the program's own log.

use serde::{Deserialize, Serialize};

/// The program's own log, on standard error. Feature values and ids of predictions never reach it, at any level: only names, counts, hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How a line is written: `text` for people, `json` for collectors.
    pub format: Format,
    /// The least that is written: `error`, `warn`, `info`, `debug` or `trace`. librdkafka's own lines come at the same level. `RUST_LOG` is
    /// not read, so that a variable meant for another program changes nothing here.
    pub level: Level,
}

/// Declares an enum whose variants are written as one word, with an error that names them all.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                match text.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("`{text}` is not known; write one of {}", [$($word),+].join(", "))),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => $word),+ }.to_owned()
            }
        }
    };
}

words! {
    /// How a line is written.
    Format {
        /// For people.
        #[default]
        Text = "text",
        /// One object per line.
        Json = "json",
    }
}

words! {
    /// The least that is written.
    Level {
        /// What stopped something.
        Error = "error",
        /// What somebody should look at.
        Warn = "warn",
        /// What happened.
        #[default]
        Info = "info",
        /// How it happened.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}
