//! Detectors of rates on simulated streams: broken data is detected, and ordinary variation is not.

use tidegauge::detect::{Finding, Ordinary, OrdinaryRule, Variability, Verdict, gravest};
use tidegauge::sketch::{TypeCounts, ValueSketch};

use crate::stage::{Sample, Stage, normal, normals, sketch};

/// Window of `events` events, of which `nulls` are null.
fn nulls(nulls: u64, events: u64) -> ValueSketch {
    let types = TypeCounts {
        null: nulls,
        number: events - nulls,
        ..TypeCounts::default()
    };
    ValueSketch {
        types,
        ..ValueSketch::default()
    }
}

/// Number of successes in `n` trials with probability `p`.
fn tosses(rng: &mut fastrand::Rng, n: u64, p: f64) -> u64 {
    (0..n).filter(|_| rng.f64() < p).count() as u64
}

/// Null counts of 15 minutes of ordinary traffic: 2 % on average, half or double that every few hours.
fn unrest(rng: &mut fastrand::Rng) -> ValueSketch {
    let rate = 0.02 * libm::exp(0.35 * normal(rng));
    nulls(tosses(rng, 1_000, rate), 1_000)
}

#[test]
fn nulls_are_found_and_their_unrest_is_not() {
    let rng = &mut fastrand::Rng::with_seed(21);
    let week: Vec<ValueSketch> = (0..7 * 96).map(|_| unrest(rng)).collect();
    let all = week.iter().map(|window| window.types.null).sum();
    let stage = Stage::new(nulls(all, 7 * 96_000));
    let mut learned = Variability::default();
    for day in week.chunks(96) {
        let excesses = day.iter().map(|w| stage.excess("null_rate", w).unwrap());
        learned.learn(excesses.fold(0.0, f64::max));
    }
    let ordinary = learned.ordinary(OrdinaryRule::Rate).distance;
    for _ in 0..30 * 96 {
        let finding = stage.judge("null_rate", &unrest(rng), ordinary).unwrap();
        assert_ne!(finding.verdict, Verdict::Breach, "{finding:?}");
    }
    let broken = nulls(tosses(rng, 1_000, 0.4), 1_000);
    let found = stage.judge("null_rate", &broken, ordinary).unwrap();
    assert_eq!(found.verdict, Verdict::Breach, "{found:?}");
}

#[test]
fn a_rate_must_be_sure_beyond_the_ordinary_and_large_enough() {
    let stage = Stage::new(nulls(200, 10_000)); // 2 %
    let verdict = |n, of, ordinary| {
        let finding = stage.judge("null_rate", &nulls(n, of), ordinary);
        finding.unwrap().verdict
    };
    let is_quiet = [
        (9, 200, 0.0, "4.5 % of 200 is no proof"),
        (290, 10_000, 0.0, "less than a point above"),
        (500, 10_000, 0.3, "unless such distances are ordinary"),
    ];
    for (n, of, ordinary, why) in is_quiet {
        assert_ne!(verdict(n, of, ordinary), Verdict::Breach, "{why}");
    }
    assert_eq!(verdict(60, 1_000, 0.0), Verdict::Breach, "6 % of 1,000");
    assert_eq!(verdict(600, 10_000, 0.1), Verdict::Breach);
    assert_eq!(verdict(28, 29, 0.0), Verdict::InsufficientData);
}

#[test]
fn a_rate_that_was_zero_must_reach_a_point() {
    let stage = Stage::new(nulls(0, 1_000_000));
    let verdict = |n, of| {
        stage
            .judge("null_rate", &nulls(n, of), 0.0)
            .unwrap()
            .verdict
    };
    let too_small = verdict(900, 100_000);
    assert_eq!(
        too_small,
        Verdict::Lingering,
        "0.9 %: sure, but too small to begin"
    );
    assert_eq!(verdict(1_001, 100_000), Verdict::Breach);
    assert_eq!(verdict(500, 100_000), Verdict::Quiet);
}

#[test]
fn nulls_that_vanish_are_found() {
    let stage = Stage::new(nulls(60_000, 100_000));
    let found = stage.judge("null_rate", &nulls(0, 1_000), 0.0).unwrap();
    assert_eq!((found.verdict, found.value), (Verdict::Breach, 0.0));
    assert!(found.critical_effect && found.threshold < 0.6);
    let fewer = stage.judge("null_rate", &nulls(590, 1_000), 0.0).unwrap();
    assert_eq!(fewer.verdict, Verdict::Quiet);
}

fn finding(name: &str, stage: &Stage, window: &ValueSketch) -> Finding {
    stage.judge(name, window, 0.0).unwrap()
}

#[test]
fn a_feature_that_vanishes_is_missing() {
    let stage = Stage::new(sketch((0..10_000).map(f64::from)));
    let empty = ValueSketch::default();
    let missing = crate::stage::detector("missing_rate");
    let missing = stage.case(&empty, 1_000, |case| {
        let nothing = Ordinary::known(0.0);
        gravest(missing, missing.measure(case), case, |_| nothing).unwrap()
    });
    assert_eq!((missing.verdict, missing.value), (Verdict::Breach, 1.0));
    assert!(missing.critical_effect);
    assert_eq!(
        finding("null_rate", &stage, &empty).verdict,
        Verdict::InsufficientData
    );
}

#[test]
fn numbers_that_come_as_text_are_another_type() {
    let stage = Stage::new(sketch((0..10_000).map(f64::from)));
    let some = |texts| {
        sketch((0..1_000).map(move |i| {
            if i < texts {
                Sample::Word(i.to_string())
            } else {
                Sample::Number(f64::from(i))
            }
        }))
    };
    assert_eq!(
        finding("type_rate", &stage, &some(40)).verdict,
        Verdict::Breach
    );
    assert_eq!(
        finding("type_rate", &stage, &some(2)).verdict,
        Verdict::Quiet
    );
    let not_finite = sketch((0..1_000).map(|i| if i < 40 { f64::NAN } else { f64::from(i) }));
    assert_eq!(
        finding("type_rate", &stage, &not_finite).verdict,
        Verdict::Breach
    );
    let nulls = sketch((0..1_000).map(|i| {
        if i < 40 {
            Sample::Null
        } else {
            Sample::Number(1.0)
        }
    }));
    assert_eq!(
        finding("type_rate", &stage, &nulls).value,
        0.0,
        "nulls have their own alert"
    );
}

#[test]
fn new_categories_are_found_unless_they_are_ordinary() {
    let word = |i: u32| format!("c{}", i % 40);
    let mut stage = Stage::new(sketch((0..10_000).map(word)));
    let window = sketch((0..1_000).map(|i| if i < 25 { format!("new{i}") } else { word(i) }));
    let found = finding("new_rate", &stage, &window);
    assert_eq!((found.verdict, found.value), (Verdict::Breach, 0.025));
    stage.reference.lone_events = 200; // 2 % of the reference had categories seen in one hour only
    assert_eq!(finding("new_rate", &stage, &window).verdict, Verdict::Quiet);
    let many = sketch((0..9_000).map(|i| format!("n{i}")));
    assert!(
        stage.judge("new_rate", &many, 0.0).is_none(),
        "groups of hashes have no new ones"
    );
}

#[test]
fn leaving_the_range_is_found_by_its_share() {
    let rng = &mut fastrand::Rng::with_seed(22);
    let stage = Stage::new(sketch(normals(rng, 50_000, 0.0)));
    let mut shifted = |far: usize| {
        let mut values = normals(rng, 1_000, 0.0);
        values
            .iter_mut()
            .take(far)
            .for_each(|x| *x = if *x > 0.0 { 9.0 } else { -9.0 });
        sketch(values)
    };
    assert_eq!(
        finding("range_rate", &stage, &shifted(1)).verdict,
        Verdict::Quiet
    );
    let found = finding("range_rate", &stage, &shifted(30));
    assert_eq!((found.verdict, found.value), (Verdict::Breach, 0.03));
    let inside = sketch((0..1_000).map(|i| f64::from(i) / 1_000.0));
    assert_eq!(finding("range_rate", &stage, &inside).value, 0.0);
}
