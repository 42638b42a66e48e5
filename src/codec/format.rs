//! Interface of a wire format: it decodes one record into one prediction or label.

use crate::event::{Label, Limits, Prediction, Record, Reject};

/// A wire format. Decoding makes one pass without building a tree. An invalid event is rejected as a whole, before
/// anything is counted.
pub trait Codec: Sync {
    /// Name of the format in the configuration.
    fn name(&self) -> &'static str;

    /// Decodes the prediction in `record`. Text is borrowed from the payload where possible.
    ///
    /// # Errors
    /// The first reason found for rejecting the record.
    fn decode<'a>(&self, record: &Record<'a>, limits: &Limits) -> Result<Prediction<'a>, Reject>;

    /// Decodes the label in `record`. Text is borrowed from the payload where possible.
    ///
    /// # Errors
    /// The first reason found for rejecting the record.
    fn decode_label<'a>(&self, record: &Record<'a>, limits: &Limits) -> Result<Label<'a>, Reject>;
}
