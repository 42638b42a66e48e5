//! Short form: the main promises, loosely, on few subjects and days. The long forms measure them.

use tidegauge::pipeline::output::Output;

use crate::episodes::Episodes;
use crate::fault::{Effect, FAULTS, Fault};
use crate::model::{Model, Size};
use crate::null_windows::judge;
use crate::sensitivity::{Found, find};
use crate::stream::plan;
use crate::subject::Kind;
use crate::world::World;

/// Day on which a fault of the short form begins. Its models run to the end of that day.
const SIZE: Size = Size {
    subjects: 10,
    days: 10,
    per_minute: 100.0,
    pane_minutes: 15,
};

fn episodes(world: &str, size: Size, seed: u64) -> Episodes {
    let world = World::named(world).unwrap();
    Model::new(world, size, seed).episodes(&plan(&[], SIZE.pane_minutes), size.days)
}

fn fault(name: &str) -> &'static Fault {
    FAULTS.iter().find(|fault| fault.name == name).unwrap()
}

/// When each of the named faults was found at the end of ten days.
fn found(world: &str, names: &[&str]) -> Vec<Found> {
    let faults: Vec<&Fault> = names.iter().map(|name| fault(name)).collect();
    let world = World::named(world).unwrap();
    let found = find(world, SIZE, 1, &faults, &plan(&[], SIZE.pane_minutes));
    found.into_iter().map(|(_, found)| found).collect()
}

#[test]
fn ordinary_traffic_alerts_at_most_once_per_kind() {
    for (world, subjects, days) in [("iid", 10, 9), ("night-lows", 10, 6), ("outage", 5, 16)] {
        let size = Size {
            subjects,
            days,
            ..SIZE
        };
        let episodes = episodes(world, size, 1);
        for kind in ["drift", "data_quality", "volume"] {
            assert!(episodes.count(kind) <= 1, "{world} {kind}: {episodes:?}");
        }
    }
}

#[test]
fn plain_faults_are_found_within_an_hour() {
    let names = [
        "shift 1 σ",
        "scale × 100",
        "nulls 2 → 20 %",
        "score + 0.5 σ",
        "unseen category 2 %",
    ];
    for (name, found) in names.iter().zip(found("iid", &names)) {
        assert!((1..=60).contains(&found.minutes()), "{name}: {found:?}");
    }
}

#[test]
fn a_fault_of_nothing_is_not_found() {
    let mut nothing = *fault("shift 1 σ");
    if let crate::fault::Target::Subject { effect, .. } = &mut nothing.target {
        *effect = Effect::default();
    }
    let nothing: &'static Fault = Box::leak(Box::new(nothing));
    let found = find(
        World::named("iid").unwrap(),
        SIZE,
        1,
        &[nothing],
        &plan(&[], SIZE.pane_minutes),
    );
    assert_eq!(found[0].1, Found::Never);
}

#[test]
fn windows_without_drift_are_significant_as_rarely_as_they_should() {
    let tallies = judge(200, (Kind::Even(10), 0.0), 4_000, &[]);
    assert!(tallies["psi"].judged >= 4_000, "{tallies:?}");
    let psi = tallies["psi"].times_nominal(0);
    assert!((0.5..2.0).contains(&psi), "{psi} times 1 %"); // 1 ± 0.16
    for (detector, tally) in tallies.iter().filter(|(_, tally)| tally.judged > 0) {
        assert!(tally.times_nominal(0) < 2.0, "{detector}: {tally:?}");
        assert!(
            tally.breaches as f64 <= 3.0 + 3.0 * tally.allowed,
            "{detector}: {tally:?}"
        );
    }
}

#[test]
fn a_simulation_follows_from_its_seed() {
    let size = Size {
        subjects: 5,
        days: 2,
        ..SIZE
    };
    let published = |seed| {
        let mut all: Vec<Output> = Vec::new();
        let model = Model::new(World::named("mixed").unwrap(), size, seed);
        let look = |outputs: &[Output]| all.extend_from_slice(outputs);
        model.run(&plan(&[], SIZE.pane_minutes), size.days, look);
        all
    };
    let first = published(1);
    assert!(first.len() > 100);
    assert!(first == published(1), "the same seed gives other records");
    assert!(first != published(2), "another seed gives the same records");
}
