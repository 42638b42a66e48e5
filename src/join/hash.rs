//! Hashes of values that are compared across flushes and processes. They must never change, because they decide
//! corrections.

use crate::sketch::id_hash;

/// Hash of a text.
pub(super) fn text_hash(text: &str) -> u64 {
    id_hash(text)
}

/// Hash of a number. −0.0 counts as 0.0.
pub(super) fn number_hash(x: f64) -> u64 {
    MixedHash::of((x + 0.0).to_bits()).and(1).0
}

/// Hash that mixes in one word at a time, with the finalizer of SplitMix64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MixedHash(pub u64);

impl MixedHash {
    pub(super) fn of(word: u64) -> Self {
        Self(0x9E37_79B9_7F4A_7C15).and(word)
    }

    #[must_use]
    pub(super) fn and(self, word: u64) -> Self {
        let mut x = self.0.rotate_left(23) ^ word;
        x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self(x ^ (x >> 31))
    }
}

/// Hash of a prediction's content, without id and time, from the hashes of its group and class.
pub(super) fn content_hash(group: u64, class: Option<u64>, answer: (u8, Option<f64>)) -> u64 {
    let (cell, value) = answer;
    let value = value.map_or(0, number_hash);
    let mixed = MixedHash::of(group).and(class.unwrap_or(0)).and(value);
    mixed.and(u64::from(cell)).0
}
