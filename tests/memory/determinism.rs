//! Tests of promise P2: reports and alerts are a function of the input, however it is read.

use std::sync::LazyLock;
use std::time::Duration;

use fastrand::Rng;

use crate::bench::{Bench, Setup};
use crate::memory_log::PlannedFault;
use crate::published::{Published, alerts, assert_same, published};
use crate::traffic::{Event, MINUTE, START, Traffic, shuffled};

fn run(events: &[Event], setup: Setup) -> Bench {
    let mut bench = Bench::new(setup);
    bench.produce(events);
    bench.close_at(START + 320 * MINUTE);
    bench.settle().unwrap();
    bench
}

fn traffic() -> Vec<Event> {
    Traffic::of_five_hours(1).events()
}

/// Output of a run with one member, one partition and no disturbance.
static UNDISTURBED: LazyLock<Published> = LazyLock::new(|| {
    let bench = run(
        &traffic(),
        Setup {
            partitions: 1,
            ..Setup::default()
        },
    );
    let alerts = alerts(&bench);
    assert!(
        alerts
            .iter()
            .any(|line| line.starts_with("drift firing fraud feature:amount")),
        "{alerts:#?}"
    );
    assert!(
        alerts
            .iter()
            .any(|line| line.starts_with("drift resolved fraud")),
        "{alerts:#?}"
    );
    let published = published(&bench);
    assert!(
        published.len() > 20,
        "reports and references of both models"
    );
    published
});

#[test]
fn any_number_of_partitions_and_members_gives_the_same() {
    for (partitions, members) in [(3, 1), (8, 1), (8, 3), (3, 5)] {
        let bench = run(
            &traffic(),
            Setup {
                partitions,
                members,
                ..Setup::default()
            },
        );
        assert_same(
            &UNDISTURBED,
            &published(&bench),
            &format!("{partitions} partitions, {members} members"),
        );
    }
}

#[test]
fn flushing_often_or_rarely_gives_the_same() {
    for millis in [1, 2_000] {
        let bench = run(
            &traffic(),
            Setup {
                flush: Duration::from_millis(millis),
                ..Setup::default()
            },
        );
        assert_same(
            &UNDISTURBED,
            &published(&bench),
            &format!("a flush every {millis} ms"),
        );
    }
}

#[test]
fn order_within_disorder_gives_the_same() {
    for seed in [1, 2] {
        let bench = run(&shuffled(traffic(), seed, 115_000), Setup::default());
        assert!(
            bench
                .ledger
                .said()
                .accounts
                .values()
                .all(|account| account.late == 0)
        );
        assert_same(
            &UNDISTURBED,
            &published(&bench),
            &format!("shuffled by {seed}"),
        );
    }
}

#[test]
fn crashes_give_the_same_and_rebuild_the_open_panes() {
    for seed in 0..4 {
        let mut random = Rng::with_seed(seed);
        let crashes = (0..12).map(|_| random.u64(3..90)).collect();
        let members = if seed % 2 == 0 { 1 } else { 3 };
        // A long checkpoint interval, so that a new member has frames to read again.
        let checkpoint = Duration::from_millis(if seed < 2 { 50 } else { 500 });
        let bench = run(
            &traffic(),
            Setup {
                crashes,
                members,
                checkpoint,
                ..Setup::default()
            },
        );
        assert!(
            bench.replayed > 0,
            "no crash of seed {seed} left anything to read again"
        );
        assert_same(
            &UNDISTURBED,
            &published(&bench),
            &format!("crashes of seed {seed}"),
        );
    }
}

/// A refused transaction is repeated. A transaction whose response was lost has been committed and is not repeated.
#[test]
fn faults_of_the_commit_give_the_same() {
    for fault in [PlannedFault::Refused, PlannedFault::AnswerLost] {
        let mut faults = vec![PlannedFault::None; 60];
        for at in [0, 1, 7, 23, 24, 50] {
            faults[at] = fault;
        }
        let bench = run(
            &traffic(),
            Setup {
                faults,
                crashes: vec![30],
                flush: Duration::from_millis(5),
                ..Setup::default()
            },
        );
        assert_eq!(bench.ledger.said().aborts, 6, "{fault:?} struck as planned");
        assert_same(&UNDISTURBED, &published(&bench), &format!("{fault:?}"));
    }
}
