//! Golden values from scipy, numpy, statsmodels and mpmath; `tests/golden/stats_golden.py` makes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tidegauge::sketch::{HistogramBuffer, ValueSketch};
use tidegauge::stats::{
    ChiSquare, Comparison, DISTANCES, SubjectKind, bernoulli_divergence, likelihood_ratio, wilson,
};

#[derive(Deserialize)]
struct Compared {
    name: String,
    kind: String,
    reference: Vec<(u32, u64)>,
    window: Vec<(u32, u64)>,
    level: u8,
    groups: Vec<(u64, u64)>,
    g: f64,
    df: u32,
    ln_p: f64,
    /// By name; a distance that nobody else computes has none.
    #[serde(flatten)]
    distances: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Tail {
    df: f64,
    x: f64,
    ln_survival: f64,
}

#[derive(Deserialize)]
struct NonCentral {
    df: f64,
    noncentrality: f64,
    x: f64,
    ln_exact: f64,
    ln_patnaik: f64,
}

#[derive(Deserialize)]
struct Wilson {
    count: u64,
    total: u64,
    z: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Coins {
    q: f64,
    p: f64,
    divergence: f64,
}

fn golden<T: DeserializeOwned>(json: &str) -> Vec<T> {
    let rows: Vec<T> = serde_json::from_str(json).unwrap();
    assert!(!rows.is_empty());
    rows
}

#[track_caller]
fn assert_close(ours: f64, theirs: f64, what: &str) {
    let error = (ours - theirs).abs();
    assert!(
        error <= 1e-9 * theirs.abs() + 1e-300,
        "{what}: {ours} instead of {theirs}"
    );
}

fn sketch(kind: SubjectKind, counts: &[(u32, u64)]) -> ValueSketch {
    let mut sketch = ValueSketch::default();
    match kind {
        SubjectKind::Numbers => sketch.numbers.histogram = histogram(counts),
        SubjectKind::Categories => sketch.words.histogram = histogram(counts),
    }
    sketch
}

fn histogram<const LIMIT: usize>(counts: &[(u32, u64)]) -> tidegauge::sketch::Histogram<LIMIT> {
    let mut buffer = HistogramBuffer::default();
    for (key, count) in counts {
        (0..*count).for_each(|_| buffer.push(*key));
    }
    buffer.freeze()
}

impl Compared {
    fn comparison(&self) -> Comparison {
        let kind = match self.kind.as_str() {
            "numbers" => SubjectKind::Numbers,
            _ => SubjectKind::Categories,
        };
        Comparison::of(
            kind,
            &sketch(kind, &self.reference),
            &sketch(kind, &self.window),
        )
    }
}

fn comparisons() -> Vec<Compared> {
    golden(include_str!("../golden/stats_comparisons.json"))
}

#[test]
fn groups_are_those_drawn_by_brute_force() {
    for row in comparisons() {
        let comparison = row.comparison();
        let mut groups: Vec<(u64, u64)> = comparison
            .groups
            .iter()
            .map(|group| (group.reference, group.window))
            .collect();
        groups.sort_unstable();
        assert_eq!(comparison.cells.level, row.level, "{}", row.name);
        assert_eq!(groups, row.groups, "{}", row.name);
    }
}

#[test]
fn distances_are_scipys() {
    let mut compared = BTreeSet::new();
    for row in comparisons() {
        let comparison = row.comparison();
        for distance in DISTANCES {
            let name = distance.about().name;
            if let Some(theirs) = row.distances.get(name) {
                let what = format!("{name} of {}", row.name);
                assert_close(distance.measure(&comparison), *theirs, &what);
                compared.insert(name);
            }
        }
    }
    assert!(compared.is_superset(&BTreeSet::from(["psi", "ks", "js_distance"])));
}

#[test]
fn the_likelihood_ratio_is_scipys() {
    for row in comparisons() {
        let ratio = likelihood_ratio(&row.comparison().groups);
        assert_eq!(ratio.df, row.df, "{}", row.name);
        assert_close(ratio.statistic, row.g, &row.name);
        let law = ChiSquare::non_central(f64::from(ratio.df), 0.0);
        assert_close(law.ln_survival(ratio.statistic), row.ln_p, &row.name);
    }
}

#[test]
fn tails_are_right_beyond_what_a_double_holds() {
    for row in golden::<Tail>(include_str!("../golden/stats_tails.json")) {
        let ours = ChiSquare::non_central(row.df, 0.0).ln_survival(row.x);
        assert_close(ours, row.ln_survival, &format!("df {} x {}", row.df, row.x));
    }
}

#[test]
fn patnaik_is_patnaik_and_errs_towards_silence() {
    for row in golden::<NonCentral>(include_str!("../golden/stats_non_central.json")) {
        let ours = ChiSquare::non_central(row.df, row.noncentrality).ln_survival(row.x);
        let what = format!(
            "df {} noncentrality {} x {}",
            row.df, row.noncentrality, row.x
        );
        assert_close(ours, row.ln_patnaik, &what);
        let share = ours / row.ln_exact; // of the surprise that the exact law sees
        assert!((0.8..=1.0 + 1e-9).contains(&share), "{what}: {share}");
    }
}

#[test]
fn intervals_are_statsmodels() {
    for row in golden::<Wilson>(include_str!("../golden/stats_intervals.json")) {
        let ours = wilson(row.count, row.total, row.z);
        let what = format!("{} of {} at {}", row.count, row.total, row.z);
        assert!((ours.low - row.low).abs() <= 1e-12, "{what}: {ours:?}");
        assert!((ours.high - row.high).abs() <= 1e-12, "{what}: {ours:?}");
    }
}

#[test]
fn coins_are_scipys() {
    for row in golden::<Coins>(include_str!("../golden/stats_coins.json")) {
        let ours = bernoulli_divergence(row.q, row.p);
        assert!(
            (ours - row.divergence).abs() <= 1e-12 * row.divergence.max(1.0),
            "{} {}: {ours} instead of {}",
            row.q,
            row.p,
            row.divergence
        );
    }
}

/// A second opinion that is compiled in: statrs, wherever a double still holds the tail.
#[test]
fn tails_agree_with_statrs_where_doubles_reach() {
    use statrs::distribution::{ChiSquared, ContinuousCDF};
    for df in [1.0, 2.0, 5.0, 9.0, 30.0, 511.0] {
        let theirs = ChiSquared::new(df).unwrap();
        for times in [0.1, 0.5, 1.0, 1.5, 3.0, 6.0] {
            let x = df * times + 1.0;
            let expected = theirs.sf(x);
            let ours = ChiSquare::non_central(df, 0.0).ln_survival(x).exp();
            if expected > 1e-300 {
                let error = (ours - expected).abs() / expected;
                assert!(error < 1e-8, "df {df}, x {x}: {ours} beside {expected}");
            }
        }
    }
}
