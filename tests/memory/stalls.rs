//! Workers that get no partitions, and restores that make no progress: new clients, then the end of the process; and the wait
//! during an outage.

use std::time::Duration;

use tidegauge::runtime::Fault;

use crate::bench::{Bench, JOIN_STALL_MAX, RESTORE_STALL_MAX, Setup};
use crate::memory_log::Trouble;
use crate::published::published;
use crate::traffic::Traffic;

/// Bench whose members have died, with a trouble that meets the new ones.
fn troubled(trouble: Trouble) -> Bench {
    let events = Traffic {
        minutes: 10,
        ..Traffic::of_five_hours(2)
    };
    let mut bench = Bench::over(&events.events(), Setup::default());
    bench.log.trouble(Some(trouble));
    bench.take_over(&["in", "panes"]);
    bench
}

/// Lets `time` pass in steps of a quarter of the limit, with a turn after each.
fn turn_for(bench: &mut Bench, time: Duration) -> Result<(), Fault> {
    let step = RESTORE_STALL_MAX / 4;
    for _ in 0..time.as_secs() / step.as_secs() {
        bench.clock.pass(step);
        bench.turn()?;
    }
    Ok(())
}

#[test]
fn a_restore_that_new_clients_help_goes_on_by_itself() {
    let mut bench = troubled(Trouble::StaleClients);
    bench.turn().unwrap();
    turn_for(&mut bench, RESTORE_STALL_MAX / 2).unwrap();
    assert_eq!(bench.log.renewals(), 0, "half the time has passed");
    turn_for(&mut bench, RESTORE_STALL_MAX).unwrap();
    assert_eq!(bench.log.renewals(), 1);
    let before = published(&bench);
    bench.settle().unwrap();
    assert_eq!(published(&bench), before, "nothing is published twice");
}

#[test]
fn a_restore_that_new_clients_do_not_help_ends_the_process_with_a_sentence() {
    let mut bench = troubled(Trouble::NoLeader);
    bench.turn().unwrap();
    let ended = turn_for(&mut bench, RESTORE_STALL_MAX * 3);
    assert_eq!(bench.log.renewals(), 1);
    let Err(Fault::Fatal(sentence)) = ended else {
        panic!("it goes on: {ended:?}")
    };
    for words in [
        "19 partitions",
        "60 s",
        "NoLeader",
        "unavailable-partitions",
    ] {
        assert!(sentence.contains(words), "{words:?} in: {sentence}");
    }
}

#[test]
fn during_an_outage_the_worker_waits() {
    let mut bench = troubled(Trouble::Outage);
    bench.turn().unwrap();
    turn_for(&mut bench, RESTORE_STALL_MAX * 10).unwrap();
    assert_eq!(bench.log.renewals(), 0);
    bench.log.trouble(None);
    bench.settle().unwrap();
}

#[test]
fn a_worker_without_partitions_gets_new_clients() {
    let mut bench = troubled(Trouble::DeafClients);
    turn_for(&mut bench, JOIN_STALL_MAX / 2).unwrap();
    assert_eq!(bench.log.renewals(), 0, "a rebalance may take that long");
    turn_for(&mut bench, JOIN_STALL_MAX).unwrap();
    assert_eq!(bench.log.renewals(), 1);
    bench.settle().unwrap();
}

#[test]
fn a_worker_that_new_clients_do_not_help_to_partitions_ends_the_process() {
    let mut bench = troubled(Trouble::NoCoordinator);
    let ended = turn_for(&mut bench, JOIN_STALL_MAX * 3);
    assert_eq!(bench.log.renewals(), 1);
    let Err(Fault::Fatal(sentence)) = ended else {
        panic!("it goes on: {ended:?}")
    };
    for words in ["no partitions for 360 s", "coordinator"] {
        assert!(sentence.contains(words), "{words:?} in: {sentence}");
    }
}
