//! Builds the published alert from one transition of an episode.

use std::collections::BTreeMap;

use super::alert_change::{Alert, AlertContent};
use super::alert_key::AlertKey;
use super::cause::{Cause, Evidence, ScopedFinding};
use super::cause_summary::CauseSummary;
use super::context::{AlertObjective, Context};
use super::finite::finite;
use super::gathered::{CAUSES_SHOWN_MAX, GatheredCauses};
use super::lifecycle::Episode;
use super::listing::{CauseTarget, Listings};
use super::objective::ObjectiveFacts;
use super::segment::naming;
use super::terms::AlertStatus;
use super::transition::Transition;
use super::wire::named;
use crate::detect::slo::budget_remaining;
use crate::event::Segment;
use crate::sketch::Exemplars;
use crate::window::Boundary;

/// Inputs of one alert: a transition of an episode, and what is known at the boundary.
pub(super) struct AlertBuilder<'a> {
    pub(super) key: AlertKey,
    pub(super) transition: Transition,
    pub(super) episode: &'a Episode,
    pub(super) at: Boundary,
    pub(super) context: &'a Context<'a>,
    /// What the alert has listed, this boundary included.
    pub(super) listed: &'a Listings,
    /// All findings at the boundary, quiet ones included.
    pub(super) findings: &'a [ScopedFinding],
}

type Ranked<'a> = &'a [(&'a Cause, &'a Evidence)];

impl AlertBuilder<'_> {
    /// Builds the alert; `None` without causes. Every transition has at least one cause.
    pub(super) fn alert(&self, summary: &CauseSummary<'_>) -> Option<Alert> {
        let status = self.transition.status();
        let at = self.at.time();
        Some(Alert {
            content: AlertContent::Causes(Box::new(self.causes(summary)?)),
            status,
            change: self.transition.into(),
            severity: self.context.settings.severity(self.episode.severity),
            sequence: self.episode.sequence,
            at,
            started_at: self.episode.start.time(),
            ended_at: (status == AlertStatus::Resolved).then_some(at),
        })
    }

    fn causes(&self, summary: &CauseSummary<'_>) -> Option<GatheredCauses> {
        let ranked: Ranked<'_> = &summary.causes(self.transition).causes;
        let ((first, evidence), rest) = ranked.split_first()?;
        let new: Vec<&Cause> = self.new_causes(summary).collect();
        let owned =
            |(cause, evidence): &(&Cause, &Evidence)| ((*cause).clone(), (*evidence).clone());
        let objective = self.context.objective;
        Some(GatheredCauses {
            model: self.context.model.to_owned(),
            key: self.key,
            first: ((*first).clone(), (*evidence).clone()),
            rest: rest.iter().take(CAUSES_SHOWN_MAX - 1).map(owned).collect(),
            returns: self.returns(ranked),
            total: ranked.len() as u64,
            new_total: new.len() as u64,
            new: new.into_iter().take(CAUSES_SHOWN_MAX).cloned().collect(),
            version: common_version(ranked),
            segment: segment(ranked),
            reference_id: (self.context.reference_id)(first),
            exemplars: self.exemplars(first),
            objective: objective.map(|objective| self.facts(objective, first, evidence)),
            ended_because: None,
        })
    }

    /// Returns of the causes that are shown, if there are any.
    fn returns(&self, ranked: Ranked<'_>) -> BTreeMap<CauseTarget, u32> {
        let shown = ranked.iter().take(CAUSES_SHOWN_MAX);
        let counted = shown.map(|(cause, _)| {
            let target = CauseTarget::of(cause);
            let returns = self.listed.returns(&target);
            (target, returns)
        });
        counted.filter(|(_, returns)| *returns > 0).collect()
    }

    fn facts(
        &self,
        objective: AlertObjective<'_>,
        cause: &Cause,
        evidence: &Evidence,
    ) -> ObjectiveFacts {
        ObjectiveFacts {
            name: objective.name.to_owned(),
            sli: objective.sli.map(str::to_owned),
            is_configured: objective.is_configured,
            statement: ObjectiveFacts::statement_of(cause, evidence, objective.sli),
            budget_remaining: self.budget_remaining(cause),
        }
    }

    /// Remaining error budget, read from the budget finding. Every evaluation of a burn objective has such a finding.
    /// The smallest value counts if there are several.
    fn budget_remaining(&self, first: &Cause) -> Option<f64> {
        let same = |o: &&ScopedFinding| {
            o.version == first.version
                && o.segment == first.segment
                && o.finding.subject == first.subject
        };
        let of_objective = self.findings.iter().filter(same);
        let remaining = of_objective.filter_map(|o| budget_remaining(&o.finding));
        remaining.filter_map(finite).min_by(f64::total_cmp)
    }

    /// Causes that were not published before, or not as this grave: all causes when the alert begins.
    fn new_causes<'s>(&self, summary: &'s CauseSummary<'s>) -> impl Iterator<Item = &'s Cause> {
        let transition = self.transition;
        let all = summary.causes(transition).causes.iter();
        all.map(|(cause, _)| *cause)
            .filter(move |cause| match transition {
                Transition::Held | Transition::Opened => true,
                Transition::Joined | Transition::Escalated => {
                    summary.new.contains(&CauseTarget::of(cause))
                }
                Transition::Permanent | Transition::Resolved | Transition::Withdrawn => false,
            })
    }

    fn exemplars(&self, first: &Cause) -> Exemplars {
        match self.transition.status() {
            AlertStatus::Resolved => Exemplars::default(),
            AlertStatus::Pending | AlertStatus::Firing => (self.context.exemplars)(first),
        }
    }
}

/// Segment that all causes share, or the one that bears more than half of the first cause's excess.
fn segment(ranked: Ranked<'_>) -> Option<Segment> {
    let (first, evidence) = ranked.first()?;
    let shared = || ranked.iter().all(|(c, _)| c.segment == first.segment);
    match &first.segment {
        Some(segment) => shared().then(|| segment.clone()),
        None => naming(&evidence.segments).map(|share| share.segment.clone()),
    }
}

/// Version that all causes share, if it has a name.
fn common_version(ranked: Ranked<'_>) -> Option<String> {
    let (first, _) = ranked.first()?;
    let shared = ranked
        .iter()
        .all(|(cause, _)| cause.version == first.version);
    shared.then(|| named(&first.version)).flatten()
}
