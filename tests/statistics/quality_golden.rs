//! Measures of quality compared with scikit-learn, statsmodels and numpy. `tests/golden/quality_golden.py` generates
//! the values.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tidegauge::sketch::{Answered, ExactSum, KnownTruth, Quality, Share, UNSCORED, score_cell};
use tidegauge::stats::{self, MEASURES, Measured, positive_class};

#[derive(Deserialize)]
struct Expected {
    value: f64,
    count: i64,
    interval: Option<(f64, f64)>,
}

#[derive(Deserialize)]
struct Classified {
    name: String,
    positive: Option<String>,
    /// Predicted class, true class and score.
    rows: Vec<(String, String, f64)>,
    exact: BTreeMap<String, Option<Expected>>,
    /// Values from the raw scores.
    raw: BTreeMap<String, f64>,
    /// Values from the middles of the score cells.
    cells: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Valued {
    name: String,
    /// Predicted value and true value.
    rows: Vec<(f64, f64)>,
    exact: BTreeMap<String, Option<Expected>>,
    near: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Difference {
    a: (i64, i64),
    b: (i64, i64),
    z: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Sum {
    numbers: Vec<f64>,
    sum: f64,
}

fn golden<T: DeserializeOwned>(json: &str) -> Vec<T> {
    let rows: Vec<T> = serde_json::from_str(json).unwrap();
    assert!(!rows.is_empty());
    rows
}

fn classified() -> Vec<Classified> {
    golden(include_str!("../golden/quality_classes.json"))
}

impl Classified {
    fn quality(&self) -> Quality {
        let mut quality = Quality::default();
        for (predicted, truth, score) in &self.rows {
            let answer = Answered {
                class: Some(predicted),
                cell: score_cell(Some(*score)),
                value: None,
            };
            quality.predict(&answer);
            quality.judge(&answer, KnownTruth::Class(truth), 1_000);
        }
        quality
    }

    fn measure(&self, name: &str) -> Option<Measured> {
        measure(name, &self.quality(), self.positive.as_deref())
    }

    /// True if the event of a row occurred: the positive class, or a right prediction if there is no positive class.
    fn came(&self, (predicted, truth, _): &(String, String, f64)) -> bool {
        self.positive
            .as_ref()
            .map_or(predicted == truth, |positive| positive == truth)
    }

    /// Largest difference between the results from cells and from raw scores, as derived in each measure's file.
    fn bound(&self, name: &str) -> f64 {
        let losses = self.rows.iter().map(|row| {
            let k = score_cell(Some(row.2));
            let given = if self.came(row) { k } else { 99 - k };
            match name {
                "log_loss" if given == 0 => 2.0_f64.ln(),
                "log_loss" => (1.0 + 0.5 / f64::from(given)).ln(),
                "brier" => 0.01,
                _ => 0.005,
            }
        });
        match name {
            "auc" => self.auc_bound(),
            _ => losses.sum::<f64>() / self.rows.len() as f64,
        }
    }

    fn auc_bound(&self) -> f64 {
        let mut cells = [[0.0; 2]; 100];
        for row in &self.rows {
            cells[usize::from(score_cell(Some(row.2)))][usize::from(self.came(row))] += 1.0;
        }
        let ties: f64 = cells.iter().map(|[failed, came]| failed * came).sum();
        let side = |side: usize| cells.iter().map(|cell| cell[side]).sum::<f64>();
        0.5 * ties / (side(0) * side(1))
    }
}

fn measure(name: &str, quality: &Quality, positive: Option<&str>) -> Option<Measured> {
    let found = MEASURES.iter().find(|m| m.about().name == name);
    found.unwrap().of(quality, positive)
}

#[track_caller]
fn assert_same(ours: Option<Measured>, theirs: Option<&Expected>, what: &str) {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        assert_eq!(ours.is_some(), theirs.is_some(), "{what}: {ours:?}");
        return;
    };
    assert_close(ours.value, theirs.value, what);
    assert_eq!(ours.count, theirs.count, "{what}");
    let ends = ours.interval.map(|i| (i.low, i.high));
    assert_eq!(ends.is_some(), theirs.interval.is_some(), "{what}");
    let (low, high) = ends.zip(theirs.interval).unwrap_or_default();
    assert_close(low.0, high.0, what);
    assert_close(low.1, high.1, what);
}

#[track_caller]
fn assert_close(ours: f64, theirs: f64, what: &str) {
    let error = (ours - theirs).abs();
    let scale = if theirs.abs() > 1e-3 {
        theirs.abs().max(1.0)
    } else {
        theirs.abs()
    };
    assert!(
        error <= 1e-12 * scale || error <= 1e-15 && theirs == 0.0,
        "{what}: {ours:e} instead of {theirs:e}"
    );
}

#[test]
fn counts_by_class_are_scikit_learns() {
    for data in classified() {
        for (name, theirs) in &data.exact {
            let what = format!("{name} of {}", data.name);
            assert_same(data.measure(name), theirs.as_ref(), &what);
        }
    }
}

#[test]
fn scores_in_the_middle_of_their_cells_are_scikit_learns() {
    for data in classified() {
        for name in ["auc", "log_loss", "brier", "calibration_error"] {
            let ours = data.measure(name).map(|measured| measured.value);
            let what = format!("{name} of {}", data.name);
            assert_eq!(ours.is_some(), data.cells.contains_key(name), "{what}");
            if let Some((ours, theirs)) = ours.zip(data.cells.get(name)) {
                assert_close(ours, *theirs, &what);
            }
        }
    }
}

#[test]
fn raw_scores_are_within_the_bound_of_their_cells() {
    for data in classified() {
        for (name, theirs) in &data.raw {
            let (ours, bound) = (data.measure(name).unwrap().value, data.bound(name));
            let error = (ours - theirs).abs();
            println!("{:22} {name:18} {error:.6} of {bound:.6}", data.name);
            assert!(
                error <= bound + 1e-12,
                "{name} of {}: {ours} {theirs}",
                data.name
            );
        }
    }
}

#[test]
fn the_usual_names_of_a_positive_class_are_known() {
    for data in classified() {
        let found = positive_class(&data.quality(), None);
        let usual = data.positive.clone().filter(|name| name != "fraud");
        assert_eq!(found, usual, "{}", data.name);
        let configured = positive_class(&data.quality(), Some("fraud"));
        assert_eq!(configured.as_deref(), Some("fraud"));
    }
}

fn regression(rows: &[(f64, f64)]) -> Quality {
    let mut quality = Quality::default();
    for (predicted, truth) in rows {
        let answer = Answered {
            class: None,
            cell: UNSCORED,
            value: Some(*predicted),
        };
        quality.judge(&answer, KnownTruth::Value(*truth), 0);
    }
    quality
}

#[test]
fn errors_of_values_are_numpys_or_better() {
    for data in golden::<Valued>(include_str!("../golden/quality_values.json")) {
        let quality = regression(&data.rows);
        for (name, theirs) in &data.exact {
            let what = format!("{name} of {}", data.name);
            assert_same(measure(name, &quality, None), theirs.as_ref(), &what);
        }
        for (name, theirs) in &data.near {
            let ours = measure(name, &quality, None).unwrap().value;
            let grid_end = theirs.min(2_f64.powi(41));
            let error = (ours - grid_end).abs();
            let what = format!("{name} of {}: {ours:e} {theirs:e}", data.name);
            assert!(error <= grid_end / 8.0 + 1e-6, "{what}");
        }
    }
}

#[test]
fn differences_are_newcombes() {
    for row in golden::<Difference>(include_str!("../golden/quality_differences.json")) {
        let share = |(good, valid)| Share { good, valid };
        let difference = stats::Difference {
            of: share(row.a),
            from: share(row.b),
        };
        let ours = difference.interval(row.z);
        let what = format!("{:?} − {:?} at {}", row.a, row.b, row.z);
        assert!((ours.low - row.low).abs() <= 1e-12, "{what}: {ours:?}");
        assert!((ours.high - row.high).abs() <= 1e-12, "{what}: {ours:?}");
    }
}

#[test]
fn sums_are_fsums_to_the_bit() {
    for row in golden::<Sum>(include_str!("../golden/quality_sums.json")) {
        let mut sum = ExactSum::default();
        row.numbers.iter().for_each(|x| sum.add(*x));
        assert_eq!(sum.value(), row.sum, "{} numbers", row.numbers.len());
    }
}
