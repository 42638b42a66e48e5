//! The commit cycle over small ports: poll, step, flush, commit, abort, rebalance, restore.
//!
//! This floor knows the pipeline's steps and nothing of Kafka's client, HTTP or the configuration file.

mod dead_letter;
mod flush;
mod idle;
mod metadata;
pub mod meter;
mod observe;
mod pace;
mod port;
mod progress;
mod restore;
mod tasks;
mod worker;

pub use dead_letter::{DeadLetter, RefusedRecord};
pub use metadata::{StageMetadata, encode as encode_metadata};
pub use port::{
    Batch, Clock, Committed, Fault, FirstStart, Log, LogEvent, Message, Outgoing, SystemClock,
    TakeEntry, Target, TopicPartition,
};
pub use tasks::Tasks;
pub use worker::{Options, Worker};
