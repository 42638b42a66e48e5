//! View without a terminal: one line per change.

use super::record::{PublishedAlert, PublishedStatus};
use super::report::{PublishedMeasure, PublishedQuality};
use super::snapshot::Snapshot;
use super::table::clock;
use crate::event::EventTime;

/// Changes that were already printed.
#[derive(Debug, Default)]
pub struct PlainView {
    addresses: bool,
    quarters: u8,
    learned: bool,
    begun: usize,
    ended: usize,
    alerts: usize,
    days: usize,
}

impl PlainView {
    /// Lines for the changes since the last call.
    pub fn lines(&mut self, snapshot: &Snapshot<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.addresses {
            self.addresses = true;
            lines.push(format!(
                "broker {}  metrics {}",
                snapshot.bootstrap, snapshot.metrics
            ));
        }
        self.learning(snapshot, &mut lines);
        self.incidents(snapshot, &mut lines);
        for record in snapshot.published.alerts.iter().skip(self.alerts) {
            lines.push(alert_line(record));
        }
        self.alerts = snapshot.published.alerts.len();
        for report in snapshot.published.reports.days.iter().skip(self.days) {
            lines.push(day_line(report));
        }
        self.days = snapshot.published.reports.days.len();
        lines
    }

    fn learning(&mut self, snapshot: &Snapshot<'_>, lines: &mut Vec<String>) {
        match snapshot.learning() {
            None if !self.learned => {
                self.learned = true;
                lines.push(line_at(snapshot.clock(), "reference learned, watching"));
            }
            Some(progress) if (progress * 4.0) as u8 > self.quarters => {
                self.quarters = (progress * 4.0) as u8;
                let percent = u32::from(self.quarters) * 25;
                lines.push(line_at(
                    snapshot.clock(),
                    &format!("learning the reference, {percent} %"),
                ));
            }
            _ => {}
        }
    }

    /// Prints begins and ends. Incidents do not overlap, so an end comes before the next begin.
    fn incidents(&mut self, snapshot: &Snapshot<'_>, lines: &mut Vec<String>) {
        for (number, incident) in (1..).zip(&snapshot.timeline.incidents) {
            let (start, end) = (incident.span.start.time(), incident.span.end.time());
            if number > self.begun && snapshot.now >= start {
                self.begun = number;
                lines.push(line_at(
                    start,
                    &format!("incident begins: {}", incident.name),
                ));
            }
            if number > self.ended && snapshot.now >= end {
                self.ended = number;
                lines.push(line_at(end, &format!("incident ends: {}", incident.name)));
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

fn alert_line(record: &PublishedAlert) -> String {
    if let Some(sentence) = record.impact_sentence().filter(|_| record.is_follow_up()) {
        let at = record.moment().map_or_else(String::new, clock);
        return format!("{at}  assessed {}: {sentence}", record.kind.name());
    }
    let status = match record.status {
        PublishedStatus::Pending => "pending",
        PublishedStatus::Firing => match record.change.as_deref() {
            Some("joined") => "  joined by",
            Some("escalated") => "  graver:",
            _ => "ALERT",
        },
        PublishedStatus::Resolved => "resolved",
    };
    let at = record.moment().map_or_else(|| " ".repeat(9), clock);
    let segment = match &record.segment {
        Some(segment) if record.status == PublishedStatus::Firing => format!(", segment {segment}"),
        _ => String::new(),
    };
    format!(
        "{at}  {status} {}: {}{segment}",
        record.kind.name(),
        causes(record)
    )
}

/// First new cause, and the number of others: `psi of feature:amount and 2 more`.
pub(super) fn causes(record: &PublishedAlert) -> String {
    let mut added = record.added_causes();
    let first = added.next().map_or_else(String::new, |cause| {
        format!(
            "{} of {}",
            cause.detector,
            cause.subject.as_deref().unwrap_or("the model")
        )
    });
    match added.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
