//! JSON, the default format: being written.

use super::Codec;
use crate::event::{Limits, Prediction, Record, Reject};

/// The JSON format.
pub struct Json;

impl Codec for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn decode<'a>(&self, _record: &Record<'a>, _limits: &Limits) -> Result<Prediction<'a>, Reject> {
        Err(Reject::NotJson)
    }
}
