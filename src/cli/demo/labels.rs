//! Labels of payments: they arrive minutes later, some twice, some wrong at first.
//!
//! **Intuition.** Somebody reviews every payment that the model suspects. A third of the others is settled and known to be
//! honest or not. The labels of a payment are a pure function of seed, payment and timeline.
//!
//! **Model.** Of suspected payments 96 % are fraud, of the others 0.4 %. A label comes after 3 minutes plus an exponential
//! time with a mean of 12 minutes, at most an hour. 3 % come twice. 0.5 % are wrong at first and are corrected about 20
//! minutes later. While fraud moves, 5 % of the suspected payments on prepaid cards are fraud, and 3 % of the others on
//! prepaid cards. In a wave of chargebacks, 5 % of the payments of four hours of the previous evening that were settled as
//! honest turn out to be fraud.
//!
//! **Limits.** Truth does not follow the score, so the stream is no test of calibration.

use std::collections::BTreeMap;

use fastrand::Rng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::incident::{IncidentKind, Timeline};
use super::traffic::DemoEvent;
use crate::event::EventTime;
use crate::window::{Boundary, Span};

/// Share of fraud among suspected payments.
const PRECISION: f64 = 0.96;
/// Share of fraud among the other payments.
const MISSED: f64 = 0.004;
/// Both shares on prepaid cards while fraud moves.
const MOVED: (f64, f64) = (0.05, 0.03);
/// Kind of card that fraud moves to.
pub(super) const MOVED_TO: &str = "prepaid";
/// Share of the other payments that are labelled at all.
const SETTLED: f64 = 0.33;
const TWICE: f64 = 0.03;
const WRONG_AT_FIRST: f64 = 0.005;
/// Share of payments settled as honest that the wave of chargebacks corrects.
const CHARGED_BACK: f64 = 0.05;
/// Age of the corrected payments at the begin of the wave, in minutes: within the horizon of a day until its end.
const WAVE_BEFORE: (i64, i64) = (23 * 60, 19 * 60);
const MINUTE: f64 = 60_000.0;

/// Label of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoLabel {
    /// Id of the payment.
    pub id: String,
    /// Event time of the payment.
    pub about: EventTime,
    /// Event time of the label.
    pub at: EventTime,
    /// True for fraud.
    pub is_fraud: bool,
    /// True if the label corrects an earlier one.
    pub is_correction: bool,
    /// Source of the label.
    pub source: &'static str,
}

/// All labels of `event`, in order of time. Most payments have none.
#[must_use]
pub fn labels_of(event: &DemoEvent, seed: u64, timeline: &Timeline) -> Vec<DemoLabel> {
    let mut rng = Rng::with_seed(xxh3_64_with_seed(event.id.as_bytes(), seed));
    let is_fraud = rng.f64() < fraud_share(event, timeline.kind_at(event.time));
    let is_looked_at = event.is_suspect || event.label() == "fraud";
    if !is_looked_at && rng.f64() >= SETTLED {
        return Vec::new();
    }
    let at = event.time.plus_millis(minutes(&mut rng, 3.0, 12.0));
    let is_wrong = rng.f64() < WRONG_AT_FIRST;
    let first = DemoLabel {
        id: event.id.clone(),
        about: event.time,
        at,
        is_fraud: is_fraud != is_wrong,
        is_correction: false,
        source: if is_looked_at { "review" } else { "settlement" },
    };
    let mut labels = vec![first.clone()];
    if rng.f64() < TWICE {
        let again = at.plus_millis(minutes(&mut rng, 0.2, 1.0));
        labels.push(DemoLabel {
            at: again,
            ..first.clone()
        });
    }
    let charged_back =
        charged_back(&mut rng, event, timeline).filter(|_| !is_fraud && !is_looked_at);
    let corrected = is_wrong.then(|| at.plus_millis(minutes(&mut rng, 15.0, 5.0)));
    labels.extend(corrected.map(|at| DemoLabel {
        at,
        is_fraud,
        is_correction: true,
        ..first.clone()
    }));
    labels.extend(charged_back.map(|at| DemoLabel {
        at,
        is_fraud: true,
        is_correction: true,
        source: "chargeback",
        ..first
    }));
    labels
}

fn fraud_share(event: &DemoEvent, kind: Option<IncidentKind>) -> f64 {
    let moved = kind == Some(IncidentKind::FraudMoves) && event.card == MOVED_TO;
    let (suspected, unsuspected) = if moved { MOVED } else { (PRECISION, MISSED) };
    if event.is_suspect {
        suspected
    } else {
        unsuspected
    }
}

/// Time at which the wave of chargebacks reaches the payment, if it does.
fn charged_back(rng: &mut Rng, event: &DemoEvent, timeline: &Timeline) -> Option<EventTime> {
    let wave = timeline.span_of(IncidentKind::Chargebacks)?;
    let concerned = Span {
        start: wave.start.plus_minutes(-WAVE_BEFORE.0),
        end: wave.start.plus_minutes(-WAVE_BEFORE.1),
    };
    let is_concerned = concerned.start.time() <= event.time && event.time < concerned.end.time();
    let length = wave.end.time().0 - wave.start.time().0;
    (is_concerned && rng.f64() < CHARGED_BACK)
        .then(|| wave.start.time().plus_millis(rng.i64(0..length.max(1))))
}

/// Random delay in milliseconds: `from` minutes plus an exponential time with a mean of `more` minutes, at most an
/// hour.
fn minutes(rng: &mut Rng, from: f64, more: f64) -> i64 {
    let beyond = (-more * libm::log(1.0 - rng.f64())).min(57.0);
    ((from + beyond) * MINUTE) as i64
}

/// Labels that are not due yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    labels: BTreeMap<(EventTime, u64), DemoLabel>,
    number: u64,
}

impl Pending {
    pub(super) fn put(&mut self, labels: Vec<DemoLabel>) {
        for label in labels {
            self.number += 1;
            self.labels.insert((label.at, self.number), label);
        }
    }

    /// Removes the labels due before `end`, in order of time.
    pub(super) fn take_before(&mut self, end: Boundary) -> impl Iterator<Item = DemoLabel> {
        let later = self.labels.split_off(&(end.time(), 0));
        std::mem::replace(&mut self.labels, later).into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::super::traffic::Traffic;
    use super::*;

    const SEED: u64 = 7;

    fn timeline(incidents: bool) -> Timeline {
        Timeline::from_day(EventTime(1_777_852_800_000), incidents)
    }

    /// Payments of some minutes after the start, each with its labels.
    fn told(incidents: bool, from: i64, minutes: i64) -> Vec<(DemoEvent, Vec<DemoLabel>)> {
        let timeline = timeline(incidents);
        let traffic = Traffic {
            seed: SEED,
            per_minute: 90.0,
        };
        (from..from + minutes)
            .flat_map(|m| traffic.minute(timeline.start.plus_minutes(m), None))
            .map(|event| {
                let labels = labels_of(&event, SEED, &timeline);
                (event, labels)
            })
            .collect()
    }

    /// Share of fraud, by the last label, among suspected payments on `card`.
    fn precision(told: &[(DemoEvent, Vec<DemoLabel>)], card: &str) -> f64 {
        let suspected = told.iter().filter(|(e, _)| e.is_suspect && e.card == card);
        let last: Vec<bool> = suspected
            .filter_map(|(_, labels)| Some(labels.last()?.is_fraud))
            .collect();
        last.iter().filter(|fraud| **fraud).count() as f64 / last.len() as f64
    }

    #[test]
    fn labels_come_late_twice_and_corrected() {
        let told = told(false, 0, 1_440);
        let labels = || told.iter().flat_map(|(_, labels)| labels);
        let payments = told.len() as f64;
        let labelled = told.iter().filter(|(_, labels)| !labels.is_empty()).count() as f64;
        assert!((labelled / payments - 0.34).abs() < 0.01, "{labelled}");
        assert!(labels().all(|l| (3..=130).contains(&((l.at.0 - l.about.0) / 60_000))));
        for (_, labels) in &told {
            assert!(labels.is_sorted_by_key(|l| l.at));
        }
        let corrected = labels().filter(|l| l.is_correction).count() as f64;
        assert!((corrected / labelled - WRONG_AT_FIRST).abs() < 0.002);
        let twice = labels().count() as f64 - labelled - corrected;
        assert!((twice / labelled - TWICE).abs() < 0.005, "{twice}");
        for card in ["debit", "credit", "prepaid"] {
            assert!((precision(&told, card) - PRECISION).abs() < 0.04, "{card}");
        }
    }

    #[test]
    fn fraud_moves_to_one_segment_only() {
        let told = told(true, 33 * 60 + 45, 120);
        assert!(precision(&told, MOVED_TO) < 0.2);
        assert!(precision(&told, "debit") > 0.85 && precision(&told, "credit") > 0.85);
    }

    #[test]
    fn the_wave_concerns_the_first_day_and_comes_within_a_day() {
        let timeline = timeline(true);
        let told = told(true, 17 * 60, 7 * 60);
        let wave: Vec<&DemoLabel> = told
            .iter()
            .flat_map(|(_, labels)| labels)
            .filter(|l| l.source == "chargeback")
            .collect();
        assert!(wave.len() > 150, "{}", wave.len());
        let day = 24 * 3_600_000;
        assert!(wave.iter().all(|l| l.is_fraud && l.is_correction));
        assert!(
            wave.iter()
                .all(|l| l.about < timeline.learned.time() && l.at.0 - l.about.0 < day)
        );
    }

    #[test]
    fn what_is_pending_comes_in_order_and_once() {
        let mut pending = Pending::default();
        for (_, labels) in told(false, 0, 30) {
            pending.put(labels);
        }
        let all = pending.labels.len();
        let start = timeline(false).start;
        let first: Vec<DemoLabel> = pending.take_before(start.plus_minutes(10)).collect();
        let then: Vec<DemoLabel> = pending.take_before(start.plus_minutes(600)).collect();
        assert!(!first.is_empty() && first.len() + then.len() == all);
        assert!(first.iter().chain(&then).is_sorted_by_key(|l| l.at));
        assert!(first.iter().all(|l| l.at < start.plus_minutes(10).time()));
    }
}
