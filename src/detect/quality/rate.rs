//! Test of rates: the share of broken values against its share in the reference.
//!
//! **Intuition.** A rate is a distribution over two groups, so it is judged like one: is the change real, is it beyond
//! what is ordinary, does it matter?
//!
//! **Formula.** r = count ÷ total in the window of n, p₀ in the reference of m; D = |2·asin √r − 2·asin √p₀|. A rise
//! matters from D = 0.08 and from the detector's number of percentage points: 1.2 → 2.2 %, 10 → 12.5 %, 50 → 54 %. A fall
//! matters from D = 0.2 and one point, and only for nulls and missing values. The rest is that of every [`Shift`].
//!
//! **Assumptions and limits.** Real rates come in bursts. Bursts of ordinary days are learned; what fired is learned only
//! when it has come twice. The price: bursts that come often make a lasting fault of their size invisible.
//!
//! **Cost.** Two arcsines, four logarithms. **Source.** Cohen 1988 for the distance; Wilks 1938. **Rejected.** Chernoff's
//! bound against twice the largest rate that was learned: a rate above one half could never double, and one bad window
//! hid everything below twice its rate for good.

use std::collections::BTreeMap;

use crate::detect::{
    Alternative, Case, Counted, Detector, Family, OrdinaryRule, Shift, SoughtChange,
};
use crate::sketch::Subject;
use crate::stats::{Pair, angle};

/// Smallest distance that matters when a rate rises.
const RISE_MIN: f64 = 0.08;
/// Smallest distance that matters when a rate falls.
const FALL_MIN: f64 = 0.2;
/// Fall in percentage points that matters.
const FALL_POINTS: f64 = 0.01;
/// Change in rate from which the finding pages at once: half of all events.
const CRITICAL_CHANGE: f64 = 0.5;

/// Which changes of a rate matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::detect) struct Matters {
    /// Rise that matters, as a share.
    pub(in crate::detect) rise: f64,
    /// True if a fall matters too.
    pub(in crate::detect) falls: bool,
}

/// Detector of one rate. It defines the values to count and what matters; the shared test does the rest.
pub(in crate::detect) trait Rate: Sync {
    /// Stable name of the detector.
    fn name(&self) -> &'static str;

    /// Family of its findings.
    fn family(&self) -> Family {
        Family::DataQuality
    }

    /// What it counts, for the text of an alert.
    fn counted(&self) -> &'static str;

    /// Which changes matter.
    fn matters(&self) -> Matters;

    /// True if the rate of this subject is judged.
    fn concerns(&self, subject: &Subject) -> bool {
        subject.drifts()
    }

    /// Counts in the window and in the reference, in this order; `None` if the detector does not apply to the subject.
    fn observe(&self, case: &Case<'_>) -> Option<(Counted, Counted)>;
}

impl<R: Rate> Detector for R {
    fn name(&self) -> &'static str {
        Rate::name(self)
    }

    fn family(&self) -> Family {
        Rate::family(self)
    }

    fn counted(&self) -> Option<&'static str> {
        Some(Rate::counted(self))
    }

    fn ordinary_rule(&self) -> OrdinaryRule {
        OrdinaryRule::Rate
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Shift> {
        let observed = self.observe(case).filter(|_| self.concerns(case.subject));
        let Some((window, reference)) = observed.filter(|(_, reference)| reference.total > 0)
        else {
            return Vec::new();
        };
        let (now, before) = (window.rate(), reference.rate());
        let matters = self.matters();
        let mut shift = if matters.falls && now < before {
            Shift::of_rate(window, reference, least_fall(before), case)
        } else {
            let floor = least_rise(before, matters.rise);
            Shift::of_rate(window, reference, floor, case).of_rises()
        };
        shift.is_critical = (now - before).abs() >= CRITICAL_CHANGE;
        shift.details = BTreeMap::from([("count", window.count as f64)]);
        vec![shift]
    }

    fn sought(&self, case: &Case<'_>) -> Vec<SoughtChange> {
        let observed = self.observe(case).filter(|_| self.concerns(case.subject));
        let Some((window, known)) = observed else {
            return Vec::new();
        };
        let (matters, before) = (self.matters(), known.rate());
        let reference = [known.count, known.total.saturating_sub(known.count)];
        let change = |name, alternative, floor| SoughtChange {
            name,
            alternative,
            events: Pair {
                reference: known.total,
                window: window.total,
            },
            floor,
        };
        let rise = change(
            "detectable_rise",
            Alternative::Rise { reference },
            least_rise(before, matters.rise),
        );
        let fall = change(
            "detectable_drop",
            Alternative::Fall { reference },
            least_fall(before),
        );
        let fall = (matters.falls && known.count > 0).then_some(fall);
        [rise].into_iter().chain(fall).collect()
    }
}

/// Smallest distance that matters when a rate of `before` rises: [`RISE_MIN`], and `points` as a share.
pub(in crate::detect) fn least_rise(before: f64, points: f64) -> f64 {
    let of_points = angle((before + points).min(1.0)) - angle(before);
    of_points.max(RISE_MIN)
}

fn least_fall(before: f64) -> f64 {
    let of_points = angle(before) - angle((before - FALL_POINTS).max(0.0));
    of_points.max(FALL_MIN)
}
