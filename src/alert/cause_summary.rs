//! State of one family's causes at a boundary: firing, pending and just ended ones, strongest first.

use std::collections::BTreeSet;

use super::cause::{Cause, Evidence, Machine};
use super::machine::State;
use super::terms::Severity;
use super::transition::Transition;
use crate::detect::Family;
use crate::event::Segment;
use crate::sketch::Subject;
use crate::window::Boundary;

/// Causes by descending effect, one per version, segment and subject. `severity` is the highest of all, including those that are
/// left out.
#[derive(Default)]
pub(super) struct Ranked<'a> {
    pub(super) causes: Vec<(&'a Cause, &'a Evidence)>,
    severity: Severity,
}

impl Ranked<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }
}

/// Version, segment and subject.
pub(super) type CauseTarget<'a> = (&'a str, Option<&'a Segment>, Option<&'a Subject>);

pub(super) fn target_of(cause: &Cause) -> CauseTarget<'_> {
    (
        &cause.version,
        cause.segment.as_ref(),
        cause.subject.as_ref(),
    )
}

/// State of one family's causes at a boundary. Each list has one cause per version, segment and subject, strongest first.
pub(super) struct CauseSummary<'a> {
    pub(super) firing: Ranked<'a>,
    pub(super) pending: Ranked<'a>,
    resolved: Ranked<'a>,
    withdrawn: Ranked<'a>,
    /// Targets that began to fire at this boundary and did not fire before it.
    pub(super) new: BTreeSet<CauseTarget<'a>>,
}

impl<'a> CauseSummary<'a> {
    pub(super) fn new(
        active: impl Iterator<Item = (&'a Cause, &'a Machine)>,
        ended: impl Iterator<Item = (&'a Cause, &'a Machine)>,
        at: Boundary,
    ) -> Self {
        let (firing, pending) = split(active);
        let (resolved, withdrawn) = split(ended);
        let begun =
            |machine: &Machine| matches!(machine.state, State::Firing { since, .. } if since == at);
        let (begun, old): (Vec<_>, Vec<_>) = firing.iter().partition(|(_, m)| begun(m));
        let known: BTreeSet<CauseTarget<'_>> = old
            .iter()
            .chain(&resolved)
            .map(|(c, _)| target_of(c))
            .collect();
        let new = begun.iter().map(|(cause, _)| target_of(cause));
        Self {
            new: new.filter(|who| !known.contains(who)).collect(),
            firing: ranked(firing),
            pending: ranked(pending),
            resolved: ranked(resolved),
            withdrawn: ranked(withdrawn),
        }
    }

    /// Causes that a record of `transition` is about.
    pub(super) fn causes(&self, transition: Transition) -> &Ranked<'a> {
        match transition {
            Transition::Held => &self.pending,
            Transition::Opened | Transition::Joined | Transition::Escalated => &self.firing,
            Transition::Resolved => &self.resolved,
            Transition::Withdrawn => &self.withdrawn,
        }
    }

    /// Highest severity of the causes that a record of `transition` is about.
    pub(super) fn severity(&self, transition: Transition) -> Severity {
        self.causes(transition).severity
    }
}

type Listed<'a> = Vec<(&'a Cause, &'a Machine)>;

fn split<'a>(machines: impl Iterator<Item = (&'a Cause, &'a Machine)>) -> (Listed<'a>, Listed<'a>) {
    machines.partition(|(_, machine)| machine.state.is_firing())
}

/// Paging causes rank before those that page nobody. An objective is evaluated in several windows, each with its own factor,
/// so the findings of an objective that page rank before its others.
fn urgency(cause: &Cause, evidence: &Evidence) -> (bool, bool) {
    let pages = cause.family == Family::Objective && evidence.critical_effect;
    (!evidence.is_provisional, pages)
}

/// Ranks by urgency, then by descending effect, then by name, and keeps the first cause of each version, segment and subject.
fn ranked<'a>(machines: Listed<'a>) -> Ranked<'a> {
    let severities = machines
        .iter()
        .map(|(_, machine)| severity(&machine.evidence));
    let severity = severities.max().unwrap_or_default();
    let mut causes: Vec<_> = (machines.into_iter())
        .map(|(cause, machine)| (cause, &machine.evidence))
        .collect();
    causes.sort_by(|(a, left), (b, right)| {
        let urgency = urgency(b, right).cmp(&urgency(a, left));
        let effect = right.effect.total_cmp(&left.effect);
        let name = || a.subject_name().cmp(&b.subject_name());
        urgency.then(effect).then_with(name).then_with(|| a.cmp(b))
    });
    let mut seen = BTreeSet::new();
    causes.retain(|(cause, _)| seen.insert(target_of(cause)));
    Ranked { causes, severity }
}

fn severity(evidence: &Evidence) -> Severity {
    if evidence.is_provisional {
        Severity::Info
    } else if evidence.critical_effect {
        Severity::Critical
    } else {
        Severity::Warning
    }
}
