//! Score of the demo: which alert found which incident and after how long, and which alert has no incident.
//!
//! An alert finds an incident if it is the first firing record of an expected kind that names the subject of the incident,
//! and its segment if one is required, with a window that overlaps the incident. A wave of corrections raises no alert. It
//! is found by the next report on the day, if that report counts exactly as many corrections as were sent. If an
//! assessment is required, the follow-up record must have the expected verdict. A cause is a false alarm if no incident
//! explains it. An incident explains a cause if it moves the subject and overlaps the window, prolonged by the time for
//! which an alert keeps firing. So a window of a day is explained while it contains part of the incident.

use super::incident::{Incident, Sign, Timeline};
use super::record::{PublishedAlert, PublishedCause, PublishedStatus, PublishedWindow};
use super::report::Reports;
use crate::event::EventTime;

/// Published records, and the settings that the score depends on.
#[derive(Debug, Clone, Copy)]
pub struct PublishedSoFar<'a> {
    /// Alert records, in the order in which they were published.
    pub alerts: &'a [PublishedAlert],
    /// Quality reports.
    pub reports: &'a Reports,
    /// Number of corrections sent for payments of the first day.
    pub corrected: i64,
    /// Time for which a quiet alert keeps firing, in minutes.
    pub keep_firing_minutes: i64,
}

/// Result for one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentOutcome {
    /// Incident of the timeline.
    pub incident: Incident,
    /// First record that found it; `None` if it was missed.
    pub found: Option<IncidentScore>,
    /// Assessment by labels, if one is required and was published.
    pub assessed: Option<ScoredAssessment>,
}

/// Record that found an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentScore {
    /// Detector and subject, or the counts of the report.
    pub what: String,
    /// Event time from the begin of the incident to the record, in minutes.
    pub delay_minutes: i64,
}

/// Assessment of an incident by its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredAssessment {
    /// Event time of the follow-up record.
    pub at: Option<EventTime>,
    /// `unmoved`, `worse`, `better` or `unknown`.
    pub verdict: String,
    /// Sentence for the table.
    pub what: String,
}

/// Cause of an alert that no incident explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FalseAlarm {
    /// Event time of the record.
    pub at: Option<EventTime>,
    /// Kind, detector and subject.
    pub what: String,
}

/// Score of the whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoScore {
    /// Results, in the order of the timeline.
    pub outcomes: Vec<IncidentOutcome>,
    /// Unexplained causes, in order of publication.
    pub false_alarms: Vec<FalseAlarm>,
}

/// Compares the published records with the incidents.
#[must_use]
pub fn score_run(timeline: &Timeline, published: &PublishedSoFar<'_>) -> DemoScore {
    let outcomes = timeline.incidents.iter().map(|incident| IncidentOutcome {
        incident: *incident,
        found: match incident.expects.sign {
            Sign::Report => reported(incident, timeline, published),
            Sign::Alert | Sign::Assessed(_) => firing(published).find_map(|r| found(incident, r)),
        },
        assessed: match incident.expects.sign {
            Sign::Assessed(_) => published.alerts.iter().find_map(|r| assessed(incident, r)),
            Sign::Alert | Sign::Report => None,
        },
    });
    DemoScore {
        outcomes: outcomes.collect(),
        false_alarms: false_alarms(timeline, published),
    }
}

/// Records that raise an alert or add to it.
fn firing<'a>(published: &PublishedSoFar<'a>) -> impl Iterator<Item = &'a PublishedAlert> {
    let is_firing = |r: &&PublishedAlert| r.status == PublishedStatus::Firing && !r.is_follow_up();
    published.alerts.iter().filter(is_firing)
}

fn false_alarms(timeline: &Timeline, published: &PublishedSoFar<'_>) -> Vec<FalseAlarm> {
    let mut false_alarms: Vec<FalseAlarm> = Vec::new();
    for record in firing(published) {
        for cause in record.added_causes() {
            let explained = timeline
                .incidents
                .iter()
                .any(|i| explains(i, cause, published.keep_firing_minutes));
            if !explained {
                false_alarms.push(false_alarm(record, cause));
            }
        }
        // A record without a cause is a false alarm.
        if record.causes.is_empty() {
            false_alarms.push(FalseAlarm {
                at: record.moment(),
                what: record.kind.name().to_owned(),
            });
        }
    }
    false_alarms
}

fn found(incident: &Incident, record: &PublishedAlert) -> Option<IncidentScore> {
    let expects = &incident.expects;
    let names_segment = expects.segment.is_none() || record.segment.as_deref() == expects.segment;
    if !expects.kinds.contains(&record.kind) || !names_segment {
        return None;
    }
    let names_it = |cause: &&PublishedCause| {
        cause.subject.as_deref() == expects.subject
            && cause
                .window
                .as_ref()
                .is_some_and(|w| reaches(w, incident, 0))
    };
    let cause = record.added_causes().find(names_it)?;
    let what = match expects.segment {
        Some(segment) => format!("{}, {segment}", cause.detector),
        None => format!(
            "{} of {}",
            cause.detector,
            cause.subject.as_deref().unwrap_or("the model")
        ),
    };
    Some(IncidentScore {
        what,
        delay_minutes: delay(incident, record.moment()?),
    })
}

fn delay(incident: &Incident, time: EventTime) -> i64 {
    (time.0 - incident.span.start.time().0) / 60_000
}

/// Finds the next report on the day, if it counts all corrections that were sent.
fn reported(
    incident: &Incident,
    timeline: &Timeline,
    published: &PublishedSoFar<'_>,
) -> Option<IncidentScore> {
    let mut reports = published.reports.of_day(timeline.start.time());
    let first = reports.next()?;
    let next = reports.find(|report| report.as_of >= incident.span.end.time())?;
    let is_exact = next.corrections == published.corrected && next.corrections > first.corrections;
    is_exact.then(|| IncidentScore {
        what: format!("corrections {} → {}", first.corrections, next.corrections),
        delay_minutes: delay(incident, next.as_of),
    })
}

fn assessed(incident: &Incident, record: &PublishedAlert) -> Option<ScoredAssessment> {
    let impact = record.impact.as_ref().filter(|_| record.is_follow_up())?;
    let is_about_it = |cause: &PublishedCause| {
        cause
            .window
            .as_ref()
            .is_some_and(|w| reaches(w, incident, 0))
    };
    if !record.causes.iter().any(is_about_it) {
        return None;
    }
    let share = |share: Option<f64>| share.map_or("?".to_owned(), |x| format!("{x:.3}"));
    Some(ScoredAssessment {
        at: record.moment(),
        verdict: impact.verdict.clone(),
        what: format!(
            "quality {}: {} right, {} before",
            impact.verdict,
            share(impact.value),
            share(impact.before_value)
        ),
    })
}

/// Incident behind a record: the latest one that explains a cause which the record adds.
pub(super) fn behind<'a>(
    timeline: &'a Timeline,
    record: &PublishedAlert,
    keep_firing_minutes: i64,
) -> Option<&'a Incident> {
    let is_behind = |incident: &&Incident| {
        let mut causes = record.added_causes();
        causes.any(|cause| explains(incident, cause, keep_firing_minutes))
    };
    timeline.incidents.iter().rev().find(is_behind)
}

fn explains(incident: &Incident, cause: &PublishedCause, keep_firing_minutes: i64) -> bool {
    let subject = cause.subject.as_deref();
    let moves = subject == incident.expects.subject
        || subject.is_some_and(|s| incident.expects.also.contains(&s));
    moves
        && !incident.expects.kinds.is_empty()
        && cause
            .window
            .as_ref()
            .is_some_and(|w| reaches(w, incident, keep_firing_minutes))
}

/// True if the window overlaps the incident, prolonged by `minutes`.
fn reaches(window: &PublishedWindow, incident: &Incident, minutes: i64) -> bool {
    incident.span.start.time() < window.end
        && window.start < incident.span.end.plus_minutes(minutes).time()
}

fn false_alarm(record: &PublishedAlert, cause: &PublishedCause) -> FalseAlarm {
    let subject = cause.subject.as_deref().unwrap_or("the model");
    FalseAlarm {
        at: record.moment(),
        what: format!("{}: {} of {subject}", record.kind.name(), cause.detector),
    }
}

impl IncidentOutcome {
    /// True if the alert and the required assessment were published.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.found.is_some() && self.missing_assessment().is_none()
    }

    /// Verdict that the assessment should have and does not have.
    pub(super) fn missing_assessment(&self) -> Option<&'static str> {
        match self.incident.expects.sign {
            Sign::Assessed(verdict) => {
                let is_right = self.assessed.as_ref().is_some_and(|a| a.verdict == verdict);
                (!is_right).then_some(verdict)
            }
            Sign::Alert | Sign::Report => None,
        }
    }
}

impl DemoScore {
    /// True if every incident was found and there were no false alarms.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.false_alarms.is_empty() && self.outcomes.iter().all(IncidentOutcome::is_met)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn timeline() -> Timeline {
        Timeline::from_day(EventTime(1_777_852_800_000), true) // Monday, 4 May 2026
    }

    /// Makes a record whose window of `length` minutes ends `minute` minutes after the start.
    fn record(kind: &str, subject: Option<&str>, minute: i64, length: i64) -> PublishedAlert {
        let instant = |m| {
            jiff::Timestamp::from_millisecond(timeline().start.plus_minutes(m).time().0)
                .unwrap()
                .to_string()
        };
        let window =
            json!({"length": "x", "start": instant(minute - length), "end": instant(minute)});
        let value = json!({
            "kind": kind, "status": "firing", "change": "opened", "window": window, "started_at": instant(minute),
            "causes": [{"subject": subject, "detector": "psi", "window": window, "value": 0.4}],
            "new_causes": [{"version": "1", "subject": subject}],
        });
        PublishedAlert::read(&serde_json::to_vec(&value).unwrap()).unwrap()
    }

    /// Makes a record about an objective that names a segment.
    fn burning(segment: Option<&str>, minute: i64) -> PublishedAlert {
        let mut record = record("slo", Some("objective:precise"), minute, 120);
        record.segment = segment.map(str::to_owned);
        record
    }

    /// Makes the follow-up record of a drift whose window of 15 minutes ends at `minute`.
    fn follow_up(minute: i64, verdict: &str) -> PublishedAlert {
        let mut record = record("drift", None, minute, 15);
        record.change = Some("assessed".into());
        record.at = Some(timeline().start.plus_minutes(minute + 45).time());
        let impact = json!({"verdict": verdict, "value": 0.993, "before_value": 0.994});
        record.impact = Some(serde_json::from_value(impact).unwrap());
        record
    }

    /// Makes the report on the first day at the end of day `day`.
    fn day_report(day: i64, corrections: i64) -> Vec<u8> {
        let instant = |m| {
            jiff::Timestamp::from_millisecond(timeline().start.plus_minutes(m).time().0)
                .unwrap()
                .to_string()
        };
        let value = json!({
            "schema": "tidegauge.quality/1", "segment": null, "by": "prediction", "coverage": 0.35,
            "window": {"length": "1d", "start": instant(0), "end": instant(1_440)},
            "as_of": instant(day * 1_440), "age": (day > 1).then_some("horizon"),
            "corrections": corrections, "measures": {},
        });
        serde_json::to_vec(&value).unwrap()
    }

    fn reports(corrections: [i64; 2]) -> Reports {
        let mut reports = Reports::default();
        for (day, corrections) in (1..).zip(corrections) {
            reports.take(&day_report(day, corrections));
        }
        reports
    }

    /// Scores `alerts` with correct reports.
    fn account(timeline: &Timeline, alerts: &[PublishedAlert]) -> DemoScore {
        account_with(timeline, alerts, &reports([120, 470]))
    }

    fn account_with(
        timeline: &Timeline,
        alerts: &[PublishedAlert],
        reports: &Reports,
    ) -> DemoScore {
        let published = PublishedSoFar {
            alerts,
            reports,
            corrected: 470,
            keep_firing_minutes: 15,
        };
        score_run(timeline, &published)
    }

    fn all_found() -> Vec<PublishedAlert> {
        vec![
            record("drift", Some("feature:amount"), 27 * 60 + 6, 15),
            record("data_quality", Some("feature:country"), 31 * 60 + 41, 15),
            record("data_quality", Some("feature:age"), 36 * 60 + 20, 60),
            record("volume", None, 40 * 60 + 44, 15),
            record("drift", Some("score"), 43 * 60 + 42, 15),
            burning(Some("card=prepaid"), 35 * 60),
            follow_up(27 * 60 + 6, "unmoved"),
            follow_up(43 * 60 + 42, "worse"),
        ]
    }

    #[test]
    fn a_clean_run_names_each_incident_with_its_delay() {
        let demo_score = account(&timeline(), &all_found());
        assert!(demo_score.is_clean(), "{demo_score}");
        let delays: Vec<i64> = demo_score
            .outcomes
            .iter()
            .map(|o| o.found.as_ref().unwrap().delay_minutes)
            .collect();
        assert_eq!(delays, [6, 11, 75, 20, 14, 360, 12]);
        let table = demo_score.to_string();
        assert!(
            table.contains(
                "amount in cents        Tue 03:00     psi of feature:amount            6 min"
            ),
            "{table}"
        );
        assert!(table.contains("7 of 7 incidents found, 0 false alarms"));
        assert!(
            table.lines().all(|line| line.chars().count() <= 80),
            "{table}"
        );
    }

    #[test]
    fn without_alerts_everything_is_missed_or_nothing_was_to_be_found() {
        let demo_score = account(&timeline(), &[]);
        assert!(!demo_score.is_clean());
        assert!(demo_score.to_string().contains("MISSED"));
        let calm = Timeline::from_day(EventTime(0), false);
        assert!(account(&calm, &[]).is_clean());
        assert!(!account(&calm, &all_found()).is_clean());
    }

    #[test]
    fn an_alert_that_no_incident_explains_is_false() {
        let false_ones = [
            (
                "before it begins",
                record("drift", Some("feature:amount"), 27 * 60, 15),
            ),
            (
                "another subject",
                record("drift", Some("feature:device"), 28 * 60, 15),
            ),
            (
                "long after",
                record("drift", Some("feature:amount"), 33 * 60, 15),
            ),
            (
                "a day's window that left it behind",
                record("drift", Some("feature:amount"), 29 * 60 + 16 + 1_440, 1_440),
            ),
            (
                "a volume alert while traffic flows",
                record("volume", None, 34 * 60, 15),
            ),
        ];
        for (what, record) in false_ones {
            let mut records = all_found();
            records.push(record);
            let demo_score = account(&timeline(), &records);
            assert_eq!(demo_score.false_alarms.len(), 1, "{what}");
            assert!(!demo_score.is_clean(), "{what}");
        }
    }

    #[test]
    fn what_still_looks_at_the_incident_is_explained() {
        let explained = [
            record("drift", Some("feature:amount"), 29 * 60 + 10, 15),
            record("drift", Some("feature:amount"), 29 * 60 + 1_430, 1_440),
            record("drift", Some("label"), 44 * 60, 15),
        ];
        let records: Vec<PublishedAlert> = all_found().into_iter().chain(explained).collect();
        assert!(account(&timeline(), &records).is_clean());
    }

    /// A known cause does not find a later incident of the same subject, and is no second false alarm.
    #[test]
    fn only_what_is_new_with_a_record_counts() {
        let mut joined = record("drift", Some("score"), 43 * 60 + 42, 15);
        let old = record("drift", Some("feature:device"), 43 * 60 + 42, 15).causes[0].clone();
        joined.causes.insert(0, old);
        let mut records = all_found();
        records[4] = joined;
        assert!(account(&timeline(), &records).is_clean());
    }

    #[test]
    fn the_wrong_kind_does_not_find_an_incident() {
        let mut records = all_found();
        records[2] = record("drift", Some("feature:age"), 36 * 60 + 20, 15);
        assert_eq!(account(&timeline(), &records).outcomes[3].found, None);
    }

    #[test]
    fn an_objective_must_name_the_segment() {
        for wrong in [None, Some("card=debit")] {
            let mut records = all_found();
            records[5] = burning(wrong, 35 * 60);
            let demo_score = account(&timeline(), &records);
            assert_eq!(demo_score.outcomes[2].found, None);
            assert!(
                demo_score.false_alarms.is_empty(),
                "it is about the incident"
            );
        }
        let mut records = all_found();
        records.push(burning(None, 40 * 60 + 30));
        assert_eq!(account(&timeline(), &records).false_alarms.len(), 1);
    }

    #[test]
    fn labels_must_say_what_a_drift_did() {
        let mut records = all_found();
        records[6] = follow_up(27 * 60 + 6, "worse");
        let demo_score = account(&timeline(), &records);
        assert!(!demo_score.is_clean() && demo_score.outcomes[0].found.is_some());
        let table = demo_score.to_string();
        assert!(table.contains("NOT ASSESSED as unmoved"), "{table}");
        records.remove(6);
        assert!(!account(&timeline(), &records).is_clean());
    }

    #[test]
    fn a_wave_is_seen_only_if_every_correction_is_counted() {
        for wrong in [[120, 469], [120, 471], [470, 470]] {
            let demo_score = account_with(&timeline(), &all_found(), &reports(wrong));
            assert_eq!(demo_score.outcomes[5].found, None, "{wrong:?}");
        }
        let mut early = Reports::default();
        early.take(&day_report(1, 120));
        let demo_score = account_with(&timeline(), &all_found(), &early);
        assert!(!demo_score.is_clean(), "not reported again");
    }
}
