//! Interface of a wire format: it decodes one record into one prediction or label.

use crate::event::{Label, Limits, Prediction, Record, Reject};

/// What an input topic holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Predictions.
    Prediction,
    /// Labels.
    Label,
}

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

    /// The field of the schema for which `payload` was rejected, for its dead letter; `None` if that is not known. Never a name
    /// or a value of the producer.
    fn field_at_fault(
        &self,
        _payload: &[u8],
        _kind: EventKind,
        _reason: Reject,
        _limits: &Limits,
    ) -> Option<&'static str> {
        None
    }
}
