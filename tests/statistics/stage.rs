//! Seeded streams, and detector cases built from them.

use tidegauge::detect::{
    Baseline, Budget, Case, DETECTORS, Detector, DetectorSettings, Finding, Ordinary, Sketches,
    gravest,
};
use tidegauge::event::Value;
use tidegauge::reference::SubjectReference;
use tidegauge::sketch::{Scale, Subject, ValueBuffer, ValueSketch};
use tidegauge::window::{Boundary, Span};

/// Budget of one evaluation for a model with 100 features: one false alarm in 30 days, windows of 15m and 1h every
/// minute and of 24h every 15 minutes.
pub fn usual_budget() -> Budget {
    Budget::share(1.0, 2 * 43_200 + 2_880, 100)
}

/// Value in a simulated stream.
#[derive(Debug, Clone)]
pub enum Sample {
    Null,
    Number(f64),
    Word(String),
}

impl From<f64> for Sample {
    fn from(x: f64) -> Self {
        Self::Number(x)
    }
}

impl From<String> for Sample {
    fn from(word: String) -> Self {
        Self::Word(word)
    }
}

/// Sketch of all values.
pub fn sketch<S: Into<Sample>>(values: impl IntoIterator<Item = S>) -> ValueSketch {
    let mut buffer = ValueBuffer::default();
    for value in values {
        match value.into() {
            Sample::Null => buffer.push(Scale::Plain, &Value::Null),
            Sample::Number(x) => buffer.push_number(Scale::Plain, x),
            Sample::Word(word) => buffer.push_text(&word),
        }
    }
    buffer.freeze()
}

/// Reference with the settings for judging windows against it.
pub struct Stage {
    pub reference: SubjectReference,
    pub subject: Subject,
    pub settings: DetectorSettings,
    pub budget: Budget,
    pub inside_reference: bool,
}

impl Stage {
    pub fn new(reference: ValueSketch) -> Self {
        Self {
            reference: SubjectReference {
                place: 0,
                span: Span {
                    start: Boundary(0),
                    end: Boundary(1_440),
                },
                predictions: reference.types.present(),
                errors: 0,
                is_provisional: false,
                lone_events: 0,
                rhythm: None,
                sketch: reference,
            },
            subject: Subject::Feature("amount".to_owned()),
            settings: DetectorSettings::default(),
            budget: usual_budget(),
            inside_reference: false,
        }
    }

    /// Calls `with` with the case of a window of `predictions`.
    pub fn case<R>(
        &self,
        window: &ValueSketch,
        predictions: u64,
        with: impl FnOnce(&Case<'_>) -> R,
    ) -> R {
        let baseline = Baseline::of(&self.subject, &self.reference);
        with(&Case {
            subject: &self.subject,
            window: &baseline.count(window),
            predictions,
            errors: 0,
            baseline: &baseline,
            reference: baseline.counts(),
            sketches: Some(Sketches {
                reference: &self.reference.sketch,
                window,
            }),
            inside_reference: self.inside_reference,
            budget: self.budget,
            settings: &self.settings,
        })
    }

    /// Judges a window in which every prediction has the feature, if ordinary windows reach a distance of `ordinary`.
    pub fn judge(&self, name: &str, window: &ValueSketch, ordinary: f64) -> Option<Finding> {
        self.judge_by(detector(name), window, ordinary)
    }

    pub fn judge_by(
        &self,
        detector: &dyn Detector,
        window: &ValueSketch,
        ordinary: f64,
    ) -> Option<Finding> {
        self.judge_within(detector, window, Ordinary::known(ordinary))
    }

    pub fn judge_within(
        &self,
        detector: &dyn Detector,
        window: &ValueSketch,
        ordinary: Ordinary,
    ) -> Option<Finding> {
        self.case(window, window.types.present(), |case| {
            gravest(detector, detector.measure(case), case, |_| ordinary)
        })
    }

    /// What the window adds to the learned variability.
    pub fn excess(&self, name: &str, window: &ValueSketch) -> Option<f64> {
        self.case(window, window.types.present(), |case| {
            let shifts = detector(name).measure(case);
            let excesses = shifts.iter().filter_map(|shift| shift.excess());
            excesses.reduce(f64::max)
        })
    }
}

pub fn detector(name: &str) -> &'static dyn Detector {
    *DETECTORS.iter().find(|d| d.name() == name).expect(name)
}

/// Random number from N(0, 1).
pub fn normal(rng: &mut fastrand::Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - rng.f64()));
    radius * libm::cos(std::f64::consts::TAU * rng.f64())
}

/// `n` random numbers from N(mean, 1).
pub fn normals(rng: &mut fastrand::Rng, n: usize, mean: f64) -> Vec<f64> {
    (0..n).map(|_| mean + normal(rng)).collect()
}

/// Zipf distribution over the ranks 0, 1, 2, …
pub struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    pub fn new(ranks: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let cumulative = (1..=ranks)
            .map(|rank| {
                sum += libm::pow(rank as f64, -exponent);
                sum
            })
            .collect();
        Self { cumulative }
    }

    pub fn draw(&self, rng: &mut fastrand::Rng) -> usize {
        let x = rng.f64() * self.cumulative.last().unwrap();
        self.cumulative.partition_point(|c| *c < x)
    }
}
