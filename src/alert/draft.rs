//! From the causes of one family at one boundary to the record that is published of them.

use std::collections::BTreeSet;

use super::cause::{Cause, Evidence, Observed, finite};
use super::episode::Context;
use super::identity::{fingerprint, record_id};
use super::machine::{Machine, State};
use super::objective::Promise;
use super::record::{
    ALERT_SCHEMA, AlertRecord, CAUSES_SHOWN_MAX, CauseRecord, Measure, Named, exemplar_records,
    instant, named, provenance,
};
use super::segment::{naming, segment_records};
use super::terms::{Kind, Severity, Status};
use super::transition::{Episode, Turn};
use super::wording::{Tale, annotations, labels};
use crate::detect::Family;
use crate::event::Segment;
use crate::sketch::{Exemplars, Subject};
use crate::window::Boundary;

/// Causes by descending effect, one per version, segment and subject; and whether any of them, shown or not, is critical.
#[derive(Default)]
pub(super) struct Ranked<'a> {
    causes: Vec<(&'a Cause, &'a Evidence)>,
    critical: bool,
}

impl Ranked<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }
}

type Who<'a> = (&'a str, Option<&'a Segment>, Option<&'a Subject>);

fn who(cause: &Cause) -> Who<'_> {
    (
        &cause.version,
        cause.segment.as_ref(),
        cause.subject.as_ref(),
    )
}

/// How the causes of one family stand at a boundary; each list has one cause per version, segment and subject, the strongest first.
pub(super) struct Standing<'a> {
    pub(super) firing: Ranked<'a>,
    pub(super) pending: Ranked<'a>,
    resolved: Ranked<'a>,
    withdrawn: Ranked<'a>,
    /// Who began to fire at this boundary without having fired before it.
    pub(super) new: BTreeSet<Who<'a>>,
}

impl<'a> Standing<'a> {
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
        let known: BTreeSet<Who<'_>> = old.iter().chain(&resolved).map(|(c, _)| who(c)).collect();
        let new = begun.iter().map(|(cause, _)| who(cause));
        Self {
            new: new.filter(|who| !known.contains(who)).collect(),
            firing: ranked(firing),
            pending: ranked(pending),
            resolved: ranked(resolved),
            withdrawn: ranked(withdrawn),
        }
    }

    /// The causes that a record of `turn` is about.
    fn causes(&self, turn: Turn) -> &Ranked<'a> {
        match turn {
            Turn::Held => &self.pending,
            Turn::Opened | Turn::Joined | Turn::Escalated => &self.firing,
            Turn::Resolved => &self.resolved,
            Turn::Withdrawn => &self.withdrawn,
        }
    }

    /// The gravest of the causes that a record of `turn` is about.
    pub(super) fn severity(&self, turn: Turn) -> Severity {
        if self.causes(turn).critical {
            Severity::Critical
        } else {
            Severity::Warning
        }
    }
}

type Listed<'a> = Vec<(&'a Cause, &'a Machine)>;

fn split<'a>(machines: impl Iterator<Item = (&'a Cause, &'a Machine)>) -> (Listed<'a>, Listed<'a>) {
    machines.partition(|(_, machine)| machine.state.is_firing())
}

/// An objective is judged in several windows, each with a factor of its own: what pages goes before what does not.
fn urgency(cause: &Cause, evidence: &Evidence) -> bool {
    cause.family == Family::Objective && evidence.critical_effect
}

/// By descending effect, then by name; of each version, segment and subject the first.
fn ranked<'a>(machines: Listed<'a>) -> Ranked<'a> {
    let critical = machines.iter().any(|(_, m)| m.evidence.critical_effect);
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
    causes.retain(|(cause, _)| seen.insert(who(cause)));
    Ranked { causes, critical }
}

/// One transition, about to be written down.
pub(super) struct Draft<'a> {
    pub(super) family: Family,
    pub(super) turn: Turn,
    pub(super) episode: &'a Episode,
    pub(super) at: Boundary,
    pub(super) context: &'a Context<'a>,
    /// All that was found at the boundary, quiet or not.
    pub(super) findings: &'a [Observed],
}

impl Draft<'_> {
    /// The record; `None` without causes, which no transition is.
    pub(super) fn record(&self, standing: &Standing<'_>) -> Option<AlertRecord> {
        let ranked = &standing.causes(self.turn).causes;
        let (first, evidence) = ranked.first()?;
        let causes: Vec<CauseRecord> = ranked.iter().take(CAUSES_SHOWN_MAX).map(cause).collect();
        let new: Vec<Named> = self.new_causes(standing).map(|(c, _)| name(c)).collect();
        let exemplars = self.exemplars(first);
        let (kind, status) = (Kind::from(self.family), self.turn.status());
        let Context {
            model,
            about,
            settings,
            ..
        } = *self.context;
        let objective = Promise {
            sli: self.context.sli,
            budget_remaining: self.budget_remaining(first),
        }
        .part(first, evidence);
        let ended_at = (status == Status::Resolved).then(|| instant(self.at.time()));
        let tale = Tale {
            segment: naming(evidence),
            pages: evidence.critical_effect,
            objective: objective.as_ref(),
            family: self.family,
            status,
            model,
            causes: &causes,
            causes_total: ranked.len() as u64,
            ended_at: ended_at.as_deref(),
        };
        let annotations = annotations(tale.summary(), tale.description(), settings);
        let fingerprint = fingerprint(model, kind, about);
        Some(AlertRecord {
            schema: ALERT_SCHEMA.to_owned(),
            id: self.id(&fingerprint),
            fingerprint,
            kind,
            status,
            change: Some(self.turn.into()),
            sequence: self.episode.sequence,
            severity: self.severity(),
            model: Some(model.to_owned()),
            version: common_version(ranked),
            segment: self.segment(ranked),
            measure: Measure::of(first, evidence),
            reference_id: (self.context.reference_id)(first),
            causes_total: ranked.len() as u64,
            new_causes_total: new.len() as u64,
            new_causes: new.into_iter().take(CAUSES_SHOWN_MAX).collect(),
            exemplars: exemplar_records(&exemplars),
            provenance: provenance(&exemplars),
            runbook_url: settings.runbook_url.clone(),
            labels: labels(kind, self.severity(), Some(model), settings),
            annotations,
            at: instant(self.at.time()),
            started_at: instant(self.episode.start.time()),
            ended_at,
            causes,
            segments: segment_records(evidence),
            objective: objective,
            impact: None,
        })
    }

    fn id(&self, fingerprint: &str) -> String {
        let (start, at) = (self.episode.start.time(), self.at.time());
        record_id(fingerprint, start, at, self.episode.sequence)
    }

    /// What the finding on the budget says, which is there at every look, whatever it says; the least of several.
    fn budget_remaining(&self, first: &Cause) -> Option<f64> {
        let same = |o: &&Observed| {
            o.version == first.version
                && o.segment == first.segment
                && o.finding.subject == first.subject
        };
        let of_objective = self.findings.iter().filter(same);
        let remaining = of_objective.filter_map(|o| o.finding.details.get("remaining"));
        remaining.copied().filter_map(finite).min_by(f64::total_cmp)
    }

    /// The segment that all causes share, or the one that bears most of what the first cause has too much.
    fn segment(&self, ranked: &[(&Cause, &Evidence)]) -> Option<String> {
        let (first, evidence) = ranked.first()?;
        let shared = || ranked.iter().all(|(c, _)| c.segment == first.segment);
        match &first.segment {
            Some(segment) => shared().then(|| segment.to_string()),
            None => naming(evidence).map(|share| share.segment.to_string()),
        }
    }

    fn severity(&self) -> Severity {
        if self.context.settings.dry_run {
            Severity::None
        } else {
            self.episode.severity
        }
    }

    /// The causes of which nobody was told before; all of them where the alert begins.
    fn new_causes<'s>(
        &self,
        standing: &'s Standing<'s>,
    ) -> impl Iterator<Item = &'s (&'s Cause, &'s Evidence)> {
        let turn = self.turn;
        standing
            .causes(turn)
            .causes
            .iter()
            .filter(move |(cause, _)| match turn {
                Turn::Held | Turn::Opened => true,
                Turn::Joined => standing.new.contains(&who(cause)),
                Turn::Escalated | Turn::Resolved | Turn::Withdrawn => false,
            })
    }

    fn exemplars(&self, first: &Cause) -> Exemplars {
        match self.turn.status() {
            Status::Resolved => Exemplars::default(),
            Status::Pending | Status::Firing => (self.context.exemplars)(first),
        }
    }
}

fn cause((cause, evidence): &(&Cause, &Evidence)) -> CauseRecord {
    CauseRecord {
        version: named(&cause.version),
        segment: cause.segment.as_ref().map(Segment::to_string),
        measure: Measure::of(cause, evidence),
    }
}

fn name(cause: &Cause) -> Named {
    Named {
        version: named(&cause.version),
        segment: cause.segment.as_ref().map(Segment::to_string),
        subject: cause.subject_name(),
    }
}

/// The version that all causes share, if it has a name.
fn common_version(ranked: &[(&Cause, &Evidence)]) -> Option<String> {
    let (first, _) = ranked.first()?;
    let shared = ranked
        .iter()
        .all(|(cause, _)| cause.version == first.version);
    shared.then(|| named(&first.version)).flatten()
}
