//! Runs the real binary as a child process: starts it, reads its log, stops it by signal, or kills it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::http::{Response, get};
use super::wait::wait_for;

static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A running `tidegauge` process. Dropping it kills the process.
pub struct Tidegauge {
    child: Child,
    log: PathBuf,
}

impl Tidegauge {
    /// Starts `tidegauge run --config FILE` after writing `config` (YAML) to the file.
    pub fn run(config: &str) -> Self {
        Self::with_config(&["run"], config)
    }

    /// Does what [`Tidegauge::run`] does, through `env OPTION`, such as `--ignore-signal=HUP`.
    pub fn run_with_env(option: &str, config: &str) -> Self {
        let file = scratch("yaml");
        fs::write(&file, config).unwrap();
        let program = path();
        let words = [option.as_ref(), program.as_os_str(), "run".as_ref()];
        let rest = [OsStr::new("--config"), file.as_os_str()];
        Self::start_program(Path::new("env"), &[&words[..], &rest].concat())
    }

    /// Starts `tidegauge WORDS… --config FILE` after writing `config` (YAML) to the file.
    pub fn with_config(words: &[&str], config: &str) -> Self {
        let file = scratch("yaml");
        fs::write(&file, config).unwrap();
        let words = words.iter().map(OsStr::new);
        let rest = [OsStr::new("--config"), file.as_os_str()];
        Self::start(&words.chain(rest).collect::<Vec<_>>())
    }

    /// Starts `tidegauge ARGS…`. Both output streams go to one log file.
    pub fn start<A: AsRef<OsStr>>(args: &[A]) -> Self {
        Self::start_program(&path(), args)
    }

    /// Starts another program and watches it in the same way.
    pub fn start_program<A: AsRef<OsStr>>(program: &Path, args: &[A]) -> Self {
        let log = scratch("log");
        let out = File::create(&log).unwrap();
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null());
        command.stderr(out.try_clone().unwrap()).stdout(out);
        let child = command.spawn().unwrap();
        Self { child, log }
    }

    /// Path of the binary under test.
    pub fn program() -> PathBuf {
        path()
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Processor time that the process has used so far, in user and kernel mode.
    pub fn cpu(&self) -> Duration {
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        // The name of the command may contain spaces. The state is field 3, user time field 14, kernel time field 15.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks = fields.split_whitespace().skip(11).take(2);
        TICK * ticks
            .map(|field| field.parse::<u32>().unwrap())
            .sum::<u32>()
    }

    /// Output of the process so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Path of the log file.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Waits until the log contains `text`.
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

    /// Response of the process at `path`; `None` if it does not serve HTTP yet.
    pub fn get(&self, path: &str) -> Option<Response> {
        let log = self.log();
        let (_, rest) = log.split_once("serving metrics, health and status address=")?;
        get(rest.split_whitespace().next()?, path)
    }

    /// Exit status; `None` while the process runs.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until the process ends by itself.
    #[track_caller]
    pub fn await_exit(&mut self, deadline: Duration) -> ExitStatus {
        let what = format!("tidegauge to end; log {}", self.log.display());
        wait_for(&what, deadline, || self.exited())
    }

    /// Sends SIGTERM and waits until the process ends.
    #[track_caller]
    pub fn terminate(&mut self, deadline: Duration) -> ExitStatus {
        self.signal("TERM");
        self.await_exit(deadline)
    }

    /// Sends SIGKILL. The process cannot clean up.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by name. `STOP` and `CONT` suspend a process and let it continue later.
    pub fn signal(&self, name: &str) {
        // The standard library can only send SIGKILL, and `unsafe` is forbidden in tests too.
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

/// Path of the binary: `TIDEGAUGE_BIN` if `scripts/test` sets it, or the one that cargo built with this test.
fn path() -> PathBuf {
    let named = std::env::var_os("TIDEGAUGE_BIN");
    named.map_or_else(|| env!("CARGO_BIN_EXE_tidegauge").into(), PathBuf::from)
}

/// Unused file name in cargo's directory for temporary files of tests.
fn scratch(extension: &str) -> PathBuf {
    let count = STARTED.fetch_add(1, Ordering::Relaxed);
    let name = format!("tidegauge-{}-{count}.{extension}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
