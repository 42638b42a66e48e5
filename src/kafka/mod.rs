//! The ports on Kafka's client library, and what must be true of the topics.

mod context;
mod dead_letter;
mod guard;
mod log;
mod message;
mod refusal;
mod reset;
mod restore;
mod settings;
mod topics;
mod transaction;

pub use log::KafkaLog;
pub use message::KafkaMessage;
pub use reset::{ResetTo, reset_offsets};
pub use restore::read_all;
pub use settings::{ClientSettings, Offsets};
pub use topics::{Action, TopicSpec, apply, plan_topics, verify_inputs};
