//! View without a terminal: one line per change.

use super::record::{PublishedAlert, PublishedStatus};
use super::report::{PublishedMeasure, PublishedQuality};
use super::snapshot::Snapshot;
use super::table::clock;
use crate::cli::Printable;
use crate::event::EventTime;

/// Event time for which a line is held back. Records of quality are judged up to an hour and a half after those of
/// predictions, and lines are printed in the order of event time.
const HOLD_MINUTES: i64 = 120;

/// Changes that were already noticed, and lines that wait.
#[derive(Debug, Default)]
pub struct PlainView {
    waiting: Vec<(EventTime, String)>,
    addresses: bool,
    quarters: u8,
    learned: bool,
    begun: usize,
    ended: usize,
    alerts: usize,
    days: usize,
}

impl PlainView {
    /// Lines up to which everything is known by now, in the order of event time. Once the run is over, all that wait.
    pub fn lines(&mut self, snapshot: &Snapshot<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.addresses {
            self.addresses = true;
            lines.push(format!(
                "broker {}  metrics {}",
                snapshot.bootstrap, snapshot.metrics
            ));
        }
        self.learning(snapshot);
        self.incidents(snapshot);
        let published = &snapshot.published;
        for record in published.alerts.iter().skip(self.alerts) {
            let at = record.moment().unwrap_or(snapshot.now);
            self.waiting.push((at, alert_line(record, snapshot)));
        }
        self.alerts = published.alerts.len();
        for report in published.reports.days.iter().skip(self.days) {
            self.waiting.push((report.as_of, day_line(report)));
        }
        self.days = published.reports.days.len();
        lines.extend(self.take_known(snapshot));
        lines
    }

    /// Takes the lines that are old enough. Of lines of one time, the first noticed comes first.
    fn take_known(&mut self, snapshot: &Snapshot<'_>) -> Vec<String> {
        let until = snapshot.now.plus_millis(-HOLD_MINUTES * 60_000);
        self.waiting.sort_by_key(|(at, _)| *at);
        let held = self
            .waiting
            .partition_point(|(at, _)| snapshot.is_over || *at <= until);
        let known = self.waiting.drain(..held);
        known.map(|(_, line)| line).collect()
    }

    fn learning(&mut self, snapshot: &Snapshot<'_>) {
        match snapshot.learning() {
            None if !self.learned => {
                self.learned = true;
                self.wait(snapshot.clock(), "reference learned, watching");
            }
            Some(progress) if (progress * 4.0) as u8 > self.quarters => {
                self.quarters = (progress * 4.0) as u8;
                let percent = u32::from(self.quarters) * 25;
                let line = format!("learning the reference, {percent} %");
                self.wait(snapshot.clock(), &line);
            }
            _ => {}
        }
    }

    fn wait(&mut self, at: EventTime, what: &str) {
        self.waiting.push((at, line_at(at, what)));
    }

    /// Notes begins and ends.
    fn incidents(&mut self, snapshot: &Snapshot<'_>) {
        for (number, incident) in (1..).zip(&snapshot.timeline.incidents) {
            let (start, end) = (incident.span.start.time(), incident.span.end.time());
            if number > self.begun && snapshot.now >= start {
                self.begun = number;
                self.wait(start, &format!("incident begins: {}", incident.name));
            }
            if number > self.ended && snapshot.now >= end {
                self.ended = number;
                self.wait(end, &format!("incident ends: {}", incident.name));
            }
        }
    }
}

fn line_at(at: EventTime, what: &str) -> String {
    format!("{}  {what}", clock(at))
}

/// Line about a quality report on a day.
fn day_line(report: &PublishedQuality) -> String {
    let day = clock(report.window.span.start);
    let day = day.get(..3).unwrap_or_default();
    let again = if report.age.is_some() { " again" } else { "" };
    let measured = |name| {
        let measure = report.measure(name)?;
        Some(format!("{name} {}", with_interval(measure)))
    };
    let mut parts: Vec<String> = ["precision", "recall"]
        .into_iter()
        .filter_map(measured)
        .collect();
    parts.push(format!("{} corrections", report.corrections));
    line_at(
        report.as_of,
        &format!("report on {day}{again}: {}", parts.join(", ")),
    )
}

/// Formats a measure with its interval: `0.961 (0.930–0.979)`.
pub(super) fn with_interval(measure: &PublishedMeasure) -> String {
    match (measure.low, measure.high) {
        (Some(low), Some(high)) => format!("{:.3} ({low:.3}–{high:.3})", measure.value),
        _ => format!("{:.3}", measure.value),
    }
}

/// Verdict of a follow-up record, such as `unmoved`; `None` for other records.
pub(super) fn verdict(record: &PublishedAlert) -> Option<&str> {
    let impact = record.impact.as_ref().filter(|_| record.is_follow_up())?;
    Some(&impact.verdict)
}

fn alert_line(record: &PublishedAlert, snapshot: &Snapshot<'_>) -> String {
    if let Some(sentence) = record.impact_sentence().filter(|_| record.is_follow_up()) {
        let at = record.moment().map_or_else(String::new, clock);
        let sentence = Printable(sentence);
        return format!("{at}  assessed {}: {sentence}", record.kind.name());
    }
    let status = match record.status {
        PublishedStatus::Pending => "pending",
        PublishedStatus::Firing => match record.change.as_deref() {
            Some("joined") => "  joined by",
            Some("escalated") => "  escalated by",
            Some("permanent") => "  looks permanent",
            _ => "ALERT",
        },
        PublishedStatus::Resolved => "resolved",
    };
    let at = record.moment().map_or_else(|| " ".repeat(9), clock);
    let segment = match &record.segment {
        Some(segment) if record.status == PublishedStatus::Firing => {
            format!(", segment {}", Printable(segment))
        }
        _ => String::new(),
    };
    format!(
        "{at}  {status} {}: {}{segment}{}",
        record.kind.name(),
        causes(record),
        origin(record, snapshot)
    )
}

/// Incident behind a record: ` (incident: amount in cents)`; empty if there is none.
pub(super) fn origin(record: &PublishedAlert, snapshot: &Snapshot<'_>) -> String {
    snapshot
        .behind(record)
        .map_or_else(String::new, |incident| {
            format!(" (incident: {})", incident.name)
        })
}

/// First new cause with its window if that is long, and the number of others: `psi of feature:amount over 1d and 2 more`.
pub(super) fn causes(record: &PublishedAlert) -> String {
    let mut added = record.added_causes();
    let first = added.next().map_or_else(String::new, |cause| {
        let subject = cause.subject.as_deref().unwrap_or("the model");
        let long = cause.long_window();
        let window = long.map_or_else(String::new, |length| format!(" over {length}"));
        format!(
            "{} of {}{window}",
            Printable(&cause.detector),
            Printable(subject)
        )
    });
    match added.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
