//! The context of one step of evaluate: the boundary that is closed, the plan, and its results.

use crate::alert::{Alert, Context, Episodes, ScopedFinding};
use crate::pipeline::observations::{AlertObservation, Observations};
use crate::pipeline::outbox::Outbox;
use crate::pipeline::plan::Plan;
use crate::window::Boundary;

/// Input and results of one step.
pub struct StepContext<'a> {
    /// The boundary that is closed.
    pub at: Boundary,
    /// The plan.
    pub plan: &'a Plan,
    /// What the next flush writes.
    pub outbox: &'a mut Outbox,
    /// What metrics and the status page show.
    pub observations: &'a mut Observations,
}

impl StepContext<'_> {
    /// Publishes an alert and observes it.
    pub fn alert(&mut self, alert: Alert) {
        self.outbox.alert(&alert, &self.plan.alert);
        let observed = AlertObservation::of(&alert);
        self.observations.alerts.extend(observed);
    }

    /// Updates alerts with the findings and returns the changes. Observes what the alerts left out.
    pub fn advance(
        &mut self,
        episodes: &mut Episodes,
        findings: &[ScopedFinding],
        context: &Context<'_>,
    ) -> Vec<Alert> {
        let observed = (self.at, findings);
        advance(episodes, observed, context, self.observations)
    }
}

fn advance(
    episodes: &mut Episodes,
    (at, findings): (Boundary, &[ScopedFinding]),
    context: &Context<'_>,
    observations: &mut Observations,
) -> Vec<Alert> {
    let (overflow, unsound) = (episodes.overflow(), episodes.unsound());
    let alerts = episodes.observe(at, findings, context);
    observations.overflow.causes += episodes.overflow() - overflow;
    observations.unsound_findings += episodes.unsound() - unsound;
    alerts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::alert::{AlertSettings, CAUSES_MAX};
    use crate::detect::{Family, Finding, Verdict};
    use crate::sketch::{Exemplars, Subject};
    use crate::window::WindowLength;

    fn breach(subject: String, statistic: f64) -> ScopedFinding {
        let finding = Finding {
            detector: "psi",
            family: Family::Drift,
            subject: Some(Subject::Feature(subject)),
            verdict: Verdict::Breach,
            value: 1.0,
            threshold: 0.5,
            effect: 2.0,
            statistic,
            critical: 10.0,
            p_value: None,
            window_events: 100,
            reference_events: 1_000,
            critical_effect: false,
            is_provisional: false,
            must_last: false,
            details: BTreeMap::new(),
            category: None,
        };
        let hour = WindowLength::from_minutes(60).unwrap();
        ScopedFinding::whole("1".into(), hour, finding)
    }

    #[test]
    fn breaches_without_a_place_and_findings_without_a_number_are_observed() {
        let names = 0..CAUSES_MAX + 3;
        let mut findings: Vec<ScopedFinding> =
            names.map(|n| breach(format!("f{n}"), 20.0)).collect();
        findings.push(breach("broken".into(), f64::NAN));
        let settings = AlertSettings::default();
        let context = Context {
            model: "fraud",
            objective: None,
            settings: &settings,
            reference_id: &|_| None,
            exemplars: &|_| Exemplars::default(),
        };
        let (mut episodes, mut seen) = (Episodes::default(), Observations::default());
        for minute in 1..=2 {
            let observed = (Boundary(minute), findings.as_slice());
            let _alerts = advance(&mut episodes, observed, &context, &mut seen);
            assert_eq!(seen.overflow.causes, 3 * minute as u64);
            assert_eq!(seen.unsound_findings, minute as u64);
        }
    }
}
