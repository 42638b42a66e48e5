//! Signals that stop the process. SIGTERM, SIGINT and SIGHUP ask for a stop; the second one ends the process at once.
//! A SIGHUP that the parent ignores stays ignored: that is what `nohup` is for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Error;

/// Exit code of a stop that a second signal cut short: what was not committed is read again.
const CUT_SHORT: i32 = 1;

/// Catches the signals in a thread of its own and returns the flag that the first one sets. Install it before anything
/// can block: a container's first process ignores a signal that it does not catch.
///
/// # Errors
/// When the thread or its runtime cannot start.
pub(super) fn install() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::failed)?;
    let signals = {
        let _inside = runtime.enter();
        Caught::install().map_err(Error::failed)?
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(signals.obey(&flag)))
        .map_err(Error::failed)?;
    Ok(stop)
}

/// The signals that are caught.
struct Caught {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

impl Caught {
    fn install() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: if ignores_hangup() {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            },
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            () = received(&mut self.hangup) => "SIGHUP",
        }
    }

    async fn obey(mut self, stop: &AtomicBool) {
        let signal = self.next().await;
        stop.store(true, Ordering::Relaxed);
        tracing::info!(signal, "stopping: flush, commit, leave the group");
        let signal = self.next().await;
        eprintln!(
            "tidegauge: a second signal ({signal}) ends the process at once: what was not committed is read again at the next start"
        );
        std::process::exit(CUT_SHORT);
    }
}

/// Waits for a signal; for ever if it is not caught.
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// True if this process was started with SIGHUP ignored. Where `/proc` does not say, it is not.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let hangup = 1 << (SignalKind::hangup().as_raw_value() - 1);
    mask.is_some_and(|mask| mask & hangup != 0)
}
