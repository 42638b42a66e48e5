//! How a consumer leaves its group so that closing it cannot hang.
//!
//! The library waits for ever for the answer to `unassign` if its group is already closed (librdkafka #4884). That happens if
//! a decision of the group lies in the consumer's queue, an `unassign` outside of the callback answers it, and the callback
//! meets it again while the consumer closes. So the queue is served, while the group still lives, after each call that may
//! leave an answered decision in it. A decision that arrives later has no answer yet, and the group waits for one before it
//! closes.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::context::GroupContext;

/// Maximum time to serve what lies in the queue. It is empty within milliseconds, unless records keep coming.
const SERVE_TIME_MAX: Duration = Duration::from_secs(1);
/// Time of one poll. What a call of the library leaves in the queue is there when the call returns.
const SERVE_POLL: Duration = Duration::from_millis(10);

/// Gives all partitions back and leaves the group. From here on the callback answers the group by itself. Only the first call
/// does anything.
pub fn leave(consumer: &BaseConsumer<GroupContext>) {
    if consumer.context().give_way() {
        return;
    }
    let _nothing_held = consumer.unassign(); // answers a decision that the worker took and did not answer
    serve(consumer);
    consumer.unsubscribe();
    serve(consumer);
}

/// Polls until the queue is empty.
fn serve(consumer: &BaseConsumer<GroupContext>) {
    let deadline = Instant::now() + SERVE_TIME_MAX;
    let mut answered = consumer.context().answered();
    while Instant::now() < deadline {
        let record = consumer.poll(SERVE_POLL);
        let before = std::mem::replace(&mut answered, consumer.context().answered());
        if record.is_none() && before == answered {
            return;
        }
    }
}
