//! Stream of payments with fraud scores: a pure function of seed and event time.
//!
//! **Intuition.** Every span of event time has its own random generator, seeded by the seed of the stream and the begin of
//! the span. So any minute can be generated alone, in any order, with the same events.
//!
//! **Model.** Payments are a Poisson process whose rate varies by 40 % over the day. Amounts are log-normal. Their mean
//! varies by 0.2 σ over the day: an ordinary rhythm that a good monitor learns and does not alert on. Countries follow
//! Zipf's law. The score is the logistic function of a linear form of the features, so it moves when they move.
//!
//! **Limits.** Payments are independent of each other: no customer, no merchant, no burst. Rates and coefficients are
//! invented to look plausible; nothing is fitted to real payments.

use std::f64::consts::TAU;

use fastrand::Rng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::chance::{geometric, normal, pick, poisson};
use super::incident::IncidentKind;
use crate::event::EventTime;
use crate::window::{Boundary, PANE_MILLIS};

/// Name of the model.
pub const MODEL: &str = "payment-fraud";
/// Version of the model.
pub const VERSION: &str = "2026-05";

/// Countries with their shares, by Zipf's law.
const COUNTRIES: [(&str, f64); 12] = [
    ("DE", zipf(1)),
    ("FR", zipf(2)),
    ("GB", zipf(3)),
    ("NL", zipf(4)),
    ("ES", zipf(5)),
    ("IT", zipf(6)),
    ("PL", zipf(7)),
    ("AT", zipf(8)),
    ("BE", zipf(9)),
    ("SE", zipf(10)),
    ("CH", zipf(11)),
    ("PT", zipf(12)),
];
/// Kinds of card with their shares. They are independent of everything else, so the model treats all alike.
const CARDS: [(&str, f64); 3] = [("debit", 0.34), ("credit", 0.26), ("prepaid", 0.40)];
/// Seed that separates the draw of the card from all others.
const CARD_SALT: u64 = 0x6361_7264;
/// Country that only its incident produces.
const UNSEEN_COUNTRY: &str = "BR";
const DEVICES: [(&str, f64); 4] = [
    ("ios", 0.38),
    ("android", 0.34),
    ("web", 0.22),
    ("terminal", 0.06),
];
/// Merchant categories: name, share, and contribution to the logit.
const CATEGORIES: [(&str, f64, f64); 8] = [
    ("groceries", 0.26, -0.5),
    ("restaurants", 0.18, -0.4),
    ("fashion", 0.15, 0.1),
    ("fuel", 0.11, -0.2),
    ("travel", 0.10, 0.4),
    ("electronics", 0.09, 0.6),
    ("gaming", 0.07, 0.5),
    ("gift_cards", 0.04, 1.1),
];

/// Mean and standard deviation of ln(amount in euros).
const LOG_AMOUNT: (f64, f64) = (3.4, 0.9);
/// Amplitude of the daily rhythm of ln(amount), in its standard deviations.
const AMOUNT_SWING: f64 = 0.2;
/// Amplitude of the daily rhythm of the rate, as a share of it.
const RATE_SWING: f64 = 0.4;
/// Peak of the day, as a share of the day: 15:00 UTC.
const NOON: f64 = 15.0 / 24.0;
const AGE_NULLS: f64 = 0.02;
const AGE_NULLS_BROKEN: f64 = 0.2;
const UNSEEN_SHARE: f64 = 0.02;
/// Standard deviation of the logit over all traffic. A test measures it.
const LOGIT_SIGMA: f64 = 1.14;
const INTERCEPT: f64 = -4.55;
/// Minimum score of a payment that is called fraud.
const THRESHOLD: f64 = 0.2;

/// Payment with its score.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoEvent {
    /// Unique within a seed.
    pub id: String,
    /// Event time of the scoring.
    pub time: EventTime,
    /// Amount in euros; in cents during an incident.
    pub amount: f64,
    /// Country, as ISO 3166 code.
    pub country: &'static str,
    /// Kind of device.
    pub device: &'static str,
    /// Category of the merchant.
    pub category: &'static str,
    /// Age in years; sometimes unknown.
    pub age: Option<u32>,
    /// Age of the account in days.
    pub account_age_days: u32,
    /// Number of payments of the account in the last hour.
    pub velocity_1h: u32,
    /// True if card and merchant are in different countries.
    pub is_foreign: bool,
    /// Kind of card, which is the segment.
    pub card: &'static str,
    /// Probability of fraud.
    pub score: f64,
    /// True if the model itself calls the payment fraud, whatever is logged.
    pub is_suspect: bool,
    /// Latency of the model in milliseconds.
    pub latency_ms: f64,
    /// Trace id; tracing samples one payment in five.
    pub trace_id: Option<u128>,
}

impl DemoEvent {
    /// Predicted class.
    #[must_use]
    pub fn label(&self) -> &'static str {
        if self.score >= THRESHOLD {
            "fraud"
        } else {
            "legit"
        }
    }
}

/// Generator of payments.
#[derive(Debug, Clone, Copy)]
pub struct Traffic {
    /// Seed of the stream.
    pub seed: u64,
    /// Average number of events per minute over a day. With 90, every 15-minute window has about 800 to 1,900.
    pub per_minute: f64,
}

impl Traffic {
    /// Generates the events of one minute in order of time, during an incident of `kind` if given.
    #[must_use]
    pub fn minute(&self, minute: Boundary, kind: Option<IncidentKind>) -> Vec<DemoEvent> {
        self.span(minute.time(), PANE_MILLIS, kind)
    }

    /// Generates the events of the `millis` after `start`, in order of time. Other spans give other events of the same
    /// distribution.
    #[must_use]
    pub fn span(
        &self,
        start: EventTime,
        millis: i64,
        kind: Option<IncidentKind>,
    ) -> Vec<DemoEvent> {
        if kind == Some(IncidentKind::Silence) {
            return Vec::new();
        }
        let mut rng = Rng::with_seed(xxh3_64_with_seed(&start.0.to_le_bytes(), self.seed));
        let mean = self.per_minute * millis as f64 / PANE_MILLIS as f64
            * (1.0 + RATE_SWING * season(start));
        let count = poisson(&mut rng, mean);
        let mut times: Vec<i64> = (0..count).map(|_| rng.i64(0..millis.max(1))).collect();
        times.sort_unstable();
        let events = (0..)
            .zip(times)
            .map(|(n, after)| payment(&mut rng, start, (n, after), kind));
        events.collect()
    }
}

fn payment(
    rng: &mut Rng,
    start: EventTime,
    (n, after): (u32, i64),
    kind: Option<IncidentKind>,
) -> DemoEvent {
    let time = start.plus_millis(after);
    let z = normal(rng) + AMOUNT_SWING * season(time);
    let amount = libm::exp(LOG_AMOUNT.0 + LOG_AMOUNT.1 * z);
    let category = pick(rng, &CATEGORIES, |c| c.1);
    let device = pick(rng, &DEVICES, |d| d.1).0;
    let age = libm::round(41.0 + 13.0 * normal(rng)).clamp(18.0, 90.0);
    let account_age_days = (libm::exp(6.2 + 1.1 * normal(rng)) as u32).min(6_000);
    let velocity_1h = geometric(rng, 0.6);
    let is_foreign = rng.f64() < 0.12;
    let logit = INTERCEPT
        + 0.75 * z
        + category.2
        + if device == "web" { 0.4 } else { 0.0 }
        + if is_foreign { 1.2 } else { 0.0 }
        + 0.3 * f64::from(velocity_1h)
        - 0.45 * (libm::log1p(f64::from(account_age_days)) - 6.2)
        - 0.008 * (age - 41.0);
    let id = format!("pay-{:x}-{n:x}", start.0);
    let event = DemoEvent {
        card: card_of(&id),
        id,
        time,
        amount: libm::round(amount * 100.0) / 100.0,
        country: pick(rng, &COUNTRIES, |c| c.1).0,
        device,
        category: category.0,
        age: (rng.f64() >= AGE_NULLS).then_some(age as u32),
        account_age_days,
        velocity_1h,
        is_foreign,
        score: logistic(logit),
        is_suspect: logistic(logit) >= THRESHOLD,
        latency_ms: libm::round(100.0 * libm::exp(2.7 + 0.35 * normal(rng))) / 100.0,
        trace_id: (rng.f64() < 0.2).then(|| rng.u128(1..)),
    };
    broken(rng, event, logit, kind)
}

/// Draws the kind of card from its own generator, so that all other draws stay as they are.
fn card_of(id: &str) -> &'static str {
    let mut rng = Rng::with_seed(xxh3_64_with_seed(id.as_bytes(), CARD_SALT));
    pick(&mut rng, &CARDS, |c| c.1).0
}

/// Logged form of `event` during an incident of `kind`.
fn broken(rng: &mut Rng, event: DemoEvent, logit: f64, kind: Option<IncidentKind>) -> DemoEvent {
    match kind {
        None
        | Some(IncidentKind::Silence | IncidentKind::FraudMoves | IncidentKind::Chargebacks) => {
            event
        }
        Some(IncidentKind::AmountInCents) => DemoEvent {
            amount: libm::round(event.amount * 100.0),
            ..event
        },
        Some(IncidentKind::UnseenCountry) if rng.f64() < UNSEEN_SHARE => DemoEvent {
            country: UNSEEN_COUNTRY,
            ..event
        },
        Some(IncidentKind::UnseenCountry) => event,
        Some(IncidentKind::AgeNulls) => {
            let more = (AGE_NULLS_BROKEN - AGE_NULLS) / (1.0 - AGE_NULLS);
            DemoEvent {
                age: event.age.filter(|_| rng.f64() >= more),
                ..event
            }
        }
        Some(IncidentKind::ScoreShift) => DemoEvent {
            score: logistic(logit + 0.5 * LOGIT_SIGMA),
            ..event
        },
    }
}

/// Daily rhythm, from −1 to 1.
fn season(time: EventTime) -> f64 {
    let day = time.0.rem_euclid(86_400_000) as f64 / 86_400_000.0;
    libm::cos(TAU * (day - NOON))
}

/// Rounds to six decimals, as models log scores.
fn logistic(logit: f64) -> f64 {
    libm::round(1e6 / (1.0 + libm::exp(-logit))) / 1e6
}

/// Share of a rank among twelve: 32 % for the first, 2.7 % for the last.
const fn zipf(rank: u32) -> f64 {
    const HARMONIC_12: f64 = 3.103_210_678_210_678;
    1.0 / (rank as f64 * HARMONIC_12)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Boundary = Boundary(29_630_880); // midnight, 4 May 2026
    const TRAFFIC: Traffic = Traffic {
        seed: 7,
        per_minute: 90.0,
    };

    fn day(kind: Option<IncidentKind>) -> Vec<DemoEvent> {
        (0..1_440)
            .flat_map(|m| TRAFFIC.minute(START.plus_minutes(m), kind))
            .collect()
    }

    fn mean_and_sigma(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        let variance = values.map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        (mean, variance.sqrt())
    }

    fn logits(events: &[DemoEvent]) -> impl Iterator<Item = f64> + Clone {
        events.iter().map(|e| (e.score / (1.0 - e.score)).ln())
    }

    fn share(events: &[DemoEvent], of: impl Fn(&DemoEvent) -> bool) -> f64 {
        events.iter().filter(|e| of(e)).count() as f64 / events.len() as f64
    }

    #[test]
    fn a_minute_is_a_function_of_seed_and_time() {
        let minute = TRAFFIC.minute(START, None);
        assert_eq!(minute, TRAFFIC.minute(START, None));
        assert_ne!(minute, TRAFFIC.minute(START.plus_minutes(1), None));
        assert_ne!(minute, Traffic { seed: 8, ..TRAFFIC }.minute(START, None));
        assert!(minute.is_sorted_by_key(|e| e.time));
        assert!(
            minute
                .iter()
                .all(|e| Boundary::at_or_before(e.time) == START)
        );
    }

    #[test]
    fn the_day_has_its_rhythm_and_every_quarter_of_an_hour_is_judged() {
        let hour = |h: i64| -> Vec<DemoEvent> {
            (0..60)
                .flat_map(|m| TRAFFIC.minute(START.plus_minutes(h * 60 + m), None))
                .collect()
        };
        let (night, height) = (hour(3), hour(15));
        assert!(
            night.len() / 4 > 600,
            "a window holds enough at night: {}",
            night.len() / 4
        );
        let ratio = height.len() as f64 / night.len() as f64;
        assert!((2.1..2.6).contains(&ratio), "1.4 to 0.6: {ratio}");
        let log_amount =
            |events: &[DemoEvent]| mean_and_sigma(events.iter().map(|e| e.amount.ln())).0;
        let swing = (log_amount(&height) - log_amount(&night)) / LOG_AMOUNT.1;
        assert!((0.3..0.5).contains(&swing), "twice 0.2 σ: {swing}");
    }

    #[test]
    fn the_day_looks_as_described() {
        let events = day(None);
        assert!(
            (125_000..134_000).contains(&events.len()),
            "{}",
            events.len()
        );
        let (_, sigma) = mean_and_sigma(logits(&events));
        assert!(
            (sigma / LOGIT_SIGMA - 1.0).abs() < 0.02,
            "LOGIT_SIGMA should be {sigma}"
        );
        assert!((share(&events, |e| e.age.is_none()) - AGE_NULLS).abs() < 0.002);
        let fraud = share(&events, |e| e.label() == "fraud");
        assert!((0.01..0.04).contains(&fraud), "{fraud}");
        assert!(
            events
                .iter()
                .all(|e| e.is_suspect == (e.label() == "fraud"))
        );
        assert!((share(&events, |e| e.card == "prepaid") - 0.40).abs() < 0.01);
        assert!(share(&events, |e| e.country == UNSEEN_COUNTRY) == 0.0);
        let ids: std::collections::BTreeSet<&str> = events.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids.len(), events.len(), "ids are unique");
    }

    #[test]
    fn each_incident_moves_what_it_says_and_nothing_else() {
        let (before, amount) = (day(None), |events: &[DemoEvent]| {
            mean_and_sigma(events.iter().map(|e| e.amount)).0
        });
        let score = |events: &[DemoEvent]| mean_and_sigma(logits(events)).0;
        let cents = day(Some(IncidentKind::AmountInCents));
        assert!((amount(&cents) / amount(&before) - 100.0).abs() < 2.0);
        assert!(
            (score(&cents) - score(&before)).abs() < 0.02,
            "the model itself still sees euros"
        );
        let unseen = share(&day(Some(IncidentKind::UnseenCountry)), |e| {
            e.country == UNSEEN_COUNTRY
        });
        assert!((unseen - UNSEEN_SHARE).abs() < 0.002, "{unseen}");
        let nulls = share(&day(Some(IncidentKind::AgeNulls)), |e| e.age.is_none());
        assert!((nulls - AGE_NULLS_BROKEN).abs() < 0.005, "{nulls}");
        let shift = (score(&day(Some(IncidentKind::ScoreShift))) - score(&before)) / LOGIT_SIGMA;
        assert!((shift - 0.5).abs() < 0.02, "{shift}");
        assert!(day(Some(IncidentKind::Silence)).is_empty());
    }

    #[test]
    fn the_payload_follows_the_schema() -> Result<(), Box<dyn std::error::Error>> {
        for event in TRAFFIC.minute(START, None) {
            let json: serde_json::Value =
                serde_json::from_slice(&super::super::encode::encode(&event)?)?;
            assert_eq!(
                json.get("timestamp").and_then(serde_json::Value::as_i64),
                Some(event.time.0)
            );
            assert_eq!(
                json.pointer("/prediction/label").and_then(|l| l.as_str()),
                Some(event.label())
            );
            assert_eq!(
                json.pointer("/features/age").map(|a| a.is_null()),
                Some(event.age.is_none())
            );
            assert_eq!(json.get("trace_id").is_some(), event.trace_id.is_some());
        }
        Ok(())
    }
}
