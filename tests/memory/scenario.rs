//! Scenarios: each kind of incident is found, and days without an incident produce no alert.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegauge::pipeline::{LearningPlan, Plan};
use tidegauge::window::{WindowLength, WindowSpec};

use crate::bench::{Bench, Setup, plan};
use crate::published::{alerts, values};
use crate::traffic::{Incident, MINUTE, START, Traffic};

/// Plan with the windows of production.
fn production(learn_minutes: i64) -> Arc<Plan> {
    let mut plan = plan();
    plan.windows.push(WindowSpec {
        length: WindowLength::from_minutes(1_440).unwrap(),
        step_minutes: 15,
    });
    plan.learning = LearningPlan {
        span_minutes: learn_minutes,
        provisional_minutes: learn_minutes,
        events_min: 1_000,
        variability_minutes: 14 * 1_440,
    };
    Arc::new(plan)
}

fn run(traffic: &Traffic, plan: Arc<Plan>) -> Bench {
    let mut bench = Bench::new(Setup {
        plan,
        ..Setup::default()
    });
    bench.produce(&traffic.events());
    bench.close_at(START + (traffic.minutes + 2) * MINUTE); // the clock ends with the traffic
    bench.settle().unwrap();
    assert_eq!(bench.references_in_state(), 1);
    bench
}

/// Runs an incident of two and a half hours, after `learn_minutes` and an hour and a half of ordinary traffic.
pub fn incident_days(incident: Incident, learn_minutes: i64) -> Bench {
    let from = learn_minutes + 90;
    let traffic = Traffic {
        incident: Some((from, from + 150, incident)),
        ..traffic(6, from + 240)
    };
    run(&traffic, production(learn_minutes))
}

fn traffic(seed: u64, minutes: i64) -> Traffic {
    Traffic {
        seed,
        minutes,
        per_minute: 16,
        incident: None,
        bad_in: None,
        company: false,
    }
}

/// Kind, subject and detector of every cause that fired.
fn causes(bench: &Bench) -> BTreeSet<String> {
    let alerts = values(bench, "drift")
        .into_iter()
        .chain(values(bench, "anomaly"));
    let mut causes = BTreeSet::new();
    for alert in alerts.filter(|alert| alert["status"] == "firing") {
        for cause in alert["causes"].as_array().unwrap() {
            let subject = cause["subject"].as_str().unwrap_or("traffic");
            let words = [
                alert["kind"].as_str().unwrap(),
                subject,
                cause["detector"].as_str().unwrap(),
            ];
            causes.insert(words.join(" "));
        }
    }
    causes
}

#[test]
fn each_kind_of_incident_is_found_and_nothing_else_is_blamed() {
    // Incident, learning span, cause that must be found, and subjects that may have causes.
    let incidents: [(Incident, i64, &str, &[&str]); 5] = [
        (
            Incident::Cents,
            240,
            "drift feature:amount range_rate",
            &["feature:amount"],
        ),
        (
            Incident::UnseenCountry,
            240,
            "data_quality feature:country new_rate",
            &["feature:country"],
        ),
        (
            Incident::Nulls,
            240,
            "data_quality feature:age null_rate",
            &["feature:age"],
        ),
        (
            Incident::ScoreShift,
            240,
            "drift score psi",
            &["score", "label"],
        ),
        (
            Incident::Silence,
            1_440,
            "volume traffic volume",
            &["traffic"],
        ), // this detector compares with the previous day
    ];
    for (incident, learn, wanted, blamed) in incidents {
        let bench = incident_days(incident, learn);
        let found = causes(&bench);
        assert!(found.contains(wanted), "{wanted}: {found:?}");
        let is_fair = |cause: &String| {
            cause
                .split(' ')
                .nth(1)
                .is_some_and(|subject| blamed.contains(&subject))
        };
        assert!(found.iter().all(is_fair), "{wanted}: {found:?}");
        let ended = alerts(&bench)
            .iter()
            .any(|line| line.contains(" resolved "));
        assert!(
            ended,
            "{wanted} is over an hour and a half later: {:?}",
            alerts(&bench)
        );
    }
}

#[test]
fn three_days_without_an_incident_are_silent() {
    for seed in 0..5 {
        let mut plan = Plan::clone(&production(1_440));
        for window in plan.windows.iter_mut().filter(|w| w.step_minutes == 1) {
            window.step_minutes = 5; // for speed; the budget is divided by the number of evaluations
        }
        let bench = run(&traffic(seed, 3 * 1_440), Arc::new(plan));
        assert_eq!(alerts(&bench), [""; 0], "seed {seed}");
        assert!(
            bench.ledger.said().windows.len() > 2 * 560,
            "every window of two days was judged"
        );
    }
}
