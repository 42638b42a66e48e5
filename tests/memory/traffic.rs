//! Seeded predictions: two models, two versions of one of them, and bad records.

use fastrand::Rng;

/// 2026-01-05 00:00 UTC, a Monday, in milliseconds.
pub const START: i64 = 1_767_571_200_000;
/// Milliseconds in a minute.
pub const MINUTE: i64 = 60_000;

/// One record of the input topic.
#[derive(Clone)]
pub struct Event {
    /// Event time, in milliseconds.
    pub time: i64,
    /// Arrival time, in milliseconds.
    pub arrival: i64,
    /// Payload of the record.
    pub payload: Vec<u8>,
}

/// Fault in the predictions of the model `fraud`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// The amount is in cents.
    Cents,
    /// 2 % of the predictions come from a country that never occurred before.
    UnseenCountry,
    /// 20 % of the ages are null, instead of 2 %.
    Nulls,
    /// The score shifts by half a standard deviation.
    ScoreShift,
    /// There are no predictions.
    Silence,
}

/// Parameters of generated traffic.
#[derive(Clone)]
pub struct Traffic {
    pub seed: u64,
    pub minutes: i64,
    pub per_minute: i64,
    /// First minute, minute after the last, and the fault in between.
    pub incident: Option<(i64, i64, Incident)>,
    /// One in this many records is not a valid prediction.
    pub bad_in: Option<usize>,
    /// True if there is also version 2 of `fraud`, and the model `churn`.
    pub company: bool,
}

impl Traffic {
    /// Traffic of five hours: two hours to learn, and an incident in the fourth hour.
    pub fn of_five_hours(seed: u64) -> Self {
        Self {
            seed,
            minutes: 300,
            per_minute: 40,
            incident: Some((215, 240, Incident::Cents)),
            bad_in: Some(97),
            company: true,
        }
    }

    /// Traffic of five hours of version 1 of `fraud` alone, without a fault.
    pub fn of_fraud_alone(seed: u64) -> Self {
        Self {
            incident: None,
            bad_in: None,
            company: false,
            ..Self::of_five_hours(seed)
        }
    }

    pub fn events(&self) -> Vec<Event> {
        let mut random = Rng::with_seed(self.seed);
        let mut events = Vec::new();
        for minute in 0..self.minutes {
            let incident = self
                .incident
                .filter(|(from, to, _)| (*from..*to).contains(&minute))
                .map(|(.., incident)| incident);
            if incident == Some(Incident::Silence) {
                continue;
            }
            for n in 0..self.per_minute {
                let time = START + minute * MINUTE + n * MINUTE / self.per_minute;
                let json = self.prediction(&mut random, &format!("{minute}-{n}"), time, incident);
                events.push(Event::at(time, json));
            }
        }
        if let Some(bad_in) = self.bad_in {
            spoil(&mut events, bad_in);
        }
        events
    }

    /// The same events, `minutes` later.
    pub fn later(&self, minutes: i64) -> Vec<Event> {
        let by = minutes * MINUTE;
        let later = |event: Event| {
            let text = String::from_utf8(event.payload).unwrap();
            let (before, after) = (event.time, event.time + by);
            let payload = text.replace(&format!(":{before},"), &format!(":{after},"));
            let ids = payload.replace("\"id\":\"", &format!("\"id\":\"{minutes}+"));
            Event::at(after, ids)
        };
        self.events().into_iter().map(later).collect()
    }

    fn prediction(
        &self,
        random: &mut Rng,
        id: &str,
        time: i64,
        incident: Option<Incident>,
    ) -> String {
        let (model, version) = match random.u32(0..10) {
            0..2 if self.company => ("churn", "7"),
            2..5 if self.company => ("fraud", "2"),
            _ => ("fraud", "1"),
        };
        let incident = incident.filter(|_| model == "fraud");
        let amount = (3.0 + normal(random)).exp()
            * if incident == Some(Incident::Cents) {
                100.0
            } else {
                1.0
            };
        let country = match random.u32(0..50) {
            0 if incident == Some(Incident::UnseenCountry) => "xx",
            n => ["de", "fr", "us", "gb", "nl"][n as usize % 5],
        };
        let nulls = if incident == Some(Incident::Nulls) {
            0.2
        } else {
            0.02
        };
        let age = if random.f64() < nulls {
            "null".to_owned()
        } else {
            random.u32(18..90).to_string()
        };
        let shift = if incident == Some(Incident::ScoreShift) {
            0.5
        } else {
            0.0
        };
        let score = 1.0 / (1.0 + (2.0 - normal(random) - shift).exp());
        let label = if score > 0.3 { "fraud" } else { "ok" };
        format!(
            r#"{{"id":"{id}","model":"{model}","version":"{version}","timestamp":{time},"features":{{"amount":{amount},"country":"{country}","age":{age}}},"prediction":{{"label":"{label}","score":{score}}}}}"#
        )
    }
}

impl Event {
    pub fn at(time: i64, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            time,
            arrival: time,
            payload: payload.into(),
        }
    }

    /// Prediction with only the required fields and a score.
    pub fn bare(model: &str, version: &str, id: &str, time: i64) -> Self {
        let json = format!(
            r#"{{"id":"{id}","model":"{model}","version":"{version}","timestamp":{time},"prediction":{{"score":0.5}}}}"#
        );
        Self::at(time, json)
    }
}

/// Standard normal number, from the sum of twelve uniform ones.
pub fn normal(random: &mut Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}

/// Inserts invalid records, of a different kind each time.
fn spoil(events: &mut Vec<Event>, bad_in: usize) {
    let wrong: [&[u8]; 5] = [
        b"not json",
        b"{\"id\":\"\xff\"}",
        br#"{"id":"x","model":"fraud","timestamp":"tomorrow"}"#,
        br#"{"id":"x"}"#,
        br#"{"id":"x","model":"fraud","id":"y"}"#,
    ];
    let places: Vec<usize> = (0..events.len()).step_by(bad_in).collect();
    for (n, place) in places.into_iter().enumerate().rev() {
        let time = events[place].time;
        events.insert(place, Event::at(time, wrong[n % wrong.len()]));
    }
}

/// Returns the events in another order: each arrives up to `disorder_millis` after its event time.
pub fn shuffled(mut events: Vec<Event>, seed: u64, disorder_millis: i64) -> Vec<Event> {
    let mut random = Rng::with_seed(seed);
    for event in &mut events {
        event.arrival = event.time + random.i64(0..disorder_millis);
    }
    events.sort_by_key(|event| event.arrival);
    events
}
