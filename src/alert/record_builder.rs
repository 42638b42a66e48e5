//! From a transition of an episode to the record that is published of it.

use std::collections::BTreeMap;

use super::cause::{Cause, Evidence, Observed, finite};
use super::cause_summary::{CauseSummary, who};
use super::episode::Context;
use super::identity::{fingerprint, record_id};
use super::objective::Promise;
use super::record::{
    ALERT_SCHEMA, AlertRecord, CAUSES_SHOWN_MAX, CauseMeasure, CauseRecord, Named,
    exemplar_records, instant, named, provenance,
};
use super::segment::{naming, segment_records};
use super::terms::{AlertKind, AlertStatus, Severity};
use super::text::{AlertText, annotations, labels};
use super::transition::{Episode, Transition};
use crate::detect::Family;
use crate::event::Segment;
use crate::sketch::Exemplars;
use crate::window::Boundary;

/// One transition, about to be written down.
pub(super) struct RecordBuilder<'a> {
    pub(super) family: Family,
    pub(super) transition: Transition,
    pub(super) episode: &'a Episode,
    pub(super) at: Boundary,
    pub(super) context: &'a Context<'a>,
    /// All that was found at the boundary, quiet or not.
    pub(super) findings: &'a [Observed],
}

impl RecordBuilder<'_> {
    /// The record; `None` without causes, which no transition is.
    pub(super) fn record(&self, standing: &CauseSummary<'_>) -> Option<AlertRecord> {
        let ranked = &standing.causes(self.transition).causes;
        let (first, evidence) = ranked.first()?;
        let causes: Vec<CauseRecord> = ranked.iter().take(CAUSES_SHOWN_MAX).map(cause).collect();
        let new: Vec<Named> = self.new_causes(standing).map(|(c, _)| name(c)).collect();
        let exemplars = self.exemplars(first);
        let (kind, status) = (AlertKind::from(self.family), self.transition.status());
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
        let ended_at = (status == AlertStatus::Resolved).then(|| instant(self.at.time()));
        let tale = AlertText {
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
            change: Some(self.transition.into()),
            sequence: self.episode.sequence,
            severity: self.severity(),
            model: Some(model.to_owned()),
            version: common_version(ranked),
            segment: self.segment(ranked),
            measure: CauseMeasure::of(first, evidence),
            reference_id: (self.context.reference_id)(first),
            causes_total: ranked.len() as u64,
            new_causes_total: new.len() as u64,
            new_causes: new.into_iter().take(CAUSES_SHOWN_MAX).collect(),
            exemplars: exemplar_records(&exemplars),
            provenance: provenance(&exemplars),
            runbook_url: settings.runbook_url.clone(),
            labels: self.labels(kind),
            annotations,
            at: instant(self.at.time()),
            started_at: instant(self.episode.start.time()),
            ended_at,
            causes,
            segments: segment_records(evidence),
            objective,
            impact: None,
        })
    }

    fn id(&self, fingerprint: &str) -> String {
        let (start, at) = (self.episode.start.time(), self.at.time());
        record_id(fingerprint, start, at, self.episode.sequence)
    }

    /// Two objectives are two alerts to a router too, which tells alerts apart by their labels.
    fn labels(&self, kind: AlertKind) -> BTreeMap<String, String> {
        let Context {
            model,
            about,
            settings,
            ..
        } = *self.context;
        let mut labels = labels(kind, self.severity(), Some(model), settings);
        labels.extend(about.map(|name| ("objective".to_owned(), name.to_owned())));
        labels
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
        standing: &'s CauseSummary<'s>,
    ) -> impl Iterator<Item = &'s (&'s Cause, &'s Evidence)> {
        let transition = self.transition;
        standing
            .causes(transition)
            .causes
            .iter()
            .filter(move |(cause, _)| match transition {
                Transition::Held | Transition::Opened => true,
                Transition::Joined => standing.new.contains(&who(cause)),
                Transition::Escalated | Transition::Resolved | Transition::Withdrawn => false,
            })
    }

    fn exemplars(&self, first: &Cause) -> Exemplars {
        match self.transition.status() {
            AlertStatus::Resolved => Exemplars::default(),
            AlertStatus::Pending | AlertStatus::Firing => (self.context.exemplars)(first),
        }
    }
}

fn cause((cause, evidence): &(&Cause, &Evidence)) -> CauseRecord {
    CauseRecord {
        version: named(&cause.version),
        segment: cause.segment.as_ref().map(Segment::to_string),
        measure: CauseMeasure::of(cause, evidence),
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
