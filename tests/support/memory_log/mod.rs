//! A log in memory: the runtime's second driver. The real worker runs over it, with planned faults and without a broker.
//!
//! It keeps Kafka's promises and no others: a batch is written whole or not at all, its marker takes an offset in each
//! partition, a member of an older generation is refused, and offsets carry their metadata.

mod cluster;
mod member;
mod message;
mod port;

pub use cluster::{PlannedFault, StoredRecord, Trouble};
pub use member::MemoryLog;
