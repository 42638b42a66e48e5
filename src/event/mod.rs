//! Events: predictions, labels, the times they carry, and the reasons for rejecting a record.

mod label;
mod prediction;
mod record;
mod reject;
mod scope;
mod time;

pub use label::{Label, Truth};
pub use prediction::{Prediction, PredictionStatus, Usage, Value, Variant};
pub use record::{EVALUATIONS_MAX, Limits, Record};
pub use reject::Reject;
pub use scope::{Scope, Segment};
pub use time::{ArrivalTime, EventTime, LabelTimes, Tick, event_time, label_times};
