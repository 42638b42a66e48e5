//! Shift: how far a window lies from its reference, in one unit for every detector.
//!
//! **Intuition.** Three things are asked of a shift. Is it real, or chance? Is it beyond what is ordinary for this
//! subject? Does it matter? Detectors differ in what they measure, not in how they answer.
//!
//! **Formula.** D is the distance: √PSI of the groups, or the difference of the angles of two rates, which is √PSI of
//! two groups. f = 1/n + 1/m is the variance of D per degree of freedom, G the likelihood ratio of the same counts, B the
//! bound of what is ordinary ([`Variability`](super::Variability)). Breach when −ln P(χ² ≥ G) and −ln P(χ² ≥ (D−B)²/f)
//! both reach ln(1/α), and D ≥ `floor`. So D must exceed B by the noise of its own counts.
//!
//! **Assumptions and limits.** Events are independent, n ≥ 30. The χ² law of G holds at 1e-7 within a factor of 2.7; that
//! of D²/f is worse in the tail, so both must hold.
//!
//! **Cost.** Two incomplete gamma functions for a shift that matters, none for others. **Source.** `docs/statistics.md`.
//! **Rejected.** A rule of its own for each detector: what is not written twice cannot differ.

use std::collections::BTreeMap;

use super::case::Case;
use crate::stats::{ChiSquare, Pair, angle, likelihood_ratio, share_at};

/// ln 1000: surprise of the noise that is taken off a distance before variability is learned from it.
const LEARNED_SURPRISE: f64 = 6.907_755_278_982_137;

/// What is compared: the groups of a distribution, or a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Compared {
    /// PSI of groups, in nats.
    Stability(f64),
    /// A rate that was `before` and is `now`.
    Rate {
        /// Rate in the reference.
        before: f64,
        /// Rate in the window.
        now: f64,
        /// True if a fall is no shift.
        rises_only: bool,
    },
}

/// How far one thing in a window lies from the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// Number of the thing among those that the detector measures in one subject.
    pub channel: u8,
    /// What is compared.
    pub compared: Compared,
    /// Smallest distance that matters, above the distance that is expected by chance.
    pub floor: f64,
    /// Variance of the distance per degree of freedom, if nothing has changed.
    pub spread: f64,
    /// Likelihood ratio of the counts.
    pub g: f64,
    /// Degrees of freedom; 0 if there is nothing to compare.
    pub df: u32,
    /// Number of tests of which this is the strongest.
    pub tests: u64,
    /// Events of both sides.
    pub events: Pair,
    /// True if both sides hold enough events.
    pub is_enough: bool,
    /// True if the shift is large enough to page at once.
    pub is_critical: bool,
    /// Numbers that only this detector has, by name.
    pub details: BTreeMap<&'static str, f64>,
    /// Category concerned, if its name is known.
    pub category: Option<String>,
}

/// A share of one side's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Events that match.
    pub count: u64,
    /// All events.
    pub total: u64,
}

impl Counted {
    /// Counts of events that match, and of the others.
    #[must_use]
    pub fn of([count, others]: [u64; 2]) -> Self {
        Self {
            count,
            total: count + others,
        }
    }

    /// The share; 0 of nothing.
    #[must_use]
    pub fn rate(self) -> f64 {
        if self.total == 0 {
            0.0
        } else {
            self.count as f64 / self.total as f64
        }
    }
}

impl Shift {
    /// A shift without details: PSI of groups with these totals.
    #[must_use]
    pub fn of_groups(psi: f64, groups: &[Pair], case: &Case<'_>) -> Self {
        let ratio = likelihood_ratio(groups);
        let events = Pair::total(groups);
        let spread = case.spread(events);
        let by_chance = f64::from(ratio.df) * spread;
        Self {
            channel: 0,
            compared: Compared::Stability(psi),
            floor: libm::sqrt(case.settings.psi_min + by_chance),
            spread,
            g: ratio.statistic,
            df: if events.window == 0 { 0 } else { ratio.df },
            tests: 1,
            events,
            is_enough: events.window.min(events.reference) >= case.settings.events_min,
            is_critical: psi - by_chance >= case.settings.psi_critical,
            details: BTreeMap::new(),
            category: None,
        }
    }

    /// A shift without details: a rate that differs. `floor` is the smallest distance of angles that matters.
    #[must_use]
    pub fn of_rate(window: Counted, reference: Counted, floor: f64, case: &Case<'_>) -> Self {
        let events = Pair {
            reference: reference.total,
            window: window.total,
        };
        let other = |side: Counted| side.total.saturating_sub(side.count);
        let matching = Pair {
            reference: reference.count,
            window: window.count,
        };
        let others = Pair {
            reference: other(reference),
            window: other(window),
        };
        let is_comparable = window.total > 0 && reference.total > 0;
        Self {
            channel: 0,
            compared: Compared::Rate {
                before: reference.rate(),
                now: window.rate(),
                rises_only: false,
            },
            floor,
            spread: case.spread(events),
            g: likelihood_ratio(&[matching, others]).statistic,
            df: u32::from(is_comparable),
            tests: 1,
            events,
            is_enough: window.total >= case.settings.events_min,
            is_critical: false,
            details: BTreeMap::new(),
            category: None,
        }
    }

    /// Ignores a fall of a rate.
    #[must_use]
    pub fn of_rises(mut self) -> Self {
        if let Compared::Rate { rises_only, .. } = &mut self.compared {
            *rises_only = true;
        }
        self
    }

    /// Distance of the window from its reference, 0..∞, about the shift in standard deviations.
    #[must_use]
    pub fn distance(&self) -> f64 {
        match self.compared {
            Compared::Stability(psi) => libm::sqrt(psi.max(0.0)),
            Compared::Rate {
                before,
                now,
                rises_only,
            } => {
                let moved = angle(now) - angle(before);
                if rises_only {
                    moved.max(0.0)
                } else {
                    moved.abs()
                }
            }
        }
    }

    /// What the window adds to the learned variability: its distance beyond the noise of its counts. `None` if it holds
    /// too few events to teach anything.
    #[must_use]
    pub fn excess(&self) -> Option<f64> {
        if !self.is_enough || self.df == 0 || self.spread <= 0.0 {
            return None;
        }
        let surprise = LEARNED_SURPRISE + self.surprise_of_tests();
        // Most windows are within their noise: one survival function tells, where the point would cost sixty.
        let distance = self.distance();
        if self.surprise_beyond(0.0) <= surprise {
            return Some(0.0);
        }
        let noise = libm::sqrt(self.spread * self.law().point(surprise));
        Some((distance - noise).max(0.0))
    }

    /// The measured value, and the one at which the distance is `reach`, both in the unit of what is compared.
    #[must_use]
    pub fn value_and_threshold(&self, reach: f64) -> (f64, f64) {
        match self.compared {
            Compared::Stability(psi) => (psi, reach * reach),
            Compared::Rate {
                before,
                now,
                rises_only: false,
            } if now < before => (now, share_at(angle(before) - reach)),
            Compared::Rate { before, now, .. } => (now, share_at(angle(before) + reach)),
        }
    }

    /// Surprise of the counts, if ordinary windows reach a distance of `ordinary`: the smaller one of G and of the
    /// distance beyond it.
    #[must_use]
    pub fn surprise(&self, ordinary: f64) -> f64 {
        if self.df == 0 {
            return 0.0;
        }
        let of_counts = -self.law().ln_survival(self.g);
        of_counts.min(self.surprise_beyond(ordinary)).max(0.0)
    }

    fn surprise_beyond(&self, ordinary: f64) -> f64 {
        let beyond = (self.distance() - ordinary).max(0.0);
        if self.df == 0 || self.spread <= 0.0 {
            return 0.0;
        }
        -self.law().ln_survival(beyond * beyond / self.spread)
    }

    /// Surprise that the number of tests adds to what is required, in nats.
    #[must_use]
    pub fn surprise_of_tests(&self) -> f64 {
        libm::log(self.tests.max(1) as f64)
    }

    fn law(&self) -> ChiSquare {
        ChiSquare {
            df: f64::from(self.df.max(1)),
        }
    }
}
