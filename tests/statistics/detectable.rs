//! Smallest changes that are found: against scipy, and by simulation of windows that have changed by just that much.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Deserialize;
use tidegauge::detect::{
    Alternative, DETECTORS, Ordinary, RequiredPoints, RequiredShift, SoughtChange, Verdict,
    detectable,
};
use tidegauge::sketch::ValueSketch;
use tidegauge::stats::{Pair, normal_point};

use crate::stage::{Sample, Stage, detector, normal, normals, sketch};

/// Events of the references. They hold exactly the shares that windows are drawn from: a change is one against the reference.
const REFERENCE: usize = 100_000;
/// Windows of each simulated size.
const WINDOWS: usize = 600;

#[derive(Deserialize)]
struct Row {
    kind: String,
    reference: Vec<u64>,
    window: u64,
    distance: f64,
    ratio: f64,
    smallest: Option<f64>,
}

/// Golden values from scipy, made by `tests/golden/detectable_golden.py`.
#[test]
fn smallest_changes_are_those_of_scipy() {
    let json = include_str!("../golden/detectable.json");
    let rows: Vec<Row> = serde_json::from_str(json).unwrap();
    assert!(rows.len() > 50);
    for row in rows {
        let pair = |row: &Row| [row.reference[0], row.reference[1]];
        let alternative = match row.kind.as_str() {
            "mean" => Alternative::Mean(row.reference.clone()),
            "share" => Alternative::CommonestShare(row.reference.clone()),
            "rise" => Alternative::Rise {
                reference: pair(&row),
            },
            _ => Alternative::Fall {
                reference: pair(&row),
            },
        };
        let change = SoughtChange {
            name: "detectable",
            alternative,
            events: Pair {
                reference: row.reference.iter().sum(),
                window: row.window,
            },
            floor: 0.0,
        };
        let ours = change.smallest(RequiredShift {
            distance: row.distance,
            ratio: row.ratio,
        });
        match (ours, row.smallest) {
            (Some(ours), Some(theirs)) => assert!(
                (ours - theirs).abs() < 1e-4 + 1e-4 * theirs,
                "{} of {:?}, n = {}: {ours} instead of {theirs}",
                row.kind,
                row.reference,
                row.window
            ),
            (ours, theirs) => assert_eq!(ours, theirs, "{} n = {}", row.kind, row.window),
        }
    }
}

/// Sizes that `name` gives for windows like this one.
fn sizes(
    stage: &Stage,
    name: &str,
    window: &ValueSketch,
    ordinary: f64,
) -> BTreeMap<&'static str, f64> {
    stage.case(window, window.types.present(), |case| {
        let points = &mut RequiredPoints::of(case.budget);
        detectable(detector(name), case, Ordinary::known(ordinary), points)
    })
}

/// Share of windows, drawn by `draw`, in which the detector `name` finds something.
fn found(stage: &Stage, name: &str, ordinary: f64, mut draw: impl FnMut() -> ValueSketch) -> f64 {
    let is_found = |window: ValueSketch| {
        let finding = stage.judge(name, &window, ordinary).unwrap();
        finding.verdict == Verdict::Breach
    };
    let count = (0..WINDOWS).filter(|_| is_found(draw())).count();
    count as f64 / WINDOWS as f64
}

/// A reference that has exactly the shares of a normal number.
fn normal_reference() -> ValueSketch {
    let share = |n: usize| (n as f64 + 0.5) / REFERENCE as f64;
    sketch((0..REFERENCE).map(|n| normal_point(share(n))))
}

#[track_caller]
fn assert_nine_in_ten(power: f64, what: &str) {
    assert!((0.85..=0.95).contains(&power), "{what}: {power} are found");
}

#[test]
fn a_shift_of_the_smallest_size_is_found_nine_times_in_ten() {
    let rng = &mut fastrand::Rng::with_seed(14);
    let stage = Stage::new(normal_reference());
    for n in [60, 100, 150, 200, 1_000, 6_000] {
        for ordinary in [0.0, 0.3, 0.8] {
            let still = sketch(normals(rng, n, 0.0));
            let size = sizes(&stage, "psi", &still, ordinary)["detectable_shift"];
            let power = found(&stage, "psi", ordinary, || sketch(normals(rng, n, size)));
            println!("n = {n}, B = {ordinary}: {size:.3} σ, {power:.3}");
            assert_nine_in_ten(power, &format!("{size} σ at n = {n}, B = {ordinary}"));
        }
    }
}

#[test]
fn a_commonest_category_that_changes_by_the_smallest_size_is_found_nine_times_in_ten() {
    let rng = &mut fastrand::Rng::with_seed(15);
    for commonest in [0.3, 0.7] {
        // Five others share the rest.
        let draw = |rng: &mut fastrand::Rng, share: f64, n: usize| {
            let word = |rng: &mut fastrand::Rng| {
                if rng.f64() < share {
                    "common".to_owned()
                } else {
                    format!("c{}", rng.u8(0..5))
                }
            };
            sketch((0..n).map(|_| word(rng)))
        };
        let common = (commonest * REFERENCE as f64) as usize;
        let word = |n: usize| {
            if n < common {
                "common".to_owned()
            } else {
                format!("c{}", n % 5)
            }
        };
        let stage = Stage::new(sketch((0..REFERENCE).map(word)));
        for n in [200, 1_000, 6_000] {
            let size = sizes(&stage, "psi", &draw(rng, commonest, n), 0.0)["detectable_share"];
            let now = if commonest > 0.5 {
                commonest - size
            } else {
                commonest + size
            };
            let power = found(&stage, "psi", 0.0, || draw(rng, now, n));
            println!("n = {n}, commonest {commonest} changes by {size:.3}, {power:.3}");
            assert_nine_in_ten(power, &format!("{size} of {commonest} at n = {n}"));
        }
    }
}

/// A reference of which exactly the `share` is null.
fn null_reference(share: f64) -> ValueSketch {
    let nulls = (share * REFERENCE as f64) as usize;
    let value = |n: usize| {
        if n < nulls {
            Sample::Null
        } else {
            Sample::Number(n as f64)
        }
    };
    sketch((0..REFERENCE).map(value))
}

/// Values of which the `share` is null.
fn with_nulls(rng: &mut fastrand::Rng, share: f64, n: usize) -> ValueSketch {
    let value = |rng: &mut fastrand::Rng| {
        if rng.f64() < share {
            Sample::Null
        } else {
            Sample::Number(normal(rng))
        }
    };
    sketch((0..n).map(|_| value(rng)))
}

#[test]
fn nulls_that_change_by_the_smallest_size_are_found_nine_times_in_ten() {
    let rng = &mut fastrand::Rng::with_seed(16);
    for before in [0.0, 0.02, 0.4] {
        let stage = Stage::new(null_reference(before));
        for n in [200, 1_500, 60_000] {
            let sizes = sizes(&stage, "null_rate", &with_nulls(rng, before, n), 0.0);
            let rise = before + sizes["detectable_rise"];
            let power = found(&stage, "null_rate", 0.0, || with_nulls(rng, rise, n));
            println!("n = {n}: nulls {before} to {rise:.4}, {power:.3}");
            assert_nine_in_ten(power, &format!("{before} to {rise} at n = {n}"));
        }
    }
    let stage = Stage::new(null_reference(0.4));
    let drop = sizes(&stage, "null_rate", &with_nulls(rng, 0.4, 300), 0.0)["detectable_drop"];
    let power = found(&stage, "null_rate", 0.0, || {
        with_nulls(rng, 0.4 - drop, 300)
    });
    assert_nine_in_ten(power, &format!("a fall by {drop}"));
}

/// What cannot be found at any size is said to be so, and what is found is not small by chance.
#[test]
fn a_change_that_no_size_makes_visible_is_infinite_and_few_events_have_no_size() {
    let rng = &mut fastrand::Rng::with_seed(17);
    let stage = Stage::new(normal_reference());
    let few = sketch(normals(rng, 40, 0.0));
    assert_eq!(
        sizes(&stage, "psi", &few, 2.0)["detectable_shift"],
        f64::INFINITY
    );
    let too_few = sketch(normals(rng, 29, 0.0));
    assert_eq!(sizes(&stage, "psi", &too_few, 0.0), BTreeMap::new());
}

/// Only a break pages while the reference is provisional, but nulls that never were do.
#[test]
fn a_provisional_reference_finds_breaks_and_what_never_was() {
    let rng = &mut fastrand::Rng::with_seed(18);
    let mut stage = Stage::new(normal_reference());
    let window = sketch(normals(rng, 6_000, 0.0));
    let of = |stage: &Stage, detector, name| sizes(stage, detector, &window, 0.0)[name];
    let last = of(&stage, "psi", "detectable_shift");
    let nulls = of(&stage, "null_rate", "detectable_rise");
    stage.reference.is_provisional = true;
    let first = of(&stage, "psi", "detectable_shift");
    assert!(last < 0.25 && (0.7..0.9).contains(&first), "{last} {first}");
    assert_eq!(of(&stage, "null_rate", "detectable_rise"), nulls);
}

/// A record says by which distance a break was told, where one is needed.
#[test]
fn a_finding_names_the_distance_of_a_break_while_the_reference_is_provisional() {
    let mut stage = Stage::new(normal_reference());
    let named = |stage: &Stage, detector, shift| {
        let window = sketch(normals(&mut fastrand::Rng::with_seed(20), 2_000, shift));
        let finding = stage.judge(detector, &window, 0.0).unwrap();
        (
            finding.details.get("break").copied(),
            finding.is_provisional,
        )
    };
    assert_eq!(named(&stage, "psi", 1.0), (None, false));
    stage.reference.is_provisional = true;
    assert_eq!(named(&stage, "psi", 1.0), (Some(0.7), false));
    assert_eq!(named(&stage, "psi", 0.3), (Some(0.7), true));
    assert_eq!(named(&stage, "null_rate", 0.0), (None, false));
}

/// `cargo test --release --test statistics -- --ignored --nocapture cost_of_the_sizes`.
#[test]
#[ignore = "measures time"]
fn cost_of_the_sizes_of_a_subject() {
    let rng = &mut fastrand::Rng::with_seed(19);
    let stage = Stage::new(normal_reference());
    let window = sketch(normals(rng, 1_500, 0.0));
    stage.case(&window, window.types.present(), |case| {
        let points = &mut RequiredPoints::of(case.budget);
        for detector in DETECTORS {
            let began = Instant::now();
            for _ in 0..1_000 {
                std::hint::black_box(detectable(*detector, case, Ordinary::known(0.1), points));
            }
            let micros = began.elapsed().as_secs_f64() * 1e3;
            println!("{}: {micros:.1} µs", detector.name());
        }
    });
}
