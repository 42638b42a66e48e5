//! What happened: predictions, the times they carry, and the reasons for which a record is refused.

mod prediction;
mod record;
mod reject;
mod time;

pub use prediction::{Prediction, Status, Usage, Value, Variant};
pub use record::{Limits, Record};
pub use reject::Reject;
pub use time::{ArrivalTime, EventTime, Tick, event_time};
