//! `tidegauge run`: a member of the consumer group, until SIGTERM.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::config::Checked;
use crate::http::{self, Board, BoardOptions};
use crate::kafka::KafkaLog;
use crate::runtime::meter::Meter;
use crate::runtime::{Clock, Fault, SystemClock, Worker};

use super::args::RunArgs;
use super::{Error, connect, logs, topics};

/// Runs the command.
///
/// # Errors
/// A fault that does not pass by itself; the message says how to mend it.
pub fn execute(args: &RunArgs) -> Result<ExitCode, Error> {
    let checked = args.load()?;
    logs::start(checked.settings.log)?;
    topics::ensure(&checked)?;
    let board = board(&checked)?;
    let http = &checked.settings.http;
    let server = http
        .enabled
        .then(|| http::serve(http.listen, Arc::clone(&board)))
        .transpose()
        .map_err(Error::failed)?;
    if let Some(server) = &server {
        tracing::info!(address = %server.address(), "metrics, health and status are served");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<JoinHandle<Result<(), Fault>>> = (0..checked.settings.runtime.workers)
        .map(|number| spawn(&checked, number, Arc::new(board.worker()), &stop))
        .collect::<Result<_, _>>()?;
    wait_for_signal(&stop)?;
    await_end(
        &workers,
        checked.settings.runtime.shutdown_timeout.as_duration(),
    );
    let outcomes: Vec<Result<(), Fault>> = workers
        .into_iter()
        .filter(JoinHandle::is_finished)
        .map(joined)
        .collect();
    match outcomes.into_iter().find_map(Result::err) {
        Some(fault) => Err(Error::failed(fault)),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Waits for the workers to flush and leave, but not for ever: what is not committed then is read again by the next owner.
fn await_end(workers: &[JoinHandle<Result<(), Fault>>], timeout: Duration) {
    let deadline = Instant::now() + timeout;
    while workers.iter().any(|worker| !worker.is_finished()) {
        if Instant::now() > deadline {
            tracing::warn!(
                "a worker did not stop in time; what it had not committed is read again by the next owner"
            );
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn board(checked: &Checked) -> Result<Arc<Board>, Error> {
    let clock = SystemClock::default();
    let options = BoardOptions {
        drift_series_max: checked.settings.http.drift_series_max,
        clock: Box::new(move || clock.now()),
    };
    Board::new(options).map(Arc::new).map_err(Error::failed)
}

/// One worker on a thread of its own; its end, good or bad, stops the others.
fn spawn(
    checked: &Checked,
    number: usize,
    meter: Arc<dyn Meter>,
    stop: &Arc<AtomicBool>,
) -> Result<JoinHandle<Result<(), Fault>>, Error> {
    let plan = Arc::new(checked.plan.clone());
    let settings = connect::kafka(checked, number)?;
    let options = connect::options(checked);
    let stop = Arc::clone(stop);
    let work = move || {
        let inputs = plan.topics.predictions.iter().map(String::as_str);
        let topics: Vec<&str> = inputs.chain([plan.topics.panes.as_str()]).collect();
        let done =
            KafkaLog::connect(settings, &topics, &plan.topics.dead_letters).and_then(|log| {
                Worker::new(
                    log,
                    SystemClock::default(),
                    Arc::clone(&plan),
                    options,
                    meter,
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

/// Waits for SIGTERM, SIGINT or the end of a worker.
pub(super) fn wait_for_signal(stop: &AtomicBool) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::failed)?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(Error::failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::failed)?;
        let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = look.tick() => if stop.load(Ordering::Relaxed) { break },
            }
        }
        stop.store(true, Ordering::Relaxed);
        Ok(())
    })
}
