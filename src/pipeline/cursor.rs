//! Cursors: how far a stage has read each source, and the clock that follows from them.
//!
//! A frame is merged only if it begins where the previous frame of its source ended. Kafka's transactions make anything
//! else impossible; this check detects a violation if that ever fails.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::frame::{Frame, FrameLink, SourceId};
use crate::event::EventTime;

/// The last frame of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Incarnation of the source.
    pub incarnation: u64,
    /// Number of the frame.
    pub seq: u64,
    /// End of the frame: the next offset of the source.
    pub end: i64,
    /// Event time up to which the source is believed complete.
    pub watermark: Option<EventTime>,
}

impl Cursor {
    /// True if the frame begins where the source ended, and neither its offsets nor its watermark go back.
    fn is_continued_by<L>(&self, frame: &Frame<L>) -> bool {
        frame.start == self.end && frame.end >= frame.start && frame.watermark >= self.watermark
    }
}

/// What to do with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The frame continues its source.
    Merge,
    /// The frame was merged before: drop it.
    Duplicate,
}

/// A frame that does not continue its source: a bug of ours, or an internal topic that somebody else has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{topic}[{partition}]: frame {found_seq} piece {found_piece} (offsets from {found_start}, incarnation {found_incarnation:x}) does not continue \
     {expected}: a record of an internal topic was lost or modified, so the state cannot be continued. Start anew with \
     another `kafka.group` and `topics.prefix`, and `--from` as far back as the inputs reach"
)]
pub struct Gap {
    /// Topic of the source.
    pub topic: String,
    /// Partition of the source.
    pub partition: i32,
    /// Number of the frame.
    pub found_seq: u64,
    /// Number of the piece within the frame.
    pub found_piece: u32,
    /// First offset of the frame.
    pub found_start: i64,
    /// Incarnation in the frame.
    pub found_incarnation: u64,
    /// The frame that was merged last, as text.
    pub expected: String,
}

/// All cursors of one task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursors {
    sources: BTreeMap<SourceId, Cursor>,
    /// Merged pieces of a frame whose last piece has not come yet.
    underway: BTreeMap<SourceId, u32>,
    topics: BTreeMap<String, TopicSize>,
}

/// Partitions of one input topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSize {
    /// Partitions in the first frame that named the topic; later ones were added while running.
    pub first: i32,
    /// The largest count in any frame.
    pub now: i32,
}

impl Cursors {
    /// Decides what to do with a frame, or with a piece of one.
    ///
    /// # Errors
    /// When the frame does not continue its source.
    pub fn admit<L>(&self, frame: &Frame<L>) -> Result<Admission, Gap> {
        let cursor = self.sources.get(&frame.source);
        match (frame.link, cursor) {
            (FrameLink::First, None) | (FrameLink::Lost { .. }, None) => self.admit_piece(frame),
            (FrameLink::Lost { .. }, Some(at)) if at.incarnation != frame.incarnation => {
                self.admit_piece(frame)
            }
            (_, Some(at)) if at.incarnation == frame.incarnation => match frame.seq {
                seq if seq <= at.seq => Ok(Admission::Duplicate),
                seq if seq == at.seq + 1 && at.is_continued_by(frame) => self.admit_piece(frame),
                _ => Err(gap(frame, cursor)),
            },
            _ => Err(gap(frame, cursor)),
        }
    }

    fn admit_piece<L>(&self, frame: &Frame<L>) -> Result<Admission, Gap> {
        let expected = self.underway.get(&frame.source).copied().unwrap_or(0);
        match frame.piece.cmp(&expected) {
            Ordering::Less => Ok(Admission::Duplicate),
            Ordering::Equal => Ok(Admission::Merge),
            Ordering::Greater => Err(gap(frame, self.sources.get(&frame.source))),
        }
    }

    /// Moves past a frame, or a piece of one, that was merged.
    pub fn pass<L>(&mut self, frame: &Frame<L>) {
        if frame.more {
            self.underway.insert(frame.source.clone(), frame.piece + 1);
            return;
        }
        self.underway.remove(&frame.source);
        let count = frame.topic_partitions;
        let size = self
            .topics
            .entry(frame.source.topic.clone())
            .or_insert(TopicSize {
                first: count,
                now: count,
            });
        size.now = count.max(size.now);
        self.sources.insert(
            frame.source.clone(),
            Cursor {
                incarnation: frame.incarnation,
                seq: frame.seq,
                end: frame.end,
                watermark: frame.watermark,
            },
        );
    }

    /// The clock: the smallest watermark of all sources of the topics for which `counts` is true. `None` while a source
    /// of these topics has no watermark yet, or while no frame has named a topic in `due`.
    #[must_use]
    pub fn clock<'a>(
        &self,
        counts: impl Fn(&str) -> bool,
        due: impl IntoIterator<Item = &'a String>,
    ) -> Option<EventTime> {
        if due
            .into_iter()
            .any(|topic| !self.topics.contains_key(topic))
        {
            return None;
        }
        let expected: i64 = self
            .topics
            .iter()
            .filter(|(topic, _)| counts(topic))
            .map(|(_, size)| i64::from(size.now))
            .sum();
        let counted = self
            .sources
            .iter()
            .filter(|(source, _)| counts(&source.topic));
        let mut clock: Option<EventTime> = None;
        let mut sources = 0;
        for (_, cursor) in counted {
            let watermark = cursor.watermark?;
            clock = Some(clock.map_or(watermark, |c| c.min(watermark)));
            sources += 1;
        }
        clock.filter(|_| sources == expected)
    }

    /// End of the last frame of `source`.
    #[must_use]
    pub fn end_of(&self, source: &SourceId) -> Option<i64> {
        self.sources.get(source).map(|cursor| cursor.end)
    }

    /// Watermark of `source` after its last frame.
    #[must_use]
    pub fn watermark_of(&self, source: &SourceId) -> Option<EventTime> {
        self.sources.get(source)?.watermark
    }

    /// Each input topic with its partitions.
    pub fn topics(&self) -> impl Iterator<Item = (&String, TopicSize)> {
        self.topics.iter().map(|(topic, size)| (topic, *size))
    }

    /// Each source with its cursor.
    pub fn sources(&self) -> impl Iterator<Item = (&SourceId, &Cursor)> {
        self.sources.iter()
    }
}

fn gap<L>(frame: &Frame<L>, cursor: Option<&Cursor>) -> Gap {
    Gap {
        topic: frame.source.topic.clone(),
        partition: frame.source.partition,
        found_seq: frame.seq,
        found_piece: frame.piece,
        found_start: frame.start,
        found_incarnation: frame.incarnation,
        expected: cursor.map_or_else(
            || "any earlier frame".to_owned(),
            |at| {
                format!(
                    "frame {} (offset {}, incarnation {:x})",
                    at.seq, at.end, at.incarnation
                )
            },
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn frame(partition: i32, seq: u64, start: i64, end: i64, link: FrameLink) -> Frame<()> {
        Frame {
            source: SourceId {
                topic: "t".into(),
                partition,
            },
            incarnation: 1,
            seq,
            link,
            start,
            end,
            watermark: Some(EventTime(end * 1_000)),
            topic_partitions: 2,
            payloads: Vec::new(),
            piece: 0,
            more: false,
        }
    }

    fn after(frames: &[Frame<()>]) -> Cursors {
        let mut cursors = Cursors::default();
        for frame in frames {
            assert_eq!(cursors.admit(frame), Ok(Admission::Merge));
            cursors.pass(frame);
        }
        cursors
    }

    #[test]
    fn a_chain_merges_and_a_repeated_frame_is_a_duplicate() {
        let frames = [
            frame(0, 1, 0, 5, FrameLink::First),
            frame(0, 2, 5, 9, FrameLink::Next),
        ];
        let cursors = after(&frames);
        for again in &frames {
            assert_eq!(cursors.admit(again), Ok(Admission::Duplicate));
        }
    }

    /// Each of these would mean lost or doubled events.
    #[test]
    fn every_illegal_continuation_is_a_gap() {
        let cursors = after(&[frame(0, 1, 0, 5, FrameLink::First)]);
        let other_life = Frame {
            incarnation: 2,
            ..frame(0, 2, 5, 9, FrameLink::Next)
        };
        let illegal = [
            ("a number was skipped", frame(0, 3, 5, 9, FrameLink::Next)),
            ("offsets were skipped", frame(0, 2, 6, 9, FrameLink::Next)),
            ("offsets overlap", frame(0, 2, 4, 9, FrameLink::Next)),
            ("offsets go back", frame(0, 2, 5, 4, FrameLink::Next)),
            (
                "the watermark goes back",
                Frame {
                    watermark: Some(EventTime(4_999)),
                    ..frame(0, 2, 5, 9, FrameLink::Next)
                },
            ),
            ("another life without a reset", other_life.clone()),
            (
                "a second beginning",
                Frame {
                    link: FrameLink::First,
                    ..other_life
                },
            ),
            (
                "a source that never began",
                frame(1, 2, 5, 9, FrameLink::Next),
            ),
        ];
        for (what, frame) in illegal {
            assert!(cursors.admit(&frame).is_err(), "{what} must be refused");
        }
    }

    #[test]
    fn a_lost_piece_is_a_gap_and_a_repeated_one_a_duplicate() {
        let piece = |piece, more| Frame {
            piece,
            more,
            ..frame(0, 2, 5, 9, FrameLink::Next)
        };
        let mut cursors = after(&[frame(0, 1, 0, 5, FrameLink::First)]);
        assert!(cursors.admit(&piece(1, true)).is_err(), "the first is lost");
        cursors.pass(&piece(0, true));
        assert_eq!(cursors.admit(&piece(0, true)), Ok(Admission::Duplicate));
        assert!(
            cursors.admit(&piece(2, false)).is_err(),
            "the second is lost"
        );
        cursors.pass(&piece(1, false));
        assert_eq!(cursors.admit(&piece(1, false)), Ok(Admission::Duplicate));
        let next = frame(0, 3, 9, 12, FrameLink::Next);
        assert_eq!(cursors.admit(&next), Ok(Admission::Merge));
    }

    #[test]
    fn an_accepted_loss_begins_a_new_life() {
        let mut cursors = after(&[frame(0, 1, 0, 5, FrameLink::First)]);
        let reset = Frame {
            incarnation: 2,
            ..frame(0, 1, 8, 9, FrameLink::Lost { from: 5, to: 8 })
        };
        assert_eq!(cursors.admit(&reset), Ok(Admission::Merge));
        cursors.pass(&reset);
        let next = Frame {
            incarnation: 2,
            ..frame(0, 2, 9, 12, FrameLink::Next)
        };
        assert_eq!(cursors.admit(&next), Ok(Admission::Merge));
        assert!(
            cursors.admit(&frame(0, 2, 5, 9, FrameLink::Next)).is_err(),
            "the old life is over"
        );
    }

    #[test]
    fn the_clock_waits_for_every_partition_of_every_topic() {
        let mut cursors = after(&[frame(0, 1, 0, 5, FrameLink::First)]);
        let clock = |cursors: &Cursors| cursors.clock(|_| true, []);
        assert_eq!(clock(&cursors), None, "partition 1 was not heard of");
        cursors.pass(&frame(1, 1, 0, 3, FrameLink::First));
        assert_eq!(clock(&cursors), Some(EventTime(3_000)));
        let grown = Frame {
            topic_partitions: 3,
            ..frame(0, 2, 5, 9, FrameLink::Next)
        };
        cursors.pass(&grown);
        assert_eq!(clock(&cursors), None, "a partition was added");
        assert_eq!(
            cursors.clock(|_| false, []),
            None,
            "without any source there is no time"
        );
        let other = "other".to_owned();
        assert_eq!(
            cursors.clock(|_| true, [&other]),
            None,
            "a topic that is due was not heard of"
        );
    }
}
