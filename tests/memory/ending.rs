//! How a process ends: the real crew and the real worker, over logs that hang where the client library may.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tidegauge::runtime::meter::NoMeter;
use tidegauge::runtime::{
    Activity, Crew, CrewEnd, CrewTimes, Fault, FirstStart, Heartbeat, Options, SystemClock,
    TopicPartition, WorkReport, Worker,
};

use crate::bench::{Bench, Setup};
use crate::hanging::{HangingLog, Mishap};
use crate::memory_log::MemoryLog;
use crate::traffic::Traffic;

/// Longer than any of these tests takes on a loaded machine.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(400);
const TIMES: CrewTimes = CrewTimes {
    watchdog: LONG,
    commit: LONG,
    leave: LONG,
};
const OFTEN: Duration = Duration::from_millis(20);

/// A crew of one worker over an input that nobody has read.
struct Ending {
    crew: Crew,
    cluster: MemoryLog,
    /// Number of records that the worker has polled.
    polled: Arc<AtomicI64>,
}

impl Ending {
    /// The worker flushes every `flush`. It is asked to stop once it has polled `stop_after` records.
    fn new(mishap: Mishap, times: CrewTimes, flush: Duration, stop_after: i64) -> Self {
        let bench = Bench::new(Setup::default());
        let traffic = Traffic {
            minutes: 20,
            ..Traffic::of_five_hours(5)
        };
        bench.produce(&traffic.events());
        let (stop, polled) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let mut crew = Crew::new(times, Arc::clone(&stop));
        let log = HangingLog {
            log: bench.log.join(&["in", "panes"]),
            mishap,
            polled: Arc::clone(&polled),
        };
        start(&mut crew, log, flush);
        let so_far = Arc::clone(&polled);
        thread::spawn(move || {
            while so_far.load(Ordering::SeqCst) < stop_after {
                thread::sleep(Duration::from_millis(1));
            }
            stop.store(true, Ordering::Relaxed);
        });
        Self {
            crew,
            cluster: bench.log,
            polled,
        }
    }
}

fn start(crew: &mut Crew, log: HangingLog, flush: Duration) {
    let options = Options {
        flush_interval: flush,
        checkpoint_interval: LONG,
        first: FirstStart::Earliest,
        incarnation: 1,
        restore_stall_max: LONG,
        join_stall_max: LONG,
        revoke_time_max: LONG,
    };
    let plan = Setup::default().plan;
    let heartbeat = Heartbeat::default();
    let watched = heartbeat.clone();
    let work = move |report: &WorkReport| {
        let (clock, meter) = (SystemClock::default(), Arc::new(NoMeter));
        let worker = Worker::new(log, clock, plan, options, meter, heartbeat);
        worker.run(report.stop(), |outcome| report.done(outcome));
    };
    crew.start(watched, work).unwrap();
}

/// Records of the input that the group has committed.
fn committed(cluster: &MemoryLog) -> i64 {
    let offset = |partition| {
        let topic = "in".to_owned();
        let at = cluster.committed_at(&TopicPartition { topic, partition });
        at.map_or(0, |committed| committed.offset)
    };
    (0..3).map(offset).sum()
}

fn fault_of(end: CrewEnd) -> String {
    match end {
        CrewEnd::Failed(Fault::Fatal(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_that_hangs_while_leaving_does_not_keep_the_process() {
    let times = CrewTimes {
        leave: SHORT,
        ..TIMES
    };
    // Nothing is committed before the last flush.
    let ending = Ending::new(Mishap::HangsInClose, times, LONG, 60);
    let end = ending.crew.watch();
    assert!(matches!(end, CrewEnd::Committed { leaving: 1 }), "{end:?}");
    let polled = ending.polled.load(Ordering::SeqCst);
    assert!(polled >= 60);
    assert_eq!(committed(&ending.cluster), polled);
}

#[test]
fn a_client_that_hangs_in_a_commit_is_found_and_nothing_of_it_is_committed() {
    let times = CrewTimes {
        watchdog: SHORT,
        ..TIMES
    };
    let ending = Ending::new(Mishap::HangsInCommit, times, OFTEN, i64::MAX);
    let CrewEnd::Hung(hang) = ending.crew.watch() else {
        panic!("it did not hang")
    };
    assert_eq!((hang.worker, hang.activity), (0, Activity::Committing));
    assert!(hang.still >= SHORT);
    assert_eq!(committed(&ending.cluster), 0);
}

#[test]
fn a_stop_that_cannot_commit_in_time_says_so() {
    let times = CrewTimes {
        commit: SHORT,
        ..TIMES
    };
    let ending = Ending::new(Mishap::HangsInCommit, times, LONG, 60);
    let begun = Instant::now();
    let end = ending.crew.watch();
    let CrewEnd::Late { workers, activity } = end else {
        panic!("{end:?}")
    };
    assert_eq!((workers, activity), (1, Activity::Committing));
    assert!(begun.elapsed() < LONG, "a late worker is not waited for");
}

#[test]
fn a_worker_that_fails_or_panics_ends_the_others_and_is_reported() {
    for (mishap, says) in [
        (Mishap::FailsInCommit, "refused for good"),
        (Mishap::PanicsInCommit, "a worker panicked"),
    ] {
        let times = CrewTimes {
            leave: SHORT,
            ..TIMES
        };
        let mut ending = Ending::new(mishap, times, OFTEN, i64::MAX);
        let healthy = HangingLog {
            log: ending.cluster.join(&[]),
            mishap: Mishap::None,
            polled: Arc::default(),
        };
        start(&mut ending.crew, healthy, OFTEN);
        let why = fault_of(ending.crew.watch());
        assert!(why.contains(says), "{why}");
    }
}
