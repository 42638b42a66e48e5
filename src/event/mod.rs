//! Events: predictions, labels, the times they carry, and the reasons for rejecting a record.

mod dating;
mod label;
mod prediction;
mod record;
mod reject;
mod scope;
mod time;

pub use dating::{LabelTimes, event_time, label_times};
pub use label::{Label, Truth};
pub use prediction::{Prediction, PredictionStatus, Usage, Value, Variant};
pub use record::{EVALUATIONS_MAX, Limits, NESTING_MAX, Record};
pub use reject::Reject;
pub use scope::{Scope, Segment};
pub use time::{ArrivalTime, EventTime, Tick};
