//! Share of good events among valid events: exact integer counts that an objective is evaluated on.

use serde::{Deserialize, Serialize};

use super::Monoid;

/// `good` of `valid` events. Both are signed, because the correction of a label takes back what the earlier label
/// added. A span that holds only the correction may be negative; a span that holds both labels never is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Share {
    /// Number of events that meet the condition.
    pub good: i64,
    /// Number of events to which the condition applies.
    pub valid: i64,
}

impl Share {
    /// Counts one event.
    #[must_use]
    pub fn one(good: bool) -> Self {
        Self {
            good: i64::from(good),
            valid: 1,
        }
    }

    /// Number of valid events that do not meet the condition.
    #[must_use]
    pub fn bad(self) -> i64 {
        self.valid - self.good
    }

    /// True if nothing was counted.
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
