//! Log port on Kafka's client library, administration of topics, and reset of offsets.

mod context;
mod dead_letter;
mod faults;
mod guard;
mod leave;
mod log;
mod lookup;
mod message;
mod offline;
mod offsets;
mod outage;
mod properties;
mod query;
mod refusal;
mod reset;
mod restore;
mod settings;
mod topics;
mod transaction;
mod writer;

pub use log::KafkaLog;
pub use message::KafkaMessage;
pub use properties::{PropertyFault, property_faults, property_names};
pub use reset::{ResetTo, reset_offsets};
pub use restore::read_all;
pub use settings::{ClientSettings, Offsets};
pub use topics::{Action, Missing, TopicSpec, apply, plan_topics, verify_inputs};
