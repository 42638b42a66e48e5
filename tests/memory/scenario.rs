//! Scenarios: each kind of incident is found, and days without one are silent.

use std::sync::Arc;

use tidegauge::pipeline::{Learning, Plan};
use tidegauge::window::{WindowLength, WindowSpec};

use crate::bench::{Bench, Setup, plan};
use crate::published::alerts;
use crate::traffic::{Incident, MINUTE, START, Traffic};

/// The windows of production, with a day to learn from.
fn day_plan() -> Arc<Plan> {
    let mut plan = plan();
    plan.windows.push(WindowSpec {
        length: WindowLength::from_minutes(1_440).unwrap(),
        step_minutes: 15,
    });
    plan.learning = Learning {
        span_minutes: 1_440,
        events_min: 1_000,
        habit_minutes: 14 * 1_440,
    };
    Arc::new(plan)
}

fn run(traffic: &Traffic) -> Vec<String> {
    let mut bench = Bench::new(Setup {
        plan: day_plan(),
        ..Setup::default()
    });
    bench.produce(&traffic.events());
    bench.close_at(START + (traffic.minutes + 2) * MINUTE); // the clock ends with the traffic
    bench.settle().unwrap();
    assert_eq!(
        bench.references_in_state(),
        1,
        "{} minutes",
        traffic.minutes
    );
    alerts(&bench)
}

fn traffic(seed: u64, minutes: i64) -> Traffic {
    Traffic {
        seed,
        minutes,
        per_minute: 20,
        incident: None,
        bad_in: None,
        company: false,
    }
}

#[test]
fn each_kind_of_incident_is_found_and_nothing_else() {
    for (incident, wanted) in [
        (Incident::Cents, "drift firing fraud feature:amount psi"),
        (
            Incident::UnseenCountry,
            "data_quality firing fraud feature:country new_rate",
        ),
        (
            Incident::Nulls,
            "data_quality firing fraud feature:age null_rate",
        ),
        (Incident::ScoreShift, "drift firing fraud score psi"),
        (Incident::Silence, "volume firing fraud - volume"),
    ] {
        let from = 1_440 + 90;
        let found = run(&Traffic {
            incident: Some((from, from + 150, incident)),
            ..traffic(6, from + 210)
        });
        assert!(
            found.iter().any(|line| line.starts_with(wanted)),
            "{wanted}: {found:#?}"
        );
        assert!(
            found
                .iter()
                .all(|line| line.split(' ').nth(3) == wanted.split(' ').nth(3)
                    || line.starts_with("drift")),
            "{found:#?}"
        );
    }
}

#[test]
fn three_days_without_an_incident_are_silent() {
    for seed in 0..5 {
        let found = run(&traffic(seed, 3 * 1_440));
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}
