//! Good ones among those that count: what an objective is held against, in exact integers.

use serde::{Deserialize, Serialize};

use super::Monoid;

/// `good` of `valid`. Signed, because a correction of a label takes back what the label before it had added: a span that
/// holds only the correction may be negative, a span that holds both never is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Share {
    /// Those that meet the condition.
    pub good: i64,
    /// Those that were asked.
    pub valid: i64,
}

impl Share {
    /// One event.
    #[must_use]
    pub fn one(good: bool) -> Self {
        Self {
            good: i64::from(good),
            valid: 1,
        }
    }

    /// Those that do not meet the condition.
    #[must_use]
    pub fn bad(self) -> i64 {
        self.valid - self.good
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Monoid for Share {
    fn merge(&mut self, other: &Self) {
        self.good += other.good;
        self.valid += other.valid;
    }
}
