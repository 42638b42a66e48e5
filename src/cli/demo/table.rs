//! Score of the demo as a table of text.

use std::fmt;

use super::score::{DemoScore, IncidentOutcome, IncidentScore};
use crate::event::EventTime;

/// Row of an incident, with the assessment by its labels below.
impl fmt::Display for IncidentOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = clock(self.incident.span.start.time());
        let name = self.incident.name;
        match &self.found {
            Some(IncidentScore {
                what,
                delay_minutes,
            }) => writeln!(f, "{name:<22} {at:<13} {what:<32} {delay_minutes} min")?,
            None => writeln!(f, "{name:<22} {at:<13} MISSED")?,
        }
        if let Some(assessed) = &self.assessed {
            let at = assessed.at.map_or_else(String::new, clock);
            writeln!(f, "{:<22} {at:<13} {}", "  by its labels", assessed.what)?;
        }
        match self.missing_assessment() {
            Some(verdict) => writeln!(f, "{:<22} {:<13} NOT ASSESSED as {verdict}", "", ""),
            None => Ok(()),
        }
    }
}

/// Table at the end of the demo, within 80 columns.
impl fmt::Display for DemoScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.outcomes.is_empty() {
            writeln!(
                f,
                "{:<22} {:<13} {:<32} after",
                "incident", "event time", "alert or report"
            )?;
        }
        for outcome in &self.outcomes {
            write!(f, "{outcome}")?;
        }
        for alarm in &self.false_alarms {
            let at = alarm.at.map_or_else(String::new, clock);
            writeln!(f, "{:<22} {at:<13} {}", "FALSE ALARM", alarm.what)?;
        }
        let found = self.outcomes.iter().filter(|own| own.is_met()).count();
        let (all, false_alarms) = (self.outcomes.len(), self.false_alarms.len());
        writeln!(
            f,
            "{found} of {all} incidents found, {false_alarms} false alarms"
        )
    }
}

/// Formats a time as weekday and time of day, in UTC.
#[must_use]
pub(super) fn clock(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0)
        .map_or_else(|_| "?".to_owned(), |t| t.strftime("%a %H:%M").to_string())
}
