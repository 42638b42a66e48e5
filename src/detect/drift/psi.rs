//! `psi`: drift alert. A drift must be large by the adjusted PSI and significant by the likelihood ratio on the groups
//! of the reference.
//!
//! **Intuition.** Two questions need two measures. Is the drift real? G answers, and its distribution is known down to
//! one in ten million. Does it matter? PSI answers, less its value without drift. Either measure alone pages for
//! nothing: PSI is ≥ 0.1 in 81–86 % of windows without drift at n = m = 100, and KS at 5 % reacts to a shift of 0.02
//! standard deviations once n is 100,000.
//!
//! **Formula.** With k groups and f = 1/n + 1/m: psi_adj = PSI − (k−1) f. V = the largest psi_adj of ordinary windows
//! of this subject and length (the learned variability; f = 1/n − 1/m while they are part of the reference). Breach
//! when psi_adj ≥ max(`psi_min`, 2V) and P(a·χ²_h ≥ G) ≤ α with non-centrality V/f. The statistic is −ln P, which stays
//! finite for any drift.
//!
//! **Assumptions and limits.** Events are independent, n and m ≥ `events_min`. A feature with a strong daily rhythm has
//! a large V, which hides a shift of that size until the window of one day, which learns no variability. If one group
//! holds everything on both sides, there is nothing to compare: G = 0, and the verdict is quiet.
//!
//! **Cost.** About 40 µs for 512 cells, nearly all of it for the logarithms of `js_distance`, which is computed for the
//! details. Merging the window's panes costs ten times as much. **Source.** Wilks 1938, Patnaik 1949, Jeffreys 1946.
//! **Rejected.** The χ² approximation for PSI itself, which is wrong by 5 to 135 times in the tail. Comparison with the
//! same hour of one learned day, which pages 17–43 times where this detector pages never or twice.

use std::collections::BTreeMap;

use crate::detect::{Case, Detector, Family, Finding, Verdict};
use crate::stats::{
    ChiSquare, Comparison, DISTANCES, Distance, LikelihoodRatio, Psi, SubjectKind, likelihood_ratio,
};

/// Factor by which a shift must exceed the learned variability.
const VARIABILITY_FACTOR: f64 = 2.0;

/// Drift detector based on PSI and the likelihood ratio.
pub struct PsiDrift;

impl Detector for PsiDrift {
    fn name(&self) -> &'static str {
        "psi"
    }

    fn family(&self) -> Family {
        Family::Drift
    }

    fn judge(&self, case: &Case<'_>, variability: f64) -> Option<Finding> {
        let reading = Reading::of(case)?;
        let variability = variability.max(0.0);
        let ln_p = reading.ln_p(variability);
        let threshold = case.settings.psi_min.max(VARIABILITY_FACTOR * variability);
        let critical = case.budget.surprise();
        let effect = reading.psi_adj / threshold;
        let total = reading.comparison.cells.total;
        let enough = total.window.min(total.reference) >= case.settings.events_min;
        Some(Finding {
            detector: self.name(),
            family: self.family(),
            subject: Some(case.subject.clone()),
            verdict: Verdict::of(enough, effect, ln_p.abs(), critical),
            value: reading.psi_adj,
            threshold,
            effect,
            statistic: ln_p.abs(),
            critical,
            p_value: Some(libm::exp(ln_p)),
            window_events: total.window,
            reference_events: total.reference,
            critical_effect: reading.psi_adj >= threshold.max(case.settings.psi_critical),
            details: reading.details(variability, case),
            category: None,
        })
    }

    fn variability(&self, case: &Case<'_>) -> Option<f64> {
        let reading = Reading::of(case)?;
        let total = reading.comparison.cells.total;
        (total.window >= case.settings.events_min).then_some(reading.psi_adj)
    }
}

/// Statistics of the counts, before learned variability is applied.
struct Reading {
    comparison: Comparison,
    psi: f64,
    psi_adj: f64,
    ratio: LikelihoodRatio,
    noise: f64,
}

impl Reading {
    /// Returns `None` if the subject is not compared or the reference holds no values of it.
    fn of(case: &Case<'_>) -> Option<Self> {
        let kind = SubjectKind::of(&case.reference.sketch).filter(|_| case.subject.drifts())?;
        let comparison = Comparison::of(kind, &case.reference.sketch, case.window);
        let noise = noise(&comparison, case.inside_reference);
        let ratio = likelihood_ratio(&comparison.groups);
        let comparable = ratio.df > 0 && comparison.cells.total.window > 0;
        let (psi, expected) = if comparable {
            (Psi.measure(&comparison), f64::from(ratio.df) * noise)
        } else {
            (0.0, 0.0)
        };
        Some(Self {
            comparison,
            psi,
            psi_adj: psi - expected,
            ratio,
            noise,
        })
    }

    /// ln P of a G at least this large, if ordinary windows vary by `variability`.
    fn ln_p(&self, variability: f64) -> f64 {
        if self.ratio.df == 0 || self.noise <= 0.0 {
            return 0.0;
        }
        ChiSquare::non_central(f64::from(self.ratio.df), variability / self.noise)
            .ln_survival(self.ratio.statistic)
    }

    fn details(&self, variability: f64, case: &Case<'_>) -> BTreeMap<&'static str, f64> {
        let comparison = &self.comparison;
        let mut details = BTreeMap::from([
            ("psi", self.psi),
            ("g", self.ratio.statistic),
            ("df", f64::from(self.ratio.df)),
            ("groups", comparison.groups.len() as f64),
            ("variability", variability),
            ("alpha", case.budget.alpha()),
            ("window_level", f64::from(comparison.window_level)),
            ("reference_level", f64::from(comparison.reference_level)),
            ("coarse", f64::from(u8::from(comparison.coarse))),
        ]);
        if comparison.cells.total.window > 0 {
            let ordered = comparison.kind == SubjectKind::Numbers;
            for distance in DISTANCES {
                let about = distance.about();
                if ordered || !about.ordered {
                    details
                        .entry(about.name)
                        .or_insert_with(|| distance.measure(comparison));
                }
            }
        }
        details
    }
}

/// f: the expected PSI per degree of freedom without drift. A window that is part of the reference differs less from it
/// than an independent window.
fn noise(comparison: &Comparison, inside_reference: bool) -> f64 {
    let total = comparison.cells.total;
    if total.window == 0 || total.reference == 0 {
        return 0.0;
    }
    let (window, reference) = (1.0 / total.window as f64, 1.0 / total.reference as f64);
    if inside_reference {
        window - reference
    } else {
        window + reference
    }
}
