//! Frames: what one flush of one source sends to one partition of the next stage.
//!
//! Each flush of a source makes one frame for each partition of the next topic, often without payloads. So every reader
//! gets the source's watermark and can check that nothing is missing: `seq` grows by one, and `start` is the end of the
//! previous frame. All frames of one worker's flush to one partition travel together, in records that a default broker
//! accepts. Only the last piece of a frame moves the cursor.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::control::ControlOrder;
use crate::event::{EventTime, Scope};
use crate::sketch::{Partial, Quality};
use crate::window::Boundary;

/// Largest size of a record in bytes, except if a single sketch is larger. A default broker refuses 1.2 MB.
const RECORD_BYTES_MAX: usize = 512 << 10;
/// Size in bytes at which a record is complete, and above which a payload is split. One more piece still fits the
/// record.
const PIECE_BYTES_MAX: usize = RECORD_BYTES_MAX / 2;
/// Version of the serialised form.
const FORMAT: u8 = 2;

/// A partition whose records a stage has read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
}

impl std::fmt::Display for SourceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}

/// Link to the previous frame of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameLink {
    /// The first frame of the source.
    First,
    /// A frame that follows the previous one.
    Next,
    /// The first frame of a new incarnation. An operator gave up the offsets `from..to` of the old one; with `to` below
    /// `from`, records between are read again.
    Lost {
        /// First offset that was not read; [`FrameLink::UNKNOWN`] if the operator did not know how far the source was read.
        from: i64,
        /// First offset of the new incarnation.
        to: i64,
    },
}

impl FrameLink {
    /// In place of the first offset that was not read, where nobody knew it. No record has this offset.
    pub const UNKNOWN: i64 = -1;
}

/// The partial of one scope in one pane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PanePartial {
    /// Model, version and segment.
    pub scope: Scope,
    /// Start of the pane.
    pub start: Boundary,
    /// Counts and sketches.
    pub partial: Partial,
}

/// Quality of one scope that became known in one minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityPartial {
    /// Model, version and segment.
    pub scope: Scope,
    /// Start of the quarter of an hour in which the predictions were made.
    pub predicted: Boundary,
    /// Start of the minute in which their labels became known.
    pub known: Boundary,
    /// Signed counts: a correction takes back the old truth.
    pub quality: Quality,
}

/// A payload of frames on `panes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Summary {
    /// From ingest: predictions.
    Pane(PanePartial),
    /// From join: the quality of predictions.
    Quality(Box<QualityPartial>),
    /// From the control topic: an order of an operator.
    Control(Box<ControlOrder>),
}

/// A payload of frames.
pub trait Payload: Serialize + DeserializeOwned + Clone {
    /// Splits the payload into two that merge back to it.
    ///
    /// # Errors
    /// Returns the payload unchanged if it cannot be split.
    fn split_in_two(self) -> Result<(Self, Self), Box<Self>>;
}

/// What one flush of one source sends to one partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame<P> {
    /// The source.
    pub source: SourceId,
    /// Incarnation of the source; an operator who resets the source begins another.
    pub incarnation: u64,
    /// Flushes of this incarnation so far, including this one.
    pub seq: u64,
    /// Link to the previous frame.
    pub link: FrameLink,
    /// First offset that the frame covers: the end of the previous frame.
    pub start: i64,
    /// End of the frame: the next offset of the source.
    pub end: i64,
    /// Event time up to which the source is believed complete; `None` before its first event.
    pub watermark: Option<EventTime>,
    /// Partitions of the source's topic. A partition without a frame so far holds the clock.
    pub topic_partitions: i32,
    /// What the frame carries.
    pub payloads: Vec<P>,
    /// Number of this piece of the frame, from 0.
    pub piece: u32,
    /// True if more pieces of this frame follow. Only the last piece moves the cursor.
    pub more: bool,
}

/// A record that does not contain frames.
#[derive(Debug, thiserror::Error)]
pub enum BadFrames {
    /// Written by another version.
    #[error(
        "the record has format {0}, this build reads {FORMAT}: run the version that wrote it. If another program wrote it, the state cannot be \
         continued: start anew with another `kafka.group` and `topics.prefix`"
    )]
    Format(u8),
    /// Not decodable.
    #[error(
        "the record cannot be decoded ({0}): another program wrote or modified it, so the state cannot be continued. Start anew with another \
         `kafka.group` and `topics.prefix`, and stop the other program"
    )]
    Bytes(#[from] postcard::Error),
}

/// Packs frames for one partition into records of bounded size, in order.
///
/// # Errors
/// Never in practice: a vector takes any bytes.
pub fn pack<P: Payload>(frames: Vec<Frame<P>>) -> Result<Vec<Vec<u8>>, postcard::Error> {
    let mut records = Vec::new();
    let mut pieces = Pieces::new();
    let mut closing = Vec::with_capacity(frames.len());
    for mut frame in frames {
        pieces.piece = 0;
        for payload in std::mem::take(&mut frame.payloads)
            .into_iter()
            .flat_map(split)
        {
            pieces.add(&frame, payload);
            if pieces.bytes > PIECE_BYTES_MAX {
                records.push(pieces.record()?);
            }
        }
        frame.piece = pieces.piece;
        closing.push(frame);
    }
    pieces.frames.append(&mut closing);
    records.push(pieces.record()?);
    Ok(records)
}

/// The frames of one record.
///
/// # Errors
/// When the record was written by another version, or is damaged.
pub fn unpack<P: Payload>(record: &[u8]) -> Result<Vec<Frame<P>>, BadFrames> {
    match record.split_first() {
        Some((&FORMAT, rest)) => Ok(postcard::from_bytes(rest)?),
        Some((&other, _)) => Err(BadFrames::Format(other)),
        None => Err(BadFrames::Bytes(postcard::Error::DeserializeUnexpectedEnd)),
    }
}

/// Pieces of frames that go into one record.
struct Pieces<P> {
    frames: Vec<Frame<P>>,
    /// Number of the next piece of the current frame.
    piece: u32,
    bytes: usize,
}

impl<P: Payload> Pieces<P> {
    fn new() -> Self {
        Self {
            frames: Vec::new(),
            piece: 0,
            bytes: 0,
        }
    }

    fn add(&mut self, frame: &Frame<P>, SizedPayload { payload, bytes }: SizedPayload<P>) {
        self.bytes += bytes;
        match self.frames.last_mut() {
            Some(last) if last.source == frame.source => last.payloads.push(payload),
            _ => {
                self.frames.push(Frame {
                    payloads: vec![payload],
                    piece: self.piece,
                    more: true,
                    ..frame.clone()
                });
                self.piece += 1;
            }
        }
    }

    fn record(&mut self) -> Result<Vec<u8>, postcard::Error> {
        self.bytes = 0;
        let frames = std::mem::take(&mut self.frames);
        postcard::to_extend(&frames, vec![FORMAT])
    }
}

/// Serialised size of a payload, in bytes.
fn size(payload: &impl Serialize) -> usize {
    postcard::experimental::serialized_size(payload).unwrap_or(0)
}

/// A payload with its serialised size. Computing the size costs nearly as much as serialising, so it is done once.
struct SizedPayload<P> {
    payload: P,
    bytes: usize,
}

/// Splits a large payload into several that merge back to it.
fn split<P: Payload>(whole: P) -> Vec<SizedPayload<P>> {
    let bytes = size(&whole);
    if bytes <= PIECE_BYTES_MAX {
        return vec![SizedPayload {
            payload: whole,
            bytes,
        }];
    }
    match whole.split_in_two() {
        Ok((first, second)) => {
            let mut pieces = split(first);
            pieces.extend(split(second));
            pieces
        }
        Err(whole) => vec![SizedPayload {
            payload: *whole,
            bytes,
        }],
    }
}

impl Payload for Summary {
    fn split_in_two(self) -> Result<(Self, Self), Box<Self>> {
        match self {
            Self::Pane(pane) if pane.partial.subjects.len() > 1 => {
                let (first, second) = split_in_two(pane);
                Ok((Self::Pane(first), Self::Pane(second)))
            }
            whole => Err(Box::new(whole)), // the number of classes bounds its size
        }
    }
}

/// Splits the subjects in two; everything else goes to the first half.
fn split_in_two(whole: PanePartial) -> (PanePartial, PanePartial) {
    let PanePartial {
        scope,
        start,
        mut partial,
    } = whole;
    let subjects = std::mem::take(&mut partial.subjects);
    let half = subjects.len() / 2;
    let mut subjects = subjects.into_iter();
    let first = subjects.by_ref().take(half).collect();
    let second = Partial {
        subjects: subjects.collect(),
        ..Partial::default()
    };
    let first = Partial {
        subjects: first,
        ..partial
    };
    let pane = |scope, partial| PanePartial {
        scope,
        start,
        partial,
    };
    (pane(scope.clone(), first), pane(scope, second))
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod tests {
    use super::*;
    use crate::event::{Prediction, Value};
    use crate::sketch::{Monoid, PartialBuffer, RecordPosition};

    fn wide_partial(features: usize, categories: usize) -> Partial {
        let mut buffer = PartialBuffer::default();
        for n in 0..categories {
            let word = format!("a rather long category name, number {n}");
            let features = (0..features)
                .map(|f| (format!("f{f}").into(), Value::Text(word.clone().into())))
                .collect();
            let prediction = Prediction {
                id: n.to_string().into(),
                features,
                ..Prediction::default()
            };
            buffer.push(&prediction, || RecordPosition {
                topic: "t".into(),
                partition: 0,
                offset: 0,
            });
        }
        buffer.freeze().unwrap()
    }

    fn frame(payloads: Vec<Summary>) -> Frame<Summary> {
        Frame {
            source: SourceId {
                topic: "t".into(),
                partition: 3,
            },
            incarnation: 7,
            seq: 1,
            link: FrameLink::First,
            start: 0,
            end: 10,
            watermark: None,
            topic_partitions: 8,
            payloads,
            piece: 0,
            more: false,
        }
    }

    #[test]
    fn an_idle_frame_is_small() {
        let records = pack(vec![frame(Vec::new())]).unwrap();
        assert_eq!(records.len(), 1);
        assert!(records[0].len() < 60, "{} bytes", records[0].len());
    }

    #[test]
    fn a_large_frame_travels_in_pieces_that_merge_back_and_only_the_last_closes() {
        let whole = wide_partial(40, 1_000);
        let scope = Scope {
            model: "m".into(),
            version: "1".into(),
            segment: None,
        };
        let partial = PanePartial {
            scope,
            start: Boundary(5),
            partial: whole.clone(),
        };
        let records = pack(vec![frame(vec![Summary::Pane(partial)])]).unwrap();
        assert!(records.len() > 2);
        assert!(records.iter().all(|record| record.len() < 900_000));
        let mut merged = Partial::default();
        let frames: Vec<Frame<Summary>> = records.iter().flat_map(|r| unpack(r).unwrap()).collect();
        for payload in frames.iter().flat_map(|f| &f.payloads) {
            let Summary::Pane(piece) = payload else {
                panic!("a pane was packed")
            };
            merged.merge(&piece.partial);
        }
        assert_eq!(merged, whole);
        let closing: Vec<bool> = frames.iter().map(|f| !f.more).collect();
        assert_eq!(closing.iter().filter(|closes| **closes).count(), 1);
        assert!(closing.last().unwrap());
        let numbers: Vec<u32> = frames.iter().map(|f| f.piece).collect();
        assert_eq!(numbers, (0..frames.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn damaged_and_foreign_bytes_are_refused() {
        let unpack = unpack::<Summary>;
        assert!(matches!(unpack(&[9, 0]), Err(BadFrames::Format(9))));
        assert!(unpack(&[]).is_err());
        let good = pack(vec![frame(Vec::new())]).unwrap().remove(0);
        assert!(unpack(&good[..good.len() - 1]).is_err());
    }
}
