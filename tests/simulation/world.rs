//! Worlds: ordinary traffic, in which every alert is false.

use crate::movement::Movement;
use crate::nulls::Nulls;
use crate::popularity::Popularity;
use crate::subject::{Behaviour, Kind, STILL};
use crate::traffic::Traffic;

/// Subjects with [`crate::popularity::CATEGORIES`] categories per hundred. They cost more than the others together.
const ZIPF_PERCENT: usize = 2;

/// Ordinary traffic of one model.
#[derive(Debug, Clone, Copy)]
pub struct World {
    pub name: &'static str,
    /// What is special, for the table.
    pub about: &'static str,
    /// Behaviours of the subjects, with the share of each in percent. The sum is 100.
    pub mix: &'static [(usize, Behaviour)],
    pub traffic: Traffic,
}

const fn moving(
    name: &'static str,
    about: &'static str,
    mix: &'static [(usize, Behaviour)],
) -> World {
    World {
        name,
        about,
        mix,
        traffic: Traffic::Flat,
    }
}

const fn traffic(name: &'static str, about: &'static str, traffic: Traffic) -> World {
    World {
        name,
        about,
        mix: &[(100, STILL)],
        traffic,
    }
}

const fn bursts(per_day: f64) -> Behaviour {
    let nulls = Nulls::Bursts {
        base: 0.02,
        per_day,
    };
    Behaviour { nulls, ..STILL }
}

const fn popular(popularity: Popularity) -> Behaviour {
    Behaviour {
        popularity: Some(popularity),
        ..STILL
    }
}

const AR_MINUTE: Behaviour = Behaviour::moving(Movement::ArMinute { sd: 0.5 });
const AR_QUARTER: Behaviour = Behaviour::moving(Movement::ArQuarter { sd: 0.3 });
const AR_DAY: Behaviour = Behaviour::moving(Movement::ArDay { sd: 0.3 });
const DAILY: Behaviour = Behaviour::moving(Movement::Daily { amplitude: 0.35 });
const WEEKLY: Behaviour = Behaviour::moving(Movement::Weekly { rise: 0.5 });
const HEAVY: Behaviour = Behaviour::moving(Movement::HeavyTails { sd: 0.3 });

/// Every world.
pub const WORLDS: &[World] = &[
    moving("iid", "independent events", &[(100, STILL)]),
    moving(
        "ar-minute",
        "means AR(0.9) by the minute, 0.5 σ",
        &[(100, AR_MINUTE)],
    ),
    moving(
        "ar-quarter",
        "means AR(0.9) by the quarter of an hour, 0.3 σ",
        &[(100, AR_QUARTER)],
    ),
    moving(
        "ar-day",
        "means correlated over a day, 0.3 σ",
        &[(100, AR_DAY)],
    ),
    moving(
        "daily",
        "daily season of 0.35 σ, 10 points on categories",
        &[(100, DAILY)],
    ),
    moving(
        "weekly",
        "weekends + 0.5 σ, 14 points on categories",
        &[(100, WEEKLY)],
    ),
    moving(
        "heavy-tails",
        "noise of the means with t3 tails, 0.3 σ",
        &[(100, HEAVY)],
    ),
    moving(
        "mixed",
        "40 still, 20 daily, 20 weekly, 20 AR by the quarter",
        &[(40, STILL), (20, DAILY), (20, WEEKLY), (20, AR_QUARTER)],
    ),
    moving(
        "zipf",
        "2 % of the subjects have 2,000 Zipf categories",
        &[(100, popular(Popularity::Fixed))],
    ),
    moving(
        "zipf-ar",
        "the same, popularity AR(0.9) by the quarter, 0.3",
        &[(100, popular(Popularity::Ar { sd: 0.3 }))],
    ),
    moving(
        "trend",
        "the same, popularity a random walk, 0.1 a day",
        &[(100, popular(Popularity::Trend { sd_per_day: 0.1 }))],
    ),
    moving(
        "bursts",
        "a burst of nulls a day in every subject",
        &[(100, bursts(1.0))],
    ),
    moving(
        "bursts-ten",
        "the same in ten of a hundred",
        &[(10, bursts(1.0)), (90, STILL)],
    ),
    moving(
        "bursts-rare",
        "one in ten days in every subject",
        &[(100, bursts(0.1))],
    ),
    traffic(
        "night-lows",
        "traffic down to 1 % at night",
        Traffic::NightLows,
    ),
    traffic("office", "traffic by day and week", Traffic::Office),
    traffic(
        "volume-noise",
        "traffic with noise of 30 %",
        Traffic::Noise { sd: 0.3 },
    ),
    traffic(
        "outage",
        "no prediction for 45 minutes on day 15",
        Traffic::Outage,
    ),
];

impl World {
    /// The world of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        WORLDS.iter().find(|world| world.name == name)
    }

    /// Behaviour of subject `at` of `count`.
    pub fn behaviour(&self, at: usize, count: usize) -> &'static Behaviour {
        // Each behaviour takes its share of every hundred in turn, spread by a step that shares no factor with 100.
        let mut place = if count >= 100 {
            at % 100
        } else {
            at * 37 % 100
        };
        for (percent, behaviour) in self.mix {
            if place < *percent {
                return behaviour;
            }
            place -= percent;
        }
        &self.mix[0].1
    }

    /// Kind of subject `at` of `count`: score, label, latency and errors first; then every fifth is a category.
    pub fn kind(&self, at: usize, count: usize) -> Kind {
        let has_zipf = self
            .mix
            .iter()
            .any(|(_, behaviour)| behaviour.popularity.is_some());
        let zipf = (count * ZIPF_PERCENT).div_ceil(100);
        match at {
            0 => Kind::Score,
            1 => Kind::Label,
            2 => Kind::Latency,
            3 => Kind::Errors,
            _ if has_zipf && at < 4 + zipf => Kind::Zipf,
            _ if at % 5 == 4 => Kind::Category,
            _ => Kind::Number,
        }
    }
}

#[test]
fn every_world_has_a_name_of_its_own_and_shares_that_sum_to_a_hundred() {
    let mut names: Vec<&str> = WORLDS.iter().map(|world| world.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), WORLDS.len());
    for world in WORLDS {
        let percent: usize = world.mix.iter().map(|(percent, _)| percent).sum();
        assert_eq!(percent, 100, "{}", world.name);
        for (percent, behaviour) in world.mix {
            let of_hundred = (0..100).filter(|at| world.behaviour(*at, 100) == behaviour);
            assert_eq!(of_hundred.count(), *percent, "{}", world.name);
        }
    }
}

#[test]
#[ignore = "prints the names of the worlds"]
fn list() {
    for world in WORLDS {
        println!("{:14} {}", world.name, world.about);
    }
}
