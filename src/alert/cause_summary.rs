//! State of one alert's causes at a boundary: firing, pending and just ended ones, strongest first.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::{Cause, Evidence, Machine};
use super::listing::{CauseTarget, Listings};
use super::terms::Severity;
use super::transition::Transition;
use crate::detect::Family;

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

/// State of one alert's causes at a boundary. Each list has one cause per version, segment and subject, strongest first.
pub(super) struct CauseSummary<'a> {
    pub(super) firing: Ranked<'a>,
    pub(super) pending: Ranked<'a>,
    resolved: Ranked<'a>,
    withdrawn: Ranked<'a>,
    /// Targets that fire, each with its highest severity.
    pub(super) severities: BTreeMap<CauseTarget, Severity>,
    /// Firing targets that the alert has not listed yet, or that come back graver.
    pub(super) new: BTreeSet<CauseTarget>,
    /// True if an alert that is critical already must escalate again (`wave.rs`).
    pub(super) is_graver: bool,
}

impl<'a> CauseSummary<'a> {
    pub(super) fn new(
        active: impl Iterator<Item = (&'a Cause, &'a Machine)>,
        ended: impl Iterator<Item = (&'a Cause, &'a Machine)>,
        listed: &Listings,
    ) -> Self {
        let (firing, pending) = split(active);
        let (resolved, withdrawn) = split(ended);
        let severities = severities(&firing);
        let is_news =
            |(target, severity): &(&CauseTarget, &Severity)| listed.is_news(target, **severity);
        let new = severities.iter().filter(is_news);
        Self {
            new: new.map(|(target, _)| target.clone()).collect(),
            severities,
            is_graver: false,
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
            Transition::Opened
            | Transition::Joined
            | Transition::Escalated
            | Transition::Permanent => &self.firing,
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
    causes.retain(|(cause, _)| seen.insert((&cause.version, &cause.segment, &cause.subject)));
    Ranked { causes, severity }
}

fn severities(firing: &Listed<'_>) -> BTreeMap<CauseTarget, Severity> {
    let mut severities = BTreeMap::new();
    for (cause, machine) in firing {
        let highest = severities.entry(CauseTarget::of(cause)).or_default();
        *highest = severity(&machine.evidence).max(*highest);
    }
    severities
}

pub(super) fn severity(evidence: &Evidence) -> Severity {
    if evidence.is_provisional {
        Severity::Info
    } else if evidence.critical_effect {
        Severity::Critical
    } else {
        Severity::Warning
    }
}
