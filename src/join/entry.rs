//! A live prediction in 48 bytes: what it answered and what is known of it, as indices into its bucket.

use super::assertion::LabelSource;
use crate::event::EventTime;

/// What was answered, or what is known; classes as numbers of the bucket's texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum PackedValue {
    /// Nothing.
    None,
    /// A class.
    Class(u32),
    /// A number.
    Value(f64),
    /// Both: the place of the two in the bucket's list. Of answers only, and rare.
    Both(u32),
}

/// One live prediction. Kinds are packed beside the words, because an enum would cost eight bytes for each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Hash of its id.
    pub id: u64,
    answer: u64,
    truth: u64,
    made: i64,
    /// Milliseconds after the beginning of its bucket.
    pub offset: u32,
    /// Its group.
    pub group: u32,
    source: u32,
    /// Cell of its score.
    pub cell: u8,
    kinds: u8,
}

const NONE: u8 = 0;
const CLASS: u8 = 1;
const VALUE: u8 = 2;
const BOTH: u8 = 3;
const KIND: u8 = 0b11;
/// Where the kind of the truth begins.
const TRUTH: u8 = 2;
/// Set once anything is known.
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

/// What is known of an entry: the winning claim on its truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RecordedTruth {
    /// What was right.
    pub truth: PackedValue,
    /// When the label was made.
    pub made: EventTime,
    /// Who made it.
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

    pub(super) fn verdict(&self) -> Option<RecordedTruth> {
        let truth = PackedValue::unpack(self.kinds >> TRUTH, self.truth);
        (truth != PackedValue::None).then_some(RecordedTruth {
            truth,
            made: EventTime(self.made),
            source: LabelSource(self.source),
        })
    }

    pub(super) fn judge(&mut self, verdict: RecordedTruth) {
        let (kind, truth) = verdict.truth.pack();
        self.kinds = (self.kinds & !(KIND << TRUTH)) | (kind << TRUTH);
        self.truth = truth;
        self.made = verdict.made.0;
        self.source = verdict.source.0;
    }

    /// Whether anything is known of it.
    pub(super) fn is_joined(&self) -> bool {
        self.kinds & JOINED != 0
    }

    /// Marks that something is known; says whether that is new.
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
            assert_eq!((entry.answer(), entry.verdict()), (answer, None));
            for truth in [PackedValue::Value(f64::MAX), PackedValue::Class(0)] {
                let verdict = RecordedTruth {
                    truth,
                    made: EventTime(-5),
                    source: LabelSource(9),
                };
                entry.judge(verdict);
                assert_eq!((entry.answer(), entry.verdict()), (answer, Some(verdict)));
            }
            assert!(!entry.is_joined() && entry.join() && !entry.join());
            assert_eq!(entry.answer(), answer);
        }
    }
}
