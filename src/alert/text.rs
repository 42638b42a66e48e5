//! What a person reads at 3 a.m.: one line, then plain sentences. Names and numbers of the monitor, never feature values.

use std::collections::BTreeMap;

use super::objective::ObjectivePart;
use super::objective_text::ObjectiveText;
use super::record::{CauseMeasure, CauseRecord};
use super::segment::SegmentShare;
use super::settings::AlertSettings;
use super::terms::{AlertKind, AlertStatus, Severity};
use crate::detect::Family;

/// Names of further causes that a description gives.
const NAMES_MAX: usize = 5;
/// What a cause without a subject is about.
const ALL: &str = "all traffic";

/// What is said of an alert.
pub(super) struct AlertText<'a> {
    pub(super) family: Family,
    pub(super) status: AlertStatus,
    pub(super) model: &'a str,
    pub(super) causes: &'a [CauseRecord],
    pub(super) causes_total: u64,
    pub(super) ended_at: Option<&'a str>,
    /// The segment that bears more than half of the excess.
    pub(super) segment: Option<&'a SegmentShare>,
    /// Whether the first cause asks for somebody now.
    pub(super) pages: bool,
    /// The objective that is not met.
    pub(super) objective: Option<&'a ObjectivePart>,
}

/// What an Alertmanager routes by. The user's labels yield to ours: routing must not depend on a typing error.
pub(super) fn labels(
    kind: AlertKind,
    severity: Severity,
    model: Option<&str>,
    settings: &AlertSettings,
) -> BTreeMap<String, String> {
    let mut labels = settings.labels.clone();
    let alertname = match kind {
        AlertKind::Drift => "TidegaugeDrift",
        AlertKind::DataQuality => "TidegaugeDataQuality",
        AlertKind::Volume => "TidegaugeVolume",
        AlertKind::Slo => "TidegaugeObjective",
        AlertKind::Integrity => "TidegaugeIntegrity",
    };
    let ours = [
        ("alertname", Some(alertname)),
        ("kind", Some(kind.name())),
        ("model", model),
        ("severity", Some(severity.name())),
    ];
    for (name, value) in ours {
        if let Some(value) = value {
            labels.insert(name.to_owned(), value.to_owned());
        }
    }
    labels
}

/// Summary, description and, where there is one, the runbook.
pub(super) fn annotations(
    summary: String,
    description: String,
    settings: &AlertSettings,
) -> BTreeMap<String, String> {
    let runbook = settings.runbook_url.clone();
    let pairs = [
        ("summary", Some(summary)),
        ("description", Some(description)),
        ("runbook_url", runbook),
    ];
    let kept = pairs
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text?)));
    kept.collect()
}

impl AlertText<'_> {
    /// One line.
    pub(super) fn summary(&self) -> String {
        let subject = self.causes.first().map_or_else(|| ALL.to_owned(), place);
        let what = match (self.family, self.causes_total) {
            (Family::Drift, 0 | 1) => format!("{subject} drifts"),
            (Family::Drift, n) => format!("{n} subjects drift, {subject} most"),
            (Family::DataQuality, 0 | 1) => format!("bad data in {subject}"),
            (Family::DataQuality, n) => format!("bad data in {n} subjects, {subject} most"),
            (Family::Volume, _) => "traffic fell away".to_owned(),
            (Family::Objective, _) => match self.of_objective() {
                Some(objective) => objective.line(),
                None => format!("{subject} is not met"),
            },
        };
        let model = self.model;
        match self.status {
            AlertStatus::Pending => format!("{model}: {what} (not firing yet)"),
            AlertStatus::Firing => format!("{model}: {what}"),
            AlertStatus::Resolved => format!("{model}: resolved: {what}"),
        }
    }

    /// Plain sentences.
    pub(super) fn description(&self) -> String {
        let ended = self.ended_at;
        let ended = ended.map(|at| format!("It ended at {at}. This was the last trouble seen."));
        let first = self.causes.first().map(|cause| self.sentence(cause));
        let sentences = [ended, first, self.others()];
        let kept: Vec<String> = sentences.into_iter().flatten().collect();
        kept.join(" ")
    }

    fn of_objective(&self) -> Option<ObjectiveText<'_>> {
        Some(ObjectiveText {
            cause: self.causes.first()?,
            objective: self.objective?,
            pages: self.pages,
            segment: self.segment,
        })
    }

    fn sentence(&self, cause: &CauseRecord) -> String {
        let whose = match &cause.version {
            Some(version) => format!("model {}, version {version},", self.model),
            None => format!("model {}", self.model),
        };
        if let Some(objective) = self.of_objective() {
            return objective.sentences(&whose);
        }
        let subject = place(cause);
        let what = match self.family {
            Family::Drift => format!("{subject} of {whose} is distributed unlike its reference"),
            Family::DataQuality => {
                format!("the data in {subject} of {whose} is not what it used to be")
            }
            Family::Objective => format!("{subject} of {whose} is not met"),
            Family::Volume => {
                format!("{whose} got far less traffic than at this time of earlier days")
            }
        };
        let numbers = numbers(&cause.measure, self.family);
        format!("{}{what}: {numbers}.", when(&cause.measure))
    }

    fn others(&self) -> Option<String> {
        let (first, rest) = self.causes.split_first()?;
        let more = self.causes_total.checked_sub(1).filter(|more| *more > 0)?;
        let name = |cause: &CauseRecord| match &cause.version {
            Some(version) if cause.version != first.version => {
                format!("{} (version {version})", place(cause))
            }
            _ => place(cause),
        };
        let names: Vec<String> = rest.iter().take(NAMES_MAX).map(name).collect();
        let open = if more > names.len() as u64 {
            " and others"
        } else {
            ""
        };
        Some(format!("{more} more: {}{open}.", names.join(", ")))
    }
}

fn subject(cause: &CauseRecord) -> &str {
    cause.measure.subject.as_deref().unwrap_or(ALL)
}

/// The subject, and the segment in which it is in trouble.
fn place(cause: &CauseRecord) -> String {
    match &cause.segment {
        Some(segment) => format!("{} in {segment}", subject(cause)),
        None => subject(cause).to_owned(),
    }
}

pub(super) fn when(measure: &CauseMeasure) -> String {
    measure.window.as_ref().map_or_else(String::new, |window| {
        format!("In the {} up to {}, ", window.length, window.end)
    })
}

fn numbers(measure: &CauseMeasure, family: Family) -> String {
    let (value, threshold) = (short(measure.value), short(measure.threshold));
    let n = measure.window_events.unwrap_or_default();
    let m = measure.reference_events.unwrap_or_default();
    let judged = match family {
        Family::Volume => format!("{n} came where {m} were expected"),
        Family::Objective => format!("{n} events"),
        Family::Drift | Family::DataQuality => {
            format!("{n} events, compared with {m} of the reference")
        }
    };
    format!(
        "{} is {value} and matters from {threshold} ({judged})",
        measure.detector
    )
}

/// A share in percent: `61 %`, `99.9 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0))
}

/// Three significant digits.
pub(super) fn short(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let magnitude = libm::floor(libm::log10(x.abs()));
    if !(-4.0..6.0).contains(&magnitude) {
        return format!("{x:.2e}");
    }
    let digits = (2.0 - magnitude).max(0.0) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_have_three_digits() {
        let shown = [
            (0.0, "0"),
            (0.1, "0.1"),
            (1.2345, "1.23"),
            (12345.0, "12345"),
            (1e-7, "1.00e-7"),
            (-0.0456, "-0.0456"),
        ];
        for (x, text) in shown {
            assert_eq!(short(x), text);
        }
    }
}
