//! Log port on Kafka's client library, administration of topics, and reset of offsets.

mod admin;
mod connection;
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
mod policies;
mod properties;
mod query;
mod read_ahead;
mod refusal;
mod reset;
mod restore;
mod rights;
mod settings;
mod topic_spec;
mod topics;
mod transaction;
mod unreadable;
mod writer;

pub use log::KafkaLog;
pub use message::KafkaMessage;
pub use properties::{PropertyFault, property_faults, property_names};
pub use reset::{ResetTo, reset_offsets};
pub use restore::read_all;
pub use settings::{ClientSettings, Offsets};
pub use topic_spec::TopicSpec;
pub use topics::{Action, Missing, apply, plan_topics, verify_inputs};
