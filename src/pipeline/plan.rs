//! The plan: the checked configuration, as the stages need it.

use std::collections::BTreeMap;

use crate::alert;
use crate::codec::Codec;
use crate::detect;
use crate::detect::ReferenceKind;
use crate::detect::slo::Objective;
use crate::event::Limits;
use crate::reference::Rhythm;
use crate::window::{DAY_MINUTES, WindowLength, WindowSpec};

/// Names of the topics that are read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Inputs: predictions.
    pub predictions: Vec<String>,
    /// Inputs: labels. If there are none, nothing is joined.
    pub labels: Vec<String>,
    /// Former inputs: they no longer hold the clock.
    pub retired: Vec<String>,
    /// Internal: frames from ingest and join to evaluate.
    pub panes: String,
    /// Internal: frames from ingest to join.
    pub outcomes: String,
    /// Internal, compacted: the state of join and evaluate.
    pub state: String,
    /// Orders of operators, compacted. A command writes them, and the group reads them.
    pub control: String,
    /// Output: drift alerts.
    pub alerts_drift: String,
    /// Output: data-quality, volume and integrity alerts.
    pub alerts_anomaly: String,
    /// Output: alerts of objectives.
    pub alerts_slo: String,
    /// Output: one summary per window and subject.
    pub reports: String,
    /// Output, compacted: learned references.
    pub references: String,
    /// Output: refused records.
    pub dead_letters: String,
}

impl Topics {
    /// True if frames of the topic count for the clock of predictions. A topic that is no longer configured counts until
    /// it is retired; labels send no frames to evaluate, and orders have no event time.
    #[must_use]
    pub fn is_of_predictions(&self, topic: &str) -> bool {
        topic != self.outcomes
            && topic != self.control
            && !self.retired.iter().any(|retired| retired == topic)
    }

    /// All input topics.
    pub fn inputs(&self) -> impl Iterator<Item = &String> {
        self.predictions.iter().chain(&self.labels)
    }

    /// All topics that the group reads: the inputs, the orders, and the internal topics between the stages.
    pub fn read(&self) -> impl Iterator<Item = &str> {
        let outcomes = (!self.labels.is_empty()).then_some(&self.outcomes);
        let internal = outcomes.into_iter().chain([&self.control, &self.panes]);
        self.inputs().chain(internal).map(String::as_str)
    }
}

/// How a reference is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearningPlan {
    /// Event time with traffic to learn from, in minutes; a multiple of 60.
    pub span_minutes: i64,
    /// Event time with traffic after which a provisional reference judges, in minutes; at most `span_minutes`.
    pub provisional_minutes: i64,
    /// Predictions that a reference needs at least; learning goes on until it has them.
    pub events_min: u64,
    /// Event time after learning during which ordinary windows still raise the learned variability, in minutes.
    pub variability_minutes: i64,
}

impl LearningPlan {
    /// Longest learning span in minutes: the panes of a model that learns are kept for 30 days.
    pub const SPAN_MINUTES_MAX: u32 = 30 * 1_440;
    /// Predictions that the reference of a segment, of a late subject, or of a model after the longest learning span needs
    /// at least. The law of the likelihood ratio holds from here on.
    pub const FEW_EVENTS_MIN: u64 = 300;
}

/// What windows are compared with, once enough was seen. Until then the frozen reference judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReferencePlan {
    /// The frozen reference.
    #[default]
    Fixed,
    /// The traffic before the window.
    Trailing {
        /// Time that it covers, in minutes: whole days. A longer window is compared with as much time as it holds.
        span_minutes: i64,
    },
    /// The same hours of earlier periods, for windows shorter than a period.
    Seasonal {
        /// Length of a period, in minutes: a day or a week.
        period_minutes: i64,
        /// Number of earlier periods, at least 2.
        periods: u32,
        /// The subjects that are compared with it; the frozen reference judges the others.
        subjects: SeasonalSubjects,
    },
}

/// Which subjects are compared with a season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeasonalSubjects {
    /// Each.
    All,
    /// Those that varied mostly with the time of day while their reference was learned.
    Daily,
}

impl ReferencePlan {
    /// Time between a trailing reference and its window, in minutes: what has just begun must not be in it.
    pub const GAP_MINUTES: i64 = DAY_MINUTES;
    /// The last seven days, for subjects that follow the time of day.
    pub const DAILY: Self = Self::Seasonal {
        period_minutes: DAY_MINUTES,
        periods: 7,
        subjects: SeasonalSubjects::Daily,
    };
    /// Earlier periods that a seasonal reference needs.
    pub const PERIODS_MIN: u32 = 2;

    /// Kind of the reference of windows of `minutes`.
    #[must_use]
    pub fn kind(self, minutes: i64) -> ReferenceKind {
        match self {
            Self::Trailing { .. } => ReferenceKind::Trailing,
            Self::Seasonal { period_minutes, .. } if minutes < period_minutes => {
                ReferenceKind::Seasonal
            }
            Self::Fixed | Self::Seasonal { .. } => ReferenceKind::Fixed,
        }
    }

    /// True if a subject of this rhythm is compared with a reference that moves.
    #[must_use]
    pub fn moves(self, rhythm: Option<Rhythm>) -> bool {
        match self {
            Self::Fixed => false,
            Self::Seasonal {
                subjects: SeasonalSubjects::Daily,
                ..
            } => rhythm.is_some_and(|rhythm| rhythm.is_daily()),
            Self::Trailing { .. } | Self::Seasonal { .. } => true,
        }
    }

    /// Kind of the reference of the shortest windows.
    #[must_use]
    pub fn kind_of_short_windows(self) -> ReferenceKind {
        self.kind(0)
    }

    /// Time after the frozen reference until windows can be compared with a moving one, in minutes.
    #[must_use]
    pub fn lead_minutes(self) -> i64 {
        match self {
            Self::Fixed => 0,
            Self::Trailing { span_minutes } => span_minutes + Self::GAP_MINUTES,
            Self::Seasonal { period_minutes, .. } => period_minutes * i64::from(Self::PERIODS_MIN),
        }
    }

    /// Time before a window of `minutes` to which its reference reaches back, in minutes.
    #[must_use]
    pub fn reach_minutes(self, minutes: i64) -> i64 {
        match self {
            Self::Fixed => 0,
            Self::Trailing { span_minutes } => span_minutes.max(minutes) + Self::GAP_MINUTES,
            Self::Seasonal {
                period_minutes,
                periods,
                ..
            } => period_minutes * i64::from(periods),
        }
    }
}

/// Limits of what is kept. Beyond a limit known names stay, new names are admitted by hash, and the rest is only
/// counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Models per evaluate partition.
    pub models_max: usize,
    /// Versions per model.
    pub versions_max: usize,
    /// Features per model and version.
    pub features_max: usize,
    /// Event time after which a silent name is forgotten, in minutes.
    pub retire_minutes: i64,
}

/// The id by which a label names its prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JoinKey {
    /// The prediction's own id.
    #[default]
    Id,
    /// The trace id of the prediction.
    TraceId,
    /// The response id of the model's provider.
    ResponseId,
}

/// Days for which all processes of a deployment may be stopped before a join cannot be rebuilt.
const STOP_DAYS: u64 = 2;

/// How labels are joined to predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JoinPlan {
    /// The id that a label carries.
    pub key: JoinKey,
    /// How long a prediction waits for labels and their corrections, in minutes; a multiple of 60.
    pub horizon_minutes: i64,
    /// How much earlier than its prediction a label may arrive, in minutes.
    pub lead_minutes: i64,
    /// Share of predictions that are joined, by the hash of their id; above 0, at most 1.
    pub sample: f64,
    /// Bytes that waiting predictions may take in all partitions together. In a partition that exceeds its part, the
    /// oldest predictions expire early and are counted.
    pub bytes_max: usize,
}

impl JoinPlan {
    /// Days for which the outcomes topic must keep its records. A restart of the join reads back the horizon, the length of a bucket
    /// (a part of the horizon) and twice the lead; on top come the days for which all processes may be stopped.
    #[must_use]
    pub fn retention_days(&self) -> u64 {
        let reach = self.horizon_minutes + self.horizon_minutes / 7 + 2 * self.lead_minutes;
        reach.unsigned_abs().div_ceil(DAY_MINUTES.unsigned_abs()) + STOP_DAYS
    }
}

impl Default for JoinPlan {
    fn default() -> Self {
        Self {
            key: JoinKey::Id,
            horizon_minutes: 7 * 1_440,
            lead_minutes: 60,
            sample: 1.0,
            bytes_max: 1 << 30,
        }
    }
}

/// The class whose probability a score is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScoreOf {
    /// The positive class, whatever is predicted.
    #[default]
    Positive,
    /// The predicted class.
    Predicted,
}

/// How predictions are compared with labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QualityPlan {
    /// The positive class by model. For other models it is guessed from the names of their classes.
    pub positive: BTreeMap<String, String>,
    /// The class whose probability a score is.
    pub score: ScoreOf,
}

/// Which segments are counted in addition to the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentsPlan {
    /// Segment keys. The key `variant` reads the variant of the event.
    pub keys: Vec<String>,
    /// Values that are kept per key and model. New values are admitted by hash, and the rest is only counted.
    pub values_max: usize,
}

impl Default for SegmentsPlan {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            values_max: 50,
        }
    }
}

/// Everything the stages need to know.
#[derive(Clone)]
pub struct Plan {
    /// Topic names.
    pub topics: Topics,
    /// The input format.
    pub codec: &'static dyn Codec,
    /// Limits of one event.
    pub limits: Limits,
    /// Event time by which events of one source may be out of order, in milliseconds.
    pub disorder_millis: i64,
    /// Wall time after which a quiet source at its end follows the wall clock, in milliseconds.
    pub idle_timeout_millis: i64,
    /// True if quiet sources follow the wall clock; false when old data is read again.
    pub ticks: bool,
    /// The windows that are judged, by ascending length.
    pub windows: Vec<WindowSpec>,
    /// How references are learned.
    pub learning: LearningPlan,
    /// What windows are compared with.
    pub reference: ReferencePlan,
    /// How windows are judged.
    pub detect: detect::DetectorSettings,
    /// Which changes of traffic are alarms.
    pub volume: detect::volume::VolumeSettings,
    /// How findings become alerts.
    pub alert: alert::AlertSettings,
    /// Limits of what is kept.
    pub bounds: Bounds,
    /// How labels are joined to predictions.
    pub join: JoinPlan,
    /// How predictions are compared with labels.
    pub quality: QualityPlan,
    /// Which segments are counted.
    pub segments: SegmentsPlan,
    /// Objectives of models; their names are distinct.
    pub objectives: Vec<Objective>,
}

impl Plan {
    /// True if labels are read. Otherwise there are no outcomes and no join.
    #[must_use]
    pub fn joins(&self) -> bool {
        !self.topics.labels.is_empty()
    }

    /// Windows that are reported.
    pub fn reported_windows(&self) -> impl Iterator<Item = &WindowSpec> {
        self.windows.iter().filter(|window| window.is_reported())
    }

    /// The longest window that is reported.
    #[must_use]
    pub fn longest_reported(&self) -> Option<WindowLength> {
        self.reported_windows().map(|window| window.length).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_kept_for_the_horizon_a_seventh_of_it_twice_the_lead_and_two_days() {
        assert_eq!(JoinPlan::default().retention_days(), 11); // 7 d + 1 d + 2 h, rounded up, + 2 d
        let month = JoinPlan {
            horizon_minutes: 28 * 1_440,
            lead_minutes: 0,
            ..JoinPlan::default()
        };
        assert_eq!(month.retention_days(), 34); // 28 d + 4 d + 2 d
    }
}
