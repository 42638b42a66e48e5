//! Simulation of volume: false episodes and delays. The short form runs with the suite; the long form prints the tables of
//! `docs/statistics.md`: `cargo test --release --test statistics -- --ignored --nocapture the_tables_of_volume`.

use tidegauge::detect::volume::VolumeSettings;

use crate::volume_traffic::{DAY, Episode, Kind, MONDAY, Noise, Shape, told};

const CALM: Noise = Noise::NONE;
const SLIGHT: Noise = Noise::of(0.1, 0.9);
const STRONG: Noise = Noise::of(0.3, 0.9);

/// Kinds of traffic that must be silent, with the false episodes that are accepted per model and 55 days.
const ORDINARY: [(&str, Kind, f64); 20] = [
    (
        "flat, 1,000 an hour",
        Kind::of(Shape::Flat, CALM, 1_000.0),
        0.0,
    ),
    ("flat, 100 an hour", Kind::of(Shape::Flat, CALM, 100.0), 0.0),
    ("flat, 10 an hour", Kind::of(Shape::Flat, CALM, 10.0), 0.3),
    ("daily rhythm", Kind::of(Shape::Daily, CALM, 1_000.0), 0.0),
    ("weekends", Kind::of(Shape::Weekend, CALM, 1_000.0), 0.0),
    ("shop", Kind::of(Shape::Shop, CALM, 1_000.0), 0.0),
    ("office", Kind::of(Shape::Office, CALM, 400.0), 0.0),
    (
        "office, 20 an hour",
        Kind::of(Shape::Office, CALM, 20.0),
        0.2,
    ),
    (
        "office in the far east",
        Kind::of(Shape::FarEast, CALM, 400.0),
        0.0,
    ),
    (
        "office, clock +1 h, day 27",
        Kind::of(Shape::Shifted(27, 4), SLIGHT, 400.0),
        0.6,
    ),
    (
        "office, clock −1 h, day 27",
        Kind::of(Shape::Shifted(27, -4), SLIGHT, 400.0),
        0.6,
    ),
    (
        "office, clock +1 h, day 6",
        Kind::of(Shape::Shifted(6, 4), SLIGHT, 400.0),
        0.6,
    ),
    (
        "office, clock −1 h, day 13",
        Kind::of(Shape::Shifted(13, -4), SLIGHT, 400.0),
        0.6,
    ),
    (
        "jobs",
        Kind::of(Shape::Jobs, Noise::of(0.1, 0.0), 100.0),
        0.3,
    ),
    (
        "growth of 2 % a day",
        Kind::of(Shape::Growth, SLIGHT, 400.0),
        0.2,
    ),
    (
        "ramp-up of 20 days",
        Kind::of(Shape::RampUp, SLIGHT, 400.0),
        0.8,
    ),
    (
        "canary in steps",
        Kind::of(Shape::Canary, SLIGHT, 4_000.0),
        0.4,
    ),
    (
        "noise of 30 %",
        Kind::of(Shape::Daily, STRONG, 1_000.0),
        1.0,
    ),
    (
        "noise of 30 %, weekends",
        Kind::of(Shape::Weekend, STRONG, 1_000.0),
        0.8,
    ),
    (
        "holiday on day 24",
        Kind::of(Shape::Holiday(24), SLIGHT, 400.0),
        1.3,
    ),
];

/// Kinds of traffic in which a fault must be found.
const WATCHED: [(&str, Kind); 7] = [
    ("flat, 1,000 an hour", Kind::of(Shape::Flat, CALM, 1_000.0)),
    ("flat, 100 an hour", Kind::of(Shape::Flat, CALM, 100.0)),
    ("daily rhythm", Kind::of(Shape::Daily, CALM, 1_000.0)),
    ("weekends", Kind::of(Shape::Weekend, CALM, 1_000.0)),
    (
        "weekends, noise of 10 %",
        Kind::of(Shape::Weekend, SLIGHT, 1_000.0),
    ),
    ("noise of 30 %", Kind::of(Shape::Daily, STRONG, 1_000.0)),
    (
        "office, noise of 10 %",
        Kind::of(Shape::Office, SLIGHT, 400.0),
    ),
];

/// Start of a run: each weekday in turn, at midnight or in the morning.
fn start(seed: u64) -> i64 {
    MONDAY + seed as i64 * DAY + if seed % 2 == 1 { 37 } else { 0 }
}

fn episodes(kind: Kind, seed: u64, days: i64, fault: impl Fn(i64) -> f64) -> Vec<Episode> {
    let counts = kind.counts(1_000 + seed, (start(seed), days), fault);
    told(&counts, start(seed), &VolumeSettings::default()).episodes
}

/// Hours from a fault, which multiplies the traffic from day 29 on, to the first alarm of the right direction, for each
/// seed in order of length; and the mean number of episodes in the week after it.
fn delays(kind: Kind, seeds: u64, factor: f64) -> (Vec<f64>, f64) {
    let (mut hours, mut count) = (Vec::new(), 0);
    for seed in 0..seeds {
        let at = 29 * DAY + (seed as i64 * 37) % DAY;
        let found = episodes(kind, seed, 36, |n| if n >= at { factor } else { 1.0 });
        let after: Vec<&Episode> = found.iter().filter(|episode| episode.to >= at).collect();
        let first = after
            .iter()
            .find(|episode| episode.is_rise() == (factor > 1.0));
        hours.push(first.map_or(f64::INFINITY, |e| (e.from + 1 - at).max(0) as f64 / 4.0));
        count += after.len();
    }
    hours.sort_by(f64::total_cmp);
    (hours, count as f64 / seeds as f64)
}

fn share_within(hours: &[f64], limit: f64) -> f64 {
    hours.iter().filter(|delay| **delay <= limit).count() as f64 / hours.len() as f64
}

fn quantile(hours: &[f64], share: f64) -> f64 {
    hours[((hours.len() - 1) as f64 * share) as usize]
}

#[test]
fn ordinary_traffic_is_silent() {
    for (name, kind, accepted) in ORDINARY {
        if accepted > 0.8 {
            continue;
        }
        let seeds = match kind.shape {
            Shape::Canary | Shape::RampUp => 4, // they begin in the first weeks
            _ if accepted == 0.0 => 1,
            _ => 2,
        };
        let found: Vec<Episode> = (0..seeds)
            .flat_map(|seed| episodes(kind, seed + 3, 30, |_| 1.0))
            .collect();
        assert!(found.len() as f64 <= accepted.ceil(), "{name}: {found:#?}");
    }
}

#[test]
fn falls_stops_and_rises_are_found_in_time() {
    let cases = [
        // kind, factor, hours, share of the runs
        (0, 0.8, 2.0, 1.0),
        (2, 0.8, 24.0, 1.0),
        (2, 0.5, 1.0, 1.0),
        (2, 0.0, 0.25, 1.0),
        (3, 2.0, 1.0, 1.0),
    ];
    for (kind, factor, limit, share) in cases {
        let (name, kind) = WATCHED[kind];
        let (hours, _) = delays(kind, 4, factor);
        assert!(
            share_within(&hours, limit) >= share,
            "{name} × {factor}: {hours:?}"
        );
    }
}

#[test]
fn a_lasting_change_is_one_episode() {
    for (kind, factor) in [(0, 0.5), (2, 2.0)] {
        let (_, episodes) = delays(WATCHED[kind].1, 2, factor);
        assert_eq!(episodes, 1.0, "{} × {factor}", WATCHED[kind].0);
    }
}

#[test]
#[ignore = "takes minutes: prints the tables of docs/statistics.md"]
fn the_tables_of_volume() {
    let (seeds, mut beyond) = (20, Vec::new());
    println!("false episodes per model: days 0–14, 14–28, 28–55, and the worst model");
    for (name, kind, accepted) in ORDINARY {
        let runs: Vec<Vec<Episode>> = (0..seeds)
            .map(|seed| episodes(kind, seed, 55, |_| 1.0))
            .collect();
        let within = |from: i64, to: i64| {
            let all = runs.iter().flatten();
            let own = all.filter(|e| (from * DAY..to * DAY).contains(&e.from));
            own.count() as f64 / seeds as f64
        };
        let worst = runs.iter().map(Vec::len).max().unwrap();
        let parts = (within(0, 14), within(14, 28), within(28, 55));
        println!(
            "{name:30} {:.2} {:.2} {:.2}  {worst}",
            parts.0, parts.1, parts.2
        );
        let sum = parts.0 + parts.1 + parts.2;
        if sum > accepted {
            beyond.push((name, sum));
        }
    }
    println!("hours to the alarm: median, 90 %, share within 2 h and 24 h, episodes of the week");
    for (name, kind) in WATCHED {
        for factor in [0.8, 0.5, 0.0, 2.0] {
            let (hours, episodes) = delays(kind, seeds, factor);
            println!(
                "{name:25} × {factor:3}: {:6.2} {:6.2} {:4.2} {:4.2} {episodes:.1}",
                quantile(&hours, 0.5),
                quantile(&hours, 0.9),
                share_within(&hours, 2.0),
                share_within(&hours, 24.0),
            );
        }
    }
    assert!(beyond.is_empty(), "{beyond:?}");
}
