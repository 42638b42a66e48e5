//! The whole of what may be set, and what it becomes.

use serde::{Deserialize, Serialize};

use super::fault::{Faults, nearest};
use super::{
    Alerts, Bounds, Detect, Http, Join, Kafka, Learning, Limits, Log, Objective, Quality, Runtime,
    Segments, Time, Topics, Window, objectives, windows,
};
use crate::codec::{CODECS, Codec};
use crate::pipeline::Plan;

/// Everything that may be set; each key has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which cluster, and as whom.
    pub kafka: Kafka,
    /// Topics that are read and written.
    pub topics: Topics,
    /// The format of the input topics. There is one, `json`, as `tidegauge schema print prediction` shows it.
    pub format: String,
    /// What one event may at most be.
    pub limits: Limits,
    /// How disorder and silence are met.
    pub time: Time,
    /// Which spans of event time are judged, by ascending length; 1 to 8. A list in the file replaces the default list as a whole; it
    /// cannot be set from the environment. The defaults find what breaks within minutes, what drifts within the hour, and what creeps within the day.
    pub windows: Vec<Window>,
    /// How a model's reference is learned.
    pub learning: Learning,
    /// When a window is in trouble.
    pub detect: Detect,
    /// How labels find the predictions they are about.
    pub join: Join,
    /// How predictions and labels are read as right and wrong.
    pub quality: Quality,
    /// Which parts of the traffic are counted beside the whole.
    pub segments: Segments,
    /// What is promised of models, and when missing it is an alert; at most 50, none unless listed. It cannot be set from the environment. For each: a share of
    /// good events (`sli`), and either a target whose error budget must not burn too fast, or a floor (`alert_below`), or last week as the measure
    /// (`above_last_week`). docs/slo.md explains the rules and the presets.
    pub objectives: Vec<Objective>,
    /// How findings become alerts.
    pub alerts: Alerts,
    /// How much is kept at most.
    pub bounds: Bounds,
    /// Workers, flushes, where a new group begins.
    pub runtime: Runtime,
    /// Where metrics, health and status are served.
    pub http: Http,
    /// The program's own log.
    pub log: Log,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kafka: Kafka::default(),
            topics: Topics::default(),
            format: "json".to_owned(),
            limits: Limits::default(),
            time: Time::default(),
            windows: windows::defaults(),
            learning: Learning::default(),
            detect: Detect::default(),
            join: Join::default(),
            quality: Quality::default(),
            segments: Segments::default(),
            objectives: Vec::new(),
            alerts: Alerts::default(),
            bounds: Bounds::default(),
            runtime: Runtime::default(),
            http: Http::default(),
            log: Log::default(),
        }
    }
}

/// A configuration without faults.
#[derive(Clone)]
pub struct Checked {
    /// By what the stages work.
    pub plan: Plan,
    /// By what they are driven: cluster, runtime, HTTP, log.
    pub settings: Settings,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.settings.fmt(f)
    }
}

impl Settings {
    /// The same with every secret masked: for eyes.
    #[must_use]
    pub fn masked(&self) -> Self {
        let mut shown = self.clone();
        shown.kafka.properties = self.kafka.properties.masked();
        shown
    }

    /// The plan, with every fault that the sections find; `None` where the format is unknown.
    pub(super) fn check(&self, faults: &mut Faults) -> Option<Plan> {
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

    fn labels(&self) -> objectives::Labels {
        objectives::Labels {
            are_read: !self.topics.labels.is_empty(),
        }
    }

    /// What no section sees by itself.
    fn check_together(&self, faults: &mut Faults) {
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

    fn codec(&self, faults: &mut Faults) -> Option<&'static dyn Codec> {
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
