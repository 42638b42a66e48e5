//! The stage: librdkafka's embedded cluster, the producer, one worker and the HTTP server, on a simulated clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};

use super::incident::Timeline;
use super::labels::{DemoLabel, Pending, labels_of};
use super::reader::AlertReader;
use super::traffic::{MODEL, Traffic};
use super::{encode, encode_label};
use crate::cli::Error;
use crate::config::{self, CheckedConfig, ConfigSources};
use crate::detect::slo::{BurnRule, BurnWindow, Objective, Rule, Sli, Urgency};
use crate::event::{EventTime, Tick};
use crate::http::{self, Board, BoardOptions, Handle, StatusPage};
use crate::kafka::{ClientSettings, KafkaLog, Offsets};
use crate::pipeline::PANES_PARTITIONS;
use crate::runtime::{Clock, Fault, FirstStart, Options, Worker};
use crate::window::{Boundary, WindowLength};

/// The predictions topic.
const TOPIC: &str = "payments";
/// Its partitions: enough to see them, few enough that each is seen.
const PARTITIONS: i32 = 4;
/// The labels topic.
const LABELS: &str = "labels";
const LABELS_PARTITIONS: i32 = 2;
/// A prediction waits a day for labels and their corrections, so that each day is reported again when the next one ends.
const HORIZON: &str = "24h";
/// The key of the segments.
pub(super) const SEGMENT_KEY: &str = "card";
/// The objective's name.
pub(super) const OBJECTIVE: &str = "precise";
/// Nine of ten payments called fraud are fraud; usually the stream has 96 %.
pub(super) const TARGET: f64 = 0.9;
/// What is watched: two hours of labels are 130 to 300 payments called fraud. Burning just faster than allowed is enough, since
/// certainty is asked for: at 96 %, no two hours look like 90 % for sure.
const BURN: (u32, u32, f64) = (120, 30, 1.0);
/// Events per minute of event time on average: a quarter of an hour holds some 800 to 1,900.
const PER_MINUTE: f64 = 90.0;
/// Events that may be on their way, an hour and a half of event time: the embedded cluster forgets after 5 MiB per
/// partition, and each has some 330 bytes.
const UNREAD_MAX: u64 = 8_000;
/// Event time by which quality, which is judged last and shown every quarter of an hour, may be behind, in milliseconds.
const UNJUDGED_MAX: i64 = 90 * 60_000;
/// Minutes of event time that are produced in one go.
const STRIDE_MINUTES: i64 = 10;
/// Wall time that a stride takes at least: so the two days last long enough to be watched.
const STRIDE: Duration = Duration::from_millis(140);

/// Simulated time that a flush takes together.
const FLUSH_INTERVAL: Duration = Duration::from_secs(60);
/// How fast the stopwatch runs by itself: a flush comes due within 600 ms of wall time.
const STOPWATCH_RATE: u32 = 100;
/// Nothing is ever restored from the embedded cluster, so nothing is saved for it.
const NO_CHECKPOINTS: Duration = Duration::from_secs(u64::MAX >> 1);

/// Everything that plays.
pub(super) struct Stage {
    cluster: MockCluster<'static, rdkafka::producer::DefaultProducerContext>,
    bootstrap: String,
    metrics: String,
    board: Arc<Board>,
    server: Option<Handle>,
    checked: CheckedConfig,
    progress: Arc<Progress>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<(), Fault>>>,
}

/// How far the stream was produced; also the simulated clock.
#[derive(Default)]
struct Progress {
    now: AtomicI64,
    events: AtomicU64,
    corrected: AtomicI64,
    done: AtomicBool,
}

/// The clock of the stage: the wall clock stands where the stream was produced. The stopwatch runs with it, and a little
/// by itself: the producer waits for what is committed, and a stopwatch that stood still meanwhile would never let a
/// flush come due.
struct StageClock {
    progress: Arc<Progress>,
    start: i64,
    raised: Instant,
}

impl Clock for StageClock {
    fn now(&self) -> Tick {
        Tick(self.progress.now.load(Ordering::Acquire))
    }

    fn elapsed(&self) -> Duration {
        let played = Duration::from_millis(self.now().0.saturating_sub(self.start).unsigned_abs());
        played + self.raised.elapsed() * STOPWATCH_RATE
    }
}

impl Stage {
    /// Starts the cluster, the server, the worker and the producer.
    ///
    /// # Errors
    /// When one of them cannot start.
    pub(super) fn set(seed: u64, timeline: &Timeline, listen: SocketAddr) -> Result<Self, Error> {
        let cluster = MockCluster::new(1).map_err(Error::failed)?;
        let bootstrap = cluster.bootstrap_servers();
        let sources = ConfigSources::default()
            .flag("demo", "kafka.brokers", &bootstrap)
            .flag("demo", "topics.predictions", TOPIC)
            .flag("demo", "topics.labels", LABELS)
            .flag("demo", "join.horizon", HORIZON)
            .flag("demo", "segments.keys", SEGMENT_KEY)
            .flag("demo", &format!("quality.positive.{MODEL}"), "fraud");
        let mut checked = config::load(&sources)?;
        checked.plan.objectives.extend(objective());
        create_topics(&cluster, &checked).map_err(Error::failed)?;
        let progress = Arc::new(Progress::default());
        progress
            .now
            .store(timeline.start.time().0, Ordering::Release);
        let board = board(&progress)?;
        let server = http::serve(listen, Arc::clone(&board)).map_err(Error::failed)?;
        let mut stage = Self {
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
        stage.start_worker(timeline.start)?;
        stage.start_producer(seed, timeline)?;
        Ok(stage)
    }

    fn start_worker(&mut self, start: Boundary) -> Result<(), Error> {
        let plan = Arc::new(self.checked.plan.clone());
        let settings = ClientSettings {
            brokers: self.bootstrap.clone(),
            group: "demo".to_owned(),
            transactional_id: "demo".to_owned(),
            transaction_timeout: Duration::from_secs(60),
            // The embedded cluster lets a fetch wait its full time even when records arrive meanwhile.
            properties: [("fetch.wait.max.ms", "5"), ("socket.nagle.disable", "true")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            offsets: Offsets::Beside,
        };
        let clock = StageClock {
            progress: Arc::clone(&self.progress),
            start: start.time().0,
            raised: Instant::now(),
        };
        let options = Options {
            flush_interval: FLUSH_INTERVAL,
            checkpoint_interval: NO_CHECKPOINTS,
            first: FirstStart::Earliest,
            incarnation: 1,
        };
        let (meter, stop) = (Arc::new(self.board.worker()), Arc::clone(&self.stop));
        let work = move || {
            let topics: Vec<&str> = plan.topics.read().collect();
            let log = KafkaLog::connect(settings, &topics, &plan.topics.dead_letters)?;
            Worker::new(log, clock, plan, options, meter).run(&stop)
        };
        self.spawn("worker", work)
    }

    fn start_producer(&mut self, seed: u64, timeline: &Timeline) -> Result<(), Error> {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("partitioner", "murmur2_random")
            // The embedded cluster answers a fetch with one batch per partition: few large ones are read fast.
            .set("linger.ms", "10")
            .set("socket.nagle.disable", "true")
            .create()
            .map_err(Error::failed)?;
        let stream = Stream {
            producer,
            traffic: Traffic {
                seed,
                per_minute: PER_MINUTE,
            },
            timeline: timeline.clone(),
            board: Arc::clone(&self.board),
            progress: Arc::clone(&self.progress),
            stop: Arc::clone(&self.stop),
        };
        self.spawn("producer", move || stream.play())
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

    /// A subscriber to what is published.
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

    /// What the process says of itself.
    pub(super) fn status(&self) -> StatusPage {
        self.board.status()
    }

    /// How far the stream was produced.
    pub(super) fn now(&self) -> EventTime {
        EventTime(self.progress.now.load(Ordering::Acquire))
    }

    /// Labels produced so far that correct another, about payments of the first day.
    pub(super) fn corrected(&self) -> i64 {
        self.progress.corrected.load(Ordering::Acquire)
    }

    /// Events that were produced, labels among them.
    pub(super) fn produced(&self) -> u64 {
        self.progress.events.load(Ordering::Acquire)
    }

    /// Whether the stream has come to its end.
    pub(super) fn is_produced(&self) -> bool {
        self.progress.done.load(Ordering::Acquire)
    }

    /// Where the cluster answers.
    pub(super) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Where `/metrics` answers.
    pub(super) fn metrics_url(&self) -> &str {
        &self.metrics
    }

    /// Event time for which an alert keeps firing once it is clear.
    pub(super) fn keep_firing_minutes(&self) -> i64 {
        self.checked.plan.alert.keep_firing_minutes
    }

    /// Whether all that should run still does.
    ///
    /// # Errors
    /// When a thread ended early.
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

    /// Ends everything in order.
    ///
    /// # Errors
    /// What a thread died of.
    pub(super) fn strike(mut self) -> Result<(), Error> {
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
    let internal = PANES_PARTITIONS as i32;
    let outputs = [
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
    outputs
        .into_iter()
        .try_for_each(|topic| cluster.create_topic(topic, 1, 1))
}

/// What is promised of the model; `None` never in practice.
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

fn board(progress: &Arc<Progress>) -> Result<Arc<Board>, Error> {
    let progress = Arc::clone(progress);
    let options = BoardOptions {
        drift_series_max: config::HttpConfig::default().drift_series_max,
        clock: Box::new(move || Tick(progress.now.load(Ordering::Acquire))),
    };
    Board::new(options).map(Arc::new).map_err(Error::failed)
}

/// Why something could not be produced.
type Broken = Box<dyn std::error::Error>;

/// The producer and what it plays.
struct Stream {
    producer: BaseProducer,
    traffic: Traffic,
    timeline: Timeline,
    board: Arc<Board>,
    progress: Arc<Progress>,
    stop: Arc<AtomicBool>,
}

impl Stream {
    fn play(&self) -> Result<(), Fault> {
        let mut from = self.timeline.start;
        let mut pending = Pending::default();
        while from < self.timeline.end && !self.stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let to = from.plus_minutes(STRIDE_MINUTES).min(self.timeline.end);
            self.play_span(from, to, &mut pending)?;
            // Only now: nothing may be produced before the clock that silence is measured by.
            self.progress.now.store(to.time().0, Ordering::Release);
            from = to;
            std::thread::sleep(STRIDE.saturating_sub(begun.elapsed()));
            self.wait_for_reader();
        }
        self.progress.done.store(true, Ordering::Release);
        Ok(())
    }

    fn play_span(&self, from: Boundary, to: Boundary, pending: &mut Pending) -> Result<(), Fault> {
        let broken = |error: &dyn std::fmt::Display| {
            Fault::Fatal(format!("the demo's producer failed: {error}"))
        };
        let mut minute = from;
        while minute < to {
            let next = minute.plus_minutes(1);
            self.play_payments(minute, pending)
                .map_err(|error| broken(&*error))?;
            for label in pending.take_before(next) {
                self.play_label(&label).map_err(|error| broken(&*error))?;
            }
            minute = next;
        }
        // The library's own flush waits in slices of 100 ms.
        while self.producer.in_flight_count() > 0 && !self.stop.load(Ordering::Relaxed) {
            self.producer.poll(Duration::from_micros(500));
        }
        Ok(())
    }

    fn play_payments(&self, minute: Boundary, pending: &mut Pending) -> Result<(), Broken> {
        let mishap = self.timeline.mishap(minute.time());
        for event in &self.traffic.minute(minute, mishap) {
            self.send(TOPIC, &event.id, &encode(event)?, event.time)?;
            pending.put(labels_of(event, self.traffic.seed, &self.timeline));
        }
        Ok(())
    }

    fn play_label(&self, label: &DemoLabel) -> Result<(), Broken> {
        self.send(LABELS, &label.id, &encode_label(label)?, label.at)?;
        if label.is_correction && label.about < self.timeline.learned.time() {
            self.progress.corrected.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    fn send(&self, topic: &str, key: &str, value: &[u8], time: EventTime) -> Result<(), Broken> {
        loop {
            let record = BaseRecord::to(topic)
                .key(key)
                .payload(value)
                .timestamp(time.0);
            match self.producer.send(record) {
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.producer.poll(Duration::from_millis(1));
                }
                other => {
                    other.map_err(|(error, _)| error)?;
                    self.progress.events.fetch_add(1, Ordering::AcqRel);
                    return Ok(());
                }
            }
        }
    }

    /// The embedded cluster forgets what is not read soon, and whoever watches wants to see an alert beside its incident.
    fn wait_for_reader(&self) {
        while self.is_ahead() && !self.stop.load(Ordering::Relaxed) {
            std::thread::sleep(STRIDE / 10);
        }
    }

    fn is_ahead(&self) -> bool {
        let status = self.board.status();
        let events = self.progress.events.load(Ordering::Acquire);
        let unread = events.saturating_sub(status.events);
        let now = EventTime(self.progress.now.load(Ordering::Acquire));
        let windows = status.models.iter().flat_map(|model| &model.quality);
        let judged = windows.map(|window| window.end).max();
        unread > UNREAD_MAX || judged.is_some_and(|judged| judged.plus_millis(UNJUDGED_MAX) < now)
    }
}
