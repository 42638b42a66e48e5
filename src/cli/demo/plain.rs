//! The demo without a terminal: one line per event of interest.

use super::record::{PublishedAlert, PublishedStatus};
use super::report::{PublishedMeasure, PublishedQuality};
use super::scene::Scene;
use super::score::clock;
use crate::event::EventTime;

/// What was said already.
#[derive(Debug, Default)]
pub(super) struct Plain {
    addresses: bool,
    quarters: u8,
    learned: bool,
    begun: usize,
    ended: usize,
    alerts: usize,
    days: usize,
}

impl Plain {
    /// What is new in `scene`.
    pub(super) fn lines(&mut self, scene: &Scene<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.addresses {
            self.addresses = true;
            lines.push(format!(
                "broker {}  metrics {}",
                scene.bootstrap, scene.metrics
            ));
        }
        self.learning(scene, &mut lines);
        self.incidents(scene, &mut lines);
        for record in scene.said.alerts.iter().skip(self.alerts) {
            lines.push(alert_line(record));
        }
        self.alerts = scene.said.alerts.len();
        for report in scene.said.reports.days.iter().skip(self.days) {
            lines.push(day_line(report));
        }
        self.days = scene.said.reports.days.len();
        lines
    }

    fn learning(&mut self, scene: &Scene<'_>, lines: &mut Vec<String>) {
        match scene.learning() {
            None if !self.learned => {
                self.learned = true;
                lines.push(said(scene.clock(), "reference learned, watching"));
            }
            Some(progress) if (progress * 4.0) as u8 > self.quarters => {
                self.quarters = (progress * 4.0) as u8;
                let percent = u32::from(self.quarters) * 25;
                lines.push(said(
                    scene.clock(),
                    &format!("learning the reference, {percent} %"),
                ));
            }
            _ => {}
        }
    }

    /// Incidents come one by one: what ends is said before the next one begins.
    fn incidents(&mut self, scene: &Scene<'_>, lines: &mut Vec<String>) {
        for (number, incident) in (1..).zip(&scene.timeline.incidents) {
            let (start, end) = (incident.span.start.time(), incident.span.end.time());
            if number > self.begun && scene.now >= start {
                self.begun = number;
                lines.push(said(start, &format!("incident begins: {}", incident.name)));
            }
            if number > self.ended && scene.now >= end {
                self.ended = number;
                lines.push(said(end, &format!("incident ends: {}", incident.name)));
            }
        }
    }
}

fn said(at: EventTime, what: &str) -> String {
    format!("{}  {what}", clock(at))
}

/// What labels say of a day of predictions.
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
    said(
        report.as_of,
        &format!("report on {day}{again}: {}", parts.join(", ")),
    )
}

/// `0.961 (0.930–0.979)`.
pub(super) fn with_interval(measure: &PublishedMeasure) -> String {
    match (measure.low, measure.high) {
        (Some(low), Some(high)) => format!("{:.3} ({low:.3}–{high:.3})", measure.value),
        _ => format!("{:.3}", measure.value),
    }
}

/// What a follow-up says of quality: `unmoved`; `None` of other records.
pub(super) fn verdict(record: &PublishedAlert) -> Option<&str> {
    let impact = record.impact.as_ref().filter(|_| record.is_follow_up())?;
    Some(&impact.verdict)
}

fn alert_line(record: &PublishedAlert) -> String {
    if let Some(said) = record.impact_sentence().filter(|_| record.is_follow_up()) {
        let at = record.moment().map_or_else(String::new, clock);
        return format!("{at}  assessed {}: {said}", record.kind.name());
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

/// `psi of feature:amount`, and how many more.
pub(super) fn causes(record: &PublishedAlert) -> String {
    let mut news = record.news();
    let first = news.next().map_or_else(String::new, |cause| {
        format!(
            "{} of {}",
            cause.detector,
            cause.subject.as_deref().unwrap_or("the model")
        )
    });
    match news.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{learning, watching};
    use super::*;

    #[test]
    fn everything_of_interest_is_said_once() {
        let mut plain = Plain::default();
        let first = plain.lines(&learning().scene());
        assert_eq!(
            first,
            [
                "broker 127.0.0.1:41235  metrics http://127.0.0.1:9898/metrics",
                "Mon 14:00  learning the reference, 50 %",
            ]
        );
        let then = plain.lines(&watching().scene());
        assert_eq!(
            then,
            [
                "Tue 13:00  reference learned, watching",
                "Tue 03:00  incident begins: amount in cents",
                "Tue 05:00  incident ends: amount in cents",
                "Tue 07:30  incident begins: unseen country, 2 %",
                "Tue 09:30  incident ends: unseen country, 2 %",
                "Tue 09:45  incident begins: fraud goes prepaid",
                "Tue 11:45  incident ends: fraud goes prepaid",
                "Tue 12:00  incident begins: age null, 2 → 20 %",
                "Tue 03:06  ALERT drift: psi of feature:amount",
                "Tue 03:45  assessed drift: quality unmoved: accuracy 0.994 (0.923–0.999) in the drifted window, 0.995 before",
                "Tue 07:42  ALERT data quality: new_category of feature:country",
                "Tue 10:04  resolved data quality: new_category of feature:country",
                "Tue 11:05  ALERT objective: burn_rate of objective:precise, segment card=prepaid",
                "Tue 00:00  report on Mon: precision 0.956 (0.906–0.986), 12 corrections",
            ]
        );
        assert!(plain.lines(&watching().scene()).is_empty());
    }
}
