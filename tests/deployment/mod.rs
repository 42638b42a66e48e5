//! Deployment under test: a group, a topic prefix, an input topic, and the processes of the group. Its input is a
//! [`stream`], its published records are an [`outcome`], and a [`recount`] computes them again from the input.

#![allow(
    dead_code,
    reason = "each test binary compiles this module and uses its own part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub mod audit;
pub mod outcome;
pub mod recount;
pub mod stream;

use std::time::Duration;

use crate::support::{Broker, Group, Tidegauge};

/// Time limit for a stop beside other tests, with rebalances and interrupted transactions in progress.
pub const STOP_MAX: Duration = Duration::from_secs(30);
/// Time limit for a stop without disturbances.
pub const QUIET_STOP_MAX: Duration = Duration::from_secs(5);

/// Settings of a deployment's processes.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub broker: Broker,
    pub group: Group,
    pub prefix: String,
    pub input: String,
    /// Name of the labels topic; `None` if no labels are read.
    pub labels: Option<String>,
    /// Value of `runtime.flush_interval`.
    pub flush: &'static str,
    /// Value of `time.ticks`.
    pub ticks: bool,
    /// Value of `time.idle_timeout`.
    pub idle_timeout: &'static str,
    /// Value of `runtime.from`: where a new group begins.
    pub from: &'static str,
    /// Value of librdkafka's `session.timeout.ms`. The default minimum of a broker is 6 s.
    pub session_millis: u32,
    /// More properties of librdkafka, as YAML: `, 'name': 'value'`.
    pub properties: String,
    /// Value of `time.disorder`.
    pub disorder: &'static str,
    /// Additional YAML: whole sections.
    pub more: &'static str,
}

impl Deployment {
    /// Creates a deployment with its own group and prefix over `input`: event time only, five flushes per second.
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

    /// Content of the configuration file.
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

    /// Starts a process through `env OPTION`.
    pub fn start_with_env(&self, option: &str) -> Tidegauge {
        Tidegauge::run_with_env(option, &self.config())
    }

    /// Stops a process. If no labels are read, it first checks that the process has no metrics of joins.
    #[track_caller]
    pub fn stop(&self, process: &mut Tidegauge) {
        if self.labels.is_none() {
            assert_no_joins(process);
        }
        assert!(process.terminate(STOP_MAX).success(), "{}", process.log());
    }

    /// Runs `tidegauge COMMAND… --config FILE` to its end. Returns the exit code and the output.
    pub fn command(&self, words: &[&str]) -> (Option<i32>, String) {
        let mut process = Tidegauge::with_config(words, &self.config());
        let status = process.await_exit(Duration::from_secs(60));
        (status.code(), process.log())
    }

    /// Full name of one of the deployment's topics.
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}

/// Asserts that a process without a labels topic has no metrics of joins.
#[track_caller]
fn assert_no_joins(process: &Tidegauge) {
    let served = process.get("/metrics").expect("metrics are served");
    assert!(served.body.contains("tidegauge_ready "), "{}", served.body);
    assert!(
        !served.body.contains("\ntidegauge_join_"),
        "{}",
        served.body
    );
}

/// Learns for six hours and evaluates windows of 15 minutes and of one hour.
pub const LEARN_SOON: &str = "windows: [{length: 15m, step: 1m}, {length: 1h, step: 5m}]\n\
     learning: {span: 6h, events_min: 1000}\n";

/// Evaluates windows of one minute, so that tests need only a few minutes of real time.
pub const EVERY_MINUTE: &str = "windows: [{length: 1m, step: 1m}]\n";
