//! Bytes → event: one file per format, one table line to register it.

mod json;
mod trace;

use crate::event::{Label, Limits, Prediction, Record, Reject};

/// A wire format. Decoding is one pass without a tree, and refuses the whole event before anything is counted.
pub trait Codec: Sync {
    /// The name by which the configuration chooses it.
    fn name(&self) -> &'static str;

    /// The prediction in `record`, its text borrowed from the payload where it can be.
    ///
    /// # Errors
    /// The one reason for which the record is refused.
    fn decode<'a>(&self, record: &Record<'a>, limits: &Limits) -> Result<Prediction<'a>, Reject>;

    /// The label in `record`, its text borrowed from the payload where it can be.
    ///
    /// # Errors
    /// The one reason for which the record is refused.
    fn decode_label<'a>(&self, record: &Record<'a>, limits: &Limits) -> Result<Label<'a>, Reject>;
}

/// Every format, the first being the default.
pub static CODECS: &[&dyn Codec] = &[&json::Json];
