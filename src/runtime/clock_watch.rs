//! Watches the clocks: which source holds them, since when and why. A clock that does not move is logged.

use std::time::Duration;

use super::pace::Pace;
use super::port::TopicPartition;
use super::tasks::{IngestTask, Tasks};
use crate::event::{EventTime, Tick};
use crate::pipeline::Plan;
use crate::pipeline::clock::{ClockHolder, ClockReport, HoldReason, SlowestSource};
use crate::pipeline::evaluate::Evaluate;
use crate::pipeline::frame::SourceId;
use crate::pipeline::join::JoinTask;
use crate::pipeline::stage::Stage;

/// Time between two reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// How long a clock may stand still before that is logged.
const HELD_MAX: Duration = Duration::from_secs(60);
/// After this time the same holder is logged again.
const LOG_AGAIN_AFTER: Duration = Duration::from_secs(900);
/// A source that leads the clock by this much waits for it, in milliseconds: one boundary.
const WAITING_MILLIS: i64 = 60_000;

/// The time of the watch.
#[derive(Debug, Clone, Copy)]
pub struct WatchTime {
    /// Stopwatch.
    pub now: Duration,
    /// Wall clock.
    pub wall: Tick,
}

/// Both clocks, as they were at the last report.
#[derive(Debug, Default)]
pub struct ClockWatch {
    reported_at: Option<Duration>,
    predictions: StandingClock,
    quality: StandingClock,
}

/// One clock, and how long it has stood still.
#[derive(Debug, Default)]
struct StandingClock {
    stands: Option<(Option<EventTime>, WatchTime)>,
    /// Stopwatch time since which the records of the holder are on their way.
    in_transit: Option<Duration>,
    logged: Option<(SourceId, HoldReason, Duration)>,
}

impl ClockWatch {
    /// What the meter shows of the clocks; `None` if the last report was a moment ago. A clock that stands still is logged.
    pub fn report(
        &mut self,
        tasks: &Tasks,
        pace: &Pace,
        plan: &Plan,
        at: WatchTime,
    ) -> Option<ClockReport> {
        let is_fresh = |reported_at| at.now.saturating_sub(reported_at) < REPORT_INTERVAL;
        if self.reported_at.is_some_and(is_fresh) {
            return None;
        }
        self.reported_at = Some(at.now);
        let sources = Sources { tasks, pace, plan };
        let slowest = tasks.evaluate.values().min_by_key(|task| task.clock());
        let predictions = slowest.and_then(|task| {
            let held = sources.holder_of_predictions(task)?;
            Some(self.predictions.holder(task.clock(), held, at))
        });
        let slowest = tasks
            .evaluate
            .values()
            .min_by_key(|task| task.quality_clock());
        let quality = slowest.filter(|_| plan.joins()).and_then(|task| {
            let held = sources.holder_of_quality(task)?;
            Some(self.quality.holder(task.quality_clock(), held, at))
        });
        for (name, clock, holder) in [
            ("predictions", &mut self.predictions, &predictions),
            ("quality", &mut self.quality, &quality),
        ] {
            if let Some(holder) = holder {
                clock.log(name, holder, &sources, at);
            }
        }
        Some(ClockReport {
            predictions,
            quality,
            sources: sources.all(),
        })
    }
}

impl StandingClock {
    /// The holder, with the time since which the clock stands.
    fn holder(
        &mut self,
        time: Option<EventTime>,
        (source, reason): (SourceId, HoldReason),
        at: WatchTime,
    ) -> ClockHolder {
        let stands = self.stands.filter(|(stood_at, _)| *stood_at == time);
        if stands.is_none() {
            self.in_transit = None; // the clock has moved, so what was on its way has arrived
        }
        let (_, since) = *self.stands.insert(stands.unwrap_or((time, at)));
        let in_transit = self.in_transit.unwrap_or(at.now);
        self.in_transit = (reason == HoldReason::InTransit).then_some(in_transit);
        ClockHolder {
            time,
            source,
            reason,
            since: since.wall,
        }
    }

    /// Time for which the clock has stood still.
    fn held_for(&self, now: Duration) -> Duration {
        let stands_since = self.stands.map(|(_, since)| since.now);
        // What releases the clock is on its way for a moment: that moment counts by itself.
        let since = self.in_transit.max(stands_since);
        since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    /// Logs the holder of a clock that stands still, once for each source and reason.
    fn log(&mut self, name: &str, holder: &ClockHolder, sources: &Sources<'_>, at: WatchTime) {
        let held = self.held_for(at.now);
        if held < HELD_MAX || !sources.is_worth_a_line(holder, at.wall) {
            return;
        }
        let is_logged = |(source, reason, logged_at): &(SourceId, HoldReason, Duration)| {
            let is_same = (source, *reason) == (&holder.source, holder.reason);
            is_same && at.now.saturating_sub(*logged_at) < LOG_AGAIN_AFTER
        };
        if self.logged.as_ref().is_some_and(is_logged) {
            return;
        }
        self.logged = Some((holder.source.clone(), holder.reason, at.now));
        let time = holder.time.map_or_else(|| "no time".to_owned(), instant);
        let (source, why) = (holder.source.to_string(), holder.reason.text());
        tracing::warn!(
            clock = name,
            held_secs = held.as_secs(),
            reason = holder.reason.name(),
            "the clock is held at {time} by {source}, because {why}"
        );
    }
}

/// The sources of a worker, and what is known of all others.
struct Sources<'a> {
    tasks: &'a Tasks,
    pace: &'a Pace,
    plan: &'a Plan,
}

impl Sources<'_> {
    fn holder_of_predictions(&self, task: &Evaluate) -> Option<(SourceId, HoldReason)> {
        let slowest = task.slowest_source(|source| self.task(source).is_some())?;
        let reason = self.reason(&slowest);
        Some((slowest.source, reason))
    }

    /// The join that holds the clock of quality; if it waits for an input, that input.
    fn holder_of_quality(&self, task: &Evaluate) -> Option<(SourceId, HoldReason)> {
        let slowest = task.slowest_join(|source| self.join(source).is_some())?;
        let Some(join) = self.join(&slowest.source) else {
            return Some((slowest.source, HoldReason::Elsewhere));
        };
        if join.intake().is_replaying() {
            return Some((slowest.source, HoldReason::Rebuilding));
        }
        let closed = join.closed().map(|boundary| boundary.time());
        if closed > slowest.watermark || join.has_work() {
            return Some((slowest.source, HoldReason::InTransit));
        }
        let input = join.slowest_source(|source| self.task(source).is_some())?;
        let reason = self.reason(&input);
        Some((input.source, reason))
    }

    fn task(&self, source: &SourceId) -> Option<&IngestTask> {
        self.tasks.task(&source.topic, source.partition)
    }

    fn join(&self, source: &SourceId) -> Option<&JoinTask> {
        let is_outcomes = source.topic == self.plan.topics.outcomes;
        self.tasks
            .join
            .get(&source.partition)
            .filter(|_| is_outcomes)
    }

    fn reason(&self, slowest: &SlowestSource) -> HoldReason {
        let source = &slowest.source;
        match self.task(source) {
            Some(task) if task.ingest.watermark() > slowest.watermark => HoldReason::InTransit,
            Some(task) => self.standing(source, task),
            None if self
                .plan
                .topics
                .inputs()
                .any(|topic| *topic == source.topic) =>
            {
                HoldReason::Elsewhere
            }
            None => HoldReason::NotConfigured,
        }
    }

    /// What a source of this worker waits for.
    fn standing(&self, source: &SourceId, task: &IngestTask) -> HoldReason {
        let Some(watch) = &task.end else {
            return HoldReason::Unread;
        };
        let next = task.ingest.next_offset();
        let at = TopicPartition::of(&source.topic, source.partition);
        match watch.is_drained(next) {
            _ if task.is_idle => HoldReason::Idle,
            _ if task.ingest.repeats_its_time() => HoldReason::SameTime,
            _ if next >= watch.log.stable && watch.log.has_open_transaction() => {
                HoldReason::OpenTransaction
            }
            Some(true) if self.plan.ticks => HoldReason::AtEnd,
            Some(true) => HoldReason::TicksOff,
            _ if self.pace.is_paused(&at) => HoldReason::Paused,
            _ => HoldReason::Behind,
        }
    }

    fn all(&self) -> Vec<(SourceId, HoldReason)> {
        let sources = self.tasks.ingest.values().map(|task| {
            let source = task.ingest.source();
            (source.clone(), self.standing(source, task))
        });
        sources.collect()
    }

    /// True if a clock that stands still here is worth a line, and this worker is the one to say it: it reads the source, or
    /// it speaks for the group about sources that others read.
    fn is_worth_a_line(&self, holder: &ClockHolder, wall: Tick) -> bool {
        let is_ours = self.task(&holder.source).is_some() || self.join(&holder.source).is_some();
        let speaks = is_ours || self.tasks.evaluate.contains_key(&0);
        speaks
            && match holder.reason {
                HoldReason::TicksOff => self.is_anything_ahead(holder.time),
                _ => self.is_far_behind(holder.time, wall),
            }
    }

    /// True if the clock is further behind the wall clock than a silent source puts it.
    fn is_far_behind(&self, time: Option<EventTime>, wall: Tick) -> bool {
        let usual = self.plan.idle_timeout_millis + self.plan.disorder_millis;
        let held = i64::try_from(HELD_MAX.as_millis()).unwrap_or(i64::MAX);
        time.is_none_or(|time| wall.0.saturating_sub(time.0) > usual + held)
    }

    /// True if a source has records that wait for the clock. At the end of a replay there are none.
    fn is_anything_ahead(&self, time: Option<EventTime>) -> bool {
        let mut watermarks = self
            .tasks
            .ingest
            .values()
            .map(|task| task.ingest.watermark());
        let limit = time.map(|time| time.plus_millis(WAITING_MILLIS));
        watermarks.any(|watermark| watermark > limit)
    }
}

/// RFC 3339 in UTC, to the second. A year out of range is written as milliseconds.
fn instant(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0)
        .map_or_else(|_| time.0.to_string(), |t| t.strftime("%FT%TZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports a clock once a second, and returns for how long it has stood still at the end.
    fn held_after(reports: impl IntoIterator<Item = (i64, HoldReason)>) -> u64 {
        let mut clock = StandingClock::default();
        let mut now = Duration::ZERO;
        for (time, reason) in reports {
            now += REPORT_INTERVAL;
            let source = SourceId {
                topic: "in".to_owned(),
                partition: 0,
            };
            let at = WatchTime { now, wall: Tick(0) };
            clock.holder(Some(EventTime(time)), (source, reason), at);
        }
        clock.held_for(now).as_secs()
    }

    #[test]
    fn a_clock_that_moves_is_not_held_although_records_are_always_on_their_way() {
        let moving = (0..300).map(|second| (second, HoldReason::InTransit));
        assert_eq!(held_after(moving), 0);
    }

    #[test]
    fn a_clock_that_stands_is_held_and_a_moment_on_the_way_counts_by_itself() {
        let standing = |reason| (0..100).map(move |_| (0, reason));
        assert_eq!(held_after(standing(HoldReason::AtEnd)), 99);
        assert_eq!(held_after(standing(HoldReason::InTransit)), 99);
        let released = standing(HoldReason::AtEnd).chain([(0, HoldReason::InTransit)]);
        assert_eq!(held_after(released), 0);
    }
}
