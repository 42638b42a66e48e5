//! Long form: false episodes of ordinary worlds, by kind and by detector.

use std::collections::BTreeMap;

use crate::episodes::Episodes;
use crate::jobs;
use crate::model::{Model, Size};
use crate::options::{Defaults, Options};
use crate::stream::plan;
use crate::world::World;

const KINDS: [&str; 3] = ["drift", "data_quality", "volume"];
/// Day of a fault that never comes.
const NO_FAULT: i64 = i64::MAX / 1_000;

/// Runs every world with every seed at the rate, and returns the episodes of the seeds by world.
pub fn measure(options: &Options, per_minute: f64) -> Vec<(&'static World, Vec<Episodes>)> {
    let plan = plan(&options.settings, options.pane_minutes);
    let size = Size {
        subjects: options.subjects,
        days: options.days,
        per_minute,
        pane_minutes: options.pane_minutes,
    };
    let seeds = 1..=options.seeds;
    let worlds = options.worlds.iter();
    let inputs: Vec<(&'static World, u64)> = worlds
        .flat_map(|world| seeds.clone().map(|seed| (*world, seed)))
        .collect();
    let results = jobs::run(
        &inputs,
        options.jobs,
        |(world, seed), episodes: &Episodes| {
            let counts = KINDS.map(|kind| format!("{} {kind}", episodes.count(kind)));
            format!(
                "{}, model {seed}: {}{}",
                world.name,
                counts.join(", "),
                opened(episodes)
            )
        },
        |(world, seed)| Model::new(world, size, *seed).episodes(&plan, NO_FAULT),
    );
    let mut results = results.into_iter();
    let of_world = |world: &&'static World| {
        (
            *world,
            results.by_ref().take(options.seeds as usize).collect(),
        )
    };
    options.worlds.iter().map(of_world).collect()
}

/// When the episodes that page were opened, for how long, and by what: `; day 3.25, 2.0 h, psi/15m`.
fn opened(episodes: &Episodes) -> String {
    let day = |minutes: i64| minutes as f64 / 1_440.0;
    let paging = episodes.0.iter().filter(|episode| episode.pages);
    let texts = paging.map(|episode| {
        let lasted = episode.resolved.map_or_else(
            || "open".to_owned(),
            |resolved| format!("{:.1} h", 24.0 * day(resolved - episode.opened)),
        );
        let first = episode.causes.first();
        let cause = first.map_or_else(String::new, |cause| {
            format!("{}/{}", cause.detector, cause.window)
        });
        format!("; day {:.2}, {lasted}, {cause}", day(episode.opened))
    });
    texts.collect()
}

/// `2.3 (4) + 7.0`: mean and largest number of episodes of a model, and records that added causes to an open one.
fn of_kind(models: &[Episodes], kind: &str) -> String {
    let of = models.len() as f64;
    let episodes = models.iter().map(|model| model.count(kind)).sum::<usize>() as f64 / of;
    let largest = models
        .iter()
        .map(|model| model.count(kind))
        .max()
        .unwrap_or(0);
    let joins = models.iter().map(|model| model.joins(kind)).sum::<u64>() as f64 / of;
    let joins = match joins {
        0.0 => String::new(),
        some => format!(" + {some:.1}"),
    };
    format!("{episodes:.1} ({largest}){joins}")
}

/// True if each model had at most one episode of each kind, and each episode named all its causes at its opening. One that
/// stays open and gathers causes hides further false alarms.
fn keeps_the_promise(models: &[Episodes]) -> bool {
    let keeps = |model: &Episodes, kind| model.count(kind) <= 1 && model.joins(kind) == 0;
    models
        .iter()
        .all(|model| KINDS.iter().all(|kind| keeps(model, kind)))
}

/// `psi/1h 31, surge/15m 2`: subjects named per model, by detector and window, the most frequent first.
fn by_detector(models: &[Episodes]) -> String {
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for model in models {
        for cause in model.causes() {
            *counts
                .entry(format!("{}/{}", cause.detector, cause.window))
                .or_default() += 1.0;
        }
        let unnamed: u64 = model.0.iter().map(|episode| episode.unnamed).sum();
        if unnamed > 0 {
            *counts.entry("beyond the 20 shown".to_owned()).or_default() += unnamed as f64;
        }
    }
    let mut counts: Vec<(String, f64)> = counts.into_iter().collect();
    counts.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let text = |(name, count): &(String, f64)| format!("{name} {:.1}", count / models.len() as f64);
    let shown: Vec<String> = counts.iter().map(text).collect();
    if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.join(", ")
    }
}

#[test]
#[ignore = "minutes: prints the table of false episodes"]
fn false_episodes() {
    let options = Options::of_environment(&Defaults {
        worlds: "all",
        seeds: 3,
        days: 30,
        subjects: 100,
        rates: "100",
    });
    for per_minute in &options.rates {
        println!(
            "\n{} models a world, {} subjects, {} days, {per_minute} events a minute in panes of {} minutes. Episodes \
             of a model: mean (largest) + records that added subjects to an open one. The last column counts the subjects \
             that alerts named as new, per model.\n",
            options.seeds, options.subjects, options.days, options.pane_minutes
        );
        println!(
            "| world | what moves | drift | data quality | volume | at most one | shown, without a page | subjects named |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for (world, models) in measure(&options, *per_minute) {
            let [drift, quality, volume] = KINDS.map(|kind| of_kind(&models, kind));
            println!(
                "| {} | {} | {drift} | {quality} | {volume} | {} | {:.1} | {} |",
                world.name,
                world.about,
                if keeps_the_promise(&models) {
                    "yes"
                } else {
                    "no"
                },
                models.iter().map(Episodes::shown).sum::<usize>() as f64 / models.len() as f64,
                by_detector(&models)
            );
        }
    }
}

#[test]
fn an_episode_that_gathers_causes_does_not_keep_the_promise() {
    use crate::episodes::Episode;

    let episode = |kind: &str, joins| Episode {
        fingerprint: kind.to_owned(),
        kind: kind.to_owned(),
        opened: 0,
        resolved: None,
        causes: Vec::new(),
        unnamed: 0,
        joins,
        pages: true,
    };
    let model = |episodes: Vec<Episode>| vec![Episodes(episodes)];
    let one_each = model(vec![episode("drift", 0), episode("volume", 0)]);
    assert!(keeps_the_promise(&one_each));
    assert!(!keeps_the_promise(&model(vec![episode("drift", 1)])));
    let two = model(vec![episode("drift", 0), episode("drift", 0)]);
    assert!(!keeps_the_promise(&two));
    assert_eq!(of_kind(&two, "drift"), "2.0 (2)");
    assert_eq!(
        of_kind(&model(vec![episode("drift", 3)]), "drift"),
        "1.0 (1) + 3.0"
    );
}
