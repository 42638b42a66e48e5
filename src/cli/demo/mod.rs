//! Demo: a Kafka cluster inside the process, a seeded stream with incidents at known times, and a score at the end.
//!
//! Client library, worker and stages are those of production. Only the wall clock is simulated, because two days of event
//! time pass within a minute.

mod chance;
mod clock;
mod draw;
mod encode;
mod features;
mod incident;
mod labels;
mod plain;
mod produce;
mod quality;
mod reader;
mod record;
mod report;
mod score;
mod snapshot;
mod stream;
mod style;
mod table;
mod testbed;
mod traffic;
mod view;

pub use draw::draw;
pub use incident::{IncidentKind, Timeline};
pub use plain::PlainView;
pub use record::{ObjectiveName, PublishedAlert};
pub use report::Reports;
pub use score::PublishedSoFar;
pub use snapshot::Snapshot;
pub use traffic::{DemoEvent, Traffic};

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reader::AlertReader;
use score::score_run;
use testbed::Testbed;
use view::{Flow, View};

use super::args::DemoArgs;
use super::{Error, print};

/// Time between two frames of the view.
const FRAME: Duration = Duration::from_millis(100);
/// Frames without a change after which everything counts as judged. Frames, because a busy machine may halt the whole process
/// for seconds.
const SETTLED_FRAMES: u32 = 20;
/// Maximum wall time of the demo.
const PATIENCE: Duration = Duration::from_secs(170);
/// Begin of the stream: Monday, 4 May 2026.
const FIRST_DAY_MILLIS: i64 = 1_777_852_800_000;

/// Runs the command.
///
/// # Errors
/// When the embedded cluster, the server or the terminal refuses.
pub fn execute(args: &DemoArgs) -> Result<ExitCode, Error> {
    if args.produce_only {
        return produce_only(args);
    }
    if args.plain {
        let log = crate::config::LogConfig {
            // No warnings: they count simulated time, in which a moment lasts minutes.
            level: crate::config::Level::Error,
            ..crate::config::LogConfig::default()
        };
        crate::cli::logs::start(log)?;
    }
    let timeline = Timeline::from_day(
        crate::event::EventTime(FIRST_DAY_MILLIS),
        !args.no_incidents,
    );
    let testbed = Testbed::start(args.seed, &timeline, args.listen)?;
    let mut run = DemoRun::open(&testbed, &timeline, args.plain)?;
    match run.until_judged() {
        Ok(Flow::Continue) => {}
        Ok(Flow::Quit) => return Ok(ExitCode::SUCCESS),
        Err(error) => {
            drop(run);
            // A thread that ended early knows why.
            return Err(testbed.stop().err().unwrap_or(error));
        }
    }
    let demo_score = score_run(&timeline, &published(&testbed, &run.alerts));
    if args.keep_running {
        run.until_quit(&demo_score.to_string())?;
    }
    drop(run);
    testbed.stop()?;
    print(&format!("\n{demo_score}"))?;
    Ok(if demo_score.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Running testbed with its view.
struct DemoRun<'a> {
    testbed: &'a Testbed,
    timeline: &'a Timeline,
    alerts: AlertReader,
    view: View,
    begun: Instant,
    rate: Rate,
    /// True once everything that was produced is judged.
    is_over: bool,
}

impl<'a> DemoRun<'a> {
    fn open(testbed: &'a Testbed, timeline: &'a Timeline, plain: bool) -> Result<Self, Error> {
        Ok(Self {
            testbed,
            timeline,
            alerts: testbed.alert_reader()?,
            view: View::open(plain).map_err(Error::failed)?,
            begun: Instant::now(),
            rate: Rate::default(),
            is_over: false,
        })
    }

    /// Refreshes the view until everything that was produced is judged, or until the user quits.
    fn until_judged(&mut self) -> Result<Flow, Error> {
        let mut still_frames = 0;
        let mut before = (0, 0);
        loop {
            let status = self.testbed.status();
            let so_far = (status.windows_closed, self.alerts.taken());
            if so_far != before
                || !self.testbed.is_produced()
                || status.events + status.labels < self.testbed.produced()
            {
                before = so_far;
                still_frames = 0;
            }
            if self.frame()? == Flow::Quit {
                return Ok(Flow::Quit);
            }
            still_frames += 1;
            if still_frames >= SETTLED_FRAMES {
                self.is_over = true;
                return self.frame();
            }
            self.testbed.check()?;
            if self.begun.elapsed() > PATIENCE {
                return Err(Error::Failed(
                    "the demo did not finish in time: the machine is too busy; try again"
                        .to_owned(),
                ));
            }
        }
    }

    /// Refreshes the view until the user quits.
    fn until_quit(&mut self, table: &str) -> Result<(), Error> {
        if self.view.is_plain() {
            print(&format!("\n{table}\nstill running; press Ctrl-C to stop\n"))?;
        }
        let interrupted = super::signals::install()?;
        while !interrupted.load(Ordering::Relaxed) && self.frame()? == Flow::Continue {}
        Ok(())
    }

    fn frame(&mut self) -> Result<Flow, Error> {
        self.alerts.read_new();
        let status = self.testbed.status();
        let events_per_sec = self.rate.of(status.events + status.labels);
        let snapshot = Snapshot {
            status: &status,
            timeline: self.timeline,
            published: published(self.testbed, &self.alerts),
            now: self.testbed.now(),
            is_over: self.is_over,
            events_per_sec,
            bootstrap: self.testbed.bootstrap(),
            metrics: self.testbed.metrics_url(),
        };
        let flow = self.view.show(&snapshot).map_err(Error::failed)?;
        std::thread::sleep(FRAME);
        Ok(flow)
    }
}

/// Records read back so far, and the number of corrections sent.
fn published<'a>(testbed: &Testbed, alerts: &'a AlertReader) -> PublishedSoFar<'a> {
    PublishedSoFar {
        alerts: alerts.records(),
        reports: alerts.reports(),
        corrected: testbed.corrected(),
        keep_firing_minutes: testbed.keep_firing_minutes(),
    }
}

/// Rate of events in the last second of wall time.
#[derive(Default)]
struct Rate {
    since: Option<(Instant, u64)>,
    per_sec: f64,
}

impl Rate {
    fn of(&mut self, events: u64) -> f64 {
        let (since, before) = *self.since.get_or_insert((Instant::now(), events));
        let secs = since.elapsed().as_secs_f64();
        if secs >= 1.0 {
            self.per_sec = events.saturating_sub(before) as f64 / secs;
            self.since = Some((Instant::now(), events));
        }
        self.per_sec
    }
}

fn produce_only(args: &DemoArgs) -> Result<ExitCode, Error> {
    let options = produce::ProduceOptions {
        brokers: args.brokers.clone().unwrap_or_default(),
        topic: args.topic.clone().unwrap_or_default(),
        per_second: args.rate,
        seed: args.seed,
    };
    let stop = super::signals::install()?;
    let mut report = |so_far: produce::Produced| {
        eprintln!(
            "{} events delivered, {} failed",
            so_far.delivered, so_far.failed
        )
    };
    let done = produce::produce(&options, &stop, &mut report).map_err(Error::failed)?;
    report(done);
    Ok(ExitCode::SUCCESS)
}
