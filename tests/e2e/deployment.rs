//! One deployment under test: a group, a prefix, an input topic, and the processes that serve them.

use std::time::Duration;

use crate::joined;
use crate::support::{Broker, Group, Tidegauge};

/// How long a stop may take beside other tests, with rebalances and torn transactions under way.
pub const STOP_MAX: Duration = Duration::from_secs(30);
/// How long a stop may take when nothing else is wrong.
pub const QUIET_STOP_MAX: Duration = Duration::from_secs(5);

/// Everything a process of the deployment is told.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub broker: Broker,
    pub group: Group,
    pub prefix: String,
    pub input: String,
    /// The labels topic, if labels are read.
    pub labels: Option<String>,
    /// `runtime.flush_interval`.
    pub flush: &'static str,
    /// `time.ticks`.
    pub ticks: bool,
    /// `time.idle_timeout`.
    pub idle_timeout: &'static str,
    /// Where the group begins.
    pub from: &'static str,
    /// librdkafka's `session.timeout.ms`; 6 s is the least that a broker takes by default.
    pub session_millis: u32,
    /// More of librdkafka's properties, as YAML: `, 'name': 'value'`.
    pub properties: String,
    /// `time.disorder`.
    pub disorder: &'static str,
    /// More YAML, whole sections.
    pub more: &'static str,
}

impl Deployment {
    /// A deployment of its own over `input`: event time only, flushed five times a second.
    pub fn new(broker: &Broker, input: &str) -> Self {
        Self {
            broker: broker.clone(),
            group: broker.group("group"),
            prefix: broker.name("out"),
            input: input.to_owned(),
            labels: None,
            flush: "200ms",
            ticks: false,
            idle_timeout: "1s",
            from: "earliest",
            session_millis: 6_000,
            properties: String::new(),
            disorder: "2m",
            more: LEARN_SOON,
        }
    }

    /// The configuration file.
    pub fn config(&self) -> String {
        let Self {
            prefix,
            input,
            labels,
            flush,
            ticks,
            idle_timeout,
            from,
            session_millis,
            properties,
            disorder,
            more,
            ..
        } = self;
        let (address, group) = (self.broker.address(), &self.group.0);
        let labels = labels.as_ref();
        let labels = labels.map_or_else(String::new, |topic| format!("labels: ['{topic}'], "));
        format!(
            "kafka: {{brokers: ['{address}'], group: '{group}', properties: {{'session.timeout.ms': '{session_millis}', 'heartbeat.interval.ms': '500'{properties}}}}}\n\
             topics: {{predictions: ['{input}'], {labels}prefix: '{prefix}'}}\n\
             time: {{disorder: {disorder}, idle_timeout: {idle_timeout}, ticks: {ticks}}}\n\
             runtime: {{from: {from}, flush_interval: {flush}, checkpoint_interval: 10s, shutdown_timeout: 25s}}\n\
             http: {{listen: '127.0.0.1:0'}}\n\
             {more}"
        )
    }

    /// Starts one process.
    pub fn start(&self) -> Tidegauge {
        Tidegauge::run(&self.config())
    }

    /// Stops a process. Where no labels are read, it must have said nothing of joins.
    #[track_caller]
    pub fn stop(&self, process: &mut Tidegauge) {
        if self.labels.is_none() {
            joined::assert_none(process);
        }
        assert!(process.terminate(STOP_MAX).success(), "{}", process.log());
    }

    /// Runs `tidegauge COMMAND… --config FILE` to its end; answers its exit code and what it said.
    pub fn command(&self, words: &[&str]) -> (Option<i32>, String) {
        let mut process = Tidegauge::with_config(words, &self.config());
        let status = process.await_exit(Duration::from_secs(60));
        (status.code(), process.log())
    }

    /// The name of one of its topics.
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}

/// Learns six hours, judges a quarter and an hour.
pub const LEARN_SOON: &str = "windows: [{length: 15m, step: 1m}, {length: 1h, step: 5m}]\n\
     learning: {span: 6h, events_min: 1000}\n";

/// Judges every minute alone, so that minutes of real time are enough.
pub const EVERY_MINUTE: &str = "windows: [{length: 1m, step: 1m}]\n";
