//! The position of a source: what is committed beside its offset, so that another process can continue.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::event::{EventTime, Tick};
use crate::pipeline::frame::FrameLink;
use crate::pipeline::plan::Plan;

/// Seed of the hash that names a new chain.
const CHAIN_SEED: u64 = 0x70_61_6e_65;

/// Position of a source, committed in the transaction that carries its frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Version of this form.
    pub v: u8,
    /// Incarnation of the source; it changes when an operator resets the source.
    pub incarnation: u64,
    /// Flushes of this incarnation so far.
    pub seq: u64,
    /// Event time up to which the source is believed complete.
    pub watermark: Option<EventTime>,
    /// First offset that `offsets reset` gave up, or [`FrameLink::UNKNOWN`]; reading continues at the committed offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_from: Option<i64>,
    /// Watermark of the source before `offsets reset`: the event time at which a loss begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_since: Option<EventTime>,
    /// Chain of frames to the join; `None` while no labels are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Chain>,
    /// Start of a flood of rejects that is not over: the next reader must report its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flood_since: Option<EventTime>,
    /// Start of a flood of late predictions that is not over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_since: Option<EventTime>,
    /// The end of the source's log: the next reader need not wait again until the log has proved quiet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EndSeen>,
}

/// The end of a log, as a reader of the source saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndSeen {
    /// The offset after the last record.
    pub offset: i64,
    /// Wall clock when the end was first seen there.
    pub since: Tick,
    /// True if the end has moved since somebody first looked at it: the log is being written.
    pub moved: bool,
}

/// A chain of frames to the join. It has numbers of its own, because labels can be turned on and off at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Incarnation of the chain.
    pub incarnation: u64,
    /// Frames so far.
    pub seq: u64,
}

impl Position {
    /// The position of a source that begins a new incarnation.
    #[must_use]
    pub fn beginning(incarnation: u64) -> Self {
        Self {
            v: 1,
            incarnation,
            seq: 0,
            watermark: None,
            lost_from: None,
            lost_since: None,
            outcomes: None,
            flood_since: None,
            late_since: None,
            end: None,
        }
    }

    /// Begins a chain to the join if labels are read, and drops it if not. Returns the link of the chain's next frame;
    /// `link` and `next` are those of the source's next frame. A chain that begins later than its source is a new
    /// incarnation, because nothing before it was sent to the join.
    pub(super) fn begin_chain(&mut self, plan: &Plan, link: FrameLink, next: i64) -> FrameLink {
        if !plan.joins() {
            self.outcomes = None;
            return FrameLink::Next;
        }
        if self.outcomes.is_some() {
            return FrameLink::Next;
        }
        let name = [self.incarnation.to_le_bytes(), self.seq.to_le_bytes()];
        self.outcomes = Some(Chain {
            incarnation: xxh3_64_with_seed(&name.concat(), CHAIN_SEED),
            seq: 0,
        });
        match link {
            FrameLink::Next => FrameLink::Lost {
                from: next,
                to: next,
            },
            other => other,
        }
    }
}
