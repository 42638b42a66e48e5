//! Environment of the demo: librdkafka's embedded cluster, a producer, one worker and the HTTP server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::clock::{SimulatedClock, StreamProgress};
use super::incident::Timeline;
use super::reader::AlertReader;
use super::stream::{LABELS, PER_MINUTE, Stream, TOPIC, connect};
use super::traffic::{MODEL, Traffic};
use crate::cli::Error;
use crate::config::{self, CheckedConfig, ConfigSources};
use crate::detect::slo::{BurnRule, BurnWindow, Objective, Rule, Sli, Urgency};
use crate::event::{EventTime, Tick};
use crate::http::{self, Board, BoardOptions, Handle, StatusPage, WorkerMeter};
use crate::kafka::{ClientSettings, KafkaLog, Offsets};
use crate::pipeline::INTERNAL_PARTITIONS;
use crate::runtime::{Fault, FirstStart, Heartbeat, Options, Worker};
use crate::window::{Boundary, WindowLength};

/// Partitions of the predictions topic.
const PARTITIONS: i32 = 4;
/// Partitions of the labels topic.
const LABELS_PARTITIONS: i32 = 2;
/// Event time to learn from. The stream has no rhythm of a week, and the demo says so.
const LEARNING: &str = "24h";
/// Time that a prediction waits for labels and corrections. With one day, each day is reported again when the next day
/// ends.
const HORIZON: &str = "24h";
/// Key of the segments.
pub(super) const SEGMENT_KEY: &str = "card";
/// Name of the objective.
pub(super) const OBJECTIVE: &str = "precise";
/// Target of the objective: nine of ten payments called fraud are fraud. The stream usually has 96 %.
pub(super) const TARGET: f64 = 0.9;
/// Long window, short window (both in minutes) and burn rate of the objective. Two hours of labels hold 130 to 300 payments
/// called fraud. A burn rate of 1 is enough, because the rule asks for certainty: at a precision of 96 %, no two hours
/// look like 90 % with certainty.
const BURN: (u32, u32, f64) = (120, 30, 1.0);

/// Simulated time between two flushes.
const FLUSH_INTERVAL: Duration = Duration::from_secs(60);
/// Interval of checkpoints: never, because the demo never restores.
const NO_CHECKPOINTS: Duration = Duration::from_secs(u64::MAX >> 1);

/// Running cluster, producer, worker and HTTP server.
pub(super) struct Testbed {
    cluster: MockCluster<'static, DefaultProducerContext>,
    bootstrap: String,
    metrics: String,
    board: Arc<Board>,
    server: Option<Handle>,
    checked: CheckedConfig,
    progress: Arc<StreamProgress>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<(), Fault>>>,
}

impl Testbed {
    /// Starts the cluster, the server, the worker and the producer.
    ///
    /// # Errors
    /// When one of them cannot start.
    pub(super) fn start(seed: u64, timeline: &Timeline, listen: SocketAddr) -> Result<Self, Error> {
        let cluster = MockCluster::new(1).map_err(Error::failed)?;
        let bootstrap = cluster.bootstrap_servers();
        let sources = ConfigSources::default()
            .flag("demo", "kafka.brokers", &bootstrap)
            .flag("demo", "topics.predictions", TOPIC)
            .flag("demo", "topics.labels", LABELS)
            .flag("demo", "join.horizon", HORIZON)
            .flag("demo", "segments.keys", SEGMENT_KEY)
            .flag("demo", "learning.span", LEARNING)
            .flag("demo", &format!("quality.positive.{MODEL}"), "fraud");
        let mut checked = config::load(&sources)?;
        checked.plan.objectives.extend(objective());
        create_topics(&cluster, &checked).map_err(Error::failed)?;
        let progress = Arc::new(StreamProgress::default());
        progress.advance(timeline.start.time());
        let board = board(&progress)?;
        let server = http::serve(listen, Arc::clone(&board)).map_err(Error::failed)?;
        let mut testbed = Self {
            metrics: format!("http://{}/metrics", server.address()),
            cluster,
            bootstrap,
            board,
            server: Some(server),
            checked,
            progress,
            stop: Arc::default(),
            threads: Vec::new(),
        };
        testbed.start_worker(timeline.start)?;
        testbed.start_producer(seed, timeline)?;
        Ok(testbed)
    }

    fn start_worker(&mut self, start: Boundary) -> Result<(), Error> {
        let plan = Arc::new(self.checked.plan.clone());
        let settings = ClientSettings {
            brokers: self.bootstrap.clone(),
            group: "demo".to_owned(),
            transactional_id: "demo".to_owned(),
            transaction_timeout: Duration::from_secs(60),
            // The embedded cluster delays the answer to a fetch by its full waiting time, even if records arrive.
            properties: [("fetch.wait.max.ms", "5"), ("socket.nagle.disable", "true")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            offsets: Offsets::Beside,
        };
        let clock = SimulatedClock::new(Arc::clone(&self.progress), start.time());
        let options = Options {
            flush_interval: FLUSH_INTERVAL,
            checkpoint_interval: NO_CHECKPOINTS,
            first: FirstStart::Earliest,
            incarnation: 1,
            restore_stall_max: Duration::from_secs(60),
            join_stall_max: Duration::MAX, // the simulated stopwatch leaps, and the cluster is in this process
            revoke_time_max: Duration::from_secs(20),
        };
        let heartbeat = Heartbeat::default();
        let (meter, stop) = (
            Arc::new(WorkerMeter::new(&self.board, &heartbeat)),
            Arc::clone(&self.stop),
        );
        let work = move || {
            let topics: Vec<&str> = plan.topics.read().collect();
            let log = KafkaLog::connect(settings, &topics, &plan.topics.dead_letters, &heartbeat)?;
            let mut outcome = Ok(());
            let worker = Worker::new(log, clock, plan, options, meter, heartbeat);
            worker.run(&stop, |ended| outcome = ended);
            outcome
        };
        self.spawn("worker", work)
    }

    fn start_producer(&mut self, seed: u64, timeline: &Timeline) -> Result<(), Error> {
        let stream = Stream {
            producer: connect(&self.bootstrap).map_err(Error::failed)?,
            traffic: Traffic {
                seed,
                per_minute: PER_MINUTE,
            },
            timeline: timeline.clone(),
            board: Arc::clone(&self.board),
            progress: Arc::clone(&self.progress),
            stop: Arc::clone(&self.stop),
        };
        self.spawn("producer", move || stream.run())
    }

    fn spawn(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<(), Fault> + Send + 'static,
    ) -> Result<(), Error> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(Error::failed)?;
        self.threads.push(thread);
        Ok(())
    }

    /// Opens a consumer of the alert and report topics.
    ///
    /// # Errors
    /// When the client refuses.
    pub(super) fn alert_reader(&self) -> Result<AlertReader, Error> {
        let topics = &self.checked.plan.topics;
        AlertReader::open(
            &self.bootstrap,
            &[
                &topics.alerts_drift,
                &topics.alerts_anomaly,
                &topics.alerts_slo,
            ],
            &topics.reports,
        )
    }

    /// Current status page.
    pub(super) fn status(&self) -> StatusPage {
        self.board.status()
    }

    /// Event time up to which the stream was produced.
    pub(super) fn now(&self) -> EventTime {
        self.progress.now()
    }

    /// Number of labels produced so far that correct an earlier label of a payment of the first day.
    pub(super) fn corrected(&self) -> i64 {
        self.progress.corrected.load(Ordering::Acquire)
    }

    /// Number of events produced: predictions and labels.
    pub(super) fn produced(&self) -> u64 {
        self.progress.events.load(Ordering::Acquire)
    }

    /// True once the whole stream was produced.
    pub(super) fn is_produced(&self) -> bool {
        self.progress.done.load(Ordering::Acquire)
    }

    /// Address of the embedded cluster.
    pub(super) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// URL of `/metrics`.
    pub(super) fn metrics_url(&self) -> &str {
        &self.metrics
    }

    /// Time for which a quiet alert keeps firing, in minutes of event time.
    pub(super) fn keep_firing_minutes(&self) -> i64 {
        self.checked.plan.alert.keep_firing_minutes
    }

    /// Checks that no thread ended early.
    ///
    /// # Errors
    /// When one did.
    pub(super) fn check(&self) -> Result<(), Error> {
        let producing = usize::from(!self.is_produced());
        let running = self
            .threads
            .iter()
            .filter(|thread| !thread.is_finished())
            .count();
        if running > producing {
            Ok(())
        } else {
            Err(Error::Failed("a thread of the demo ended early".to_owned()))
        }
    }

    /// Stops the threads, the server and the cluster.
    ///
    /// # Errors
    /// Error of a thread that failed or panicked.
    pub(super) fn stop(mut self) -> Result<(), Error> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            match thread.join() {
                Ok(done) => done.map_err(Error::failed)?,
                Err(_) => return Err(Error::Failed("a thread of the demo panicked".to_owned())),
            }
        }
        self.server.take();
        drop(self.cluster);
        Ok(())
    }
}

fn create_topics(
    cluster: &MockCluster<'_, DefaultProducerContext>,
    checked: &CheckedConfig,
) -> Result<(), KafkaError> {
    let topics = &checked.plan.topics;
    let internal = INTERNAL_PARTITIONS as i32;
    let others = [
        &topics.control,
        &topics.alerts_drift,
        &topics.alerts_slo,
        &topics.alerts_anomaly,
        &topics.reports,
        &topics.references,
        &topics.dead_letters,
    ];
    cluster.create_topic(TOPIC, PARTITIONS, 1)?;
    cluster.create_topic(LABELS, LABELS_PARTITIONS, 1)?;
    cluster.create_topic(&topics.outcomes, internal, 1)?;
    cluster.create_topic(&topics.panes, internal, 1)?;
    cluster.create_topic(&topics.state, internal, 1)?;
    others
        .into_iter()
        .try_for_each(|topic| cluster.create_topic(topic, 1, 1))
}

/// Objective of the demo. It is never `None` in practice.
fn objective() -> Option<Objective> {
    let (long, short, factor) = BURN;
    let window = BurnWindow {
        long: WindowLength::from_minutes(long)?,
        short: WindowLength::from_minutes(short)?,
        factor,
        severity: Urgency::Page,
        hold_minutes: 0,
    };
    Some(Objective {
        name: OBJECTIVE.to_owned(),
        model: None,
        sli: Sli::Precision,
        rule: Rule::Burn(BurnRule {
            target: TARGET,
            period_minutes: 30 * 1_440,
            windows: vec![window],
        }),
        events_min: 0,
    })
}

fn board(progress: &Arc<StreamProgress>) -> Result<Arc<Board>, Error> {
    let progress = Arc::clone(progress);
    let options = BoardOptions {
        drift_series_max: config::HttpConfig::default().drift_series_max,
        heartbeat_age_max: config::RuntimeConfig::default().watchdog.as_duration(),
        clock: Box::new(move || Tick(progress.now().0)),
    };
    Board::new(options).map(Arc::new).map_err(Error::failed)
}
