//! Learning: only time that holds traffic counts towards a reference.

use crate::bench::{Bench, Setup};
use crate::published::{alerts, values};
use crate::traffic::{Event, MINUTE, Traffic};

const DAY: i64 = 1_440;
/// Predictions of `fraud` in an hour of [`Traffic`] without company.
const PER_HOUR: u64 = 40 * 60;

/// Traffic of five hours without a fault that begins at `minute`.
fn traffic(seed: u64, minute: i64) -> Vec<Event> {
    let traffic = Traffic {
        incident: None,
        bad_in: None,
        company: false,
        ..Traffic::of_five_hours(seed)
    };
    traffic.later(minute)
}

/// Predictions that the reference of `fraud` was learned from; `None` if there is no reference.
fn learned_from(bench: &Bench) -> Option<u64> {
    let reference = values(bench, "references").pop()?;
    reference["predictions"].as_u64()
}

fn run(events: &[Event]) -> Bench {
    let mut bench = Bench::new(Setup::default());
    bench.produce(events);
    let last = events.iter().map(|event| event.time).max().unwrap();
    bench.close_at(last + 20 * MINUTE);
    bench.settle().unwrap();
    bench
}

#[test]
fn a_smoke_test_three_days_before_the_launch_does_not_shorten_learning() {
    for seed in 1..=3 {
        let smoke = traffic(seed + 10, 0).into_iter().take(20);
        let events: Vec<Event> = smoke.chain(traffic(seed, 3 * DAY)).collect();
        let bench = run(&events);
        let predictions = learned_from(&bench).unwrap();
        // Of two hours that hold traffic, the smoke test is one.
        assert!(predictions >= PER_HOUR, "learned from {predictions}");
        assert_eq!(alerts(&bench), [] as [String; 0], "seed {seed}");
    }
}

/// A job that runs for half an hour each day learns on its fourth day, if two hours are to be learned.
#[test]
fn a_daily_job_learns_from_the_hours_in_which_it_runs() {
    let runs = |days: i64| -> Vec<Event> {
        let day = |day| traffic(day as u64 + 1, day * DAY).into_iter().take(40 * 30);
        (0..days).flat_map(day).collect()
    };
    assert_eq!(learned_from(&run(&runs(1))), None);
    assert!(learned_from(&run(&runs(3))).is_some_and(|n| n >= 2 * 1_200));
}
