//! Long form: how often a window without any drift is significant, and how often it is a breach.
//!
//! The subjects are categories of equal share, so that the number of groups is known, or numbers with nulls for the rates.
//! The findings are those of published reports. One run shows the whole tail of p-values. If a finding carries the
//! likelihood ratio G (`g`) and its degrees of freedom (`df`), p is the tail of χ² without any learned variability.
//! Otherwise p is α·e^(`critical` − `statistic`), because `critical` is the surprise that α needs; it may allow for that
//! variability. A breach also needs an effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};
use tidegauge::pipeline::output::{Output, OutputTopic};
use tidegauge::window::COARSE_MINUTES;

use crate::jobs;
use crate::model::{Model, Size};
use crate::nulls::Nulls;
use crate::options::{Defaults, Options};
use crate::stream::{Quarter, plan};
use crate::subject::{Behaviour, Kind, STILL};

/// The largest budget that the configuration accepts, so that breaches can be counted.
const FALSE_ALARMS: &str = "100";
/// Days before the windows count: by then every reference is learned.
const LEARNING_DAYS: i64 = 8;
const WINDOWS_PER_DAY: usize = 96;
const WINDOWS_MIN: usize = 100_000;
/// Nominal rates of the columns.
const RATES: [f64; 3] = [1e-2, 1e-3, 1e-4];
const EVENTS: [u64; 4] = [30, 200, 1_000, 10_000];
/// Kinds of subjects: categories without nulls, and numbers with 2 % of nulls.
const KINDS: [(&str, Kind, f64); 6] = [
    ("2 categories", Kind::Even(2), 0.0),
    ("5 categories", Kind::Even(5), 0.0),
    ("10 categories", Kind::Even(10), 0.0),
    ("30 categories", Kind::Even(30), 0.0),
    ("100 categories", Kind::Even(100), 0.0),
    ("numbers, 2 % null", Kind::Number, 0.02),
];

#[derive(Deserialize)]
struct Report {
    subject: String,
    window: ReportWindow,
    findings: BTreeMap<String, ReportFinding>,
}

#[derive(Deserialize)]
struct ReportWindow {
    length: String,
    end: String,
}

#[derive(Deserialize)]
struct ReportFinding {
    verdict: String,
    statistic: f64,
    critical: f64,
    details: BTreeMap<String, f64>,
}

impl ReportFinding {
    /// Probability of a breach that the budget allows.
    fn alpha(&self) -> f64 {
        let published = self.details.get("alpha").copied();
        published.unwrap_or_else(|| (-self.critical).exp())
    }

    /// Probability of the value, or of a more extreme one, without drift.
    fn p_value(&self) -> f64 {
        match (self.details.get("g"), self.details.get("df")) {
            (Some(g), Some(df)) if *df >= 1.0 => {
                // Of several categories, the finding is about the one that rose most.
                let tests = self.details.get("cells").copied().unwrap_or(1.0);
                tests * ChiSquared::new(*df).unwrap().sf(*g)
            }
            _ => self.alpha() * (self.critical - self.statistic).exp(),
        }
    }
}

/// Findings of one detector on windows without drift.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Windows with a verdict.
    pub judged: u64,
    /// Windows whose p-value is at most each of [`RATES`].
    pub beyond: [u64; 3],
    pub breaches: u64,
    /// Breaches that the budget allows: the sum of α.
    pub allowed: f64,
}

impl Tally {
    fn add(&mut self, finding: &ReportFinding) {
        if finding.verdict == "insufficient_data" {
            return;
        }
        self.judged += 1;
        for (count, rate) in self.beyond.iter_mut().zip(RATES) {
            *count += u64::from(finding.p_value() <= rate);
        }
        self.breaches += u64::from(finding.verdict == "breach");
        self.allowed += finding.alpha();
    }

    /// How many times the nominal rate the p-values fall below it.
    pub fn times_nominal(&self, column: usize) -> f64 {
        self.beyond[column] as f64 / (RATES[column] * self.judged as f64)
    }
}

/// Judges at least `windows` windows of `n` events each, and tallies the findings by detector.
pub fn judge(
    n: u64,
    (kind, nulls): (Kind, f64),
    windows: usize,
    settings: &[(String, String)],
) -> BTreeMap<String, Tally> {
    const SUBJECTS: usize = 20;
    let days = windows.div_ceil(SUBJECTS * WINDOWS_PER_DAY) as i64 + LEARNING_DAYS;
    let size = Size {
        subjects: SUBJECTS,
        days,
        per_minute: n as f64 / 15.0,
        pane_minutes: COARSE_MINUTES,
    };
    let budget = (
        "detect.false_alarms_per_30_days".to_owned(),
        FALSE_ALARMS.to_owned(),
    );
    let settings: Vec<_> = settings.iter().cloned().chain([budget]).collect();
    let mut plan = (*plan(&settings, COARSE_MINUTES)).clone();
    plan.windows.truncate(1);
    let (length, plan) = (plan.windows[0].length.name(), Arc::new(plan));
    let mut tallies = BTreeMap::new();
    let behaviour = Behaviour {
        nulls: Nulls::Steady(nulls),
        ..STILL
    };
    let model = Model::uniform(kind, &behaviour, size, 1);
    model.run(&plan, days, |outputs| tally(outputs, &length, &mut tallies));
    tallies
}

fn tally(outputs: &[Output], length: &str, tallies: &mut BTreeMap<String, Tally>) {
    for output in outputs
        .iter()
        .filter(|output| output.topic == OutputTopic::Reports)
    {
        let Ok(report) = serde_json::from_slice::<Report>(&output.value) else {
            continue; // a report of another kind
        };
        let minutes = Quarter::minutes_of(&report.window.end);
        let counts = report.subject.starts_with("feature:") && report.window.length == length;
        if !counts || minutes <= LEARNING_DAYS * 1_440 {
            continue;
        }
        for (detector, finding) in &report.findings {
            tallies.entry(detector.clone()).or_default().add(finding);
        }
    }
}

fn print_rows(n: u64, values: &str, tallies: &BTreeMap<String, Tally>) {
    let judged = tallies.iter().filter(|(_, tally)| tally.judged > 0);
    if judged.clone().count() == 0 {
        println!("| {n} | {values} | none | 0 | | | | |");
    }
    for (detector, tally) in judged {
        let columns = (0..RATES.len()).map(|at| format!("{:.2}", tally.times_nominal(at)));
        println!(
            "| {n} | {values} | {detector} | {} | {} | {} ({:.1}) |",
            tally.judged,
            columns.collect::<Vec<_>>().join(" | "),
            tally.breaches,
            tally.allowed
        );
    }
}

#[test]
#[ignore = "minutes: prints the table of windows without drift"]
fn null_windows() {
    let options = Options::of_environment(&Defaults {
        worlds: "iid",
        seeds: 1,
        days: 0,
        subjects: 20,
        rates: "100",
    });
    let inputs: Vec<_> = EVENTS
        .iter()
        .flat_map(|n| KINDS.map(|kind| (*n, kind)))
        .collect();
    let results = jobs::run(
        &inputs,
        options.jobs,
        |(n, (values, ..)), _| format!("n = {n}, {values}"),
        |(n, (_, kind, nulls))| judge(*n, (*kind, *nulls), WINDOWS_MIN, &options.settings),
    );
    println!(
        "\nWindows of 15 minutes without drift, of n events. p-values at most 1e-2, 1e-3, 1e-4: how many times the nominal rate. Breaches: counted (allowed at {FALSE_ALARMS} false alarms per 30 days).\n"
    );
    println!("| n | values | detector | windows | 1e-2 | 1e-3 | 1e-4 | breaches |");
    println!("|---|---|---|---|---|---|---|---|");
    for ((n, (values, ..)), tallies) in inputs.iter().zip(&results) {
        print_rows(*n, values, tallies);
    }
}
