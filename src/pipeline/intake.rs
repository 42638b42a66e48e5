//! The intake of a stage: what it has read of its topic, and what it must read again after a restart.
//!
//! A stage writes a head at every commit, but not everything that it holds in memory. After a restart it reads the frames
//! between a checkpoint and the head again. This replay must end with the cursors of the head.

use serde::{Deserialize, Serialize};

use super::cursor::{Admission, Cursors, Gap};
use super::frame::{Frame, SourceId};
use super::observations::Progress;
use crate::event::EventTime;

/// The next offset of a stage, its cursors, and the replay while there is one.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    next: i64,
    cursors: Cursors,
    replay: Option<Replay>,
}

/// Frames between a checkpoint and the head, being read again.
#[derive(Debug, Clone)]
struct Replay {
    /// Offset of the checkpoint.
    from: i64,
    /// The next offset to read again.
    at: i64,
    /// Cursors of the head.
    expected: Cursors,
}

/// An offset and the cursors before it: a replay can begin there. Stages write it to the state topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReplayStart {
    /// Offset of the first record to read again.
    pub offset: i64,
    /// Cursors before that record.
    pub cursors: Cursors,
}

impl ReplayStart {
    /// The beginning of a topic that is read from `first` on.
    #[must_use]
    pub fn at(first: i64) -> Self {
        Self {
            offset: first,
            cursors: Cursors::default(),
        }
    }
}

/// What a record meant for the replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordPassed {
    /// The record was new.
    Live,
    /// The record was read again, and more follow.
    Replayed,
    /// The record was the last one to read again.
    ReplayEnded,
}

/// A replay that did not end with the cursors of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the frames since the last checkpoint do not lead to the state that was committed: an internal topic was modified. \
     Start anew with another `kafka.group` and `topics.prefix`"
)]
pub struct Diverged;

impl Intake {
    /// The intake of a stage that never ran; it reads from `first` on.
    #[must_use]
    pub fn begin(first: i64) -> Self {
        Self {
            next: first,
            ..Self::default()
        }
    }

    /// The intake of a stage whose head says `next` and `cursors`; frames from `start` to `next` are read again.
    #[must_use]
    pub fn restore(next: i64, cursors: Cursors, start: Option<ReplayStart>) -> Self {
        let (cursors, replay) = match start {
            Some(start) if start.offset < next => {
                let replay = Replay {
                    from: start.offset,
                    at: start.offset,
                    expected: cursors,
                };
                (start.cursors, Some(replay))
            }
            _ => (cursors, None),
        };
        Self {
            next,
            cursors,
            replay,
        }
    }

    /// The offset to commit: the next one that was never read.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.next
    }

    /// The offset to read from. During a replay it is smaller than the offset to commit.
    #[must_use]
    pub fn read_from(&self) -> i64 {
        self.replay.as_ref().map_or(self.next, |replay| replay.from)
    }

    /// True until everything was read again.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    /// Offsets that were read again, of all that must be; `None` without a replay.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        let replay = self.replay.as_ref()?;
        let span = |to: i64| to.saturating_sub(replay.from).max(0).unsigned_abs();
        Some(Progress {
            done: span(replay.at),
            of: span(self.next),
        })
    }

    /// The cursors of the head: during a replay, where it must end.
    #[must_use]
    pub fn cursors(&self) -> &Cursors {
        self.replay
            .as_ref()
            .map_or(&self.cursors, |replay| &replay.expected)
    }

    /// The cursors after the last frame that was merged; they lag behind [`Intake::cursors`] during a replay.
    #[must_use]
    pub fn merged(&self) -> &Cursors {
        &self.cursors
    }

    /// Decides what to do with a frame.
    ///
    /// # Errors
    /// When the frame does not continue its source.
    pub fn admit<L>(&self, frame: &Frame<L>) -> Result<Admission, Gap> {
        self.cursors.admit(frame)
    }

    /// Moves past a frame that was merged.
    pub fn pass<L>(&mut self, frame: &Frame<L>) {
        self.cursors.pass(frame);
    }

    /// The watermark of `source` after its last frame.
    #[must_use]
    pub fn watermark_of(&self, source: &SourceId) -> Option<EventTime> {
        self.cursors.watermark_of(source)
    }

    /// The end of the last frame of `source`.
    #[must_use]
    pub fn end_of(&self, source: &SourceId) -> Option<i64> {
        self.cursors.end_of(source)
    }

    /// Moves past the record at `offset`, whose frames were all merged.
    ///
    /// # Errors
    /// When the replay ends here, but not with the cursors of the head.
    pub fn pass_record(&mut self, offset: i64) -> Result<RecordPassed, Diverged> {
        let Some(replay) = &mut self.replay else {
            self.next = offset + 1;
            return Ok(RecordPassed::Live);
        };
        replay.at = offset + 1;
        if replay.at < self.next {
            return Ok(RecordPassed::Replayed);
        }
        let is_same = replay.expected == self.cursors;
        self.replay = None;
        if is_same {
            Ok(RecordPassed::ReplayEnded)
        } else {
            Err(Diverged)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pipeline::frame::FrameLink;

    /// The frame in the record at `offset`: one offset of the source per record.
    fn frame(offset: i64) -> Frame<()> {
        Frame {
            source: SourceId {
                topic: "t".into(),
                partition: 0,
            },
            incarnation: 1,
            seq: offset.unsigned_abs() + 1,
            link: match offset {
                0 => FrameLink::First,
                _ => FrameLink::Next,
            },
            start: offset,
            end: offset + 1,
            watermark: Some(EventTime(offset)),
            topic_partitions: 1,
            payloads: Vec::new(),
            piece: 0,
            more: false,
        }
    }

    fn read(intake: &mut Intake, offset: i64) -> Result<RecordPassed, Diverged> {
        intake.pass(&frame(offset));
        intake.pass_record(offset)
    }

    fn after(records: i64) -> Intake {
        let mut intake = Intake::begin(0);
        for offset in 0..records {
            assert_eq!(read(&mut intake, offset), Ok(RecordPassed::Live));
        }
        intake
    }

    fn restored(head: &Intake, checkpoint: &Intake) -> Intake {
        let start = ReplayStart {
            offset: checkpoint.next_offset(),
            cursors: checkpoint.cursors().clone(),
        };
        Intake::restore(head.next_offset(), head.cursors().clone(), Some(start))
    }

    #[test]
    fn a_replay_ends_where_the_head_was_written() {
        let mut intake = restored(&after(5), &after(2));
        assert_eq!((intake.read_from(), intake.next_offset()), (2, 5));
        assert_eq!(intake.cursors(), after(5).cursors());
        assert_eq!(intake.merged(), after(2).cursors());
        assert_eq!(read(&mut intake, 2), Ok(RecordPassed::Replayed));
        let progress = Progress { done: 1, of: 3 };
        assert_eq!(intake.progress(), Some(progress));
        assert_eq!(read(&mut intake, 3), Ok(RecordPassed::Replayed));
        assert_eq!(read(&mut intake, 4), Ok(RecordPassed::ReplayEnded));
        assert!(!intake.is_replaying());
        assert_eq!(read(&mut intake, 5), Ok(RecordPassed::Live));
        assert_eq!(intake.next_offset(), 6);
    }

    #[test]
    fn a_replay_that_misses_a_frame_diverges() {
        let mut intake = restored(&after(5), &after(2));
        assert_eq!(read(&mut intake, 2), Ok(RecordPassed::Replayed));
        assert_eq!(intake.pass_record(4), Err(Diverged));
    }

    #[test]
    fn a_checkpoint_at_the_head_needs_no_replay() {
        let intake = restored(&after(5), &after(5));
        assert!(!intake.is_replaying());
        assert_eq!(intake.read_from(), 5);
    }
}
