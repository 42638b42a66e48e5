//! Options of the long forms, from the environment: `TIDEGAUGE_SIM_<NAME>`. `scripts/simulate` sets them.

use tidegauge::window::COARSE_MINUTES;

use crate::world::{WORLDS, World};

/// Options of the long forms.
pub struct Options {
    /// Worlds, from `WORLDS`: names separated by commas; default all.
    pub worlds: Vec<&'static World>,
    /// Models per world, from `SEEDS`.
    pub seeds: u64,
    pub days: i64,
    pub subjects: usize,
    /// Events a minute, from `RATES`: numbers separated by commas.
    pub rates: Vec<f64>,
    /// Minutes that are fed at once, from `PANE`: a divisor of 15, and 15 by default.
    pub pane_minutes: i64,
    /// Threads.
    pub jobs: usize,
    /// Settings of the configuration, from `SET`: `path=text` separated by semicolons.
    pub settings: Vec<(String, String)>,
}

/// Values of the options that the environment does not set.
pub struct Defaults {
    pub worlds: &'static str,
    pub seeds: u64,
    pub days: i64,
    pub subjects: usize,
    pub rates: &'static str,
}

impl Options {
    pub fn of_environment(defaults: &Defaults) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let worlds = text("WORLDS").unwrap_or_else(|| defaults.worlds.to_owned());
        let rates = text("RATES").unwrap_or_else(|| defaults.rates.to_owned());
        let settings = text("SET").unwrap_or_default();
        let settings = settings.split(';').filter_map(|pair| pair.split_once('='));
        Self {
            worlds: chosen(&worlds),
            seeds: number("SEEDS").unwrap_or(defaults.seeds),
            days: number("DAYS").unwrap_or(defaults.days),
            subjects: number("SUBJECTS").unwrap_or(defaults.subjects),
            rates: rates
                .split(',')
                .map(|rate| rate.trim().parse().unwrap())
                .collect(),
            pane_minutes: number("PANE").unwrap_or(COARSE_MINUTES),
            jobs: number("JOBS").unwrap_or(cores),
            settings: settings
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
                .collect(),
        }
    }
}

fn chosen(names: &str) -> Vec<&'static World> {
    if names == "all" {
        return WORLDS.iter().collect();
    }
    let known = WORLDS
        .iter()
        .map(|world| world.name)
        .collect::<Vec<_>>()
        .join(", ");
    let named = |name: &str| {
        World::named(name).unwrap_or_else(|| panic!("no world is named {name}: use one of {known}"))
    };
    names.split(',').map(|name| named(name.trim())).collect()
}

fn text(name: &str) -> Option<String> {
    let value = std::env::var(format!("TIDEGAUGE_SIM_{name}")).ok()?;
    (!value.is_empty()).then_some(value)
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = text(name)?;
    let parsed = text.parse().ok();
    assert!(
        parsed.is_some(),
        "TIDEGAUGE_SIM_{name}={text} is not a number"
    );
    parsed
}
