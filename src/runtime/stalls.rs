//! What a worker does when it gets no partitions or its restore makes no progress: new clients, then the end of the process.

use std::time::Duration;

use super::heartbeat::Activity;
use super::phase::WorkerPhase;
use super::port::{Clock, Fault, Log};
use super::stall_watch::{StallVerdict, StallWatch, Stalled};
use super::worker::Worker;

impl<L: Log, C: Clock> Worker<L, C> {
    /// Acts if the worker waits for partitions, or for state, for too long. While no broker answers, a wait is right.
    ///
    /// # Errors
    /// When new clients did not help.
    pub(super) fn watch_stalls(&mut self) -> Result<(), Fault> {
        self.watch_join()?;
        self.watch_restore()
    }

    /// A member of the group gets an assignment, if only an empty one, after a rebalance at the latest. A client that lost its
    /// coordinator in an outage may never ask for one again.
    fn watch_join(&mut self) -> Result<(), Fault> {
        if !matches!(self.phase, WorkerPhase::Unassigned) {
            self.join_watch.reset();
            return Ok(());
        }
        let verdict = look(&mut self.join_watch, &mut self.log, self.clock.elapsed(), 0);
        if verdict == StallVerdict::GoOn {
            return Ok(());
        }
        let secs = self.options.join_stall_max.as_secs();
        if verdict == StallVerdict::GiveUp {
            return Err(Fault::Fatal(format!(
                "the consumer group gave this worker no partitions for {secs} s, and for {secs} s more with new clients, although brokers \
                 answer. Check that the group has a coordinator (kafka-consumer-groups.sh --describe --state --group GROUP) and that no \
                 member hangs; a start then joins again"
            )));
        }
        tracing::warn!(
            secs,
            "the consumer group gives no partitions although brokers answer: making all clients anew"
        );
        self.renew()
    }

    /// Acts if a restore makes no progress: makes the clients anew, and gives up if that did not help.
    ///
    /// # Errors
    /// When the restore is given up.
    fn watch_restore(&mut self) -> Result<(), Fault> {
        let WorkerPhase::Restoring {
            restoring,
            assigned,
            ..
        } = &self.phase
        else {
            self.restore_watch.pause();
            return Ok(());
        };
        let now = self.clock.elapsed();
        let verdict = look(
            &mut self.restore_watch,
            &mut self.log,
            now,
            restoring.records,
        );
        if verdict == StallVerdict::GoOn {
            return Ok(());
        }
        let stalled = Stalled {
            partitions: assigned.len(),
            secs: self.options.restore_stall_max.as_secs(),
            why: self.restore_watch.why().to_owned(),
        };
        if verdict == StallVerdict::GiveUp {
            return Err(stalled.given_up());
        }
        tracing::warn!(
            partitions = stalled.partitions,
            secs = stalled.secs,
            why = stalled.why,
            "the restore makes no progress although brokers answer: making all clients anew"
        );
        self.renew()
    }

    /// Makes the clients anew. The group assigns again.
    fn renew(&mut self) -> Result<(), Fault> {
        self.phase = WorkerPhase::Unassigned;
        self.parked = None;
        self.meter.restoring(0);
        self.heartbeat.beat(Activity::Leaving);
        match self.log.renew() {
            Err(Fault::Passing(why)) => self.start_over(&why),
            other => other,
        }
    }
}

/// What to do about a wait. While no broker answers, nothing can progress, so the worker goes on waiting.
fn look<L: Log>(watch: &mut StallWatch, log: &mut L, now: Duration, records: u64) -> StallVerdict {
    let verdict = watch.look(now, records);
    if verdict != StallVerdict::GoOn && !log.brokers_answer() {
        watch.reset();
        return StallVerdict::GoOn;
    }
    verdict
}
