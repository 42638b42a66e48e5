//! Frames: what one flush of one source sends to one partition of the next stage.
//!
//! Each flush of a source makes one frame for every partition of `panes`, often without partials, so that every
//! reader hears its watermark and can prove that nothing is missing: `seq` counts up by one and `start` is where the
//! last frame ended. The frames of one worker's flush to one partition travel together, in records that a default
//! broker takes; of those only the last moves the cursors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{EventTime, Scope};
use crate::sketch::Partial;
use crate::window::Boundary;

/// Bytes of a frame record at most, but for one sketch: 1.2 MB is refused by a default broker.
const RECORD_BYTES_MAX: usize = 512 << 10;
/// Bytes from which a record is closed, and above which a partial is cut: a piece more still fits the record.
const PIECE_BYTES_MAX: usize = RECORD_BYTES_MAX / 2;
/// Version of the serialised form.
const FORMAT: u8 = 1;

/// An input partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
}

/// How a frame continues its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joint {
    /// The first frame of a source nobody has heard of.
    Genesis,
    /// The next one.
    Next,
    /// The first one of a new incarnation; offsets from..to of the old one were given up by an operator.
    Lost {
        /// First offset not read.
        from: i64,
        /// First offset read again.
        to: i64,
    },
}

/// The partial of one scope in one pane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PanePartial {
    /// Whose.
    pub scope: Scope,
    /// The pane's beginning.
    pub start: Boundary,
    /// What was counted.
    pub partial: Partial,
}

/// What one flush of one source sends to one partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The source.
    pub source: SourceId,
    /// Which life of the source: a recreated topic starts another.
    pub incarnation: u64,
    /// Flushes of this incarnation so far, this one included.
    pub seq: u64,
    /// How it continues the frame before.
    pub joint: Joint,
    /// First offset it speaks for: where the frame before ended.
    pub start: i64,
    /// The next offset to read.
    pub end: i64,
    /// Up to where the source is believed complete; `None` before it was ever heard.
    pub watermark: Option<EventTime>,
    /// Partitions of the source's topic: one not heard from yet holds the clock back.
    pub topic_partitions: i32,
    /// What was counted.
    pub partials: Vec<PanePartial>,
    /// Number of this piece of the frame, from 0.
    pub piece: u32,
    /// Whether further pieces of this frame follow; only the last moves the cursor.
    pub more: bool,
}

/// Bytes that are no record of frames.
#[derive(Debug, thiserror::Error)]
pub enum BadFrames {
    /// Written by another version.
    #[error(
        "a record of frames has format {0}, this build reads {FORMAT}: run the version that wrote it, or name new internal topics"
    )]
    Format(u8),
    /// Not decodable.
    #[error("a record of frames does not decode: {0}")]
    Bytes(#[from] postcard::Error),
}

/// Packs frames for one partition into records of bounded size, in order.
///
/// # Errors
/// Never in practice: a vector takes any bytes.
pub fn pack(frames: Vec<Frame>) -> Result<Vec<Vec<u8>>, postcard::Error> {
    let mut records = Vec::new();
    let mut pieces = Pieces::default();
    let mut closing = Vec::with_capacity(frames.len());
    for mut frame in frames {
        pieces.piece = 0;
        for partial in std::mem::take(&mut frame.partials)
            .into_iter()
            .flat_map(split)
        {
            pieces.add(&frame, partial)?;
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
pub fn unpack(record: &[u8]) -> Result<Vec<Frame>, BadFrames> {
    match record.split_first() {
        Some((&FORMAT, rest)) => Ok(postcard::from_bytes(rest)?),
        Some((&other, _)) => Err(BadFrames::Format(other)),
        None => Err(BadFrames::Bytes(postcard::Error::DeserializeUnexpectedEnd)),
    }
}

/// Pieces of frames on their way into one record.
#[derive(Default)]
struct Pieces {
    frames: Vec<Frame>,
    /// Number of the next piece of the frame that is being cut.
    piece: u32,
    bytes: usize,
}

impl Pieces {
    fn add(&mut self, frame: &Frame, partial: PanePartial) -> Result<(), postcard::Error> {
        self.bytes += postcard::to_stdvec(&partial)?.len();
        match self.frames.last_mut() {
            Some(last) if last.source == frame.source => last.partials.push(partial),
            _ => {
                self.frames.push(Frame {
                    partials: vec![partial],
                    piece: self.piece,
                    more: true,
                    ..frame.clone()
                });
                self.piece += 1;
            }
        }
        Ok(())
    }

    fn record(&mut self) -> Result<Vec<u8>, postcard::Error> {
        self.bytes = 0;
        let frames = std::mem::take(&mut self.frames);
        postcard::to_extend(&frames, vec![FORMAT])
    }
}

/// Cuts a large partial into several that merge back to it: halves of its subjects, the first with all the rest.
fn split(whole: PanePartial) -> Vec<PanePartial> {
    let bytes = postcard::to_stdvec(&whole).map_or(0, |bytes| bytes.len());
    let half = whole.partial.subjects.len() / 2;
    if bytes <= PIECE_BYTES_MAX || half == 0 {
        return vec![whole];
    }
    let PanePartial {
        scope,
        start,
        mut partial,
    } = whole;
    let subjects = std::mem::take(&mut partial.subjects);
    let (mut first, mut second) = (BTreeMap::new(), BTreeMap::new());
    for (position, (subject, sketch)) in subjects.into_iter().enumerate() {
        let side = if position < half {
            &mut first
        } else {
            &mut second
        };
        side.insert(subject, sketch);
    }
    let second = Partial {
        subjects: second,
        ..Partial::default()
    };
    let first = Partial {
        subjects: first,
        ..partial
    };
    let mut pieces = split(PanePartial {
        scope: scope.clone(),
        start,
        partial: first,
    });
    pieces.extend(split(PanePartial {
        scope,
        start,
        partial: second,
    }));
    pieces
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::event::{Prediction, Value};
    use crate::sketch::{Monoid, PartialBuffer, Whereabouts};

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
            buffer.push(&prediction, || Whereabouts {
                topic: "t".into(),
                partition: 0,
                offset: 0,
            });
        }
        buffer.freeze().unwrap()
    }

    fn frame(partials: Vec<PanePartial>) -> Frame {
        Frame {
            source: SourceId {
                topic: "t".into(),
                partition: 3,
            },
            incarnation: 7,
            seq: 1,
            joint: Joint::Genesis,
            start: 0,
            end: 10,
            watermark: None,
            topic_partitions: 8,
            partials,
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
        let records = pack(vec![frame(vec![partial])]).unwrap();
        assert!(records.len() > 2);
        assert!(records.iter().all(|record| record.len() < 900_000));
        let mut merged = Partial::default();
        let frames: Vec<Frame> = records.iter().flat_map(|r| unpack(r).unwrap()).collect();
        for piece in frames.iter().flat_map(|f| &f.partials) {
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
        assert!(matches!(unpack(&[9, 0]), Err(BadFrames::Format(9))));
        assert!(unpack(&[]).is_err());
        let good = pack(vec![frame(Vec::new())]).unwrap().remove(0);
        assert!(unpack(&good[..good.len() - 1]).is_err());
    }
}
