//! Subjects: what a model sends, as counts of a quarter of an hour.

use tidegauge::sketch::{Partial, Scale, Subject, ValueSketch};

use crate::distribution;
use crate::draws::Draws;
use crate::fault::Effect;
use crate::movement::{Movement, Mover};
use crate::nulls::{NullRate, Nulls};
use crate::popularity::{CATEGORIES, Popularity, Zipf};
use crate::sketches::{Category, of_categories, of_numbers};
use crate::stream::Quarter;

/// Shares of the ten categories of an ordinary category, before its movement.
const SHARES: [f64; 10] = [0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.03, 0.02, 0.01];
/// Shares of the predicted classes.
const CLASSES: [f64; 2] = [0.9, 0.1];
/// Points by which the first category moves if a number moves by one standard deviation: 10 points for 0.35.
const POINTS_PER_SD: f64 = 0.1 / 0.35;

/// What values a subject has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Normal, mean 100 and standard deviation 10.
    Number,
    /// Ten categories.
    Category,
    /// This many categories of equal share.
    Even(usize),
    /// [`CATEGORIES`] categories by Zipf's law.
    Zipf,
    /// The score: normal, mean 0.5 and standard deviation 0.08.
    Score,
    /// The predicted class: two classes.
    Label,
    /// Latency: log-normal, median 100 ms.
    Latency,
    /// Predictions that failed.
    Errors,
}

/// Share of predictions that fail in ordinary traffic.
const ERRORS: f64 = 0.001;

/// How a subject behaves in ordinary traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behaviour {
    pub movement: Movement,
    pub nulls: Nulls,
    /// How categories of [`Kind::Zipf`] move; `None` for a world without them.
    pub popularity: Option<Popularity>,
}

/// Still, with 2 % of nulls.
pub const STILL: Behaviour = Behaviour {
    movement: Movement::Still,
    nulls: Nulls::Steady(0.02),
    popularity: None,
};

impl Behaviour {
    /// Moves in this way, with 2 % of nulls.
    pub const fn moving(movement: Movement) -> Self {
        Self { movement, ..STILL }
    }
}

/// Source of the values of one subject.
pub struct Generator {
    pub subject: Subject,
    kind: Kind,
    mover: Mover,
    nulls: NullRate,
    zipf: Option<Zipf>,
    categories: Vec<(usize, Category)>,
    effect: Effect,
    draws: Draws,
}

impl Generator {
    /// A subject whose values follow from its name and the seed.
    pub fn new(kind: Kind, name: &str, behaviour: &Behaviour, seed: u64) -> Self {
        let mut draws = Draws::of(seed, name);
        let subject = match kind {
            Kind::Score => Subject::Score,
            Kind::Label => Subject::Label,
            Kind::Latency => Subject::Latency,
            Kind::Errors => Subject::Errors,
            Kind::Number | Kind::Category | Kind::Even(_) | Kind::Zipf => {
                Subject::Feature(name.to_owned())
            }
        };
        let nulls = match subject {
            Subject::Feature(_) => behaviour.nulls,
            Subject::Errors => Nulls::Steady(ERRORS), // what is null elsewhere has failed here
            _ => Nulls::Steady(0.0), // the codec has no null score, label or latency
        };
        let popularity = behaviour.popularity.unwrap_or(Popularity::Fixed);
        Self {
            subject,
            kind,
            mover: Mover::new(behaviour.movement, &mut draws),
            nulls: NullRate::new(nulls),
            zipf: (kind == Kind::Zipf).then(|| Zipf::new(popularity)),
            categories: categories(kind, name),
            effect: Effect::default(),
            draws,
        }
    }

    /// Changes the values from now on.
    pub fn break_by(&mut self, effect: Effect) {
        self.effect = effect;
    }

    /// Sketches of the equal parts of the next quarter of an hour, with the predictions in each.
    pub fn panes(&mut self, at: Quarter, predictions: &[u64]) -> Vec<ValueSketch> {
        let rate = self.nulls.next(&mut self.draws);
        let rate = self.effect.null_rate.unwrap_or(rate);
        let mut means = self.mover.means(at, &mut self.draws);
        let shift = self.effect.shift;
        means.iter_mut().for_each(|mean| *mean += shift);
        let zipf = self.zipf.as_mut();
        let popularity = zipf.map(|zipf| zipf.weights(&mut self.draws));
        // A movement by the minute has a mean for each minute, any other one for the whole quarter.
        let per_part = (means.len() / predictions.len()).max(1);
        let parts = means.chunks(per_part).cycle().zip(predictions);
        let pane = |(means, predictions): (&[f64], &u64)| {
            let nulls = self.draws.binomial(*predictions, rate);
            self.pane(means, popularity.as_deref(), *predictions - nulls, nulls)
        };
        parts.map(pane).collect()
    }

    fn pane(
        &mut self,
        means: &[f64],
        popularity: Option<&[f64]>,
        values: u64,
        nulls: u64,
    ) -> ValueSketch {
        match (self.kind, popularity) {
            (Kind::Errors, _) => Partial {
                errors: nulls,
                ..Partial::default()
            }
            .failures(),
            (Kind::Number | Kind::Score | Kind::Latency, _) => self.numbers(means, values, nulls),
            (_, Some(weights)) => self.words(weights, values, nulls),
            (kind, None) => self.words(&shares(kind, means), values, nulls),
        }
    }

    fn numbers(&mut self, means: &[f64], values: u64, nulls: u64) -> ValueSketch {
        let weights = distribution::probabilities(means);
        let counts = self.draws.multinomial(values, &weights);
        let value = |z: f64| match self.kind {
            Kind::Score => 0.5 + 0.08 * z,
            Kind::Latency => 100.0 * (0.5 * z).exp(),
            _ => (100.0 + 10.0 * z) * self.effect.scale,
        };
        let counts = counts.into_iter().enumerate();
        let counts: Vec<(f64, u64)> = counts
            .map(|(at, count)| (value(distribution::z(at)), count))
            .collect();
        of_numbers(self.subject.scale(), &counts, nulls)
    }

    fn words(&mut self, weights: &[f64], values: u64, nulls: u64) -> ValueSketch {
        let unseen = self.draws.binomial(values, self.effect.unseen);
        let mut counts = self.draws.multinomial(values - unseen, weights);
        counts.push(unseen);
        let by_key = self.categories.iter();
        let counts: Vec<(&Category, u64)> = by_key
            .map(|(at, category)| (category, counts[*at]))
            .collect();
        of_categories(&counts, nulls)
    }
}

/// The categories of a subject and one that is unseen in ordinary traffic, with their places, by ascending key.
fn categories(kind: Kind, name: &str) -> Vec<(usize, Category)> {
    let count = match kind {
        Kind::Category => SHARES.len(),
        Kind::Label => CLASSES.len(),
        Kind::Even(count) => count,
        Kind::Zipf => CATEGORIES,
        Kind::Number | Kind::Score | Kind::Latency | Kind::Errors => return Vec::new(),
    };
    let named = (0..=count).map(|at| (at, Category::of(format!("{name}-{at}"))));
    let mut named: Vec<_> = named.collect();
    named.sort_by_key(|(_, category)| category.key);
    named.dedup_by_key(|(_, category)| category.key);
    assert_eq!(
        named.len(),
        count + 1,
        "two categories of {name} have one key"
    );
    named
}

/// Shares of a few categories. The first moves, the others keep their proportions.
fn shares(kind: Kind, means: &[f64]) -> Vec<f64> {
    let shares: &[f64] = match kind {
        Kind::Even(count) => return vec![1.0; count],
        Kind::Label => &CLASSES,
        _ => &SHARES,
    };
    let mean = means.iter().sum::<f64>() / means.len() as f64;
    let first = (shares[0] + POINTS_PER_SD * mean).clamp(0.02, 0.98);
    let others = (1.0 - first) / (1.0 - shares[0]);
    let rest = shares.iter().skip(1).map(|share| share * others);
    std::iter::once(first).chain(rest).collect()
}

#[test]
fn finer_panes_follow_a_movement_by_the_minute() {
    let behaviour = Behaviour::moving(Movement::ArMinute { sd: 1.0 });
    let means = |parts: &[u64]| -> Vec<f64> {
        let mut generator = Generator::new(Kind::Number, "x", &behaviour, 1);
        let panes = generator.panes(Quarter(0), parts).into_iter();
        let median = |sketch: ValueSketch| sketch.numbers.quantile(Scale::Plain, 0.5).unwrap();
        panes.map(median).collect()
    };
    let minutes = means(&[10_000; 15]);
    let spread = minutes
        .windows(2)
        .filter(|pair| (pair[0] - pair[1]).abs() > 2.0);
    assert!(spread.count() >= 5, "{minutes:?}");
    let mean = minutes.iter().sum::<f64>() / 15.0;
    assert!((means(&[150_000])[0] - mean).abs() < 5.0, "{minutes:?}");
}

#[test]
fn a_pane_counts_every_prediction_once() {
    for kind in [
        Kind::Number,
        Kind::Category,
        Kind::Even(7),
        Kind::Zipf,
        Kind::Score,
        Kind::Label,
        Kind::Latency,
    ] {
        let mut generator = Generator::new(kind, "x", &STILL, 1);
        for sketch in generator.panes(Quarter(0), &[1_500; 3]) {
            assert_eq!(sketch.types.present(), 1_500, "{kind:?}");
            let counted = sketch.numbers.histogram.total() + sketch.words.histogram.total();
            assert_eq!(counted + sketch.types.null, 1_500, "{kind:?}");
        }
    }
}
