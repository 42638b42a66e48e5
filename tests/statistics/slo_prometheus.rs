//! Burn-rate rules compared with Prometheus, minute by minute. `tests/golden/slo_promtool.py` generates the values.

use std::collections::BTreeMap;
use std::path::Path;

use tidegauge::alert::{Signal, State, Timing};
use tidegauge::detect::Verdict;
use tidegauge::detect::slo::{
    BurnRule, Objective, Preset, Rule, RuleFinding, RuleInput, Series, Sli, judge,
};
use tidegauge::sketch::Share;
use tidegauge::window::Boundary;

/// Bad and valid events of each minute.
type Minutes = Vec<(i64, i64)>;
/// Minutes in which an alert fires, by the name of the alert: intervals with inclusive ends.
type Firing = BTreeMap<String, Vec<(i64, i64)>>;

fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn cases() -> BTreeMap<String, Minutes> {
    let text = golden("slo_series.txt");
    let case = |line: &str| {
        let (name, runs) = line.split_once(' ').unwrap();
        (name.to_owned(), runs.split(' ').flat_map(run).collect())
    };
    text.lines().map(case).collect()
}

/// Parses a run: `60*1/100` means 60 minutes with one bad event of 100 each.
fn run(text: &str) -> Vec<(i64, i64)> {
    let (times, counts) = text.split_once('*').unwrap();
    let (bad, valid) = counts.split_once('/').unwrap();
    vec![(bad.parse().unwrap(), valid.parse().unwrap()); times.parse().unwrap()]
}

fn objective(preset: Preset, days: i64) -> Objective {
    Objective {
        name: "up".into(),
        model: None,
        sli: Sli::Success,
        rule: Rule::Burn(BurnRule {
            target: 0.999,
            period_minutes: days * 1_440,
            windows: preset.windows(days * 1_440, 0.999),
        }),
        events_min: 0,
    }
}

fn signal(verdict: Verdict) -> Signal {
    match verdict {
        Verdict::Breach => Signal::Breach,
        Verdict::Lingering => Signal::Lingering,
        Verdict::Quiet => Signal::Quiet,
        Verdict::InsufficientData => Signal::Silence,
    }
}

/// Next state of a cause, as in the alert machine: only a breach starts an inactive cause.
fn moved(state: Option<State>, observation: &RuleFinding, at: Boundary) -> Option<State> {
    let timing = Timing {
        hold_minutes: observation.hold_minutes,
        keep_firing_minutes: observation.keep_firing_minutes,
        silence_minutes: observation.window.minutes() + observation.keep_firing_minutes,
    };
    let signal = signal(observation.finding.verdict);
    match state {
        None if signal == Signal::Breach => Some(State::begun(at, timing)),
        None => None,
        Some(_) => State::after(state, signal, at, timing),
    }
}

fn extend(intervals: &mut Vec<(i64, i64)>, minute: i64) {
    match intervals.last_mut() {
        Some((_, last)) if *last == minute - 1 => *last = minute,
        _ => intervals.push((minute, minute)),
    }
}

/// Evaluates every minute as in production. Returns the minutes in which the alert of each window, and of each urgency,
/// fires.
fn firing(prefix: &str, objective: &Objective, minutes: &Minutes) -> Firing {
    let mut series = Series::new(objective.retention());
    let mut states: BTreeMap<String, State> = BTreeMap::new();
    let mut firing = Firing::new();
    for (minute, (bad, valid)) in (0..).zip(minutes) {
        let share = Share {
            good: valid - bad,
            valid: *valid,
        };
        series.add(Boundary(minute), &share);
        let at = Boundary(minute + 1);
        series.age(at);
        let input = RuleInput {
            objective,
            series: &series,
            at,
            matured: None,
        };
        let mut urgent = BTreeMap::new();
        for observation in judge(&input) {
            if observation.finding.detector != "burn_rate" {
                continue;
            }
            let name = format!("{prefix}_{}", length(&observation));
            let state = moved(states.remove(&name), &observation, at);
            if state.is_some_and(State::is_firing) {
                extend(firing.entry(name.clone()).or_default(), at.0);
                let urgency = if observation.finding.critical_effect {
                    "page"
                } else {
                    "ticket"
                };
                urgent.insert(urgency, ());
            }
            states.extend(state.map(|state| (name, state)));
        }
        for urgency in urgent.keys() {
            extend(
                firing.entry(format!("{prefix}_{urgency}")).or_default(),
                at.0,
            );
        }
    }
    firing
}

fn length(observation: &RuleFinding) -> String {
    observation.window.name()
}

fn expected(prefix: &str) -> BTreeMap<String, Firing> {
    let all: BTreeMap<String, Firing> = serde_json::from_str(&golden("slo_firing.json")).unwrap();
    let ours = |firing: Firing| {
        let of_prefix = |(name, at): &(String, Vec<_>)| name.starts_with(prefix) && !at.is_empty();
        firing.into_iter().filter(of_prefix).collect()
    };
    all.into_iter()
        .map(|(case, firing)| (case, ours(firing)))
        .collect()
}

fn assert_same(prefix: &str, objective: &Objective, asked: &[&str]) {
    let (cases, mut expected) = (cases(), expected(prefix));
    assert_eq!(cases.len(), expected.len());
    for (case, minutes) in &cases {
        let mut ours = firing(prefix, objective, minutes);
        ours.retain(|name, _| asked.iter().any(|asked| name == asked));
        let mut theirs = expected.remove(case).unwrap();
        theirs.retain(|name, _| asked.iter().any(|asked| name == asked));
        assert_eq!(ours, theirs, "{case}");
    }
}

#[test]
fn the_workbooks_rules_fire_in_the_minutes_in_which_prometheus_fires() {
    let asked = [
        "sre_1h",
        "sre_6h",
        "sre_1d",
        "sre_3d",
        "sre_page",
        "sre_ticket",
    ];
    assert_same("sre", &objective(Preset::SreWorkbook, 30), &asked);
}

/// Tests `for`, which Prometheus counts from the first minute in breach.
#[test]
fn pyrras_rules_fire_in_the_minutes_in_which_prometheus_fires() {
    let asked = ["pyrra_1h", "pyrra_6h", "pyrra_1d", "pyrra_4d"];
    assert_same("pyrra", &objective(Preset::Pyrra, 28), &asked);
}

/// Ensures that the comparison above is not empty: every alert fires and resolves in some cases, and none fires in good
/// cases.
#[test]
fn the_cases_show_every_alert_fire_and_resolve() {
    for (prefix, alerts) in [("sre", 6), ("pyrra", 4)] {
        let expected = expected(prefix);
        assert!(expected.len() >= 24);
        let resolved: BTreeMap<&String, usize> = expected
            .values()
            .flatten()
            .map(|(name, at)| {
                (
                    name,
                    at.iter().filter(|(_, last)| *last < 4 * 1_440).count(),
                )
            })
            .fold(BTreeMap::new(), |mut sums, (name, n)| {
                *sums.entry(name).or_default() += n;
                sums
            });
        assert_eq!(resolved.len(), alerts);
        assert!(resolved.values().all(|n| *n >= 3), "{resolved:?}");
        assert!(expected["all_good"].is_empty() && expected["no_traffic"].is_empty());
    }
}
