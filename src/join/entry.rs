//! Entry: a live prediction in 48 bytes. Its answer and its truth are indices into its bucket.

use super::assertion::LabelSource;
use crate::event::EventTime;

/// Answer or truth of an entry. Classes are numbers of texts in the bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum PackedValue {
    /// Nothing.
    None,
    /// A class.
    Class(u32),
    /// A number.
    Value(f64),
    /// Class and value: the position of the two in the bucket's list. Only answers use it, and rarely.
    Both(u32),
}

/// One live prediction. The kinds of both values are packed into one byte, because an enum would cost eight bytes for
/// each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Hash of the prediction's id.
    pub id: u64,
    answer: u64,
    truth: u64,
    made: i64,
    /// Event time, in milliseconds after the start of the bucket.
    pub offset: u32,
    /// Number of the prediction's group.
    pub group: u32,
    source: u32,
    /// Cell of the prediction's score.
    pub cell: u8,
    kinds: u8,
}

const NONE: u8 = 0;
const CLASS: u8 = 1;
const VALUE: u8 = 2;
const BOTH: u8 = 3;
const KIND: u8 = 0b11;
/// Position of the first bit of the truth's kind.
const TRUTH: u8 = 2;
/// Bit that is set once a truth or an evaluation is known.
const JOINED: u8 = 1 << 4;

impl PackedValue {
    fn pack(self) -> (u8, u64) {
        match self {
            Self::None => (NONE, 0),
            Self::Class(class) => (CLASS, u64::from(class)),
            Self::Value(value) => (VALUE, value.to_bits()),
            Self::Both(place) => (BOTH, u64::from(place)),
        }
    }

    fn unpack(kind: u8, bits: u64) -> Self {
        match kind & KIND {
            CLASS => Self::Class(bits as u32),
            VALUE => Self::Value(f64::from_bits(bits)),
            BOTH => Self::Both(bits as u32),
            _ => Self::None,
        }
    }
}

/// Known truth of an entry: the winning assertion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RecordedTruth {
    /// True class or value.
    pub truth: PackedValue,
    /// Time at which the label was made.
    pub made: EventTime,
    /// Source of the label.
    pub source: LabelSource,
}

impl Entry {
    pub(super) fn new(id: u64, offset: u32, group: u32, answer: PackedValue, cell: u8) -> Self {
        let (kind, answer) = answer.pack();
        Self {
            id,
            answer,
            truth: 0,
            made: 0,
            offset,
            group,
            source: 0,
            cell,
            kinds: kind,
        }
    }

    pub(super) fn answer(&self) -> PackedValue {
        PackedValue::unpack(self.kinds, self.answer)
    }

    pub(super) fn recorded(&self) -> Option<RecordedTruth> {
        let truth = PackedValue::unpack(self.kinds >> TRUTH, self.truth);
        (truth != PackedValue::None).then_some(RecordedTruth {
            truth,
            made: EventTime(self.made),
            source: LabelSource(self.source),
        })
    }

    pub(super) fn record(&mut self, recorded: RecordedTruth) {
        let (kind, truth) = recorded.truth.pack();
        self.kinds = (self.kinds & !(KIND << TRUTH)) | (kind << TRUTH);
        self.truth = truth;
        self.made = recorded.made.0;
        self.source = recorded.source.0;
    }

    /// True if a truth or an evaluation is known.
    pub(super) fn is_joined(&self) -> bool {
        self.kinds & JOINED != 0
    }

    /// Marks that a truth or an evaluation is known. Returns true if this is new.
    pub(super) fn join(&mut self) -> bool {
        let was = self.is_joined();
        self.kinds |= JOINED;
        !was
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_48_bytes() {
        assert_eq!(size_of::<Entry>(), 48);
    }

    #[test]
    fn what_is_packed_is_unpacked_whatever_stands_beside_it() {
        let words = [
            PackedValue::Class(7),
            PackedValue::Value(-0.5),
            PackedValue::Both(u32::MAX),
            PackedValue::None,
        ];
        for answer in words {
            let mut entry = Entry::new(1, 2, 3, answer, 99);
            assert_eq!((entry.answer(), entry.recorded()), (answer, None));
            for truth in [PackedValue::Value(f64::MAX), PackedValue::Class(0)] {
                let recorded = RecordedTruth {
                    truth,
                    made: EventTime(-5),
                    source: LabelSource(9),
                };
                entry.record(recorded);
                assert_eq!((entry.answer(), entry.recorded()), (answer, Some(recorded)));
            }
            assert!(!entry.is_joined() && entry.join() && !entry.join());
            assert_eq!(entry.answer(), answer);
        }
    }
}
