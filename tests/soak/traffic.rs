//! Traffic whose names come and go: models, versions, features and segment values live for some hours of event time, are
//! silent, and are forgotten by the process. More of them come than the bounds of [`CONFIG`] admit.
//!
//! A record depends only on its number, so that a run can be repeated. Event time advances by a minute every
//! [`EVENTS_PER_MINUTE`] predictions, whatever the wall clock says: the faster they are written, the more days pass.

use std::fmt::Write as _;

use crate::support::{Producer, Sent};

/// Predictions per minute of event time.
pub const EVENTS_PER_MINUTE: u64 = 500;
/// One prediction in this many gets a label.
const LABEL_EVERY: u64 = 5;
/// One record in this many is not JSON.
const BAD_EVERY: u64 = 199;
/// Minutes of event time after which a label follows its prediction, at most.
const LABEL_DELAY_MAX: u64 = 30;

/// Hours of event time between two new names, and for how many such spans each name lives.
struct Churn {
    every_hours: u64,
    alive: u64,
}

const MODELS: Churn = Churn {
    every_hours: 12,
    alive: 3,
};
const VERSIONS: Churn = Churn {
    every_hours: 8,
    alive: 2,
};
const FEATURES: Churn = Churn {
    every_hours: 2,
    alive: 2,
};
const COHORTS: Churn = Churn {
    every_hours: 2,
    alive: 1,
};

/// Sections of the configuration besides those of the deployment. Every bound is smaller than the number of names that
/// come within `retire`, so that each is reached. `retire` and `learning.span` are as short as the program allows,
/// because names are forgotten sooner then.
pub const CONFIG: &str = "windows: [{length: 15m, step: 5m}, {length: 1h, step: 15m}]\n\
     learning: {span: 6h, events_min: 1000}\n\
     bounds: {models: 2, versions: 3, features: 20, retire: 24h}\n\
     segments: {keys: [country, cohort], values: 20}\n\
     join: {horizon: 2h, memory_mib: 64}\n\
     objectives: [{name: fast, sli: {latency_ms: {at_most: 150}}, target: 0.95, period: 24h}]\n";

/// Topics, their partitions, and the event time of the first record in milliseconds.
pub struct Traffic {
    /// Topic of predictions.
    pub predictions: String,
    /// Topic of labels.
    pub labels: String,
    /// Partitions of each.
    pub partitions: u64,
    /// First event time in milliseconds.
    pub start: i64,
}

impl Churn {
    /// One of the names that are alive in a minute, as a number that grows with time.
    fn pick(&self, minute: u64, random: u64) -> u64 {
        let newest = minute / (60 * self.every_hours) + self.alive;
        newest - random % self.alive
    }
}

impl Traffic {
    /// Event time of a record in milliseconds.
    pub fn time(&self, number: u64) -> i64 {
        self.start + (number * 60_000 / EVENTS_PER_MINUTE) as i64
    }

    /// Writes record `number` and the labels that are due with it. `text` is a buffer that is used again.
    pub fn write(&self, producer: &Producer, number: u64, text: &mut String) {
        let millis = self.time(number);
        text.clear();
        if number.is_multiple_of(BAD_EVERY) {
            text.push_str("{\"id\": ");
        } else {
            prediction(text, number, millis);
        }
        self.send(producer, &self.predictions, number, text, millis);
        if number.is_multiple_of(LABEL_EVERY) {
            let back = EVENTS_PER_MINUTE * (1 + hash(number) % LABEL_DELAY_MAX);
            if let Some(of) = number.checked_sub(back - back % LABEL_EVERY) {
                text.clear();
                let class = ["good", "bad"][usize::from(hash(of ^ 1).is_multiple_of(10))];
                let _ = write!(
                    text,
                    r#"{{"id":"{of}","label":"{class}","timestamp":{millis}}}"#
                );
                self.send(producer, &self.labels, number, text, millis);
            }
        }
    }

    fn send(&self, producer: &Producer, topic: &str, number: u64, text: &str, millis: i64) {
        let sent = Sent {
            partition: (number % self.partitions) as i32,
            value: Some(text.as_bytes()),
            timestamp_millis: Some(millis),
            ..Sent::default()
        };
        producer.send(topic, &sent);
    }
}

/// Half of the predictions are of a model that stays; the others are of models that come and go.
fn prediction(text: &mut String, number: u64, millis: i64) {
    let minute = number / EVENTS_PER_MINUTE;
    let draw = |what: u64| hash(number ^ what << 56);
    let version = VERSIONS.pick(minute, draw(1));
    let _ = match draw(2) % 2 {
        0 => write!(
            text,
            r#"{{"id":"{number}","model":"steady","version":"v{version}""#
        ),
        _ => {
            let model = MODELS.pick(minute, draw(3));
            write!(
                text,
                r#"{{"id":"{number}","model":"model-{model}","version":"v1""#
            )
        }
    };
    let country = ["DE", "FR", "PL", "NL", "ES", "AT"][(draw(4) % 6) as usize];
    let cohort = COHORTS.pick(minute, 0) * 30 + draw(5) % 30;
    let shop = minute / 60 * 50 + draw(6) % 50;
    let amount = (draw(7) % 100_000) as f64 / 100.0;
    let _ = write!(
        text,
        r#","timestamp":{millis},"segments":{{"country":"{country}","cohort":"c{cohort}"}},"features":{{"amount":{amount},"country":"{country}","shop":"shop-{shop}","age":{}"#,
        18 + draw(8) % 60
    );
    for feature in 0..4 {
        let name = FEATURES.pick(minute, draw(9)) * 4 + feature;
        let _ = write!(text, r#","f{name}":{}"#, draw(10 + feature) % 1_000);
    }
    let score = (draw(20) % 10_000) as f64 / 10_000.0;
    let class = ["good", "bad"][usize::from(score > 0.9)];
    let _ = write!(
        text,
        r#"}},"prediction":{{"label":"{class}","score":{score}}},"latency_ms":{}}}"#,
        draw(21) % 200
    );
}

/// Steele's splitmix64 of one number.
fn hash(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Names of churning models whose last prediction is older than `minutes` at `minute`, as they occur in metrics.
pub fn models_silent_for(minutes: u64, minute: u64) -> impl Iterator<Item = String> {
    let oldest = minute.saturating_sub(minutes) / (60 * MODELS.every_hours);
    (1..oldest.saturating_sub(1)).map(|number| format!("model=\"model-{number}\""))
}
