//! Clocks on the status page and in the metrics: which source holds them, and why.

use serde::Serialize;

use super::catalogue::Metric;
use super::instant::rfc3339;
use super::metrics::Metrics;
use crate::event::EventTime;
use crate::pipeline::clock::{ClockHolder, ClockReport, HoldReason};
use crate::pipeline::frame::SourceId;

/// A clock, and the source that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockStatus {
    /// The clock; `null` while a source was never read.
    #[serde(serialize_with = "rfc3339")]
    pub time: Option<EventTime>,
    /// Topic of the source that holds it.
    pub topic: String,
    /// Partition of that source.
    pub partition: i32,
    /// Wall clock since which the clock has not moved.
    #[serde(serialize_with = "rfc3339")]
    pub since: Option<EventTime>,
    /// Why the source holds the clock, in one word.
    pub reason: &'static str,
    /// The reason and what would help.
    pub why: &'static str,
}

/// Both clocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Clocks {
    pub predictions: Option<ClockStatus>,
    pub quality: Option<ClockStatus>,
}

impl Clocks {
    /// The clocks as all workers of the process see them together.
    pub fn of(reports: &[&ClockReport]) -> Self {
        let slowest = |clock: fn(&ClockReport) -> Option<&ClockHolder>| {
            let seen = reports.iter().filter_map(|report| clock(report));
            let slowest = seen.min_by_key(|seen| (seen.time, seen.reason, &seen.source))?;
            Some(status(slowest, reports))
        };
        Self {
            predictions: slowest(|report| report.predictions.as_ref()),
            quality: slowest(|report| report.quality.as_ref()),
        }
    }

    fn each(&self) -> impl Iterator<Item = (&'static str, &ClockStatus)> {
        let both = [
            ("predictions", &self.predictions),
            ("quality", &self.quality),
        ];
        let held = both.into_iter();
        held.filter_map(|(name, clock)| Some((name, clock.as_ref()?)))
    }
}

/// A holder that another worker of this process reads has its reason there.
fn status(holder: &ClockHolder, reports: &[&ClockReport]) -> ClockStatus {
    let reason = match holder.reason {
        HoldReason::Elsewhere => {
            reason_of(&holder.source, reports).unwrap_or(HoldReason::Elsewhere)
        }
        known => known,
    };
    ClockStatus {
        time: holder.time,
        topic: holder.source.topic.clone(),
        partition: holder.source.partition,
        since: Some(EventTime(holder.since.0)),
        reason: reason.name(),
        why: reason.text(),
    }
}

/// What a source of this process waits for.
pub(super) fn reason_of(source: &SourceId, reports: &[&ClockReport]) -> Option<HoldReason> {
    let mut sources = reports.iter().flat_map(|report| &report.sources);
    let found = sources.find(|(other, _)| other == source);
    found.map(|(_, reason)| *reason)
}

/// The series of the clocks. Only the present holders have one.
#[derive(Default)]
pub(super) struct ClockSeries(Vec<[String; 4]>);

impl ClockSeries {
    /// Shows the clocks in place of those that were shown before.
    pub fn show(&mut self, metrics: &Metrics, clocks: &Clocks) {
        for labels in self.0.drain(..) {
            let labels = labels.each_ref().map(String::as_str);
            metrics.remove(Metric::ClockHolder, &labels);
            metrics.remove(Metric::ClockSeconds, &labels[..1]);
        }
        for (name, clock) in clocks.each() {
            let labels = [
                name.to_owned(),
                clock.topic.clone(),
                clock.partition.to_string(),
                clock.reason.to_owned(),
            ];
            metrics.set(
                Metric::ClockHolder,
                &labels.each_ref().map(String::as_str),
                1.0,
            );
            if let Some(time) = clock.time {
                metrics.set(Metric::ClockSeconds, &[name], time.0 as f64 / 1e3);
            }
            self.0.push(labels);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::Tick;

    fn source(partition: i32) -> SourceId {
        SourceId {
            topic: "in".to_owned(),
            partition,
        }
    }

    fn report(time: i64, partition: i32, reason: HoldReason) -> ClockReport {
        ClockReport {
            predictions: Some(ClockHolder {
                time: Some(EventTime(time)),
                source: source(partition),
                reason,
                since: Tick(9_000),
            }),
            quality: None,
            sources: Vec::new(),
        }
    }

    #[test]
    fn the_slowest_worker_names_the_holder_and_the_one_that_reads_it_the_reason() {
        let mut reader = report(70_000, 1, HoldReason::AtEnd);
        reader.sources = vec![
            (source(1), HoldReason::AtEnd),
            (source(3), HoldReason::Behind),
        ];
        let other = report(60_000, 3, HoldReason::Elsewhere);
        let both = Clocks::of(&[&reader, &other]).predictions.unwrap();
        assert_eq!((both.partition, both.reason), (3, "behind"));
        assert_eq!(both.why, HoldReason::Behind.text());
        let alone = Clocks::of(&[&other]).predictions.unwrap();
        assert_eq!((alone.partition, alone.reason), (3, "elsewhere"));
        assert_eq!(Clocks::of(&[]), Clocks::default());
    }

    #[test]
    fn only_the_present_holder_has_a_series() {
        let (metrics, mut series) = (Metrics::new().unwrap(), ClockSeries::default());
        let lines = |metrics: &Metrics| {
            let text = metrics.render().unwrap();
            let lines = text
                .lines()
                .filter(|line| line.starts_with("tidegauge_clock"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        for (time, partition) in [(60_000, 1), (61_500, 2)] {
            let report = report(time, partition, HoldReason::AtEnd);
            series.show(&metrics, &Clocks::of(&[&report]));
        }
        let holder = r#"tidegauge_clock_holder{clock="predictions",partition="2",reason="at_end",topic="in"} 1"#;
        let clock = r#"tidegauge_clock_seconds{clock="predictions"} 61.5"#;
        assert_eq!(lines(&metrics), [holder, clock]);
        series.show(&metrics, &Clocks::default());
        assert!(lines(&metrics).is_empty(), "{:?}", lines(&metrics));
    }

    #[test]
    fn every_reason_has_one_word_and_a_sentence_without_a_stop() {
        for (n, reason) in HoldReason::ALL.iter().enumerate() {
            let word = reason.name();
            assert!(
                word.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
                "{word}"
            );
            assert!(reason.text().contains(": "), "{word} says what would help");
            let others = HoldReason::ALL.iter().skip(n + 1);
            assert!(others.clone().all(|other| other.name() != word), "{word}");
        }
    }
}
