//! `join`: how labels find the predictions they are about.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use super::words::words;
use crate::pipeline;

/// How labels find the predictions they are about. Only with `topics.labels`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinConfig {
    /// What the id of a label names: `id` (the prediction's), `trace_id` or `response_id` (under which the provider of the model knows the answer).
    pub key: Key,
    /// How long a prediction waits for labels and their corrections: whole hours, 1h to 90d. Take the age by which nearly all labels have
    /// come; later ones are counted as expired.
    pub horizon: Period,
    /// How much earlier than its prediction a label may arrive and still be joined: whole minutes, 0s to 24h. For producers that are behind each other.
    pub lead: Period,
    /// The share of predictions that wait for labels, above 0 to 1, chosen by the hash of the id. Below 1, quality is an estimate from that
    /// share, and memory shrinks with it.
    pub sample: f64,
    /// Memory that waiting predictions may take in the whole deployment, in MiB, 16 to 1048576: a sixteenth of it in each internal partition, wherever
    /// that is worked. Beyond it the oldest expire early, and that is counted. Needed are about 60 bytes × predictions within `horizon` × `sample`: 1,024 MiB
    /// hold 17 million.
    pub memory_mib: u32,
}

words! {
    /// What the id of a label names.
    Key {
        /// The prediction's own id.
        #[default]
        Id = "id",
        /// The trace it was made in.
        TraceId = "trace_id",
        /// The id under which the provider of the model knows the answer.
        ResponseId = "response_id",
    }
}

const MIB: usize = 1 << 20;

impl Default for JoinConfig {
    fn default() -> Self {
        Self {
            key: Key::Id,
            horizon: Period::days(7),
            lead: Period::hours(1),
            sample: 1.0,
            memory_mib: 1_024,
        }
    }
}

impl JoinConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::JoinPlan {
        let wrong = format!("{} is out of range", self.sample);
        let fix = "use more than 0 and at most 1";
        faults.require(
            self.sample > 0.0 && self.sample <= 1.0,
            "join.sample",
            wrong,
            fix,
        );
        faults.require_within("join.memory_mib", &self.memory_mib, 16..=1_048_576);
        pipeline::JoinPlan {
            key: self.key.into(),
            horizon_minutes: self.horizon_minutes(faults),
            lead_minutes: self.lead_minutes(faults),
            sample: self.sample,
            bytes_max: usize::try_from(self.memory_mib)
                .unwrap_or(0)
                .saturating_mul(MIB),
        }
    }

    fn horizon_minutes(&self, faults: &mut ConfigFaults) -> i64 {
        let whole_hours = |m: &i64| m % 60 == 0 && (60..=90 * 1_440).contains(m);
        let minutes = self.horizon.as_minutes().filter(whole_hours);
        let wrong = format!("{} is not 1h to 90d in whole hours", self.horizon);
        faults.require(
            minutes.is_some(),
            "join.horizon",
            wrong,
            "use 24h, 7d, 30d …",
        );
        minutes.unwrap_or(0)
    }

    fn lead_minutes(&self, faults: &mut ConfigFaults) -> i64 {
        let minutes = self.lead.as_minutes().filter(|m| (0..=1_440).contains(m));
        let wrong = format!("{} is not 0s to 24h in whole minutes", self.lead);
        faults.require(minutes.is_some(), "join.lead", wrong, "use 0s, 15m, 1h …");
        minutes.unwrap_or(0)
    }
}

impl From<Key> for pipeline::JoinKey {
    fn from(key: Key) -> Self {
        match key {
            Key::Id => Self::Id,
            Key::TraceId => Self::TraceId,
            Key::ResponseId => Self::ResponseId,
        }
    }
}
