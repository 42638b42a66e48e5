//! Side of a change of traffic, fall or rise, and the distance of a count from what is expected.
//!
//! **Formula.** D = 2(√(x/b) − 1), positive towards the side. The root makes the noise of a Poisson count the same at
//! any level: D of x around b has variance 1/b. Near 0, D is the relative change; a full stop is 2.

/// Side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Less traffic than expected.
    Fall,
    /// More traffic than expected.
    Rise,
}

impl Side {
    /// Both sides.
    pub(super) const BOTH: [Self; 2] = [Self::Fall, Self::Rise];

    /// −1 for a fall, 1 for a rise.
    pub(super) fn direction(self) -> f64 {
        match self {
            Self::Fall => -1.0,
            Self::Rise => 1.0,
        }
    }

    /// D of `count` from `expected`, positive towards this side.
    pub(super) fn distance(self, count: f64, expected: f64) -> f64 {
        self.direction() * 2.0 * (libm::sqrt(count / expected) - 1.0)
    }

    /// D of a change by `share` of what is expected: 0.2 is 20 % less, or 20 % more.
    pub(super) fn distance_of(self, share: f64) -> f64 {
        match self {
            Self::Fall => self.distance(1.0 - share, 1.0),
            Self::Rise => self.distance(1.0 + share, 1.0),
        }
    }

    /// The change, as a share of what is expected, whose distance is `distance`. A fall is at most 1.
    pub(super) fn share_at(self, distance: f64) -> f64 {
        match self {
            Self::Fall => {
                let root = (1.0 - distance / 2.0).max(0.0);
                1.0 - root * root
            }
            Self::Rise => {
                let root = 1.0 + distance / 2.0;
                root * root - 1.0
            }
        }
    }

    /// Median of `values`, which it sorts; of two in the middle, the one that makes a finding rarer.
    pub(super) fn median(self, values: &mut [f64]) -> Option<f64> {
        values.sort_unstable_by(f64::total_cmp);
        let middle = match self {
            Self::Fall => values.len().checked_sub(1)? / 2,
            Self::Rise => values.len() / 2,
        };
        values.get(middle).copied()
    }

    /// The one of two expected counts that makes a finding rarer.
    pub(super) fn milder(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Fall => a.min(b),
            Self::Rise => a.max(b),
        }
    }
}
