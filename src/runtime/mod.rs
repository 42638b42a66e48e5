//! The commit cycle over small ports: poll, step, flush, commit, abort, rebalance, restore.
//!
//! The runtime drives the stages of the pipeline. It does not know Kafka's client, HTTP or the configuration file.

mod assignment;
mod clock_watch;
mod crew;
mod dead_letter;
mod dead_letter_queue;
mod end_watch;
mod extents;
mod flush;
mod heartbeat;
mod idle;
mod journal;
mod line_limit;
mod metadata;
pub mod meter;
mod observe;
mod order_line;
mod pace;
mod phase;
mod port;
mod progress;
mod restore;
mod restore_stage;
mod stall_watch;
mod stalls;
mod tasks;
mod watchdog;
mod worker;

pub use crew::{Crew, CrewEnd, CrewTimes, WorkReport};
pub use dead_letter::{DeadLetter, RefusedRecord};
pub use heartbeat::{Activity, Heartbeat};
pub use line_limit::LineLimit;
pub use metadata::{StageMetadata, encode as encode_metadata, position as committed_position};
pub use port::{
    Batch, Clock, Committed, Fault, FirstStart, Log, LogEvent, LogExtent, Message, Outgoing,
    SystemClock, TakeEntry, Target, TopicPartition,
};
pub use tasks::Tasks;
pub use watchdog::{Hang, Watchdog};
pub use worker::{Options, Worker};
