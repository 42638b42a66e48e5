//! What a person reads at 3 a.m.: one line, then plain sentences. Names and numbers of the monitor, never feature values.

use std::collections::BTreeMap;

use super::record::{CauseRecord, Measure};
use super::settings::Settings;
use super::terms::{Kind, Severity, Status};

/// Names of further causes that a description gives.
const NAMES_MAX: usize = 5;

/// What is said of an alert.
pub(super) struct Tale<'a> {
    pub(super) kind: Kind,
    pub(super) status: Status,
    pub(super) model: Option<&'a str>,
    pub(super) causes: &'a [CauseRecord],
    pub(super) causes_total: u64,
    pub(super) ended_at: Option<&'a str>,
}

/// What an Alertmanager routes by. The user's labels yield to ours: routing must not depend on a typing error.
pub(super) fn labels(
    kind: Kind,
    severity: Severity,
    model: Option<&str>,
    settings: &Settings,
) -> BTreeMap<String, String> {
    let mut labels = settings.labels.clone();
    let alertname = match kind {
        Kind::Drift => "TidegaugeDrift",
        Kind::DataQuality => "TidegaugeDataQuality",
        Kind::Volume => "TidegaugeVolume",
        Kind::Integrity => "TidegaugeIntegrity",
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
    settings: &Settings,
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

impl Tale<'_> {
    /// One line.
    pub(super) fn summary(&self) -> String {
        let model = self.model.unwrap_or("tidegauge");
        let subject = self.first_subject();
        let what = match (self.kind, self.causes_total) {
            (Kind::Drift, 0 | 1) => format!("{subject} drifts"),
            (Kind::Drift, n) => format!("{n} subjects drift, {subject} most"),
            (Kind::DataQuality, 0 | 1) => format!("bad data in {subject}"),
            (Kind::DataQuality, n) => format!("bad data in {n} subjects, {subject} most"),
            (Kind::Volume, _) => "traffic fell away".to_owned(),
            (Kind::Integrity, _) => format!("input broken: {subject}"),
        };
        match self.status {
            Status::Pending => format!("{model}: {what} (not firing yet)"),
            Status::Firing => format!("{model}: {what}"),
            Status::Resolved => format!("{model}: over: {what}"),
        }
    }

    /// Plain sentences.
    pub(super) fn description(&self) -> String {
        let mut sentences: Vec<String> = Vec::new();
        if let Some(ended_at) = self.ended_at {
            sentences.push(format!("This ended at {ended_at}; the last trouble seen:"));
        }
        sentences.extend(self.causes.first().map(|cause| self.sentence(cause)));
        sentences.extend(self.others());
        sentences.join(" ")
    }

    fn first_subject(&self) -> &str {
        let first = self.causes.first();
        first
            .and_then(|cause| cause.measure.subject.as_deref())
            .unwrap_or("all traffic")
    }

    fn sentence(&self, cause: &CauseRecord) -> String {
        let measure = &cause.measure;
        let model = self.model.unwrap_or_default();
        let version = cause.version.as_deref().map(|v| format!(" version {v}"));
        let whose = format!("model {model}{}", version.unwrap_or_default());
        let subject = measure.subject.as_deref().unwrap_or("all traffic");
        let what = match self.kind {
            Kind::Drift => format!("{subject} of {whose} is distributed unlike its reference"),
            Kind::DataQuality => {
                format!("the data in {subject} of {whose} is not what it used to be")
            }
            Kind::Volume => {
                format!("{whose} got far less traffic than at this time of earlier days")
            }
            Kind::Integrity => format!("the input of {subject} is broken"),
        };
        format!("{}{what}: {}.", when(measure), numbers(measure))
    }

    fn others(&self) -> Option<String> {
        let more = self.causes_total.checked_sub(1).filter(|more| *more > 0)?;
        let names: Vec<&str> = self
            .causes
            .iter()
            .skip(1)
            .take(NAMES_MAX)
            .map(|cause| cause.measure.subject.as_deref().unwrap_or("all traffic"))
            .collect();
        let open = if more > names.len() as u64 {
            " and others"
        } else {
            ""
        };
        Some(format!("{more} more: {}{open}.", names.join(", ")))
    }
}

fn when(measure: &Measure) -> String {
    measure.window.as_ref().map_or_else(String::new, |window| {
        format!("In the {} up to {}, ", window.length, window.end)
    })
}

fn numbers(measure: &Measure) -> String {
    let Measure { detector, .. } = measure;
    let (value, threshold) = (short(measure.value), short(measure.threshold));
    let judged = match (measure.window_events, measure.reference_events) {
        (Some(n), Some(m)) => format!(" ({n} events against {m})"),
        _ => String::new(),
    };
    format!("{detector} is {value} and matters from {threshold}{judged}")
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
