//! Signals that stop the process. SIGTERM, SIGINT and SIGHUP ask for a stop; the second one ends the process at once.

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
    hangup: Signal,
}

impl Caught {
    fn install() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hangup.recv() => "SIGHUP",
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
