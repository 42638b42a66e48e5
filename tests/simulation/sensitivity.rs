//! Long form: how soon the faults are found, by rate of events.

use std::sync::Arc;

use tidegauge::pipeline::Plan;

use crate::episodes::{Episodes, NamedCause};
use crate::fault::{FAULTS, Fault, Target};
use crate::jobs;
use crate::model::{Model, Size};
use crate::options::{Defaults, Options};
use crate::stream::plan;
use crate::world::World;

const MINUTES_PER_DAY: i64 = 1_440;
/// Day on which faults begin, at midnight; the last day of a shorter simulation.
const FAULT_DAY: i64 = 20;

/// When a fault was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// An alert had named the subject and was still open when the fault began.
    Before,
    /// This many minutes after the start of the fault, by this detector and window.
    After { minutes: i64, by: String },
    /// Not until the end of the simulation.
    Never,
}

impl Found {
    fn of(episodes: &Episodes, subject: &str, fault_day: i64) -> Self {
        let begin = fault_day * MINUTES_PER_DAY;
        let concerns = |cause: &&NamedCause| cause.subject == subject;
        let was_open = |at: Option<i64>| at.is_none_or(|at| at > begin);
        let open = episodes
            .0
            .iter()
            .filter(|e| e.opened <= begin && was_open(e.resolved));
        let mut before = open.flat_map(|episode| &episode.causes).filter(concerns);
        if before.any(|cause| cause.at <= begin) {
            return Self::Before;
        }
        let after = episodes
            .causes()
            .filter(concerns)
            .filter(|cause| cause.at > begin);
        let first = after.min_by_key(|cause| cause.at);
        first.map_or(Self::Never, |cause| Self::After {
            minutes: cause.at - begin,
            by: format!("{}/{}", cause.detector, cause.window),
        })
    }

    /// Minutes for sorting; a fault that was not found comes last.
    pub fn minutes(&self) -> i64 {
        match self {
            Self::Before => 0,
            Self::After { minutes, .. } => *minutes,
            Self::Never => i64::MAX,
        }
    }
}

/// Faults that one model can have at a time: all of its subjects, or that of its traffic.
pub fn together() -> [Vec<&'static Fault>; 2] {
    let concerns_traffic = |fault: &&Fault| matches!(fault.target, Target::Traffic(_));
    let (traffic, subjects) = FAULTS.iter().partition(concerns_traffic);
    [subjects, traffic]
}

fn fault_day(days: i64) -> i64 {
    FAULT_DAY.min(days - 1)
}

/// Runs one model with `faults`, and returns when each was found.
pub fn find(
    world: &World,
    size: Size,
    seed: u64,
    faults: &[&'static Fault],
    plan: &Arc<Plan>,
) -> Vec<(&'static Fault, Found)> {
    let mut model = Model::new(world, size, seed);
    let prepared: Vec<(&'static Fault, String)> = faults
        .iter()
        .map(|fault| (*fault, model.prepare(fault, world, seed)))
        .collect();
    let fault_day = fault_day(size.days);
    let episodes = model.episodes(plan, fault_day);
    let found = |(fault, subject): (_, String)| (fault, Found::of(&episodes, &subject, fault_day));
    prepared.into_iter().map(found).collect()
}

/// `30m`, `5.0h`, `2.5d`.
fn duration(minutes: i64) -> String {
    match minutes {
        i64::MAX => "never".to_owned(),
        ..120 => format!("{minutes}m"),
        120..2_880 => format!("{:.1}h", minutes as f64 / 60.0),
        _ => format!("{:.1}d", minutes as f64 / MINUTES_PER_DAY as f64),
    }
}

/// `30m / 45m, psi/15m`: median and worst, the detector of the median, and how many were not found.
fn cell(mut found: Vec<Found>) -> String {
    found.sort_by_key(Found::minutes);
    let (median, worst) = (&found[found.len() / 2], &found[found.len() - 1]);
    let mut cell = format!(
        "{} / {}",
        duration(median.minutes()),
        duration(worst.minutes())
    );
    if let Found::After { by, .. } = median {
        cell += &format!(", {by}");
    }
    let count = |state: &Found| found.iter().filter(|found| *found == state).count();
    for (state, text) in [
        (Found::Never, "not found"),
        (Found::Before, "alerted before"),
    ] {
        match count(&state) {
            0 => {}
            some => cell += &format!(", {some} {text}"),
        }
    }
    cell
}

#[test]
#[ignore = "minutes: prints the table of delays"]
fn sensitivity() {
    let options = Options::of_environment(&Defaults {
        worlds: "iid",
        seeds: 20,
        days: 32,
        subjects: 20,
        rates: "10,100,1000,0.10417",
    });
    let plan = plan(&options.settings, options.pane_minutes);
    for world in &options.worlds {
        let seeds = 1..=options.seeds;
        let groups = together();
        let mut inputs = Vec::new();
        for rate in &options.rates {
            for faults in &groups {
                inputs.extend(seeds.clone().map(|seed| (*rate, faults, seed)));
            }
        }
        let results = jobs::run(
            &inputs,
            options.jobs,
            |(rate, _, seed), _| format!("{}, {rate} a minute, seed {seed}", world.name),
            |(rate, faults, seed)| {
                // Volume concerns no subject: a few are enough.
                let concerns_traffic = matches!(faults[0].target, Target::Traffic(_));
                let size = Size {
                    subjects: if concerns_traffic {
                        4
                    } else {
                        options.subjects
                    },
                    days: options.days,
                    per_minute: *rate,
                    pane_minutes: options.pane_minutes,
                };
                (*rate, find(world, size, *seed, faults, &plan))
            },
        );
        print_table(world, &options, &results);
    }
}

type Results = [(f64, Vec<(&'static Fault, Found)>)];

fn print_table(world: &World, options: &Options, results: &Results) {
    println!(
        "\nWorld {} ({}), {} subjects and those that break, fault on day {} of {}, {} seeds, panes of {} \
         minutes. Delay: median / worst, detector of the median.\n",
        world.name,
        world.about,
        options.subjects,
        fault_day(options.days),
        options.days,
        options.seeds,
        options.pane_minutes
    );
    let rate = |rate: &f64| match rate {
        ..1.0 => format!("{:.0} a day", rate * MINUTES_PER_DAY as f64),
        _ => format!("{rate} a minute"),
    };
    let rates: Vec<String> = options.rates.iter().map(rate).collect();
    println!("| fault | {} |", rates.join(" | "));
    println!("|---|{}", "---|".repeat(rates.len()));
    for fault in FAULTS {
        let cells = options.rates.iter().map(|rate| {
            let of_rate = results.iter().filter(|(of, _)| of == rate);
            let found = of_rate.flat_map(|(_, found)| found);
            let of_fault = found.filter(|(of, _)| of.name == fault.name);
            cell(of_fault.map(|(_, found)| found.clone()).collect())
        });
        println!(
            "| {} | {} |",
            fault.name,
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
}

/// A field that a model has once can break once: of two faults, the second would hide the first.
#[test]
fn faults_that_come_together_concern_different_subjects() {
    let world = World::named("iid").unwrap();
    let size = Size {
        subjects: 4,
        days: 1,
        per_minute: 1.0,
        pane_minutes: 15,
    };
    let mut model = Model::new(world, size, 1);
    let [subjects, _] = together();
    let mut named: Vec<String> = subjects
        .iter()
        .map(|fault| model.prepare(fault, world, 1))
        .collect();
    named.sort();
    named.dedup();
    assert_eq!(named.len(), subjects.len(), "{named:?}");
}

#[test]
fn a_cell_shows_median_worst_and_what_was_not_found() {
    let after = |minutes| Found::After {
        minutes,
        by: "psi/1h".to_owned(),
    };
    assert_eq!(
        cell(vec![after(30), after(45), after(3_000)]),
        "45m / 2.1d, psi/1h"
    );
    assert_eq!(
        cell(vec![Found::Never, after(150), Found::Before]),
        "2.5h / never, psi/1h, 1 not found, 1 alerted before"
    );
}
