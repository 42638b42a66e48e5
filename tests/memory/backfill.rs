//! Backfill: partitions whose data end at different times do not hold the clock one after the other.

use std::sync::Arc;
use std::time::Duration;

use tidegauge::runtime::Clock;

use crate::bench::{Bench, Setup, plan};
use crate::traffic::{Event, MINUTE, START};

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const PARTITIONS: usize = 6;
/// Time that one turn of the worker takes: about that of a poll without a message.
const TURN: Duration = Duration::from_millis(50);
/// Idle timeout of the plan.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

fn bench() -> Bench {
    let plan = tidegauge::pipeline::Plan {
        ticks: true,
        ..plan()
    };
    Bench::new(Setup {
        plan: Arc::new(plan),
        partitions: PARTITIONS,
        flush: Duration::from_secs(1),
        checkpoint: Duration::from_secs(60),
        ..Setup::default()
    })
}

fn event(millis: i64) -> Event {
    Event::bare("fraud", "1", &millis.to_string(), START + millis)
}

/// An event every ten minutes in each partition; partition `p` ends after `p + 1` times `step`.
fn produce_steps(bench: &Bench, step: i64) {
    for partition in 0..PARTITIONS as i32 {
        let end = (i64::from(partition) + 1) * step;
        for millis in (0..end).step_by(10 * MINUTE as usize) {
            bench.produce_to(partition, &event(millis));
        }
    }
}

/// Runs turns of the worker until `done`, while stopwatch and wall clock advance. Returns the time that this took.
fn run_until(bench: &mut Bench, max: Duration, done: impl Fn(&Bench) -> bool) -> Duration {
    let begun = bench.clock.elapsed();
    let (from, wall) = (begun, bench.clock.now().0);
    while !done(bench) {
        let passed = bench.clock.elapsed() - from;
        assert!(
            passed < max,
            "not done after {passed:?}: {:?}",
            clock(bench)
        );
        bench.turn().unwrap();
        bench.clock.pass(TURN);
        bench.clock.set_wall(wall + passed.as_millis() as i64);
    }
    bench.clock.elapsed() - begun
}

fn run_for(bench: &mut Bench, time: Duration) {
    let until = bench.clock.elapsed() + time;
    run_until(bench, 2 * time, |bench| bench.clock.elapsed() >= until);
}

/// The clock in milliseconds since the start of the data.
fn clock(bench: &Bench) -> Option<i64> {
    bench.clock_of("fraud").map(|clock| clock - START)
}

#[test]
fn partitions_that_end_days_apart_are_read_within_seconds() {
    let mut bench = bench();
    produce_steps(&bench, DAY);
    bench.clock.set_wall(START + 8 * DAY);
    bench.take_over_all();
    let end = PARTITIONS as i64 * DAY;
    let max = IDLE_TIMEOUT * PARTITIONS as u32 * 2;
    let took = run_until(&mut bench, max, |bench| clock(bench) >= Some(end));
    assert!(took < Duration::from_secs(30), "{took:?}");
    let looks = bench.log.looks();
    assert!(looks < 80, "{looks} requests for the ends in {took:?}");
}

/// Under `CreateTime` a producer may write old timestamps right now. Then no record is recent, and yet more will come.
#[test]
fn a_partition_that_is_written_with_old_timestamps_waits_for_the_idle_timeout() {
    let mut bench = bench();
    produce_steps(&bench, DAY);
    bench.clock.set_wall(START + 30 * DAY);
    bench.take_over_all();
    for minute in 0..8 {
        run_for(
            &mut bench,
            Duration::from_secs(if minute == 0 { 5 } else { 60 }),
        );
        bench.produce_to(0, &event(DAY + minute * MINUTE));
    }
    run_for(&mut bench, Duration::from_secs(10));
    assert!(
        clock(&bench) < Some(DAY + 8 * MINUTE),
        "{:?}",
        clock(&bench)
    );
    let account = &bench.ledger.said().accounts[&0];
    assert_eq!((account.late, account.counted), (0, 144 + 8));
    run_until(&mut bench, 2 * IDLE_TIMEOUT, |bench| {
        clock(bench) >= Some(6 * DAY)
    });
}

/// All partitions were written a moment ago, so each must be quiet for the idle timeout. They are quiet side by side,
/// whether they are read, paused or behind.
#[test]
fn partitions_are_quiet_side_by_side() {
    let mut bench = bench();
    produce_steps(&bench, DAY);
    bench.clock.set_wall(START + 8 * DAY);
    bench.take_over_all();
    run_for(&mut bench, Duration::from_secs(2));
    for partition in 0..PARTITIONS as i32 {
        bench.produce_to(partition, &event((i64::from(partition) + 1) * DAY));
    }
    let end = PARTITIONS as i64 * DAY;
    let max = IDLE_TIMEOUT * PARTITIONS as u32 * 2;
    let took = run_until(&mut bench, max, |bench| clock(bench) >= Some(end));
    assert!(took > IDLE_TIMEOUT, "{took:?}: they were written");
    assert!(took < IDLE_TIMEOUT + Duration::from_secs(30), "{took:?}");
}

#[test]
fn an_empty_partition_follows_the_wall_clock_from_the_first_look_on() {
    let mut bench = bench();
    bench.clock.set_wall(START);
    bench.take_over_all();
    let now = |bench: &Bench| bench.clock.now().0 - START;
    for _ in 0..8 {
        let time = now(&bench);
        bench.produce_to(0, &event(time));
        run_for(&mut bench, Duration::from_secs(30));
    }
    let lag = now(&bench) - clock(&bench).unwrap();
    assert!(lag < 7 * MINUTE + 15_000, "{lag} ms behind");
}

#[test]
fn a_restart_remembers_how_long_a_partition_has_been_quiet() {
    let mut bench = bench();
    produce_steps(&bench, 5 * MINUTE);
    bench.clock.set_wall(START + 30 * MINUTE); // the records are recent
    bench.take_over_all();
    run_for(&mut bench, Duration::from_secs(2));
    bench.produce_to(0, &event(6 * MINUTE));
    let now = |bench: &Bench| bench.clock.now().0 - START;
    let follows = |bench: &Bench| clock(bench) >= Some(now(bench) - 8 * MINUTE);
    run_for(&mut bench, Duration::from_secs(200));
    assert!(!follows(&bench), "{:?}", clock(&bench));
    bench.take_over_all();
    let took = run_until(&mut bench, 2 * IDLE_TIMEOUT, follows);
    assert!(
        took < Duration::from_secs(120),
        "{took:?}: 300 s less 200 s"
    );
    bench.take_over_all();
    run_for(&mut bench, Duration::from_secs(70));
    assert!(follows(&bench), "{:?}", clock(&bench));
}
