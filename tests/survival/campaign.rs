//! Campaign: three processes on three brokers, with kills, pauses and deaths of nodes at random times from a seed. What is
//! published must equal an independent recount of the input, and every process must be ready at the end without a hand.
//!
//! `scripts/campaign` runs it and prints its table. See [`Plan`] for its sizes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::deployment::outcome::{Outcome, is_at_end};
use crate::deployment::recount::{EVENTS_MIN, Recount};
use crate::deployment::stream::{Random, Stream, input_topic};
use crate::deployment::{Deployment, audit};
use crate::plan::{Plan, within};
use crate::supervisor::{Supervisor, TICK};
use crate::support::{Broker, Cluster, NODES, Producer};

const PARTITIONS: usize = 8;
const PROCESSES: usize = 3;
/// Pieces in which the input is written.
const PIECES: usize = 200;
/// Time limit for the writer to write what is left when the last fault is over.
const WRITE_MAX: Duration = Duration::from_secs(600);
const MODELS: [&str; 2] = ["fraud", "churn"];
/// Time limit for the last reports, and for every process to be ready, once the last fault is over.
const RECOVERY_MAX: Duration = Duration::from_secs(120);

/// Faults that were injected, and the slowest of what they caused.
#[derive(Debug, Default)]
struct Injected {
    kills: usize,
    pauses: usize,
    node_kills: usize,
    full_restarts: usize,
    slowest_leaders: Duration,
}

#[test]
fn a_campaign_of_faults_loses_and_doubles_nothing() {
    let Some(mut cluster) = Cluster::or_skip("a_campaign_of_faults") else {
        return;
    };
    let (plan, begun) = (Plan::chosen(), Instant::now());
    println!("{plan:#?}");
    let stream = Stream {
        events: plan.events,
        seed: plan.seed,
        ..Stream::default()
    };
    let input = input_topic(cluster.broker(), "in", PARTITIONS);
    let deployment = Deployment::new(cluster.broker(), &input);
    let supervisor = Supervisor::start(&deployment, PROCESSES);
    let (mut supervisor, injected) = disturb(supervisor, &mut cluster, &plan, &stream, &input);
    supervisor.look_until("the last reports", RECOVERY_MAX, || {
        thread::sleep(TICK * 5);
        is_at_end(&deployment, &MODELS, stream.end())
    });
    supervisor.await_ready(RECOVERY_MAX);
    println!("every process is ready after {:?}", begun.elapsed());
    cluster.await_whole();
    let (supervisor, slowest_stop) = supervisor.stop();

    let written: i64 = cluster.broker().ends(&input).iter().sum();
    assert_eq!(written as usize, plan.events + PARTITIONS, "input records");
    let left = Outcome::of(&deployment);
    let cells = check(&left, &stream, &deployment);
    println!("{}", table(&injected, &supervisor, slowest_stop));
    println!(
        "events {}\nreports {}\ncells {cells}\nalerts {}\nduration {:?}",
        plan.events,
        left.reports.len(),
        left.alerts.len(),
        begun.elapsed()
    );
    injected.assert_complete(&plan);
    let torn = audit::aborted_records(&deployment);
    println!("aborted records {torn}");
    compare_with_undisturbed(&left, &stream, &input, cluster.broker());
}

/// Injects the faults of the plan while the input is written. Returns when all faults are over and the input is complete.
fn disturb<'a>(
    mut supervisor: Supervisor<'a>,
    cluster: &mut Cluster,
    plan: &Plan,
    stream: &Stream,
    input: &str,
) -> (Supervisor<'a>, Injected) {
    let mut injected = Injected::default();
    let over = AtomicUsize::new(0); // faults that are over: the writer keeps pace with them
    let broker = cluster.broker().clone();
    thread::scope(|scope| {
        let writer = scope.spawn(|| write(&broker, stream, input, plan, &over));
        let end = NoMoreFaults(&over, plan.faults());
        supervisor.await_ready(RECOVERY_MAX);
        let parts = plan.full_restarts + 1;
        for part in 0..parts {
            let share = plan.share(part, parts);
            disturb_together(&mut supervisor, cluster, &share, &mut injected, part, &over);
            if part + 1 < parts {
                restart_all(&mut supervisor, cluster);
                injected.full_restarts += 1;
                over.fetch_add(1, Ordering::Relaxed);
            }
        }
        drop(end);
        supervisor.look_until("the input", WRITE_MAX, || writer.is_finished());
    });
    (supervisor, injected)
}

/// Disturbs processes and nodes at the same time, independently of each other.
fn disturb_together(
    supervisor: &mut Supervisor,
    cluster: &mut Cluster,
    plan: &Plan,
    injected: &mut Injected,
    part: usize,
    over: &AtomicUsize,
) {
    let seed = plan.seed.wrapping_mul(1_000) + part as u64;
    let (of_processes, of_nodes) = (Random(seed), Random(!seed));
    let group = supervisor.deployment().group.clone();
    let tell = supervisor.teller();
    let nodes_are_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let processes = scope
            .spawn(|| disturb_processes(supervisor, plan, of_processes, over, &nodes_are_done));
        let done = Done(&nodes_are_done);
        let mut random = of_nodes;
        for _ in 0..plan.node_kills {
            thread::sleep(within(&mut random, &plan.node_every));
            let coordinator = cluster.coordinator_of(&group);
            let any = 1 + random.below(NODES.count() as u64) as usize;
            // Half of the kills take the node that every process of the group talks to.
            let node = coordinator.filter(|_| random.below(2) == 0).unwrap_or(any);
            tell(&format!("SIGKILL to node {node}"));
            let killed = Instant::now();
            cluster.kill_node(node);
            thread::sleep(within(&mut random, &plan.node_down));
            cluster.await_leaders();
            injected.slowest_leaders = injected.slowest_leaders.max(killed.elapsed());
            cluster.start_node(node);
            tell(&format!("node {node} is up"));
            cluster.await_whole();
            tell("every replica is in sync");
            injected.node_kills += 1;
            over.fetch_add(1, Ordering::Relaxed);
        }
        drop(done);
        let (kills, pauses) = processes.join().unwrap();
        injected.kills += kills;
        injected.pauses += pauses;
    });
}

/// Sets a flag when it is dropped, so that a panic ends the threads that wait for it.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Kills and suspends processes, and looks at them until the nodes are done, too. At most one is suspended at a time; others
/// are killed meanwhile. Returns the numbers of kills and pauses.
fn disturb_processes(
    supervisor: &mut Supervisor,
    plan: &Plan,
    mut random: Random,
    over: &AtomicUsize,
    nodes_are_done: &AtomicBool,
) -> (usize, usize) {
    let (mut kills, mut pauses) = (0, 0);
    let mut suspended: Option<(usize, Instant)> = None;
    let mut next_kill = Instant::now() + within(&mut random, &plan.kill_every);
    let mut next_pause = Instant::now() + within(&mut random, &plan.kill_every);
    let is_due = |kills: usize, pauses: usize| kills < plan.kills || pauses < plan.pauses;
    while is_due(kills, pauses) || !nodes_are_done.load(Ordering::Relaxed) {
        supervisor.look();
        thread::sleep(TICK);
        let now = Instant::now();
        if let Some((victim, _)) = suspended.filter(|(_, until)| now >= *until) {
            supervisor.resume(victim);
            suspended = None;
            next_pause = now + within(&mut random, &plan.kill_every);
            pauses += 1;
            over.fetch_add(1, Ordering::Relaxed);
        }
        let victim = random.below(supervisor.count() as u64) as usize;
        if !supervisor.is_running(victim) {
            continue;
        }
        if suspended.is_none() && pauses < plan.pauses && now >= next_pause {
            supervisor.suspend(victim);
            suspended = Some((victim, now + within(&mut random, &plan.pause)));
        } else if kills < plan.kills && now >= next_kill {
            // Often two die at once, so that a new process takes over from another new one.
            let second = (victim + 1) % supervisor.count();
            let both = random.below(2) == 0 && kills + 1 < plan.kills;
            let also = (both && supervisor.is_running(second)).then_some(second);
            let victims: Vec<usize> = [victim].into_iter().chain(also).collect();
            supervisor.kill(&victims);
            kills += victims.len();
            over.fetch_add(victims.len(), Ordering::Relaxed);
            next_kill = now + within(&mut random, &plan.kill_every);
        }
    }
    (kills, pauses)
}

/// Kills every process and every node at once. The processes start before there is a broker.
fn restart_all(supervisor: &mut Supervisor, cluster: &mut Cluster) {
    let every: Vec<usize> = (0..supervisor.count()).collect();
    supervisor.tell("SIGKILL to everything");
    cluster.stop_all();
    supervisor.kill(&every);
    let are_up = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !are_up.load(Ordering::Relaxed) {
                supervisor.look();
                thread::sleep(TICK);
            }
        });
        let _up = Done(&are_up);
        cluster.start_all();
        cluster.await_whole();
    });
}

/// Lets the writer write the rest when it is dropped, so that a failed campaign ends.
struct NoMoreFaults<'a>(&'a AtomicUsize, usize);

impl Drop for NoMoreFaults<'_> {
    fn drop(&mut self) {
        self.0.store(self.1, Ordering::Relaxed);
    }
}

/// Writes the input. It is never ahead of the share of the faults that are over, so that faults hit all of it.
fn write(broker: &Broker, stream: &Stream, input: &str, plan: &Plan, over: &AtomicUsize) {
    let producer = Producer::new(broker);
    let piece = plan.events.div_ceil(PIECES);
    for from in (0..plan.events).step_by(piece) {
        let pace = || (1 + over.load(Ordering::Relaxed)) * plan.events / (1 + plan.faults());
        while from >= pace() {
            thread::sleep(TICK);
        }
        stream.write(&producer, input, PARTITIONS, from, from + piece);
        thread::sleep(TICK / 4);
    }
    stream.close(&producer, input, PARTITIONS);
}

/// Asserts that what was published is what the input demands. Returns the number of cells compared.
fn check(left: &Outcome, stream: &Stream, deployment: &Deployment) -> usize {
    left.assert_no_duplicates();
    let alerts = left.alert_values();
    let ids: BTreeSet<String> = alerts.iter().map(|alert| alert["id"].to_string()).collect();
    assert_eq!(ids.len(), alerts.len(), "an alert id occurs twice");
    audit::assert_dead_letters(stream, deployment);
    let recount = Recount::of(stream);
    recount.assert_reports(&left.reports, ("15m", 1), EVENTS_MIN)
        + recount.assert_reports(&left.reports, ("1h", 4), 0)
}

/// Asserts that one process without faults publishes the same.
fn compare_with_undisturbed(left: &Outcome, stream: &Stream, input: &str, broker: &Broker) {
    let alone = Deployment::new(broker, input);
    let mut supervisor = Supervisor::start(&alone, 1);
    supervisor.look_until("the reports of one process", RECOVERY_MAX, || {
        is_at_end(&alone, &MODELS, stream.end())
    });
    let (supervisor, _) = supervisor.stop();
    assert!(supervisor.restarts.is_empty(), "{:?}", supervisor.restarts);
    let undisturbed = Outcome::of(&alone);
    assert!(!undisturbed.alerts.is_empty() && undisturbed.references.len() == MODELS.len());
    left.assert_same(&undisturbed, "the campaign against one undisturbed process");
}

impl Injected {
    /// Asserts that every fault of the plan was injected.
    #[track_caller]
    fn assert_complete(&self, plan: &Plan) {
        let injected = [self.kills, self.pauses, self.node_kills, self.full_restarts];
        let planned = [plan.kills, plan.pauses, plan.node_kills, plan.full_restarts];
        assert_eq!(
            injected, planned,
            "kills, pauses, node kills, full restarts"
        );
    }
}

fn table(injected: &Injected, supervisor: &Supervisor, slowest_stop: Duration) -> String {
    let rows = [
        ("kills of processes (SIGKILL)", injected.kills.to_string()),
        ("pauses of processes (SIGSTOP)", injected.pauses.to_string()),
        ("kills of nodes", injected.node_kills.to_string()),
        ("restarts of everything", injected.full_restarts.to_string()),
        (
            "processes that ended by themselves",
            supervisor.restarts.len().to_string(),
        ),
        (
            "assignments of partitions",
            supervisor.assignments.to_string(),
        ),
        (
            "starts over after a temporary fault",
            supervisor.starts_over.to_string(),
        ),
        (
            "longest time without readiness",
            format!("{:.1?}", supervisor.slowest_recovery),
        ),
        (
            "longest time from a node's death to leaders",
            format!("{:.1?}", injected.slowest_leaders),
        ),
        ("slowest stop", format!("{slowest_stop:.1?}")),
    ];
    let mut lines: Vec<String> = rows
        .iter()
        .map(|(name, value)| format!("{name:<48} {value:>10}"))
        .collect();
    let reasons = supervisor.restarts.iter();
    lines.extend(
        reasons.map(|restart| format!("  ended with {:?}: {}", restart.code, restart.reason)),
    );
    lines.join("\n")
}
