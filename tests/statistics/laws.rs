//! Property tests over the tables of distances and detectors.

use std::collections::BTreeSet;

use tidegauge::detect::{DETECTORS, Family, Finding, Verdict};
use tidegauge::sketch::ValueSketch;
use tidegauge::stats::{Comparison, DISTANCES, Pair, SubjectKind, angle};

use crate::stage::{Sample, Stage, Zipf, normals, sketch};

fn number_sketches(rng: &mut fastrand::Rng) -> Vec<ValueSketch> {
    vec![
        sketch(normals(rng, 2_000, 0.0)),
        sketch(normals(rng, 500, 1.5)),
        sketch(
            normals(rng, 900, 0.0)
                .into_iter()
                .map(|x| libm::exp(3.0 * x)),
        ),
        sketch((0..400).map(|i| f64::from(i % 7))),
        sketch((0..300).map(|_| 4.0)),
        sketch([1.0]),
    ]
}

fn word_sketches(rng: &mut fastrand::Rng) -> Vec<ValueSketch> {
    let zipf = Zipf::new(900, 1.1);
    vec![
        sketch((0..2_000).map(|_| format!("c{}", zipf.draw(rng)))),
        sketch((0..500).map(|i| format!("c{}", i % 5))),
        sketch((0..300).map(|i| format!("d{}", i % 3))),
    ]
}

fn comparisons() -> Vec<Comparison> {
    let mut rng = fastrand::Rng::with_seed(1);
    let numbers = (SubjectKind::Numbers, number_sketches(&mut rng));
    let words = (SubjectKind::Categories, word_sketches(&mut rng));
    let mut all = Vec::new();
    for (kind, sketches) in [numbers, words] {
        for reference in &sketches {
            all.extend(sketches.iter().map(|w| Comparison::of(kind, reference, w)));
        }
    }
    all
}

/// Copy of the comparison with `change` applied to every pair of counts.
fn changed(comparison: &Comparison, change: impl Fn(Pair) -> Pair) -> Comparison {
    let mut changed = comparison.clone();
    changed.groups.iter_mut().for_each(|g| *g = change(*g));
    changed
        .cells
        .cells
        .iter_mut()
        .for_each(|c| c.counts = change(c.counts));
    changed.cells.total = change(changed.cells.total);
    changed
}

#[test]
fn distances_keep_the_laws_they_claim() {
    for comparison in comparisons() {
        for distance in DISTANCES {
            let about = distance.about();
            let d = distance.measure(&comparison);
            assert!((0.0..=about.most).contains(&d), "{}: {d}", about.name);
            let itself = changed(&comparison, |p| Pair {
                reference: p.reference,
                window: p.reference,
            });
            assert!(distance.measure(&itself).abs() < 1e-9, "{}", about.name);
            if about.symmetric {
                let swapped = changed(&comparison, |p| Pair {
                    reference: p.window,
                    window: p.reference,
                });
                assert!(
                    (distance.measure(&swapped) - d).abs() < 1e-9,
                    "{}",
                    about.name
                );
            }
            if about.scale_free {
                let more = changed(&comparison, |p| Pair {
                    reference: 7 * p.reference,
                    window: 3 * p.window,
                });
                assert!((distance.measure(&more) - d).abs() < 1e-9, "{}", about.name);
            }
        }
    }
}

#[test]
fn groups_lose_no_event() {
    for comparison in comparisons() {
        assert_eq!(Pair::total(&comparison.groups), comparison.cells.total);
        assert!(comparison.groups.iter().all(|group| group.sum() > 0));
    }
}

#[test]
fn names_are_unique() {
    let detectors: Vec<&str> = DETECTORS.iter().map(|detector| detector.name()).collect();
    let distances: Vec<&str> = DISTANCES
        .iter()
        .map(|distance| distance.about().name)
        .collect();
    for names in [detectors, distances] {
        assert_eq!(
            names.iter().collect::<BTreeSet<_>>().len(),
            names.len(),
            "{names:?}"
        );
    }
}

fn mixed(rng: &mut fastrand::Rng, n: usize) -> ValueSketch {
    sketch((0..n).map(|_| match rng.u8(0..10) {
        0 => Sample::Null,
        1..4 => Sample::Word(format!("w{}", rng.u8(0..20))),
        _ => Sample::Number(rng.f64()),
    }))
}

fn stages(rng: &mut fastrand::Rng) -> Vec<(Stage, Vec<ValueSketch>)> {
    let mut windows = number_sketches(rng);
    windows.extend(word_sketches(rng));
    windows.extend([mixed(rng, 3_000), mixed(rng, 150), ValueSketch::default()]);
    let references = windows.clone();
    references
        .into_iter()
        .map(|r| (Stage::new(r), windows.clone()))
        .collect()
}

fn findings(rng: &mut fastrand::Rng) -> Vec<(Stage, ValueSketch, Finding)> {
    let mut all = Vec::new();
    for (stage, windows) in stages(rng) {
        for window in windows {
            for detector in DETECTORS {
                if let Some(finding) = stage.judge_by(*detector, &window, 0.0) {
                    assert_eq!(finding.detector, detector.name());
                    let copy = Stage::new(stage.reference.sketch.clone());
                    all.push((copy, window.clone(), finding));
                }
            }
        }
    }
    all
}

#[test]
fn a_finding_is_finite_and_enough_to_judge_it_again() {
    let mut breaches = BTreeSet::new();
    for (stage, _, finding) in findings(&mut fastrand::Rng::with_seed(2)) {
        let numbers = [
            finding.value,
            finding.threshold,
            finding.effect,
            finding.statistic,
            finding.critical,
        ];
        let finite = numbers
            .iter()
            .chain(finding.details.values())
            .all(|x| x.is_finite());
        assert!(finite, "{finding:?}");
        let effect = match finding.details.get("reference_rate") {
            None => (finding.value / finding.threshold).sqrt(),
            Some(before) => {
                let moved = |rate: f64| (angle(rate) - angle(*before)).abs();
                moved(finding.value) / moved(finding.threshold)
            }
        };
        let is_fall = (finding.details.get("reference_rate")).is_some_and(|p| finding.value < *p);
        let is_ignored = is_fall && finding.effect == 0.0;
        assert!(
            is_ignored || (finding.effect - effect).abs() < 1e-9,
            "{finding:?}"
        );
        let other_side = match finding.family {
            // Of a rate, the events of the window must be enough.
            Family::Drift if finding.detector != "range_rate" => finding.reference_events,
            _ => u64::MAX,
        };
        let enough = finding.window_events.min(other_side) >= stage.settings.events_min;
        let again = Verdict::of(enough, finding.effect, finding.statistic, finding.critical);
        assert_eq!(again, finding.verdict, "{finding:?}");
        if finding.verdict == Verdict::Breach {
            breaches.insert(finding.detector);
        }
    }
    assert!(
        breaches.len() >= 5,
        "the cases are too tame: only {breaches:?}"
    );
}

#[test]
fn a_window_like_its_reference_is_quiet() {
    for (stage, window, finding) in findings(&mut fastrand::Rng::with_seed(3)) {
        if window == stage.reference.sketch {
            let calm = matches!(finding.verdict, Verdict::Quiet | Verdict::InsufficientData);
            assert!(calm, "{finding:?}");
        }
    }
}

#[test]
fn an_empty_window_is_insufficient_data() {
    for (_, window, finding) in findings(&mut fastrand::Rng::with_seed(4)) {
        if window == ValueSketch::default() {
            assert_eq!(finding.verdict, Verdict::InsufficientData, "{finding:?}");
        }
    }
}

#[test]
fn what_is_only_reported_is_not_judged() {
    let mut stage = Stage::new(sketch((0..1_000).map(f64::from)));
    stage.subject = tidegauge::sketch::Subject::Evaluation("tone".to_owned());
    let window = sketch((0..1_000).map(|i| f64::from(i) * 100.0));
    for detector in DETECTORS {
        let finding = stage.judge_by(*detector, &window, 0.0);
        assert!(finding.is_none(), "{}", detector.name());
        assert!(stage.excess(detector.name(), &window).is_none());
    }
}
