//! `join`: how labels are joined to their predictions.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use super::period::Period;
use super::period_range::PeriodRange;
use super::words::words;
use crate::pipeline;

/// How labels are joined to their predictions. Used only with `topics.labels`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinConfig {
    /// What the id of a label refers to: `id` (the id of the prediction), `trace_id` (the trace of the prediction) or
    /// `response_id` (the id that the model's provider gave to the answer).
    pub key: Key,
    /// How long a prediction waits for labels and their corrections: whole hours, 1h to 90d. Choose the age by which
    /// nearly all labels have arrived. Later labels are counted as expired.
    pub horizon: Period,
    /// How much earlier than its prediction a label may arrive and still be joined: whole minutes, 0s to 24h. It allows
    /// for a producer that is behind the other.
    pub lead: Period,
    /// Share of predictions that wait for labels, above 0 and at most 1, chosen by the hash of the id. Below 1 quality
    /// is estimated from this share, and the memory shrinks with it.
    pub sample: f64,
    /// Maximum memory of waiting predictions in the whole deployment, in MiB, 16 to 1048576. Each of the 16 internal
    /// partitions may use a sixteenth of it, in whichever process it runs. Beyond the limit the oldest predictions
    /// expire early and are counted. Plan about 60 bytes × predictions within `horizon` × `sample`: 1,024 MiB hold 17
    /// million.
    pub memory_mib: u32,
}

words! {
    /// What the id of a label refers to.
    Key {
        /// Id of the prediction.
        #[default]
        Id = "id",
        /// Trace of the prediction.
        TraceId = "trace_id",
        /// Id that the model's provider gave to the answer.
        ResponseId = "response_id",
    }
}

const MIB: usize = 1 << 20;
/// Accepted values of `horizon`.
const HORIZON: PeriodRange = PeriodRange {
    from: Period::hours(1),
    to: Period::days(90),
    step: Period::hours(1),
};
/// Accepted values of `lead`.
const LEAD: PeriodRange = PeriodRange {
    from: Period::minutes(0),
    to: Period::hours(24),
    step: Period::minutes(1),
};

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
        let fix = "use a number above 0 and at most 1";
        faults.require(
            self.sample > 0.0 && self.sample <= 1.0,
            "join.sample",
            wrong,
            fix,
        );
        faults.require_within("join.memory_mib", &self.memory_mib, 16..=1_048_576);
        pipeline::JoinPlan {
            key: self.key.into(),
            horizon_minutes: HORIZON
                .minutes("join.horizon", self.horizon, faults)
                .unwrap_or(0),
            lead_minutes: LEAD.minutes("join.lead", self.lead, faults).unwrap_or(0),
            sample: self.sample,
            bytes_max: usize::try_from(self.memory_mib)
                .unwrap_or(0)
                .saturating_mul(MIB),
        }
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
