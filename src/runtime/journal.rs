//! The lines that an operator follows in the log: rejected records, discovered models, learned references, models that cannot be
//! judged and why, models that are forgotten, subjects that came late, published alerts, and orders.
//!
//! One line per happening, at level INFO (rejects, models that were not judged, alerts that look permanent, and orders that were
//! refused or cut: WARN), after its commit. A
//! flood is summarised: at most [`LINES_PER_MINUTE`] lines of a kind in a minute, then one line with the number of the others. Of
//! rejected records, only the first of a reason gets a line of its own. Lines hold names and counts, never a feature value and
//! never an id of a prediction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::observe::FlushReport;
use super::order_line;
use super::tasks::Tasks;
use crate::alert::Change;
use crate::event::Reject;
use crate::pipeline::observations::{
    AlertNotice, IngestObservations, ModelObservation, ReferenceProgress,
};
use crate::pipeline::remarks::{GivenUp, LateSubject, Remark};
use crate::pipeline::unpaged::Unpaged;

/// Lines of one kind in a minute. More than this nobody reads, and a screen holds some forty.
const LINES_PER_MINUTE: u64 = 20;
/// Time between two summaries.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(60);

/// What happened, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    ModelDiscovered,
    ReferenceLearned,
    ModelUnjudged,
    ModelForgotten,
    SubjectUnpaged,
    ModelRemarked,
    SubjectCame,
    AlertPublished,
    OrderObeyed,
}

impl Happening {
    /// Words that follow a number.
    fn plural(self) -> &'static str {
        match self {
            Self::ModelDiscovered => "models discovered",
            Self::ReferenceLearned => "references learned",
            Self::ModelForgotten => "models forgotten",
            Self::ModelUnjudged => "models cannot be judged",
            Self::SubjectUnpaged => "subjects grow, or no longer do",
            Self::ModelRemarked => "remarks on models",
            Self::SubjectCame => "late subjects",
            Self::AlertPublished => "alerts published",
            Self::OrderObeyed => "orders obeyed or refused",
        }
    }
}

/// Models of one partition of `panes`.
type KnownModels = BTreeMap<String, KnownModel>;

/// What was logged of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownModel {
    /// Id of its reference, if it has one.
    reference: Option<String>,
    /// True while that reference is provisional.
    is_provisional: bool,
    /// Why it cannot be judged, in one word.
    unjudged: Option<&'static str>,
    /// Its features that only grow.
    growing: BTreeSet<String>,
    /// Keys of the remarks that it ever had: each is said once.
    remarks: BTreeSet<String>,
}

/// What was logged, and what waits for the next summary.
#[derive(Debug, Default)]
pub struct Journal {
    summarised_at: Duration,
    /// Happenings since the last summary.
    happened: BTreeMap<Happening, u64>,
    /// Reasons of which a first record was logged.
    reasons: BTreeSet<Reject>,
    /// Further rejected records since the last summary.
    rejected: BTreeMap<Reject, u64>,
    known: BTreeMap<i32, KnownModels>,
    /// Patterns of `detect.exclude` that match nothing, by partition.
    idle_patterns: BTreeMap<i32, BTreeSet<String>>,
    /// Those of which a line was logged.
    idle_logged: BTreeSet<String>,
}

impl Journal {
    /// Takes what restored tasks know as known, without a line.
    pub fn restored(&mut self, tasks: &Tasks) {
        self.known.clear();
        self.idle_patterns.clear();
        for (partition, task) in &tasks.evaluate {
            let models = task.observe_restored().models;
            let known = models
                .iter()
                .map(|model| (model.name.clone(), KnownModel::of(model)));
            self.known.insert(*partition, known.collect());
        }
    }

    /// Logs what a committed flush brought.
    pub fn note(&mut self, report: &FlushReport) {
        report.ingest.iter().for_each(|own| self.rejects(own));
        for (partition, observed) in &report.evaluate {
            let forgotten = observed.forgotten.iter().filter(|own| own.is_whole());
            forgotten.for_each(|own| self.forgotten(*partition, &own.model));
            self.models(*partition, &observed.models);
            if let Some(idle) = &observed.idle_patterns {
                self.idle_patterns.insert(*partition, idle.clone());
            }
            let late = observed.late_subjects.iter();
            late.for_each(|subject| self.late_subject(subject));
        }
        self.patterns();
        report.notices.iter().for_each(|notice| self.alert(notice));
    }

    /// Logs a summary of what had no line of its own, once a minute. `now` is the stopwatch.
    pub fn tick(&mut self, now: Duration) {
        if now.saturating_sub(self.summarised_at) < SUMMARY_INTERVAL {
            return;
        }
        self.summarised_at = now;
        for (happening, count) in std::mem::take(&mut self.happened) {
            let more = count.saturating_sub(LINES_PER_MINUTE);
            if more > 0 {
                tracing::info!("{more} more {} in the last minute", happening.plural());
            }
        }
        let rejected = std::mem::take(&mut self.rejected);
        let total: u64 = rejected.values().sum();
        if total > 0 {
            let of = |(reason, count): (&Reject, &u64)| format!("{} {count}", reason.code());
            let reasons: Vec<String> = rejected.iter().map(of).collect();
            let reasons = reasons.join(", ");
            tracing::warn!(
                total,
                reasons,
                "records rejected in the last minute; they are in the dead-letter topic"
            );
        }
    }

    fn rejects(&mut self, observed: &IngestObservations) {
        for (reason, count) in &observed.counts.rejected {
            let mut further = *count;
            if self.reasons.insert(*reason) {
                further = further.saturating_sub(1);
                tracing::warn!(
                    topic = observed.source.topic,
                    partition = observed.source.partition,
                    reason = reason.code(),
                    "a record was rejected; it is in the dead-letter topic. Further ones of this reason are counted here once a minute"
                );
            }
            *self.rejected.entry(*reason).or_default() += further;
        }
    }

    fn models(&mut self, partition: i32, models: &[ModelObservation]) {
        for model in models {
            let known = self.known.entry(partition).or_default();
            let before = known.get(&model.name).cloned();
            let now = KnownModel::of(model).after(before.as_ref());
            if before.as_ref() == Some(&now) {
                continue;
            }
            known.insert(model.name.clone(), now.clone());
            self.model(model, before.as_ref(), &now);
        }
        self.forget_others(partition, models);
    }

    /// Logs what is new about a model.
    fn model(&mut self, seen: &ModelObservation, before: Option<&KnownModel>, now: &KnownModel) {
        let model = &seen.name;
        if before.is_none() && self.has_line(Happening::ModelDiscovered) {
            tracing::info!(model, "a model was discovered");
        }
        if let Some(reference) = &now.reference
            && before.and_then(|known| known.reference.as_ref()) != Some(reference)
            && self.has_line(Happening::ReferenceLearned)
        {
            let subjects = seen.subjects;
            let caveat = if now.is_provisional {
                ": it is provisional, so only breaks page until learning.span is over"
            } else {
                ""
            };
            tracing::info!(
                model,
                reference,
                subjects,
                "the reference of a model is learned{caveat}"
            );
        }
        if let Some(why) = seen.unjudged
            && before.and_then(|known| known.unjudged) != now.unjudged
            && self.has_line(Happening::ModelUnjudged)
        {
            let reason = why.name();
            tracing::warn!(model, reason, "a model cannot be judged: {why}");
        }
        self.growing(model, before, now);
        self.remarks(seen, before);
    }

    /// Logs the remarks on a model that it did not have before.
    fn remarks(&mut self, seen: &ModelObservation, before: Option<&KnownModel>) {
        let model = &seen.name;
        for remark in &seen.remarks {
            let was_said = |key| before.is_some_and(|known| known.remarks.contains(&key));
            let is_new = remark.log_key().is_some_and(|key| !was_said(key));
            if is_new && self.has_line(Happening::ModelRemarked) {
                let reason = remark.name();
                tracing::info!(model, reason, "about a model: {remark}");
            }
        }
    }

    /// Logs features that only grow, and those that no longer do.
    fn growing(&mut self, model: &str, before: Option<&KnownModel>, now: &KnownModel) {
        let nothing = BTreeSet::new();
        let before = before.map_or(&nothing, |known| &known.growing);
        for subject in now.growing.difference(before) {
            if self.has_line(Happening::SubjectUnpaged) {
                let why = Unpaged::Growing;
                tracing::warn!(model, subject, "a feature opens no alerts: {why}");
            }
        }
        for subject in before.difference(&now.growing) {
            if self.has_line(Happening::SubjectUnpaged) {
                tracing::info!(
                    model,
                    subject,
                    "a feature no longer only grows: it opens alerts again"
                );
            }
        }
    }

    /// Logs patterns that match no subject of any model of this worker that has learned.
    fn patterns(&mut self) {
        let idle = self.idle_patterns.values().cloned();
        let idle = idle
            .reduce(|idle, other| &idle & &other)
            .unwrap_or_default();
        for pattern in idle {
            if self.idle_logged.insert(pattern.clone()) {
                tracing::warn!(
                    pattern,
                    "a pattern under detect.exclude matches no subject of the models that this worker has learned: check its spelling \
                     against the subjects in /status or in the reports"
                );
            }
        }
    }

    /// Logs what became of a subject that came after the reference. Its name is a field, so that it is printed with escapes.
    fn late_subject(&mut self, late: &LateSubject) {
        if !self.has_line(Happening::SubjectCame) {
            return;
        }
        let LateSubject {
            model,
            subject,
            given_up,
        } = late;
        match given_up {
            None => tracing::info!(
                model,
                subject,
                "a subject that came after the reference has learned its own; it is judged from now on"
            ),
            Some(reason) => {
                let why = match reason {
                    GivenUp::Rare => "it had fewer than 300 values in 30 days",
                    GivenUp::NoRoom => {
                        "the reference holds as many subjects as it may, twice bounds.features"
                    }
                };
                let reason = reason.name();
                tracing::warn!(
                    model,
                    subject,
                    reason,
                    "a subject that came after the reference is given up and not judged, because {why}; an order to learn anew takes it in"
                );
            }
        }
    }

    /// Logs that the task forgets a model.
    fn forgotten(&mut self, partition: i32, model: &str) {
        let known = self.known.get_mut(&partition);
        let Some(known) = known.and_then(|models| models.remove(model)) else {
            return;
        };
        if !self.has_line(Happening::ModelForgotten) {
            return;
        }
        if known.reference.is_some() {
            tracing::info!(
                model,
                "a model was silent for long and is forgotten; if it comes back, it learns anew"
            );
        } else {
            tracing::warn!(
                model,
                "a model was silent for long and is forgotten; it had no reference, so its last predictions were not judged"
            );
        }
    }

    /// Forgets models that the task has forgotten, so that the map is as bounded as the models are.
    fn forget_others(&mut self, partition: i32, models: &[ModelObservation]) {
        if let Some(known) = self.known.get_mut(&partition)
            && known.len() > models.len()
        {
            let names: BTreeSet<&str> = models.iter().map(|model| model.name.as_str()).collect();
            known.retain(|name, _| names.contains(name.as_str()));
        }
    }

    fn alert(&mut self, notice: &AlertNotice) {
        let happening = match notice.order {
            Some(_) => Happening::OrderObeyed,
            None => Happening::AlertPublished,
        };
        if !self.has_line(happening) {
            return;
        }
        let AlertNotice {
            kind,
            about,
            objective,
            status,
            change,
            severity,
            cause,
            causes,
            fingerprint,
            order,
        } = notice;
        if let Some(order) = order {
            order_line::obeyed(notice, order);
            return;
        }
        tracing::info!(
            kind,
            about,
            objective,
            status,
            change,
            severity,
            cause,
            causes,
            fingerprint,
            "alert published"
        );
        if *change == Change::Permanent.name() {
            tracing::warn!(
                kind,
                about,
                fingerprint,
                "the alert has fired without anything new for a week: it looks permanent. If this is how the model is now, accept it with \
                 `tidegauge reference approve` or `relearn` and the --config of this deployment; else mend the cause"
            );
        }
    }

    /// Counts a happening. True if it gets a line of its own.
    fn has_line(&mut self, happening: Happening) -> bool {
        let count = self.happened.entry(happening).or_default();
        *count += 1;
        *count <= LINES_PER_MINUTE
    }
}

impl KnownModel {
    fn of(model: &ModelObservation) -> Self {
        Self {
            reference: match &model.reference {
                ReferenceProgress::Learned { id, .. } => Some(id.clone()),
                ReferenceProgress::Learning { .. } => None,
            },
            is_provisional: matches!(
                model.reference,
                ReferenceProgress::Learned {
                    is_provisional: true,
                    ..
                }
            ),
            unjudged: model.unjudged.map(|unjudged| unjudged.name()),
            growing: growing(model).cloned().collect(),
            remarks: model.remarks.iter().filter_map(Remark::log_key).collect(),
        }
    }

    /// Adds the remarks that the model had before, of this reference or of this learning: an order to learn anew begins again.
    fn after(mut self, before: Option<&Self>) -> Self {
        let said = before.into_iter().flat_map(|known| &known.remarks);
        let is_of_learning = self.reference.is_none();
        let lasts = |key: &&String| key.starts_with("learning") == is_of_learning;
        self.remarks.extend(said.filter(lasts).cloned());
        self
    }
}

/// Features that only grow.
fn growing(model: &ModelObservation) -> impl Iterator<Item = &String> {
    let unpaged = model.unpaged.iter();
    let growing = unpaged.filter(|(_, why)| **why == Unpaged::Growing);
    growing.map(|(subject, _)| subject)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::alert::{Audit, AuditRecord, OrderEffect, OrderOutcome, Pinned, Relearned};
    use crate::event::EventTime;
    use crate::pipeline::frame::SourceId;
    use crate::pipeline::observations::{Forgotten, IngestCounts, Observations, Progress};
    use crate::pipeline::remarks::{AwaitedReference, ThinWindows};
    use crate::pipeline::unjudged::Unjudged;
    use crate::window::{Boundary, WindowLength};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Lines that `steps` log at level INFO.
    fn logged(steps: impl FnOnce(&mut Journal)) -> Vec<String> {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || writer.clone());
        tracing::subscriber::with_default(lines.finish(), || steps(&mut Journal::default()));
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn model(name: &str, reference: Option<&str>) -> ModelObservation {
        let progress = Progress { done: 1, of: 2 };
        ModelObservation {
            name: name.to_owned(),
            versions: 1,
            subjects: 3,
            unjudged: None,
            unpaged: BTreeMap::new(),
            remarks: Vec::new(),
            reference: match reference {
                Some(id) => ReferenceProgress::Learned {
                    id: id.to_owned(),
                    is_provisional: false,
                },
                None => ReferenceProgress::Learning {
                    span_minutes: progress,
                    events: progress,
                },
            },
        }
    }

    fn flushed(models: Vec<ModelObservation>) -> FlushReport {
        let observed = Observations {
            models,
            ..Observations::default()
        };
        FlushReport {
            evaluate: vec![(7, observed)],
            ..FlushReport::default()
        }
    }

    fn rejected(count: u64) -> FlushReport {
        let counts = IngestCounts {
            rejected: BTreeMap::from([(Reject::NotJson, count)]),
            ..IngestCounts::default()
        };
        let observed = IngestObservations {
            source: SourceId {
                topic: "in".into(),
                partition: 3,
            },
            counts,
            watermark: None,
        };
        FlushReport {
            ingest: vec![observed],
            ..FlushReport::default()
        }
    }

    fn notice() -> AlertNotice {
        AlertNotice {
            kind: "drift",
            about: "fraud".into(),
            objective: None,
            status: "firing",
            change: "opened",
            severity: "warning",
            cause: "feature:amount psi".into(),
            causes: 2,
            fingerprint: "df29".into(),
            order: None,
        }
    }

    #[test]
    fn a_model_and_its_reference_get_one_line_each() {
        let lines = logged(|journal| {
            for reference in [None, None, Some("ab12"), Some("ab12")] {
                journal.note(&flushed(vec![model("fraud", reference)]));
            }
        });
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[0].contains("a model was discovered") && lines[0].contains("fraud"));
        assert!(lines[1].contains("is learned") && lines[1].contains("ab12"));
    }

    #[test]
    fn a_model_that_cannot_be_judged_gets_one_line_however_its_count_changes() {
        let small = |predictions| ModelObservation {
            unjudged: Some(Unjudged::TooFewToLearn {
                predictions,
                needed: 1_000,
            }),
            ..model("tiny", None)
        };
        let lines = logged(|journal| {
            for observed in [model("tiny", None), small(40), small(41)] {
                journal.note(&flushed(vec![observed]));
            }
        });
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[1].contains("30 days hold 40 predictions") && lines[1].contains("WARN"));
    }

    #[test]
    fn a_feature_that_only_grows_gets_one_line_and_another_once_it_does_not() {
        let with = |unpaged: &[(&str, Unpaged)]| ModelObservation {
            unpaged: unpaged
                .iter()
                .map(|(name, why)| ((*name).to_owned(), *why))
                .collect(),
            ..model("rows", Some("ab12"))
        };
        let grows = ("feature:row", Unpaged::Growing);
        let excluded = ("feature:id", Unpaged::Excluded);
        let lines = logged(|journal| {
            for unpaged in [&[][..], &[grows], &[excluded, grows], &[excluded]] {
                journal.note(&flushed(vec![with(unpaged)]));
            }
        });
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[2].contains("feature:row") && lines[2].contains("only grow"));
        assert!(lines[3].contains("feature:row") && lines[3].contains("no longer"));
    }

    #[test]
    fn a_pattern_that_matches_nothing_gets_one_line_unless_another_partition_has_a_match() {
        let idle = |partition: i32, patterns: &[&str]| {
            let observed = Observations {
                idle_patterns: Some(patterns.iter().map(|own| (*own).to_owned()).collect()),
                ..Observations::default()
            };
            (partition, observed)
        };
        let lines = logged(|journal| {
            let report = |evaluate| FlushReport {
                evaluate,
                ..FlushReport::default()
            };
            journal.note(&report(vec![
                idle(1, &["a*", "b*"]),
                idle(2, &["b*", "c*"]),
            ]));
            journal.note(&report(vec![idle(1, &["a*", "b*"])]));
            journal.note(&report(vec![(3, Observations::default())]));
        });
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].contains("b*") && lines[0].contains("detect.exclude"));
    }

    #[test]
    fn a_remark_is_logged_once_however_its_numbers_change_and_again_when_its_time_has_passed() {
        let awaited = |hours, is_late| ModelObservation {
            remarks: vec![Remark::Learning(AwaitedReference {
                not_before: Boundary(600),
                hours,
                events: 0,
                is_late,
                ordered_from: None,
            })],
            ..model("fraud", None)
        };
        // A remark that stands is not said again beside a new one.
        let with_another = |mut seen: ModelObservation| {
            seen.remarks.push(Remark::ThinWindows(ThinWindows {
                thin: WindowLength::from_minutes(15).unwrap(),
                predictions: 12,
                judging: WindowLength::from_minutes(60).unwrap(),
                needed: 30,
            }));
            seen
        };
        let lines = logged(|journal| {
            let quiet = model("fraud", None);
            let soon = [awaited(3, false), awaited(2, false), quiet];
            let late = [awaited(9, true), awaited(8, true)];
            let last = with_another(awaited(7, true));
            for observed in soon.into_iter().chain(late).chain([last]) {
                journal.note(&flushed(vec![observed]));
            }
        });
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines[3].contains("judged by windows of 1h and more"));
        assert!(lines[1].contains("about a model: it cannot be judged before 1970-01-01T10:00Z"));
        assert!(lines[1].contains("lacks 3 hours") && lines[2].contains("lacks 9 hours"));
    }

    #[test]
    fn a_late_subject_is_logged_by_name_without_control_characters() {
        let late = |given_up| LateSubject {
            model: "fraud".into(),
            subject: "feature:a\u{1b}[2J".into(),
            given_up,
        };
        let lines = logged(|journal| {
            let observed = Observations {
                late_subjects: vec![late(None), late(Some(GivenUp::Rare))],
                ..Observations::default()
            };
            journal.note(&FlushReport {
                evaluate: vec![(7, observed)],
                ..FlushReport::default()
            });
        });
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[0].contains("has learned its own") && lines[1].contains("is given up"));
        assert!(lines.iter().all(|line| line.contains("feature:a")));
        assert!(
            lines
                .iter()
                .all(|line| !line.contains("[2J") || line.contains("\\u{1b}"))
        );
    }

    #[test]
    fn the_first_reject_of_a_reason_gets_a_line_and_the_others_are_counted_once_a_minute() {
        let lines = logged(|journal| {
            for second in 0..150 {
                journal.note(&rejected(10));
                journal.tick(Duration::from_secs(second));
            }
        });
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert!(lines[0].contains("not_json") && lines[0].contains("partition=3"));
        assert!(lines[1].contains("total=609") && lines[1].contains("not_json 609"));
        assert!(lines[2].contains("total=600"));
    }

    #[test]
    fn a_flood_of_alerts_is_summarised() {
        let lines = logged(|journal| {
            let report = FlushReport {
                notices: vec![notice(); 500],
                ..FlushReport::default()
            };
            journal.note(&report);
            journal.tick(Duration::from_secs(60));
            journal.note(&report);
        });
        assert_eq!(lines.len(), 41, "{lines:#?}");
        assert!(lines[0].contains("alert published") && lines[0].contains("feature:amount psi"));
        assert!(lines[20].contains("480 more alerts published in the last minute"));
    }

    #[test]
    fn an_alert_that_looks_permanent_says_what_to_do() {
        let lines = logged(|journal| {
            let notice = AlertNotice {
                change: "permanent",
                ..notice()
            };
            journal.note(&FlushReport {
                notices: vec![notice],
                ..FlushReport::default()
            });
        });
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[1].contains("WARN") && lines[1].contains("reference approve"));
        assert!(lines[1].contains("--config"), "where the brokers are");
        assert!(
            lines
                .iter()
                .all(|line| line.contains("fingerprint=\"df29\""))
        );
    }

    /// The note and the operator are free text of a person: they stay in the audit record.
    #[test]
    fn an_order_is_logged_with_its_id_and_its_reason_and_without_its_note() {
        let audit = |outcome| Audit {
            order: "o7".to_owned(),
            action: Some("approve"),
            model: Some("fraud".to_owned()),
            by: Some("ann@example.com".to_owned()),
            note: Some("customer Smith".to_owned()),
            alert: None,
            outcome,
        };
        let relearned = |asked| {
            OrderEffect::Relearned(Relearned {
                from: Boundary(29_000_000),
                asked,
                dropped: None,
                pinnable: None,
            })
        };
        let pinned = OrderEffect::Pinned(Pinned {
            wanted: "5ea".to_owned(),
            id: "5ea".to_owned(),
            dropped: None,
            pinnable: None,
        });
        let outcomes = [
            OrderOutcome::Refused("the alert is not open".to_owned()),
            OrderOutcome::Applied(relearned(None)),
            OrderOutcome::Applied(relearned(Some(Boundary(28_000_000)))),
            OrderOutcome::WouldApply(relearned(Some(Boundary(28_000_000)))),
            OrderOutcome::Applied(pinned),
        ];
        let notices = outcomes.map(|outcome| {
            let record = AuditRecord::of(&audit(outcome), EventTime(0));
            AlertNotice::of_audit(&record)
        });
        let lines = logged(|journal| {
            journal.note(&FlushReport {
                notices: notices.to_vec(),
                ..FlushReport::default()
            });
        });
        assert_eq!(lines.len(), 5, "{lines:#?}");
        for line in &lines {
            assert!(line.contains("order=\"o7\"") && line.contains("model=\"fraud\""));
            assert!(!line.contains("Smith") && !line.contains("ann@"), "{line}");
        }
        assert!(lines[0].contains("WARN") && lines[0].contains("the alert is not open"));
        assert!(lines[1].contains("INFO") && lines[1].contains("2025-02-19"));
        assert!(lines[2].contains("WARN") && lines[2].contains("no longer kept"));
        assert!(lines[3].contains("INFO") && lines[3].contains("nothing was changed"));
        assert!(lines[4].contains("INFO") && lines[4].contains("pinned_id=\"5ea\""));
    }

    #[test]
    fn a_model_that_is_forgotten_gets_one_line_and_a_warning_if_it_had_no_reference() {
        let forgotten = |name: &str| Forgotten {
            model: name.to_owned(),
            ..Forgotten::default()
        };
        let lines = logged(|journal| {
            let both = || vec![model("a", None), model("b", Some("ab12"))];
            journal.note(&flushed(both()));
            let version = Forgotten {
                version: Some("1".to_owned()),
                ..forgotten("b")
            };
            let all = vec![forgotten("a"), forgotten("b")];
            for (models, forgotten) in [(both(), vec![version]), (Vec::new(), all)] {
                let observed = Observations {
                    models,
                    forgotten,
                    ..Observations::default()
                };
                journal.note(&FlushReport {
                    evaluate: vec![(7, observed)],
                    ..FlushReport::default()
                });
            }
        });
        assert_eq!(lines.len(), 5, "{lines:#?}");
        assert!(lines[3].contains("WARN") && lines[3].contains("were not judged"));
        assert!(lines[4].contains("INFO") && lines[4].contains("learns anew"));
    }

    #[test]
    fn models_that_are_gone_are_forgotten_and_new_again_when_they_come_back() {
        let lines = logged(|journal| {
            journal.note(&flushed(vec![model("a", None), model("b", None)]));
            journal.note(&flushed(vec![model("a", None)]));
            assert_eq!(journal.known[&7].len(), 1);
            journal.note(&flushed(vec![model("a", None), model("b", None)]));
        });
        assert_eq!(lines.len(), 3, "{lines:#?}");
    }
}
