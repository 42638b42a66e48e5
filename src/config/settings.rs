//! The whole of what may be set, and what it becomes.

use serde::{Deserialize, Serialize};

use super::fault::{ConfigFaults, nearest};
use super::{
    AlertsConfig, BoundsConfig, DetectConfig, HttpConfig, JoinConfig, KafkaConfig, LearningConfig,
    LimitsConfig, LogConfig, ObjectiveConfig, QualityConfig, RuntimeConfig, SegmentsConfig,
    TimeConfig, TopicsConfig, WindowConfig, objectives, windows,
};
use crate::codec::{CODECS, Codec};
use crate::pipeline::Plan;

/// Everything that may be set; each key has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Configuration {
    /// Which cluster, and as whom.
    pub kafka: KafkaConfig,
    /// Topics that are read and written.
    pub topics: TopicsConfig,
    /// The format of the input topics. There is one, `json`, as `tidegauge schema print prediction` shows it.
    pub format: String,
    /// What one event may at most be.
    pub limits: LimitsConfig,
    /// How disorder and silence are met.
    pub time: TimeConfig,
    /// Which spans of event time are judged, by ascending length; 1 to 8. A list in the file replaces the default list as a whole; it
    /// cannot be set from the environment. The defaults find what breaks within minutes, what drifts within the hour, and what creeps within the day.
    pub windows: Vec<WindowConfig>,
    /// How a model's reference is learned.
    pub learning: LearningConfig,
    /// When a window is in trouble.
    pub detect: DetectConfig,
    /// How labels find the predictions they are about.
    pub join: JoinConfig,
    /// How predictions and labels are read as right and wrong.
    pub quality: QualityConfig,
    /// Which parts of the traffic are counted beside the whole.
    pub segments: SegmentsConfig,
    /// What is promised of models, and when missing it is an alert; at most 50, none unless listed. It cannot be set from the environment. For each: a share of
    /// good events (`sli`), and either a target whose error budget must not burn too fast, or a floor (`alert_below`), or last week as the measure
    /// (`above_last_week`). docs/slo.md explains the rules and the presets.
    pub objectives: Vec<ObjectiveConfig>,
    /// How findings become alerts.
    pub alerts: AlertsConfig,
    /// How much is kept at most.
    pub bounds: BoundsConfig,
    /// Workers, flushes, where a new group begins.
    pub runtime: RuntimeConfig,
    /// Where metrics, health and status are served.
    pub http: HttpConfig,
    /// The program's own log.
    pub log: LogConfig,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            kafka: KafkaConfig::default(),
            topics: TopicsConfig::default(),
            format: "json".to_owned(),
            limits: LimitsConfig::default(),
            time: TimeConfig::default(),
            windows: windows::defaults(),
            learning: LearningConfig::default(),
            detect: DetectConfig::default(),
            join: JoinConfig::default(),
            quality: QualityConfig::default(),
            segments: SegmentsConfig::default(),
            objectives: Vec::new(),
            alerts: AlertsConfig::default(),
            bounds: BoundsConfig::default(),
            runtime: RuntimeConfig::default(),
            http: HttpConfig::default(),
            log: LogConfig::default(),
        }
    }
}

/// A configuration without faults.
#[derive(Clone)]
pub struct CheckedConfig {
    /// By what the stages work.
    pub plan: Plan,
    /// By what they are driven: cluster, runtime, HTTP, log.
    pub settings: Configuration,
}

impl std::fmt::Debug for CheckedConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.settings.fmt(f)
    }
}

impl Configuration {
    /// The same with every secret masked: for eyes.
    #[must_use]
    pub fn masked(&self) -> Self {
        let mut shown = self.clone();
        shown.kafka.properties = self.kafka.properties.masked();
        shown
    }

    /// The plan, with every fault that the sections find; `None` where the format is unknown.
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> Option<Plan> {
        self.kafka.check(faults);
        self.time.check(faults);
        self.runtime.check(faults);
        self.http.check(faults);
        self.check_together(faults);
        Some(Plan {
            topics: self.topics.check(faults),
            limits: self.limits.check(faults),
            disorder_millis: self.time.disorder.as_millis(),
            idle_timeout_millis: self.time.idle_timeout.as_millis(),
            ticks: self.time.ticks,
            windows: windows::check(&self.windows, faults),
            learning: self.learning.check(faults),
            detect: self.detect.check(faults),
            alert: self.alerts.check(faults),
            bounds: self.bounds.check(faults),
            join: self.join.check(faults),
            quality: self.quality.check(faults),
            segments: self.segments.check(faults),
            objectives: objectives::check(&self.objectives, self.labels(), faults),
            codec: self.codec(faults)?,
        })
    }

    fn labels(&self) -> objectives::ObjectiveLabelsConfig {
        objectives::ObjectiveLabelsConfig {
            are_read: !self.topics.labels.is_empty(),
        }
    }

    /// What no section sees by itself.
    fn check_together(&self, faults: &mut ConfigFaults) {
        let (learned, judged) = (self.learning.events_min, self.detect.events_min);
        let wrong = format!("{learned} is fewer than a judged window holds, {judged}");
        faults.require(
            learned >= judged,
            "learning.events_min",
            wrong,
            "use detect.events_min or more, better five times that",
        );
        let longest = self.windows.iter().map(|window| window.length).max();
        let wrong = format!("{} is shorter than the longest window", self.bounds.retire);
        faults.require(
            longest <= Some(self.bounds.retire),
            "bounds.retire",
            wrong,
            "use the longest window's length or more",
        );
    }

    fn codec(&self, faults: &mut ConfigFaults) -> Option<&'static dyn Codec> {
        let found = CODECS
            .iter()
            .copied()
            .find(|codec| codec.name() == self.format);
        if found.is_none() {
            let known: Vec<&str> = CODECS.iter().map(|codec| codec.name()).collect();
            let meant = nearest(&self.format, known.iter().copied());
            let fix = meant.map_or(format!("use {}", known.join(", ")), |m| {
                format!("did you mean `{m}`?")
            });
            faults.add(
                "format",
                format!("`{}` is no input format", self.format),
                fix,
            );
        }
        found
    }
}
