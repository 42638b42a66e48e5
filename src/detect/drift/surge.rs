//! `surge`: one category, or one group of hashes, that rose out of thousands.
//!
//! **Intuition.** A rare country that becomes 2 % of traffic moves a distribution over 5,000 countries by next to nothing.
//! Ask each category by itself, and pay for having asked them all.
//!
//! **Formula.** Share q in the window of n, p in the reference of m. Breach when for some cell
//! n·KL(q‖max(p, 1/2m)) ≥ L + ln(cells) and q − p ≥ 1 point. The reported cell is the most surprising of those that rose enough.
//!
//! **Assumptions and limits.** Chernoff's bound, so it holds at any n; ln(cells) is Bonferroni's price. With 5,000 Zipf
//! categories a rare one rising to 2 % is found in 90–99 % of windows, where χ² over all finds 0–76 %. Falling categories are
//! `psi`'s affair, and so is paging at once: what is large enough for that moves a whole group. No habits: a category with a strong
//! rhythm wants a reference that holds it.
//!
//! **Cost.** Two logarithms for each of the at most 100 cells that rose by a point; one pass over the others.
//! **Source.** Hoeffding 1963; Bonferroni. **Rejected.** A test of every category against χ² of one degree of freedom, far off at small counts.

use std::collections::BTreeMap;

use crate::detect::{Case, Detector, Family, Finding, Verdict};
use crate::stats::{PairedCell, PairedCells, SubjectKind, bernoulli_divergence};

/// The share by which a category must rise to matter.
const RISE_MIN: f64 = 0.01;

/// A category that rises out of many.
pub struct Surge;

impl Detector for Surge {
    fn name(&self) -> &'static str {
        "surge"
    }

    fn family(&self) -> Family {
        Family::Drift
    }

    fn judge(&self, case: &Case<'_>, _habit: f64) -> Option<Finding> {
        let (reference, window) = (&case.reference.sketch, case.window);
        SubjectKind::of(reference)
            .filter(|kind| *kind == SubjectKind::Categories && case.subject.drifts())?;
        let paired = PairedCells::of(&reference.words.histogram, &window.words.histogram);
        let rise = largest(&paired)?;
        let critical = case.budget.surprise() + libm::log(paired.cells.len() as f64);
        let effect = rise.points() / RISE_MIN;
        let total = paired.total;
        let enough = total.window.min(total.reference) >= case.settings.events_min;
        let named = paired.level == 0 && rise.points() > 0.0;
        Some(Finding {
            detector: self.name(),
            family: self.family(),
            subject: Some(case.subject.clone()),
            verdict: Verdict::of(enough, effect, rise.surprise, critical),
            value: rise.points(),
            threshold: RISE_MIN,
            effect,
            statistic: rise.surprise,
            critical,
            p_value: None,
            window_events: total.window,
            reference_events: total.reference,
            critical_effect: false,
            details: details(&rise, &paired, case),
            category: window
                .words
                .names
                .get(&rise.index)
                .filter(|_| named)
                .cloned(),
        })
    }

    fn habit(&self, _case: &Case<'_>) -> Option<f64> {
        None
    }
}

/// One cell's share on both sides.
struct Rise {
    index: u32,
    before: f64,
    now: f64,
    surprise: f64,
}

impl Rise {
    fn of(cell: &PairedCell, paired: &PairedCells) -> Self {
        let share = |count: u64, of: u64| count as f64 / of.max(1) as f64;
        Self {
            index: cell.index,
            before: share(cell.counts.reference, paired.total.reference),
            now: share(cell.counts.window, paired.total.window),
            surprise: 0.0,
        }
    }

    fn points(&self) -> f64 {
        self.now - self.before
    }

    /// How unlikely so high a share is where `floor` is the smallest share the reference can vouch for.
    fn weighed(mut self, events: f64, floor: f64) -> Self {
        let before = self.before.max(floor);
        if self.now > before {
            self.surprise = events * bernoulli_divergence(self.now, before);
        }
        self
    }
}

/// The most surprising of the cells that rose enough, or else the one that rose most; `None` without cells.
fn largest(paired: &PairedCells) -> Option<Rise> {
    let (n, m) = (paired.total.window as f64, paired.total.reference as f64);
    let rises = || paired.cells.iter().map(|cell| Rise::of(cell, paired));
    let weigh = |rise: Rise| rise.weighed(n, 0.5 / m);
    let first_of_most = |a: Rise, b: Rise| if b.surprise > a.surprise { b } else { a };
    rises()
        .filter(|rise| rise.points() >= RISE_MIN)
        .map(weigh)
        .reduce(first_of_most)
        .or_else(|| {
            let most = rises().reduce(|a, b| if b.points() > a.points() { b } else { a })?;
            Some(weigh(most))
        })
}

fn details(rise: &Rise, paired: &PairedCells, case: &Case<'_>) -> BTreeMap<&'static str, f64> {
    BTreeMap::from([
        ("share", rise.now),
        ("reference_share", rise.before),
        ("cell", f64::from(rise.index)),
        ("cells", paired.cells.len() as f64),
        ("level", f64::from(paired.level)),
        ("alpha", case.budget.alpha()),
    ])
}
