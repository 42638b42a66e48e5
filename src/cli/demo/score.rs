//! The reckoning: which incident was found by which alert and after how long, and which alert has no incident.
//!
//! An incident is found by the first firing record of an expected kind that names its subject, with a window that
//! reaches into it. A cause is false when no incident explains it: none that moves its subject and that overlaps its
//! window, prolonged by the time for which an alert keeps firing. A window of a day that still holds an incident is
//! thereby explained, one that has left it behind is not.

use std::fmt;

use super::incident::{Incident, Timeline};
use super::record::{AlertRecord, AlertStatus, CauseRecord, WindowRecord};
use crate::event::EventTime;

/// What became of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The incident.
    pub incident: Incident,
    /// The alert that found it.
    pub found: Option<Found>,
}

/// The alert that found an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The detector.
    pub detector: String,
    /// Its subject; `None` for the model as a whole.
    pub subject: Option<String>,
    /// Event time from the incident's beginning to the alert, in minutes.
    pub delay_minutes: i64,
}

/// An alert's cause that nothing explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FalseAlarm {
    /// When it was said.
    pub at: Option<EventTime>,
    /// Its kind, detector and subject.
    pub what: String,
}

/// The whole account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoning {
    /// Each incident, in order.
    pub outcomes: Vec<Outcome>,
    /// Each unexplained cause once.
    pub false_alarms: Vec<FalseAlarm>,
}

/// Holds `records`, in the order in which they were published, against what went wrong. `keep_firing_minutes` is the
/// alerting's own setting.
#[must_use]
pub fn reckon(timeline: &Timeline, records: &[AlertRecord], keep_firing_minutes: i64) -> Reckoning {
    let firing = || {
        records
            .iter()
            .filter(|record| record.status == AlertStatus::Firing)
    };
    let outcomes = timeline.incidents.iter().map(|incident| Outcome {
        incident: *incident,
        found: firing().find_map(|record| found(incident, record)),
    });
    let mut false_alarms: Vec<FalseAlarm> = Vec::new();
    for record in firing() {
        for cause in record.news() {
            let explained = timeline
                .incidents
                .iter()
                .any(|i| explains(i, cause, keep_firing_minutes));
            if !explained {
                false_alarms.push(false_alarm(record, cause));
            }
        }
        // A record that names no cause at all explains nothing.
        if record.causes.is_empty() {
            false_alarms.push(FalseAlarm {
                at: record.moment(),
                what: record.kind.name().to_owned(),
            });
        }
    }
    Reckoning {
        outcomes: outcomes.collect(),
        false_alarms,
    }
}

fn found(incident: &Incident, record: &AlertRecord) -> Option<Found> {
    if !incident.expects.kinds.contains(&record.kind) {
        return None;
    }
    let names_it = |cause: &&CauseRecord| {
        cause.subject.as_deref() == incident.expects.subject
            && cause
                .window
                .as_ref()
                .is_some_and(|w| reaches(w, incident, 0))
    };
    let cause = record.news().find(names_it)?;
    let said = record.moment()?;
    Some(Found {
        detector: cause.detector.clone(),
        subject: cause.subject.clone(),
        delay_minutes: (said.0 - incident.span.start.time().0) / 60_000,
    })
}

fn explains(incident: &Incident, cause: &CauseRecord, keep_firing_minutes: i64) -> bool {
    let subject = cause.subject.as_deref();
    let moves = subject == incident.expects.subject
        || subject.is_some_and(|s| incident.expects.also.contains(&s));
    moves
        && cause
            .window
            .as_ref()
            .is_some_and(|w| reaches(w, incident, keep_firing_minutes))
}

/// Whether the window overlaps the incident and `minutes` after it.
fn reaches(window: &WindowRecord, incident: &Incident, minutes: i64) -> bool {
    incident.span.start.time() < window.end
        && window.start < incident.span.end.plus_minutes(minutes).time()
}

fn false_alarm(record: &AlertRecord, cause: &CauseRecord) -> FalseAlarm {
    let subject = cause.subject.as_deref().unwrap_or("the model");
    FalseAlarm {
        at: record.moment(),
        what: format!("{}: {} of {subject}", record.kind.name(), cause.detector),
    }
}

impl Reckoning {
    /// Whether every incident was found and nothing false fired.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.false_alarms.is_empty() && self.outcomes.iter().all(|outcome| outcome.found.is_some())
    }
}

/// The table at the end, within 80 columns.
impl fmt::Display for Reckoning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.outcomes.is_empty() {
            writeln!(
                f,
                "{:<22} {:<13} {:<32} after",
                "incident", "event time", "alert"
            )?;
        }
        for outcome in &self.outcomes {
            let at = clock(outcome.incident.span.start.time());
            let name = outcome.incident.name;
            match &outcome.found {
                Some(found) => {
                    let alert = format!(
                        "{} of {}",
                        found.detector,
                        found.subject.as_deref().unwrap_or("the model")
                    );
                    writeln!(
                        f,
                        "{name:<22} {at:<13} {alert:<32} {} min",
                        found.delay_minutes
                    )?;
                }
                None => writeln!(f, "{name:<22} {at:<13} MISSED")?,
            }
        }
        for alarm in &self.false_alarms {
            let at = alarm.at.map_or_else(String::new, clock);
            writeln!(f, "{:<22} {at:<13} {}", "FALSE ALARM", alarm.what)?;
        }
        let found = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.found.is_some())
            .count();
        let (all, false_alarms) = (self.outcomes.len(), self.false_alarms.len());
        writeln!(
            f,
            "{found} of {all} incidents found, {false_alarms} false alarms"
        )
    }
}

/// Weekday and time of day, UTC.
#[must_use]
pub(super) fn clock(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0)
        .map_or_else(|_| "?".to_owned(), |t| t.strftime("%a %H:%M").to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn timeline() -> Timeline {
        Timeline::from_day(EventTime(1_777_852_800_000), true) // Monday, 4 May 2026
    }

    /// A record whose window of `length` minutes ends `minute` minutes after the start.
    fn record(kind: &str, subject: Option<&str>, minute: i64, length: i64) -> AlertRecord {
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
        AlertRecord::read(&serde_json::to_vec(&value).unwrap()).unwrap()
    }

    fn all_found() -> Vec<AlertRecord> {
        vec![
            record("drift", Some("feature:amount"), 27 * 60 + 6, 15),
            record("data_quality", Some("feature:country"), 31 * 60 + 41, 15),
            record("data_quality", Some("feature:age"), 36 * 60 + 20, 60),
            record("volume", None, 40 * 60 + 44, 15),
            record("drift", Some("score"), 43 * 60 + 42, 15),
        ]
    }

    #[test]
    fn a_clean_run_names_each_incident_with_its_delay() {
        let reckoning = reckon(&timeline(), &all_found(), 15);
        assert!(reckoning.is_clean(), "{reckoning}");
        let delays: Vec<i64> = reckoning
            .outcomes
            .iter()
            .map(|o| o.found.as_ref().unwrap().delay_minutes)
            .collect();
        assert_eq!(delays, [6, 11, 20, 14, 12]);
        let table = reckoning.to_string();
        assert!(
            table.contains(
                "amount in cents        Tue 03:00     psi of feature:amount            6 min"
            ),
            "{table}"
        );
        assert!(table.contains("5 of 5 incidents found, 0 false alarms"));
        assert!(
            table.lines().all(|line| line.chars().count() <= 80),
            "{table}"
        );
    }

    #[test]
    fn without_alerts_everything_is_missed_or_nothing_was_to_be_found() {
        let reckoning = reckon(&timeline(), &[], 15);
        assert!(!reckoning.is_clean());
        assert!(reckoning.to_string().contains("MISSED"));
        let calm = Timeline::from_day(EventTime(0), false);
        assert!(reckon(&calm, &[], 15).is_clean());
        assert!(!reckon(&calm, &all_found(), 15).is_clean());
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
            let reckoning = reckon(&timeline(), &records, 15);
            assert_eq!(reckoning.false_alarms.len(), 1, "{what}");
            assert!(!reckoning.is_clean(), "{what}");
        }
    }

    #[test]
    fn what_still_looks_at_the_incident_is_explained() {
        let explained = [
            record("drift", Some("feature:amount"), 29 * 60 + 10, 15),
            record("drift", Some("feature:amount"), 29 * 60 + 1_430, 1_440),
            record("drift", Some("label"), 44 * 60, 15),
        ];
        let records: Vec<AlertRecord> = all_found().into_iter().chain(explained).collect();
        assert!(reckon(&timeline(), &records, 15).is_clean());
    }

    /// A cause that was already known does not find a later incident of the same subject, nor is it false again.
    #[test]
    fn only_what_is_new_with_a_record_counts() {
        let mut joined = record("drift", Some("score"), 43 * 60 + 42, 15);
        let old = record("drift", Some("feature:device"), 43 * 60 + 42, 15).causes[0].clone();
        joined.causes.insert(0, old);
        let records: Vec<AlertRecord> = all_found().into_iter().take(4).chain([joined]).collect();
        assert!(reckon(&timeline(), &records, 15).is_clean());
    }

    #[test]
    fn the_wrong_kind_does_not_find_an_incident() {
        let mut records = all_found();
        records[2] = record("drift", Some("feature:age"), 36 * 60 + 20, 15);
        assert_eq!(reckon(&timeline(), &records, 15).outcomes[2].found, None);
    }
}
