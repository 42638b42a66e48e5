//! Leaders that move while a process starts.

use std::time::{Duration, Instant};

use crate::deployment::Deployment;
use crate::deployment::stream::{Stream, input_topic};
use crate::support::{Cluster, Producer, Tidegauge, wait_for};

const SOON: Duration = Duration::from_secs(60);
/// Time from the election of new leaders until the process is ready. On a machine without other load it is below 5 s.
const READY_MAX: Duration = Duration::from_secs(20);

pub fn is_ready(process: &Tidegauge) -> bool {
    process
        .get("/readyz")
        .is_some_and(|page| page.status == 200)
}

#[track_caller]
pub fn await_ready(process: &Tidegauge, deadline: Duration) {
    let what = format!("a ready process; log {}", process.log_path().display());
    wait_for(&what, deadline, || is_ready(process).then_some(()));
}

/// Lets a process commit state, and stops it.
pub fn with_state(deployment: &Deployment, partitions: usize) {
    let stream = Stream {
        events: 3_000,
        ..Stream::default()
    };
    let mut process = deployment.start();
    let producer = Producer::new(&deployment.broker);
    stream.write(&producer, &deployment.input, partitions, 0, stream.events);
    let state = deployment.topic("state.v1");
    wait_for("state in every partition", SOON, || {
        deployment.broker.partitions(&state)?;
        let ends = deployment.broker.ends(&state);
        ends.iter().all(|end| *end > 0).then_some(())
    });
    deployment.stop(&mut process);
}

#[test]
fn a_process_that_starts_after_a_leader_died_becomes_ready() {
    let Some(mut cluster) = Cluster::or_skip("a_process_that_starts_after_a_leader_died") else {
        return;
    };
    let input = input_topic(cluster.broker(), "in", 4);
    let deployment = Deployment::new(cluster.broker(), &input);
    with_state(&deployment, 4);
    let state = deployment.topic("state.v1");
    cluster.kill_node(cluster.leader_of(&state, 0).unwrap());
    let mut process = deployment.start();
    cluster.await_leaders();
    let elected = Instant::now();
    await_ready(&process, READY_MAX);
    println!("ready {:?} after the election", elected.elapsed());
    assert!(
        !process.log().contains("making all clients anew"),
        "the first clients must do: {}",
        process.log()
    );
    deployment.stop(&mut process);
}
