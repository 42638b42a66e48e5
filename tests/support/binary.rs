//! The real binary as a child process: started, watched through its log, asked to stop, or killed.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::http::{Response, get};
use super::wait::wait_for;

static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A running `tidegauge`; dropped, it is killed.
pub struct Tidegauge {
    child: Child,
    log: PathBuf,
}

impl Tidegauge {
    /// `tidegauge run --config FILE`, with `config` (YAML) written to the file.
    pub fn run(config: &str) -> Self {
        Self::with_config(&["run"], config)
    }

    /// `tidegauge WORDS… --config FILE`, with `config` (YAML) written to the file.
    pub fn with_config(words: &[&str], config: &str) -> Self {
        let file = scratch("yaml");
        fs::write(&file, config).unwrap();
        let words = words.iter().map(OsStr::new);
        let rest = [OsStr::new("--config"), file.as_os_str()];
        Self::start(&words.chain(rest).collect::<Vec<_>>())
    }

    /// `tidegauge ARGS…`; both output streams go to one log file.
    pub fn start<A: AsRef<OsStr>>(args: &[A]) -> Self {
        Self::start_program(&path(), args)
    }

    /// Another program in its place, watched in the same way.
    pub fn start_program<A: AsRef<OsStr>>(program: &Path, args: &[A]) -> Self {
        let log = scratch("log");
        let out = File::create(&log).unwrap();
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null());
        command.stderr(out.try_clone().unwrap()).stdout(out);
        let child = command.spawn().unwrap();
        Self { child, log }
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Where its log lies.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Waits until its log contains `text`.
    #[track_caller]
    pub fn await_log(&mut self, text: &str, deadline: Duration) {
        let what = format!("{text:?} in {}", self.log.display());
        wait_for(&what, deadline, || {
            let log = self.log();
            assert!(
                self.exited().is_none() || log.contains(text),
                "it ended before {what}:\n{log}"
            );
            log.contains(text).then_some(())
        });
    }

    /// What it serves at `path`, if it serves already.
    pub fn get(&self, path: &str) -> Option<Response> {
        let log = self.log();
        let (_, rest) = log.split_once("are served address=")?;
        get(rest.split_whitespace().next()?, path)
    }

    /// Its exit status, once it has ended.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for it to end by itself.
    #[track_caller]
    pub fn await_exit(&mut self, deadline: Duration) -> ExitStatus {
        let what = format!("tidegauge to end; log {}", self.log.display());
        wait_for(&what, deadline, || self.exited())
    }

    /// SIGTERM, then waits for it to end.
    #[track_caller]
    pub fn terminate(&mut self, deadline: Duration) -> ExitStatus {
        self.signal("TERM");
        self.await_exit(deadline)
    }

    /// SIGKILL: no farewell of any kind.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Any signal by name: `STOP` and `CONT` make a zombie that comes back.
    pub fn signal(&self, name: &str) {
        // The standard library sends only SIGKILL, and `unsafe` is not for tests either.
        let line = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").arg("-c").arg(line).status().unwrap();
        assert!(sent.success(), "the signal {name} was not delivered");
    }
}

impl Drop for Tidegauge {
    fn drop(&mut self) {
        let _already_dead = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The release binary where `scripts/test` names it, else the one cargo built beside this test.
fn path() -> PathBuf {
    let named = std::env::var_os("TIDEGAUGE_BIN");
    named.map_or_else(|| env!("CARGO_BIN_EXE_tidegauge").into(), PathBuf::from)
}

/// A fresh file name in cargo's directory for such things.
fn scratch(extension: &str) -> PathBuf {
    let count = STARTED.fetch_add(1, Ordering::Relaxed);
    let name = format!("tidegauge-{}-{count}.{extension}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
