//! `tidegauge run`: a member of the consumer group until a signal stops it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{CheckedConfig, RuntimeConfig};
use crate::http::{self, Board, BoardOptions, WorkerMeter};
use crate::kafka::KafkaLog;
use crate::runtime::meter::Meter;
use crate::runtime::{Clock, Crew, CrewEnd, CrewTimes, Heartbeat, SystemClock, WorkReport, Worker};

use super::args::RunArgs;
use super::{Error, broker_watch, connect, logs, signals, start_up};

/// Time to leave the group after the last commit. The client takes some milliseconds if the coordinator answers. If it does
/// not, the partitions move when the session expires, which no waiting would speed up.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(3);

/// Runs the command.
///
/// # Errors
/// A fatal fault; the message says how to fix it.
pub fn execute(args: &RunArgs) -> Result<ExitCode, Error> {
    let checked = Arc::new(args.load()?);
    logs::start(checked.settings.log)?;
    let stop = signals::install()?;
    let board = board(&checked)?;
    let http = &checked.settings.http;
    let server = http
        .enabled
        .then(|| http::serve(http.listen, Arc::clone(&board)))
        .transpose()
        .map_err(Error::failed)?;
    if let Some(server) = &server {
        tracing::info!(address = %server.address(), "serving metrics, health and status");
    }
    if !start_up::prepare(&checked, &board, &stop).map_err(Error::failed)? {
        return Ok(ExitCode::SUCCESS); // nothing was begun
    }
    broker_watch::start(&checked, &board)?;
    let mut crew = Crew::new(times(&checked.settings.runtime), stop);
    for number in 0..checked.settings.runtime.workers {
        start(&mut crew, &checked, number, &board)?;
    }
    ended(crew.watch())
}

fn times(runtime: &RuntimeConfig) -> CrewTimes {
    CrewTimes {
        watchdog: runtime.watchdog.as_duration(),
        commit: runtime.shutdown_timeout.as_duration(),
        leave: LEAVE_TIME_MAX,
    }
}

fn ended(end: CrewEnd) -> Result<ExitCode, Error> {
    match end {
        CrewEnd::Committed { leaving: 0 } => Ok(ExitCode::SUCCESS),
        CrewEnd::Committed { leaving } => {
            tracing::info!(
                workers = leaving,
                "everything is committed; the group does not answer, so its partitions move when the session expires"
            );
            Ok(ExitCode::SUCCESS)
        }
        CrewEnd::Failed(fault) => Err(Error::failed(fault)),
        CrewEnd::Late { workers, activity } => Err(Error::Failed(format!(
            "{workers} workers did not commit within `runtime.shutdown_timeout` (the first is {}): the next owner of their \
             partitions reads again what they had not committed",
            activity.phrase()
        ))),
        CrewEnd::Hung(hang) => {
            tracing::error!(
                worker = hang.worker,
                still_secs = hang.still.as_secs(),
                activity = hang.activity.phrase(),
                "a worker hangs"
            );
            Err(Error::Hung(hang))
        }
    }
}

fn board(checked: &CheckedConfig) -> Result<Arc<Board>, Error> {
    let clock = SystemClock::default();
    let options = BoardOptions {
        drift_series_max: checked.settings.http.drift_series_max,
        heartbeat_age_max: checked.settings.runtime.watchdog.as_duration(),
        clock: Box::new(move || clock.now()),
    };
    Board::new(options).map(Arc::new).map_err(Error::failed)
}

/// Starts a worker on its own thread. When it ends for any reason, the others stop.
fn start(
    crew: &mut Crew,
    checked: &CheckedConfig,
    number: usize,
    board: &Arc<Board>,
) -> Result<(), Error> {
    let plan = Arc::new(checked.plan.clone());
    let settings = connect::kafka(checked, number)?;
    let options = connect::options(checked);
    let heartbeat = Heartbeat::default();
    let meter: Arc<dyn Meter> = Arc::new(WorkerMeter::new(board, &heartbeat));
    let watched = heartbeat.clone();
    let work = move |report: &WorkReport| {
        let topics: Vec<&str> = plan.topics.read().collect();
        match KafkaLog::connect(settings, &topics, &plan.topics.dead_letters, &heartbeat) {
            Ok(log) => {
                let clock = SystemClock::default();
                let plan = Arc::clone(&plan);
                Worker::new(log, clock, plan, options, meter, heartbeat)
                    .run(report.stop(), |outcome| report.done(outcome));
            }
            Err(fault) => report.done(Err(fault)),
        }
    };
    crew.start(watched, work)
        .map_err(|error| Error::Failed(no_thread(number, &error)))
}

fn no_thread(worker: usize, error: &std::io::Error) -> String {
    format!(
        "cannot start the thread of worker {worker}: {error}; lower `runtime.workers`, or allow the process more threads"
    )
}
