//! `surge`: one category, or one group of hashes, that has become frequent among thousands.
//!
//! **Intuition.** A rare country that grows to 2 % of traffic hardly changes a distribution over 5,000 countries. So
//! each category is tested alone, and the threshold is raised for the number of tests.
//!
//! **Formula.** q is the share in the window of n events, p the share in the reference of m events; L = ln(1/α).
//! Breach when, for some cell, n·KL(q‖max(p, 1/2m)) ≥ L + ln(cells) and q − p ≥ 1 percentage point. The finding reports
//! the most surprising of the cells that rose enough.
//!
//! **Assumptions and limits.** The test uses Chernoff's bound, so it holds at any n; ln(cells) is the Bonferroni
//! correction. With 5,000 Zipf categories, a rare one that rises to 2 % is found in 90–99 % of windows, where χ² over
//! all cells finds 0–76 %. Falling categories are left to `psi`. So is paging at once: a change large enough for that
//! moves a whole group. No variability is learned: a category with a strong rhythm needs a reference that contains the
//! rhythm.
//!
//! **Cost.** Two logarithms for each of the at most 100 cells that rose by one point; one pass over the others.
//! **Source.** Hoeffding 1963; Bonferroni. **Rejected.** A test of every category against χ² with one degree of
//! freedom, because it is far off at small counts.

use std::collections::BTreeMap;

use crate::detect::{Case, Detector, Family, Finding, Verdict};
use crate::stats::{PairedCell, PairedCells, SubjectKind, bernoulli_divergence};

/// Rise in share from which a category matters.
const RISE_MIN: f64 = 0.01;

/// Detector of one category that rises among many.
pub struct Surge;

impl Detector for Surge {
    fn name(&self) -> &'static str {
        "surge"
    }

    fn family(&self) -> Family {
        Family::Drift
    }

    fn judge(&self, case: &Case<'_>, _variability: f64) -> Option<Finding> {
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

    fn variability(&self, _case: &Case<'_>) -> Option<f64> {
        None
    }
}

/// Share of one cell on both sides.
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

    /// Sets the surprise of the risen share. `floor` is the smallest share that the reference can prove.
    fn weighed(mut self, events: f64, floor: f64) -> Self {
        let before = self.before.max(floor);
        if self.now > before {
            self.surprise = events * bernoulli_divergence(self.now, before);
        }
        self
    }
}

/// Most surprising of the cells that rose enough, or else the cell that rose most; `None` without cells.
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
