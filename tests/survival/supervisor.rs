//! A supervisor of processes. It does what systemd, compose and Kubernetes do: a process that ended by itself with an
//! error is started again, and nothing else is done for it.

use std::fmt;
use std::time::{Duration, Instant};

use crate::deployment::{Deployment, STOP_MAX};
use crate::support::Tidegauge;

/// Pause before a process is started again: `RestartSec=1` of systemd.
const RESTART_PAUSE: Duration = Duration::from_secs(1);
/// Time between two looks at the processes.
pub const TICK: Duration = Duration::from_millis(200);

/// Processes of a deployment under supervision.
pub struct Supervisor<'a> {
    deployment: &'a Deployment,
    units: Vec<Unit>,
    begun: Instant,
    /// Processes that ended by themselves and were started again.
    pub restarts: Vec<Restart>,
    /// Longest time for which a process ran and was not ready.
    pub slowest_recovery: Duration,
    /// Times that a process was assigned partitions.
    pub assignments: usize,
    /// Times that a process dropped what was not committed because of a temporary fault.
    pub starts_over: usize,
}

/// A process that ended by itself.
#[derive(Debug, Clone)]
pub struct Restart {
    /// Exit code; `None` for a signal.
    pub code: Option<i32>,
    /// Last line of its log.
    pub reason: String,
}

struct Unit {
    process: Tidegauge,
    state: UnitState,
}

/// What the supervisor knows of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
enum UnitState {
    Ready,
    Unready { since: Instant },
    Suspended,
    Ended { restart_at: Instant },
}

impl<'a> Supervisor<'a> {
    /// Starts `count` processes.
    pub fn start(deployment: &'a Deployment, count: usize) -> Self {
        Self {
            deployment,
            units: (0..count).map(|_| Unit::start(deployment)).collect(),
            begun: Instant::now(),
            restarts: Vec::new(),
            slowest_recovery: Duration::ZERO,
            assignments: 0,
            starts_over: 0,
        }
    }

    /// The deployment whose processes these are.
    pub fn deployment(&self) -> &'a Deployment {
        self.deployment
    }

    /// Prints what happened, with the time since the start.
    pub fn tell(&self, what: &str) {
        self.teller()(what);
    }

    /// Function that does what [`Supervisor::tell`] does, for another thread.
    pub fn teller(&self) -> impl Fn(&str) + use<> {
        let begun = self.begun;
        move |what| println!("{:>7.1} s  {what}", begun.elapsed().as_secs_f64())
    }

    /// Number of processes.
    pub fn count(&self) -> usize {
        self.units.len()
    }

    /// Notes which processes are ready and which have ended, and starts the ended ones again after a pause.
    ///
    /// # Panics
    /// If a process ended by itself with another code than 1 or 70, or broke an invariant: a restart would hide that.
    pub fn look(&mut self) {
        for i in 0..self.units.len() {
            match self.units[i].state {
                UnitState::Suspended => {}
                UnitState::Ended { restart_at } if Instant::now() >= restart_at => self.restart(i),
                UnitState::Ended { .. } => {}
                UnitState::Ready | UnitState::Unready { .. } => self.look_at(i),
            }
        }
    }

    fn look_at(&mut self, i: usize) {
        let unit = &mut self.units[i];
        if let Some(status) = unit.process.exited() {
            let log = unit.process.log();
            // 1: a refusal with a sentence, such as no broker for too long. 70: the watchdog.
            let is_expected = matches!(status.code(), Some(1 | 70));
            assert!(is_expected, "it ended by itself with {status}: {log}");
            assert_sound(&log);
            let restart_at = Instant::now() + RESTART_PAUSE;
            unit.state = UnitState::Ended { restart_at };
            let (code, reason) = (status.code(), last_words(&log));
            self.tell(&format!("process {i} ended by itself, {status}: {reason}"));
            self.restarts.push(Restart { code, reason });
            return;
        }
        let answer = unit.process.get("/readyz");
        let is_ready = answer.as_ref().is_some_and(|answer| answer.status == 200);
        match unit.state {
            UnitState::Unready { since } if is_ready => {
                unit.state = UnitState::Ready;
                let took = since.elapsed();
                self.slowest_recovery = self.slowest_recovery.max(took);
                self.tell(&format!("process {i} is ready after {took:.1?}"));
            }
            UnitState::Ready if !is_ready => {
                let since = Instant::now();
                unit.state = UnitState::Unready { since };
                let reason =
                    answer.map_or_else(|| "no answer".to_owned(), |answer| reason(&answer.body));
                self.tell(&format!("process {i} is not ready: {reason}"));
            }
            _ => {}
        }
    }

    /// Looks at the processes until `holds` returns true.
    ///
    /// # Panics
    /// After `deadline`. The message contains `what` and the ends of the logs.
    #[track_caller]
    pub fn look_until(&mut self, what: &str, deadline: Duration, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(
                begun.elapsed() < deadline,
                "waited {deadline:?} in vain: {what}\n{self}"
            );
            self.look();
            std::thread::sleep(TICK);
        }
    }

    /// Waits until every process is ready at the same look.
    #[track_caller]
    pub fn await_ready(&mut self, deadline: Duration) {
        let begun = Instant::now();
        loop {
            self.look();
            let is_ready = |unit: &Unit| unit.state == UnitState::Ready;
            if self.units.iter().all(is_ready) {
                return;
            }
            assert!(
                begun.elapsed() < deadline,
                "not ready after {deadline:?}\n{self}"
            );
            std::thread::sleep(TICK);
        }
    }

    /// True if the process runs and is not suspended.
    pub fn is_running(&self, i: usize) -> bool {
        let state = self.units[i].state;
        matches!(state, UnitState::Ready | UnitState::Unready { .. })
    }

    /// Sends SIGKILL to several processes at once, and then starts them again.
    pub fn kill(&mut self, victims: &[usize]) {
        self.tell(&format!("SIGKILL to processes {victims:?}"));
        victims.iter().for_each(|&i| self.units[i].process.kill());
        victims.iter().for_each(|&i| self.restart(i));
    }

    /// Sends SIGSTOP to a process.
    pub fn suspend(&mut self, i: usize) {
        self.tell(&format!("SIGSTOP to process {i}"));
        self.units[i].process.signal("STOP");
        self.units[i].state = UnitState::Suspended;
    }

    /// Sends SIGCONT to a suspended process.
    pub fn resume(&mut self, i: usize) {
        self.tell(&format!("SIGCONT to process {i}"));
        self.units[i].process.signal("CONT");
        let since = Instant::now();
        self.units[i].state = UnitState::Unready { since };
    }

    /// Sends SIGTERM to each process in turn and asserts that it ends with code 0. Returns the slowest stop.
    #[track_caller]
    pub fn stop(mut self) -> (Self, Duration) {
        let mut slowest = Duration::ZERO;
        for i in 0..self.units.len() {
            let asked = Instant::now();
            let process = &mut self.units[i].process;
            let status = process.terminate(STOP_MAX);
            assert!(status.success(), "{status}: {}", process.log());
            slowest = slowest.max(asked.elapsed());
            self.note(i);
        }
        (self, slowest)
    }

    fn restart(&mut self, i: usize) {
        self.note(i);
        self.units[i] = Unit::start(self.deployment);
    }

    /// Counts the effects of faults that the log of a process mentions.
    fn note(&mut self, i: usize) {
        let log = self.units[i].process.log();
        assert_sound(&log);
        self.assignments += log.matches("partitions assigned").count();
        self.starts_over += log.matches("temporary fault").count();
    }
}

impl Unit {
    fn start(deployment: &Deployment) -> Self {
        let since = Instant::now();
        Self {
            process: deployment.start(),
            state: UnitState::Unready { since },
        }
    }
}

impl fmt::Display for Supervisor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, unit) in self.units.iter().enumerate() {
            let log = unit.process.log();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(30)..].join("\n");
            let path = unit.process.log_path().display();
            writeln!(f, "--- process {i}, {:?}, {path}:\n{end}", unit.state)?;
        }
        Ok(())
    }
}

/// Asserts that a process broke no invariant and did not panic.
#[track_caller]
fn assert_sound(log: &str) {
    let is_sound = !log.contains("invariant=") && !log.contains("panicked");
    assert!(is_sound, "{log}");
}

/// Reason in a page that says why a process is not ready.
fn reason(page: &str) -> String {
    let page: serde_json::Value = serde_json::from_str(page).unwrap();
    page["reason"].as_str().unwrap().to_owned()
}

fn last_words(log: &str) -> String {
    let last = log.lines().rev().find(|line| !line.trim().is_empty());
    last.unwrap_or("no log").trim().to_owned()
}
