//! All settings together, and the checked plan made from them.

use serde::{Deserialize, Serialize};

use super::fault::{ConfigFaults, nearest};
use super::{
    AlertsConfig, BoundsConfig, DetectConfig, HttpConfig, JoinConfig, KafkaConfig, LearningConfig,
    LimitsConfig, LogConfig, ObjectiveConfig, QualityConfig, ReferenceConfig, RuntimeConfig,
    SegmentsConfig, TimeConfig, TopicsConfig, VolumeConfig, WindowConfig, objective_check,
    objectives, windows,
};
use crate::codec::{CODECS, Codec};
use crate::pipeline::Plan;

/// All settings; each key has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Configuration {
    /// The Kafka cluster and the consumer group.
    pub kafka: KafkaConfig,
    /// Topics that are read and written.
    pub topics: TopicsConfig,
    /// Format of the input topics. The only format is `json`; `tidegauge schema print prediction` shows it.
    pub format: String,
    /// Size limits of one event.
    pub limits: LimitsConfig,
    /// How events out of order and silent partitions are handled.
    pub time: TimeConfig,
    /// Windows of event time that are judged, sorted by length; 1 to 8. A list in the file replaces the whole default
    /// list. The list cannot be set from the environment. The default windows find sudden breaks within minutes, drifts
    /// within the hour, and slow changes within the day.
    pub windows: Vec<WindowConfig>,
    /// How the reference of a model is learned.
    pub learning: LearningConfig,
    /// What windows are compared with.
    pub reference: ReferenceConfig,
    /// When a window is a breach.
    pub detect: DetectConfig,
    /// Which changes of a model's traffic are alarms.
    pub volume: VolumeConfig,
    /// How labels are joined to their predictions.
    pub join: JoinConfig,
    /// How predictions and labels are read as right or wrong.
    pub quality: QualityConfig,
    /// Parts of the traffic that are counted in addition to the whole.
    pub segments: SegmentsConfig,
    /// Targets for models, and the rules by which missing them becomes an alert; at most 50, none by default. The list
    /// cannot be set from the environment. Each objective has a share of good events (`sli`) and one rule: a target
    /// with an error budget that must not burn too fast, a floor (`alert_below`), or a comparison with last week
    /// (`above_last_week`). docs/slo.md explains the rules and the presets.
    pub objectives: Vec<ObjectiveConfig>,
    /// How findings become alerts.
    pub alerts: AlertsConfig,
    /// Limits on what is kept in memory.
    pub bounds: BoundsConfig,
    /// Workers, flushes, the start of a new group, and shutdown.
    pub runtime: RuntimeConfig,
    /// Where metrics, health and status are served.
    pub http: HttpConfig,
    /// The log of the program.
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
            reference: ReferenceConfig::default(),
            detect: DetectConfig::default(),
            volume: VolumeConfig::default(),
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
    /// Plan of the stages.
    pub plan: Plan,
    /// Settings of what drives the stages: cluster, runtime, HTTP, log.
    pub settings: Configuration,
}

impl std::fmt::Debug for CheckedConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.settings.fmt(f)
    }
}

impl Configuration {
    /// Copy with every secret masked, for printing.
    #[must_use]
    pub fn masked(&self) -> Self {
        let mut shown = self.clone();
        shown.kafka.properties = self.kafka.properties.masked();
        shown
    }

    /// Plan of the stages; adds every fault that the sections find. `None` if the format is unknown.
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> Option<Plan> {
        self.kafka.check(faults);
        self.time.check(faults);
        self.runtime.check(faults);
        self.http.check(faults);
        self.check_together(faults);
        let windows = windows::check(&self.windows, faults);
        Some(Plan {
            topics: self.topics.check(faults),
            limits: self.limits.check(faults),
            disorder_millis: self.time.disorder.as_millis(),
            idle_timeout_millis: self.time.idle_timeout.as_millis(),
            ticks: self.time.ticks,
            learning: self.learning.check(faults),
            reference: self.reference.check(&windows, &self.learning, faults),
            windows,
            detect: self.detect.check(faults),
            volume: self.volume.check(faults),
            alert: self.alerts.check(faults),
            bounds: self.bounds.check(faults),
            join: self.join.check(faults),
            quality: self.quality.check(faults),
            segments: self.segments.check(faults),
            objectives: objective_check::check(&self.objectives, self.labels(), faults),
            codec: self.codec(faults)?,
        })
    }

    fn labels(&self) -> objectives::ObjectiveLabelsConfig {
        objectives::ObjectiveLabelsConfig {
            are_read: !self.topics.labels.is_empty(),
        }
    }

    /// Checks that concern two sections.
    fn check_together(&self, faults: &mut ConfigFaults) {
        let (learned, judged) = (self.learning.events_min, self.detect.events_min);
        let wrong = format!("{learned} is below detect.events_min, {judged}");
        faults.require(
            learned >= judged,
            "learning.events_min",
            wrong,
            "use detect.events_min or more, better five times as many",
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
                format!("`{}` is not an input format", self.format),
                fix,
            );
        }
        found
    }
}
