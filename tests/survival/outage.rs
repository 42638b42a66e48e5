//! An outage of all brokers: no process dies of it, each says what it waits for, and each is ready again by itself.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::deployment::Deployment;
use crate::deployment::stream::{START, Stream, input_topic};
use crate::leaders::{await_ready, is_ready, with_state};
use crate::support::{Cluster, Producer, Tidegauge, wait_for};

/// Length of the outage: longer than the watchdog of the processes in this test.
const OUTAGE: Duration = Duration::from_secs(30);
/// Time until all brokers answer and the group has assigned, on a loaded machine.
const READY_AGAIN_MAX: Duration = Duration::from_secs(120);

/// Deployment whose watchdog is as strict as it can be: a call that blocks for 15 s ends the process.
fn start(deployment: &Deployment) -> Tidegauge {
    let strict = "shutdown_timeout: 25s, watchdog: 15s";
    Tidegauge::run(&deployment.config().replace("shutdown_timeout: 25s", strict))
}

#[track_caller]
fn assert_live(process: &mut Tidegauge) {
    let ended = process.exited();
    assert!(
        ended.is_none(),
        "it ended with {ended:?}: {}",
        process.log()
    );
    let page = process.get("/livez").expect("a page");
    assert_eq!(page.status, 200, "{}\n{}", page.body, process.log());
}

/// Number of lines of a process that contain all of `words`.
fn lines(process: &Tidegauge, words: &[&str]) -> usize {
    let log = process.log();
    let has = |line: &&str| words.iter().all(|word| line.contains(word));
    log.lines().filter(has).count()
}

#[test]
fn an_outage_of_all_brokers_ends_no_process() {
    let Some(mut cluster) = Cluster::or_skip("an_outage_of_all_brokers") else {
        return;
    };
    let input = input_topic(cluster.broker(), "in", 4);
    let deployment = Deployment::new(cluster.broker(), &input);
    with_state(&deployment, 4);
    let mut running = start(&deployment);
    await_ready(&running, READY_AGAIN_MAX);
    // Its last flush before the outage may fail or not: both must be survived.
    write_some(&deployment);
    cluster.stop_all();
    let begun = Instant::now();
    let mut started = start(&deployment);
    let mut stopped = start(&deployment);
    wait_for("pages", READY_AGAIN_MAX, || {
        (started.get("/livez").is_some() && stopped.get("/livez").is_some()).then_some(())
    });
    let page = started.get("/readyz").unwrap();
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.body.contains("waiting for brokers"), "{}", page.body);
    while begun.elapsed() < OUTAGE {
        assert_live(&mut running);
        assert_live(&mut started);
        sleep(Duration::from_secs(1));
    }
    assert!(!is_ready(&started));
    let code = stopped.terminate(Duration::from_secs(5)).code();
    assert_eq!(code, Some(0), "a stop during the wait: {}", stopped.log());
    assert_lines(&running);
    assert_lines(&started);

    cluster.start_all();
    wait_for("both to be ready again", READY_AGAIN_MAX, || {
        assert_live(&mut running);
        assert_live(&mut started);
        sleep(Duration::from_millis(200));
        (is_ready(&running) && is_ready(&started)).then_some(())
    });
    println!("ready {:?} after the outage began", begun.elapsed());
    deployment.stop(&mut started);
    deployment.stop(&mut running);
}

fn write_some(deployment: &Deployment) {
    let later = Stream {
        events: 100,
        start: START + 86_400_000,
        ..Stream::default()
    };
    let producer = Producer::new(&deployment.broker);
    later.write(&producer, &deployment.input, 4, 0, later.events);
}

/// The outage is in the log once in ten seconds, with the address, and the library's own lines are not.
#[track_caller]
fn assert_lines(process: &Tidegauge) {
    let told = lines(
        process,
        &["waiting for brokers", "no broker answers at 127.0.0.1"],
    );
    assert!((2..=5).contains(&told), "{told} lines in {}", process.log());
    assert_eq!(lines(process, &["ERROR"]), 0, "{}", process.log());
    let warnings = lines(process, &["WARN"]);
    assert!(warnings <= 12, "{warnings} lines in {}", process.log());
}
