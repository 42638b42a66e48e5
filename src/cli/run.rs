//! `tidegauge run`: a member of the consumer group until SIGTERM.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::config::{CheckedConfig, Period};
use crate::http::{self, Board, BoardOptions, WorkerMeter};
use crate::kafka::KafkaLog;
use crate::runtime::meter::Meter;
use crate::runtime::{Clock, Fault, Heartbeat, SystemClock, Worker};

use super::args::RunArgs;
use super::{Error, connect, logs, signals, topics};

/// Time between two checks of the workers.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Runs the command.
///
/// # Errors
/// A fatal fault; the message says how to fix it.
pub fn execute(args: &RunArgs) -> Result<ExitCode, Error> {
    let checked = args.load()?;
    logs::start(checked.settings.log)?;
    let stop = signals::install()?;
    topics::ensure(&checked)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(ExitCode::SUCCESS); // nothing was begun
    }
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
    let workers: Vec<JoinHandle<Result<(), Fault>>> = (0..checked.settings.runtime.workers)
        .map(|number| spawn(&checked, number, &board, &stop))
        .collect::<Result<_, _>>()?;
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK_INTERVAL);
    }
    ended(workers, &checked.settings.runtime.shutdown_timeout)
}

/// Waits for the workers for a limited time, because a broker may not answer.
fn ended(workers: Vec<JoinHandle<Result<(), Fault>>>, timeout: &Period) -> Result<ExitCode, Error> {
    let deadline = Instant::now() + timeout.as_duration();
    while !workers.iter().all(JoinHandle::is_finished) && Instant::now() < deadline {
        std::thread::sleep(LOOK_INTERVAL);
    }
    let (done, busy): (Vec<_>, Vec<_>) = workers.into_iter().partition(JoinHandle::is_finished);
    if let Some(fault) = done.into_iter().map(joined).find_map(Result::err) {
        return Err(Error::failed(fault));
    }
    if busy.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Error::Failed(format!(
        "{} workers did not finish within `runtime.shutdown_timeout`: the next owner of their partitions reads again what they had not committed",
        busy.len()
    )))
}

fn board(checked: &CheckedConfig) -> Result<Arc<Board>, Error> {
    let clock = SystemClock::default();
    let options = BoardOptions {
        drift_series_max: checked.settings.http.drift_series_max,
        clock: Box::new(move || clock.now()),
    };
    Board::new(options).map(Arc::new).map_err(Error::failed)
}

/// Starts a worker on its own thread. When it ends for any reason, the others stop.
fn spawn(
    checked: &CheckedConfig,
    number: usize,
    board: &Arc<Board>,
    stop: &Arc<AtomicBool>,
) -> Result<JoinHandle<Result<(), Fault>>, Error> {
    let plan = Arc::new(checked.plan.clone());
    let settings = connect::kafka(checked, number)?;
    let options = connect::options(checked);
    let stop = Arc::clone(stop);
    let heartbeat = Heartbeat::default();
    let meter: Arc<dyn Meter> = Arc::new(WorkerMeter::new(board, &heartbeat));
    let work = move || {
        let topics: Vec<&str> = plan.topics.read().collect();
        let done = KafkaLog::connect(settings, &topics, &plan.topics.dead_letters, &heartbeat)
            .and_then(|log| {
                Worker::new(
                    log,
                    SystemClock::default(),
                    Arc::clone(&plan),
                    options,
                    meter,
                    heartbeat,
                )
                .run(&stop)
            });
        stop.store(true, Ordering::Relaxed);
        done
    };
    std::thread::Builder::new()
        .name(format!("worker-{number}"))
        .spawn(work)
        .map_err(Error::failed)
}

fn joined(worker: JoinHandle<Result<(), Fault>>) -> Result<(), Fault> {
    worker.join().unwrap_or_else(|_| {
        Err(Fault::Fatal(
            "a worker panicked: this is a bug, please report it with the log".to_owned(),
        ))
    })
}
