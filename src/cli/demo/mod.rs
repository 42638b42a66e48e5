//! The demo: a broker inside the process, a seeded stream with incidents at known moments, and a reckoning at the end.
//!
//! Everything between the broker and the alert topics is the real thing: the client library, the worker, the stages.
//! Only the wall clock is simulated, because two days of event time pass within a minute.

mod chance;
mod draw;
mod encode;
#[cfg(test)]
mod fake;
mod features;
mod incident;
mod labels;
mod plain;
mod produce;
mod quality;
mod reader;
mod record;
mod report;
mod scene;
mod score;
mod stage;
mod traffic;
mod view;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use encode::{encode, encode_label};
use incident::Timeline;
use reader::AlertReader;
use scene::Scene;
use score::{PublishedSoFar, reckon};
use stage::Stage;
use view::{Flow, View};

use super::args::DemoArgs;
use super::{Error, print};

/// Time between two pictures.
const FRAME: Duration = Duration::from_millis(100);
/// How long nothing may change before everything is judged.
const SETTLED: Duration = Duration::from_secs(2);
/// How long the whole may take.
const PATIENCE: Duration = Duration::from_secs(170);
/// Monday, 4 May 2026: where the stream begins.
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
            level: crate::config::Level::Warn,
            ..crate::config::LogConfig::default()
        };
        crate::cli::logs::start(log)?;
    }
    let timeline = Timeline::from_day(
        crate::event::EventTime(FIRST_DAY_MILLIS),
        !args.no_incidents,
    );
    let stage = Stage::set(args.seed, &timeline, args.listen)?;
    let mut show = Show::open(&stage, &timeline, args.plain)?;
    if show.until_judged()? == Flow::Quit {
        return Ok(ExitCode::SUCCESS);
    }
    let reckoning = reckon(&timeline, &said(&stage, &show.alerts));
    if args.keep_running {
        show.until_quit(&reckoning.to_string())?;
    }
    drop(show);
    stage.strike()?;
    print(&format!("\n{reckoning}"))?;
    Ok(if reckoning.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The stage, watched.
struct Show<'a> {
    stage: &'a Stage,
    timeline: &'a Timeline,
    alerts: AlertReader,
    view: View,
    begun: Instant,
    rate: Rate,
}

impl<'a> Show<'a> {
    fn open(stage: &'a Stage, timeline: &'a Timeline, plain: bool) -> Result<Self, Error> {
        Ok(Self {
            stage,
            timeline,
            alerts: stage.alert_reader()?,
            view: View::open(plain).map_err(Error::failed)?,
            begun: Instant::now(),
            rate: Rate::default(),
        })
    }

    /// Shows until everything that was produced is judged.
    fn until_judged(&mut self) -> Result<Flow, Error> {
        let mut settled = Instant::now();
        let mut before = (0, 0);
        loop {
            let status = self.stage.status();
            let so_far = (status.windows_closed, self.alerts.taken());
            if so_far != before
                || !self.stage.is_produced()
                || status.events < self.stage.produced()
            {
                before = so_far;
                settled = Instant::now();
            }
            if self.frame()? == Flow::Quit {
                return Ok(Flow::Quit);
            }
            if settled.elapsed() >= SETTLED {
                return Ok(Flow::Continue);
            }
            self.stage.check()?;
            if self.begun.elapsed() > PATIENCE {
                return Err(Error::Failed(
                    "the demo did not finish in time: this machine is too busy, try again"
                        .to_owned(),
                ));
            }
        }
    }

    /// Goes on showing until the user leaves.
    fn until_quit(&mut self, table: &str) -> Result<(), Error> {
        if self.view.is_plain() {
            print(&format!("\n{table}\nstill running; Ctrl-C ends it\n"))?;
        }
        let interrupted = interrupted()?;
        while !interrupted.load(Ordering::Relaxed) && self.frame()? == Flow::Continue {}
        Ok(())
    }

    fn frame(&mut self) -> Result<Flow, Error> {
        self.alerts.read_new();
        let status = self.stage.status();
        let events_per_sec = self.rate.of(status.events);
        let scene = Scene {
            status: &status,
            timeline: self.timeline,
            said: said(self.stage, &self.alerts),
            now: self.stage.now(),
            events_per_sec,
            bootstrap: self.stage.bootstrap(),
            metrics: self.stage.metrics_url(),
        };
        let flow = self.view.show(&scene).map_err(Error::failed)?;
        std::thread::sleep(FRAME);
        Ok(flow)
    }
}

/// What was read back so far, and what was sent.
fn said<'a>(stage: &Stage, alerts: &'a AlertReader) -> PublishedSoFar<'a> {
    PublishedSoFar {
        alerts: alerts.records(),
        reports: alerts.reports(),
        corrected: stage.corrected(),
        keep_firing_minutes: stage.keep_firing_minutes(),
    }
}

/// Events per second of wall time, over the last second.
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

/// A flag that SIGINT or SIGTERM sets.
fn interrupted() -> Result<Arc<AtomicBool>, Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let wait = move || {
        // Without a runtime there is no signal to wait for, and the default action ends the process as well.
        let _ended = super::run::wait_for_signal(&set);
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(wait)
        .map_err(Error::failed)?;
    Ok(flag)
}

fn produce_only(args: &DemoArgs) -> Result<ExitCode, Error> {
    let options = produce::ProduceOptions {
        brokers: args.brokers.clone().unwrap_or_default(),
        topic: args.topic.clone().unwrap_or_default(),
        per_second: args.rate,
        seed: args.seed,
    };
    let stop = interrupted()?;
    let mut tell = |so_far: produce::Produced| {
        eprintln!(
            "{} events delivered, {} refused",
            so_far.delivered, so_far.failed
        )
    };
    let done = produce::produce(&options, &stop, &mut tell).map_err(Error::failed)?;
    tell(done);
    Ok(ExitCode::SUCCESS)
}
