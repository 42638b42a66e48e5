//! Objectives that change with the configuration, and objectives that have nothing to judge.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tidegauge::detect::slo::{BurnRule, Objective, Preset, Rule, Sli};
use tidegauge::pipeline::observations::{IdleObjective, IdleReason};

use crate::bench::Bench;
use crate::published::values;
use crate::stories::{HOUR, Story, objective, promising};
use crate::traffic::{MINUTE, START};

fn burning(sli: Sli, target: f64) -> Objective {
    let rule = Rule::Burn(BurnRule {
        target,
        period_minutes: 30 * 1_440,
        windows: Preset::SreWorkbook.windows(30 * 1_440, target),
    });
    objective("fast", sli, rule)
}

/// A bench on which the objective `fast` fires and traffic goes on.
fn firing() -> Bench {
    let sli = Sli::Latency { at_most_ms: 100.0 };
    let mut story = Story::of(promising(burning(sli, 0.999), 1));
    for minute in 0..5 * 60 {
        for n in 0..20 {
            let is_slow = minute >= 240;
            let time = START + minute * MINUTE + n * 3_000;
            story.predict(time, "de", "no", if is_slow { 400 } else { 40 });
        }
    }
    story.settled(START + 5 * HOUR)
}

fn restart_with(bench: &mut Bench, change: impl FnOnce(&mut Vec<Objective>)) {
    let mut plan = (*bench.setup.plan).clone();
    change(&mut plan.objectives);
    bench.setup.plan = Arc::new(plan);
    bench.take_over_all();
    bench.settle().unwrap();
}

fn ends_saying_why(change: impl Fn(&mut Vec<Objective>)) {
    let mut bench = firing();
    let before = values(&bench, "slo");
    let open = before.last().unwrap();
    assert_eq!(open["status"], "firing");
    restart_with(&mut bench, &change);
    let after = values(&bench, "slo");
    assert_eq!(after.len(), before.len() + 1);
    let end = after.last().unwrap();
    for same in ["fingerprint", "started_at", "severity"] {
        assert_eq!(end[same], open[same], "{same}");
    }
    assert_eq!(
        (&end["status"], &end["change"]),
        (&"resolved".into(), &"resolved".into())
    );
    let text = &end["annotations"];
    assert_eq!(
        text["summary"],
        "fraud: resolved: objective fast is no longer configured"
    );
    let description = text["description"].as_str().unwrap();
    assert!(
        description.contains("the objective is no longer configured, so nothing evaluates it"),
        "{description}"
    );
    restart_with(&mut bench, |_| {});
    assert_eq!(values(&bench, "slo").len(), after.len(), "it ends once");
}

#[test]
fn the_alert_of_a_removed_objective_resolves_and_says_why() {
    ends_saying_why(Vec::clear);
}

#[test]
fn the_alert_of_an_objective_that_moved_to_another_model_resolves() {
    ends_saying_why(|objectives| {
        for objective in objectives {
            objective.model = Some("churn".into());
        }
    });
}

/// Lines that are logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs a story to `end`, then lets the clocks pass two hours more: a task counts from the first clock that it sees.
/// Returns the objectives that have nothing to judge, and the number of lines logged about them.
fn idle_after(story: Story, end: i64) -> (Vec<IdleObjective>, usize) {
    let lines = Lines::default();
    let writer = lines.clone();
    let logs = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    let bench = tracing::subscriber::with_default(logs, || {
        let mut bench = story.run(end);
        bench.close_at(end + 2 * HOUR);
        bench.settle().unwrap();
        bench
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let told = text.matches("an objective has nothing to judge").count();
    let idle = bench.ledger.said().idle.into_values().flatten().collect();
    (idle, told)
}

fn traffic(story: &mut Story, hours: i64) {
    for minute in 0..hours * 60 {
        story.predict(START + minute * MINUTE, "de", "no", 40);
    }
}

#[test]
fn an_objective_for_a_model_that_never_comes_is_visible_after_an_hour() {
    let promised = || {
        let mut objective = burning(Sli::Success, 0.999);
        objective.model = Some("nobody".into());
        Story::of(promising(objective, 1))
    };
    let mut story = promised();
    traffic(&mut story, 2);
    let expected = IdleObjective {
        model: "nobody".into(),
        objective: "fast".into(),
        reason: IdleReason::ModelUnseen,
    };
    assert_eq!(idle_after(story, START + 2 * HOUR), (vec![expected], 1));

    let mut known = Story::of(promising(burning(Sli::Success, 0.999), 1));
    known.plan.objectives[0].model = Some("fraud".into());
    traffic(&mut known, 2);
    assert_eq!(idle_after(known, START + 2 * HOUR), (vec![], 0));
}

/// A prediction every five minutes, each with a label of its own class one minute later.
fn labelled(classes: [&str; 2], count: i64) -> Story {
    let mut objective = burning(Sli::Precision, 0.95);
    objective.name = "precise".into();
    let mut story = Story::of(promising(objective, 1));
    for n in 0..count {
        let time = START + n * 5 * MINUTE;
        let class = classes[(n % 2) as usize];
        let id = story.predict(time, "de", class, 40);
        story.label(id, time + MINUTE, class);
    }
    story
}

#[test]
fn an_objective_whose_positive_class_never_occurs_is_visible() {
    let end = START + 6 * HOUR;
    let expected = IdleObjective {
        model: "fraud".into(),
        objective: "precise".into(),
        reason: IdleReason::PositiveClassUnseen,
    };
    let spam = || labelled(["spam", "ham"], 60);
    assert_eq!(idle_after(spam(), end), (vec![expected.clone()], 1));
    assert_eq!(idle_after(labelled(["yes", "no"], 60), end), (vec![], 0));
    let few = labelled(["spam", "ham"], 29);
    assert_eq!(idle_after(few, end), (vec![], 0), "too few labels");

    let mut named = spam();
    let positive = &mut named.plan.quality.positive;
    positive.insert("fraud".into(), "spam".into());
    assert_eq!(idle_after(named, end), (vec![], 0));
    let mut misspelt = spam();
    let positive = &mut misspelt.plan.quality.positive;
    positive.insert("fraud".into(), "Spam".into());
    assert_eq!(idle_after(misspelt, end), (vec![expected], 1));
}
