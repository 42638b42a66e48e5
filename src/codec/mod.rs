//! Decoders from bytes to events. Each format is one file, registered by one line in a table.

mod format;
mod json;
mod trace;

pub use format::{Codec, EventKind};

/// Every format. The first is the default.
pub static CODECS: &[&dyn Codec] = &[&json::Json];
