//! Property tests of sketches: any order and grouping of merges gives the same bytes, and these match the definition.
//!
//! The table at the top lists every type of state, and each property is tested for all of them. A new type needs one
//! more case.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use fastrand::Rng;
use serde::{Serialize, de::DeserializeOwned};
use tidegauge::event::{Prediction, PredictionStatus, Usage, Value};
use tidegauge::sketch::{
    Answered, CLASSES_MAX, Classes, Confusion, Direction, ExactSum, Exemplar, Exemplars,
    GridCounts, Histogram, HistogramBuffer, KnownTruth, Monoid, Numbers, OTHER, Partial,
    PartialBuffer, Quality, RecordPosition, Regression, Scale, ScoreCells, TypeCounts, ValueBuffer,
    ValueSketch, Values, WordTag, Words, class_name, id_hash, word_key,
};

/// Type of state: its name, the number of random multisets to test, and the test.
type Row = (&'static str, usize, fn(usize));

/// Every type of state.
const STATES: &[Row] = &[
    ("histogram of 512 cells", 2_000, all_laws::<Keys<512>>),
    ("histogram of 8 cells", 5_000, all_laws::<Keys<8>>),
    ("histogram of 1 cell", 500, all_laws::<Keys<1>>),
    ("numbers", 2_000, all_laws::<Numbers>),
    ("words", 1_500, all_laws::<Words>),
    ("type counts", 1_000, all_laws::<TypeCounts>),
    ("value sketch", 1_000, all_laws::<ValueSketch>),
    ("exemplars", 3_000, all_laws::<Exemplars>),
    ("partial", 500, all_laws::<Partial>),
    ("exact sum", 1_000, all_laws::<ExactSum>),
    ("score cells", 500, all_laws::<ScoreCells>),
    ("grid counts", 500, all_laws::<GridCounts>),
    ("confusion", 400, all_laws::<Confusion>),
    ("regression", 300, all_laws::<Regression>),
    ("quality", 300, all_laws::<Quality>),
];

#[test]
fn any_grouping_and_order_give_the_bytes_of_one_pass() {
    for (name, multisets, laws) in STATES {
        println!("{name}");
        laws(*multisets);
    }
}

/// Generator of random values.
type Source<Item> = Box<dyn Fn(&mut Rng) -> Item>;

/// Type of state: how its values are generated, how they are counted in one pass, and what the result must be.
trait Case {
    type State: Monoid + Clone + PartialEq + Debug + Serialize + DeserializeOwned;
    type Item: Clone;
    /// Returns a generator of one random kind: few or many distinct values, near to or far from each other.
    fn kind(random: &mut Rng) -> Source<Self::Item>;
    fn one_pass(items: &[Self::Item]) -> Self::State;
    /// Compares the state with the definition, written as simply as possible.
    fn check(_items: &[Self::Item], _state: &Self::State) {}
}

fn all_laws<C: Case>(multisets: usize) {
    for seed in 0..multisets as u64 {
        let mut random = Rng::with_seed(seed);
        let mut items = multiset::<C>(&mut random);
        let expected = C::one_pass(&items);
        C::check(&items, &expected);
        let parts = parts::<C>(&mut items, &mut random);
        three_at_a_time::<C>(&parts, &mut random);
        let tree = merge_in_a_random_tree::<C>(parts, &mut random);
        assert_eq!(bytes(&tree), bytes(&expected), "seed {seed}");
    }
}

fn multiset<C: Case>(random: &mut Rng) -> Vec<C::Item> {
    let n_max = match random.u32(0..100) {
        0 => 9_000,
        1..10 => 1_500,
        _ => 60,
    };
    let n = random.usize(0..=n_max);
    let item = C::kind(random);
    (0..n).map(|_| item(random)).collect()
}

/// Shuffles the values, cuts them into parts (some may be empty) and counts each part in one pass. Some parts are
/// serialized and decoded again.
fn parts<C: Case>(items: &mut [C::Item], random: &mut Rng) -> Vec<C::State> {
    random.shuffle(items);
    let mut rest = &*items;
    let mut parts = Vec::new();
    for _ in 0..random.usize(2..12) {
        let (part, others) = rest.split_at(random.usize(0..=rest.len()));
        parts.push(C::one_pass(part));
        rest = others;
    }
    parts.push(C::one_pass(rest));
    for part in parts.iter_mut().filter(|_| random.bool()) {
        *part = postcard::from_bytes(&bytes(part)).expect("what was written is read");
    }
    parts
}

fn merge_in_a_random_tree<C: Case>(mut parts: Vec<C::State>, random: &mut Rng) -> C::State {
    while parts.len() > 1 {
        let one = parts.swap_remove(random.usize(0..parts.len()));
        let into = random.usize(0..parts.len());
        parts[into].merge(&one);
    }
    parts.pop().expect("one is left")
}

fn three_at_a_time<C: Case>(parts: &[C::State], random: &mut Rng) {
    let [a, b, c] = [(); 3].map(|()| &parts[random.usize(0..parts.len())]);
    let merged = |a: &C::State, b: &C::State| {
        let mut sum = a.clone();
        sum.merge(b);
        sum
    };
    let empty = C::State::default();
    assert_eq!(bytes(&merged(a, b)), bytes(&merged(b, a)), "commutative");
    assert_eq!(
        bytes(&merged(&merged(a, b), c)),
        bytes(&merged(a, &merged(b, c))),
        "associative"
    );
    assert_eq!(bytes(&merged(a, &empty)), bytes(a), "identity on the right");
    assert_eq!(bytes(&merged(&empty, a)), bytes(a), "identity on the left");
}

fn bytes<S: Serialize>(state: &S) -> Vec<u8> {
    postcard::to_stdvec(state).expect("a state serialises")
}

/// Definition of the adaptive histogram: the smallest level at which the distinct keys fit.
fn check_histogram<const LIMIT: usize>(keys: &[u32], histogram: &Histogram<LIMIT>) {
    for level in 0..=32 {
        let mut cells: BTreeMap<u32, u64> = BTreeMap::new();
        for key in keys {
            *cells.entry((u64::from(*key) >> level) as u32).or_default() += 1;
        }
        if cells.len() <= LIMIT {
            let counted = histogram.cells().iter().map(|c| (c.index, c.count));
            assert_eq!(histogram.level(), level);
            assert!(counted.eq(cells));
            return;
        }
    }
    panic!("at level 32 there is one cell");
}

struct Keys<const LIMIT: usize>;

impl<const LIMIT: usize> Case for Keys<LIMIT> {
    type State = Histogram<LIMIT>;
    type Item = u32;

    fn kind(random: &mut Rng) -> Source<u32> {
        // Some bits vary and the others are fixed. This gives clusters, strides, or all values.
        let bits = random.u32(0..=32);
        let varying =
            (random.u32(..) | random.u32(..)) & (u32::MAX.checked_shr(32 - bits)).unwrap_or(0);
        let varying = varying.rotate_left(random.u32(0..32));
        let fixed = random.u32(..) & !varying;
        Box::new(move |random| fixed | random.u32(..) & varying)
    }

    fn one_pass(keys: &[u32]) -> Histogram<LIMIT> {
        let mut buffer = HistogramBuffer::default();
        keys.iter().for_each(|key| buffer.push(*key));
        buffer.freeze()
    }

    fn check(keys: &[u32], histogram: &Histogram<LIMIT>) {
        check_histogram(keys, histogram);
    }
}

impl Case for Numbers {
    type State = Self;
    type Item = f64;

    fn kind(random: &mut Rng) -> Source<f64> {
        match random.u32(0..4) {
            0 => Box::new(Rng::f64),
            1 => Box::new(|random| f64::from(random.i32(-1_000..1_000))),
            2 => Box::new(|random| f64::from_bits(random.u64(..) & !(1 << 62))),
            _ => {
                Box::new(|random| [0.0, -0.0, 1.0, f64::MAX, f64::MIN, 5e-324][random.usize(0..6)])
            }
        }
    }

    fn one_pass(numbers: &[f64]) -> Self {
        let mut buffer = ValueBuffer::default();
        numbers
            .iter()
            .for_each(|x| buffer.push_number(Scale::Score, *x));
        buffer.freeze().numbers
    }

    fn check(numbers: &[f64], state: &Self) {
        // A subnormal number counts as 0.
        let counted = |x: &f64| if x.is_subnormal() { 0.0 } else { *x };
        let numbers: Vec<f64> = numbers.iter().map(counted).collect();
        let keys: Vec<u32> = numbers.iter().map(|x| Scale::Score.key(*x)).collect();
        check_histogram(&keys, &state.histogram);
        let ends = state.range.map(|range| (range.min, range.max));
        let min = numbers.iter().copied().reduce(f64::min);
        assert_eq!(ends, min.zip(numbers.iter().copied().reduce(f64::max)));
    }
}

impl Case for Words {
    type State = Self;
    type Item = String;

    fn kind(random: &mut Rng) -> Source<String> {
        let distinct = [3, 100, 5_000, 1_000_000][random.usize(0..4)];
        Box::new(move |random| format!("category {}", random.u32(0..distinct)))
    }

    fn one_pass(words: &[String]) -> Self {
        let mut buffer = ValueBuffer::default();
        words.iter().for_each(|word| buffer.push_text(word));
        buffer.freeze().words
    }

    fn check(words: &[String], state: &Self) {
        let keyed = words
            .iter()
            .map(|word| (word_key(WordTag::Text, word), word));
        let keys: Vec<u32> = keyed.clone().map(|(key, _)| key).collect();
        check_histogram(&keys, &state.histogram);
        let mut names: BTreeMap<u32, String> = BTreeMap::new();
        for (key, word) in keyed.filter(|_| state.is_exact()) {
            let name = names.entry(key).or_insert_with(|| word.clone());
            *name = name.clone().min(word.clone());
        }
        assert_eq!(state.names, names);
    }
}

fn any_value(random: &mut Rng) -> Value<'static> {
    match random.u32(0..8) {
        0 => Value::Null,
        1 => Value::Vector,
        2 => Value::Bool(random.bool()),
        3 => Value::Text(["DE", "FR", "true", ""][random.usize(0..4)].into()),
        4 => Value::Number([f64::NAN, f64::INFINITY, -0.0][random.usize(0..3)]),
        _ => Value::Number(random.f64()),
    }
}

fn sketch(values: &[Value<'_>]) -> ValueSketch {
    let mut buffer = ValueBuffer::default();
    values
        .iter()
        .for_each(|value| buffer.push(Scale::Plain, value));
    buffer.freeze()
}

impl Case for TypeCounts {
    type State = Self;
    type Item = Value<'static>;

    fn kind(_: &mut Rng) -> Source<Value<'static>> {
        Box::new(any_value)
    }

    fn one_pass(values: &[Value<'static>]) -> Self {
        sketch(values).types
    }

    fn check(values: &[Value<'static>], types: &Self) {
        let count = |of: fn(&Value<'_>) -> bool| values.iter().filter(|v| of(v)).count() as u64;
        let expected = Self {
            number: count(|v| matches!(v, Value::Number(x) if x.is_finite())),
            text: count(|v| matches!(v, Value::Text(_))),
            boolean: count(|v| matches!(v, Value::Bool(_))),
            null: count(|v| matches!(v, Value::Null)),
            vector: count(|v| matches!(v, Value::Vector)),
            not_finite: count(|v| matches!(v, Value::Number(x) if !x.is_finite())),
        };
        assert_eq!(*types, expected);
    }
}

impl Case for ValueSketch {
    type State = Self;
    type Item = Value<'static>;

    fn kind(_: &mut Rng) -> Source<Value<'static>> {
        Box::new(any_value)
    }

    fn one_pass(values: &[Value<'static>]) -> Self {
        sketch(values)
    }

    fn check(values: &[Value<'static>], state: &Self) {
        let finite = |value: &Value<'_>| match value {
            Value::Number(x) => x.is_finite().then_some(Scale::Plain.key(*x)),
            _ => None,
        };
        let word = |value: &Value<'_>| match value {
            Value::Text(text) => Some(word_key(WordTag::Text, text)),
            Value::Bool(truth) => Some(word_key(WordTag::Bool, &truth.to_string())),
            _ => None,
        };
        let numbers: Vec<u32> = values.iter().filter_map(finite).collect();
        check_histogram(&numbers, &state.numbers.histogram);
        let words: Vec<u32> = values.iter().filter_map(word).collect();
        check_histogram(&words, &state.words.histogram);
    }
}

fn exemplar(id: u64, offset: i64) -> Exemplar {
    let id = format!("prediction-{id}");
    Exemplar {
        hash: id_hash(&id) % 50, // few distinct hashes, so that collisions occur
        id,
        trace_id: None,
        whereabouts: whereabouts(offset),
    }
}

fn whereabouts(offset: i64) -> RecordPosition {
    RecordPosition {
        topic: "predictions".to_owned(),
        partition: 3,
        offset,
    }
}

impl Case for Exemplars {
    type State = Self;
    type Item = Exemplar;

    fn kind(random: &mut Rng) -> Source<Exemplar> {
        let ids = random.u64(1..100);
        Box::new(move |random| exemplar(random.u64(0..ids), random.i64(0..4)))
    }

    fn one_pass(all: &[Exemplar]) -> Self {
        let mut exemplars = Self::default();
        for exemplar in all {
            if exemplars.wants(exemplar.hash) {
                exemplars.offer(exemplar.clone());
            }
        }
        exemplars
    }

    fn check(all: &[Exemplar], state: &Self) {
        let mut by_id: BTreeMap<(u64, String), Exemplar> = BTreeMap::new();
        for exemplar in all {
            let kept = by_id.entry((exemplar.hash, exemplar.id.clone()));
            let kept = kept.or_insert_with(|| exemplar.clone());
            *kept = kept.clone().min(exemplar.clone());
        }
        assert!(state.as_slice().iter().eq(by_id.values().take(3)));
    }
}

impl Case for Partial {
    type State = Self;
    type Item = Prediction<'static>;

    fn kind(_: &mut Rng) -> Source<Prediction<'static>> {
        Box::new(any_prediction)
    }

    fn one_pass(predictions: &[Prediction<'static>]) -> Self {
        let mut buffer = PartialBuffer::default();
        for prediction in predictions {
            buffer.push(prediction, || whereabouts(7));
        }
        buffer.freeze().unwrap_or_default()
    }

    fn check(predictions: &[Prediction<'static>], state: &Self) {
        let errors = predictions
            .iter()
            .filter(|p| p.status == PredictionStatus::Error);
        let counted = (state.predictions, state.errors);
        assert_eq!(counted, (predictions.len() as u64, errors.count() as u64));
        let values = predictions.iter().map(|p| p.features.len() as u64);
        let features = state
            .subjects
            .iter()
            .filter(|(s, _)| s.name().starts_with("feature:"));
        let present = features.map(|(_, sketch)| sketch.types.present());
        assert_eq!(present.sum::<u64>(), values.sum::<u64>());
    }
}

fn any_number(random: &mut Rng) -> f64 {
    match random.u32(0..4) {
        0 => f64::from(random.i32(-1_000..1_000)),
        1 => f64::from_bits(random.u64(..)),
        2 => [0.0, -0.0, 5e-324, f64::MAX, f64::MIN, f64::NAN][random.usize(0..6)],
        _ => random.f64() - 0.5,
    }
}

impl Case for ExactSum {
    type State = Self;
    type Item = f64;

    fn kind(random: &mut Rng) -> Source<f64> {
        let whole = random.bool();
        Box::new(move |random| match whole {
            true => f64::from(random.i32(..)),
            false => any_number(random),
        })
    }

    fn one_pass(numbers: &[f64]) -> Self {
        let mut sum = Self::default();
        numbers.iter().for_each(|x| sum.add(*x));
        sum
    }

    fn check(numbers: &[f64], state: &Self) {
        if numbers.iter().all(|x| x.fract() == 0.0 && x.abs() < 1e10) {
            let sum: i64 = numbers.iter().map(|x| *x as i64).sum();
            assert_eq!(state.value(), sum as f64);
        }
        let mut rest = state.clone();
        numbers.iter().rev().for_each(|x| rest.sub(*x));
        assert_eq!(rest.value().to_bits(), 0);
    }
}

impl Case for ScoreCells {
    type State = Self;
    type Item = (u8, i64);

    fn kind(_: &mut Rng) -> Source<(u8, i64)> {
        Box::new(|random| (random.u8(..), random.i64(-2..=2)))
    }

    fn one_pass(all: &[(u8, i64)]) -> Self {
        let mut cells = Self::default();
        all.iter()
            .for_each(|(cell, times)| cells.add(*cell, *times));
        cells
    }

    fn check(all: &[(u8, i64)], state: &Self) {
        for cell in 0..=255 {
            let counted = all.iter().filter(|(of, _)| *of == cell);
            assert_eq!(
                state.count(cell),
                counted.map(|(_, times)| times).sum::<i64>()
            );
        }
    }
}

impl Case for GridCounts {
    type State = Self;
    type Item = (f64, i64);

    fn kind(_: &mut Rng) -> Source<(f64, i64)> {
        Box::new(|random| (any_number(random), random.i64(-1..=2)))
    }

    fn one_pass(all: &[(f64, i64)]) -> Self {
        let mut grid = Self::default();
        all.iter().for_each(|(x, times)| grid.add(*x, *times));
        grid
    }

    fn check(all: &[(f64, i64)], state: &Self) {
        let total: i64 = all.iter().map(|(_, times)| times).sum();
        assert_eq!(
            (state.cells.total(), state.magnitudes().cells.total()),
            (total, total)
        );
    }
}

/// Predicted class, true class, score cell, and the number of times to count.
type Judged = (String, String, u8, i64);

/// Random class: short, long, empty, or similar to the reserved name.
fn any_class(random: &mut Rng, distinct: u32) -> String {
    match (random.u32(0..distinct), random.u32(0..40)) {
        (n, 0) => format!("{OTHER}{}", ["", "s"][n as usize % 2]),
        (n, 1) => format!("{}{n}", "ä".repeat(60)),
        (n, _) => format!("class {n}"),
    }
}

impl Case for Confusion {
    type State = Self;
    type Item = Judged;

    fn kind(random: &mut Rng) -> Source<Judged> {
        let distinct = [2, 30, 66, 200, 5_000][random.usize(0..5)];
        Box::new(move |random| {
            let truth = any_class(random, distinct);
            let predicted = match random.bool() {
                true => truth.clone(),
                false => any_class(random, distinct),
            };
            (predicted, truth, random.u8(48..52), random.i64(-1..=2))
        })
    }

    fn one_pass(all: &[Judged]) -> Self {
        let mut table = Self::default();
        for (predicted, truth, cell, times) in all {
            table.add(Classes { predicted, truth }, *cell, *times);
        }
        table
    }

    fn check(all: &[Judged], state: &Self) {
        let names = all
            .iter()
            .flat_map(|(predicted, truth, ..)| [predicted, truth]);
        let names = names.map(|name| class_name(name).into_owned());
        let own: BTreeMap<(u32, String), ()> = names
            .filter(|name| !name.starts_with('\0'))
            .map(|name| ((word_key(WordTag::Text, &name), name), ()))
            .collect();
        let kept: Vec<String> = own
            .into_keys()
            .take(CLASSES_MAX)
            .map(|(_, name)| name)
            .collect();
        let called = |name: &str| {
            let name = class_name(name).into_owned();
            if kept.contains(&name) {
                name
            } else {
                OTHER.to_owned()
            }
        };
        let mut expected: BTreeMap<(String, String, bool, u8), i64> = BTreeMap::new();
        for (predicted, truth, cell, times) in all {
            let place = (called(predicted), called(truth), predicted == truth, *cell);
            *expected.entry(place).or_default() += times;
        }
        let mut found = BTreeMap::new();
        for field in state.iter() {
            for (cell, count) in field.cells.iter() {
                let names = (field.predicted.to_owned(), field.truth.to_owned());
                found.insert((names.0, names.1, field.right, cell), count);
            }
        }
        assert_eq!(found, expected);
    }
}

impl Case for Regression {
    type State = Self;
    type Item = (Values, Direction);

    fn kind(_: &mut Rng) -> Source<(Values, Direction)> {
        Box::new(|random| {
            let [predicted, truth] = [(); 2].map(|()| any_number(random).clamp(-1e130, 1e130));
            let direction = [Direction::Count, Direction::TakeBack][random.usize(0..2)];
            (Values { predicted, truth }, direction)
        })
    }

    fn one_pass(all: &[(Values, Direction)]) -> Self {
        let mut sums = Self::default();
        all.iter()
            .for_each(|(pair, direction)| sums.add(*pair, *direction));
        sums
    }

    fn check(all: &[(Values, Direction)], state: &Self) {
        let net: i64 = all.iter().map(|(_, direction)| direction.times()).sum();
        assert_eq!((state.pairs, state.error_cells.cells.total()), (net, net));
        let mut rest = state.clone();
        for (pair, direction) in all {
            let back = match direction {
                Direction::Count => Direction::TakeBack,
                Direction::TakeBack => Direction::Count,
            };
            rest.add(*pair, back);
        }
        let sums = [&rest.truths, &rest.truths_squared, &rest.errors];
        assert!(sums.iter().all(|sum| sum.value() == 0.0));
        assert_eq!(
            rest.errors_absolute.value() + rest.errors_squared.value(),
            0.0
        );
    }
}

/// Event of one prediction.
#[derive(Clone)]
enum Event {
    Predicted,
    Judged(Truth),
    Corrected(Truth, Truth),
    Evaluated(u32, u8),
}

#[derive(Clone)]
enum Truth {
    Class(String),
    Value(f64),
}

impl Truth {
    fn any(random: &mut Rng, distinct: u32) -> Self {
        match random.u32(0..4) {
            0 => Self::Value(any_number(random)),
            _ => Self::Class(any_class(random, distinct)),
        }
    }

    fn known(&self) -> KnownTruth<'_> {
        match self {
            Self::Class(class) => KnownTruth::Class(class),
            Self::Value(value) => KnownTruth::Value(*value),
        }
    }
}

/// Class, score cell and value of an answer, and the event.
type Outcome = (Option<String>, u8, Option<f64>, Event);

impl Case for Quality {
    type State = Self;
    type Item = Outcome;

    fn kind(random: &mut Rng) -> Source<Outcome> {
        let distinct = [2, 66, 1_000][random.usize(0..3)];
        Box::new(move |random| {
            let event = match random.u32(0..4) {
                0 => Event::Predicted,
                1 => Event::Judged(Truth::any(random, distinct)),
                2 => Event::Corrected(Truth::any(random, distinct), Truth::any(random, distinct)),
                _ => Event::Evaluated(random.u32(0..3), random.u8(..=100)),
            };
            let class = (random.u32(0..4) > 0).then(|| any_class(random, distinct));
            let value = random.bool().then(|| any_number(random));
            (class, random.u8(..), value, event)
        })
    }

    fn one_pass(all: &[Outcome]) -> Self {
        let mut quality = Self::default();
        for (class, cell, value, event) in all {
            let answer = Answered {
                class: class.as_deref(),
                cell: *cell,
                value: *value,
            };
            match event {
                Event::Predicted => quality.predict(&answer),
                Event::Judged(truth) => quality.judge(&answer, truth.known(), i64::from(*cell)),
                Event::Corrected(old, new) => quality.correct(&answer, old.known(), new.known()),
                Event::Evaluated(name, cell) => {
                    quality.evaluate(&format!("judge {name}"), *cell, 1)
                }
            }
        }
        quality
    }

    fn check(all: &[Outcome], state: &Self) {
        let count = |of: fn(&Event) -> bool| all.iter().filter(|o| of(&o.3)).count() as i64;
        assert_eq!(state.predicted, count(|e| matches!(e, Event::Predicted)));
        assert_eq!(state.predicted_scores.total(), state.predicted);
        assert_eq!(state.labelled, count(|e| matches!(e, Event::Judged(_))));
        assert_eq!(state.delay.cells.total(), state.labelled);
        assert_eq!(
            state.corrections,
            count(|e| matches!(e, Event::Corrected(..)))
        );
        let evaluated: i64 = state.evaluations.values().map(|cells| cells.total()).sum();
        assert_eq!(count(|e| matches!(e, Event::Evaluated(..))), evaluated);
        let in_table: i64 = state.table.iter().map(|field| field.cells.total()).sum();
        let net = in_table + state.regression.pairs + state.mismatched;
        assert_eq!(net, state.labelled, "each label is in one place");
    }
}

fn any_prediction(random: &mut Rng) -> Prediction<'static> {
    let mut names = vec!["amount", "age", "country", "device"];
    random.shuffle(&mut names);
    names.truncate(random.usize(0..=4));
    Prediction {
        id: format!("prediction-{}", random.u32(0..500)).into(),
        features: names
            .into_iter()
            .map(|name| (name.into(), any_value(random)))
            .collect(),
        label: random.bool().then(|| "fraud".into()),
        score: random.bool().then(|| random.f64()),
        latency_ms: random.bool().then(|| random.f64() * 100.0),
        usage: Usage {
            cost_usd: random.bool().then(|| random.f64()),
            ..Usage::default()
        },
        status: [PredictionStatus::Ok, PredictionStatus::Error][random.usize(0..2)],
        ..Prediction::default()
    }
}

/// Serialized state with damage in a few places.
fn damaged(state: &impl Serialize, random: &mut Rng) -> Vec<u8> {
    let mut damaged = bytes(state);
    for _ in 0..random.usize(1..4) {
        let place = random.usize(0..damaged.len());
        damaged[place] = random.u8(..);
    }
    damaged.truncate(damaged.len() - random.usize(0..damaged.len()) * random.usize(0..2));
    damaged
}

#[test]
fn damaged_bytes_are_refused_or_a_state_like_any_other() {
    let mut random = Rng::with_seed(21);
    let mut believed = 0;
    for _ in 0..20_000 {
        let item = Keys::<8>::kind(&mut random);
        let keys: Vec<u32> = (0..40).map(|_| item(&mut random)).collect();
        let sound = Keys::<8>::one_pass(&keys);
        let Ok(mut histogram) = postcard::from_bytes::<Histogram<8>>(&damaged(&sound, &mut random))
        else {
            continue;
        };
        believed += 1;
        let again = postcard::from_bytes(&bytes(&histogram));
        assert_eq!(again, Ok(histogram.clone()));
        histogram.merge(&sound);
        assert!(histogram.cells().len() <= 8 && histogram.total() >= 40);
    }
    assert!(
        believed > 100,
        "the damage is too gross to test anything: {believed}"
    );
}

#[test]
fn damaged_partials_never_panic() {
    let mut random = Rng::with_seed(22);
    for _ in 0..5_000 {
        let predictions: Vec<_> = (0..20).map(|_| any_prediction(&mut random)).collect();
        let noise: Vec<u8> = (0..random.usize(0..60)).map(|_| random.u8(..)).collect();
        let _ = postcard::from_bytes::<Partial>(&noise);
        let sound = Partial::one_pass(&predictions);
        let Ok(partial) = postcard::from_bytes::<Partial>(&damaged(&sound, &mut random)) else {
            continue;
        };
        for (subject, sketch) in &partial.subjects {
            for q in [0.0, 0.5, 1.0] {
                let _ = sketch.numbers.quantile(subject.scale(), q);
            }
        }
    }
}

#[test]
fn damaged_quality_is_refused_or_a_state_like_any_other() {
    let mut random = Rng::with_seed(23);
    let mut believed = 0;
    for _ in 0..5_000 {
        let item = Quality::kind(&mut random);
        let outcomes: Vec<Outcome> = (0..20).map(|_| item(&mut random)).collect();
        let sound = Quality::one_pass(&outcomes);
        let Ok(mut quality) = postcard::from_bytes::<Quality>(&damaged(&sound, &mut random)) else {
            continue;
        };
        believed += 1;
        quality.merge(&sound);
        assert_eq!(postcard::from_bytes(&bytes(&quality)), Ok(quality.clone()));
        for measure in tidegauge::stats::MEASURES {
            let _ = measure.of(&quality, Some("class 1"));
        }
    }
    assert!(believed > 100, "the damage is too gross: {believed}");
}

/// Partial that `tests/golden/sketch_bytes.py` counts and serializes independently.
fn golden_partial() -> Partial {
    let mut buffer = PartialBuffer::default();
    for i in 0..700_u32 {
        let country = ["DE", "FR", "NL"][(i % 3) as usize];
        let prediction = Prediction {
            id: format!("p{i}").into(),
            features: vec![
                ("amount".into(), Value::Number(f64::from(i) * 0.25 - 10.0)),
                ("country".into(), Value::Text(country.into())),
                ("new".into(), Value::Bool(i % 7 == 0)),
                (
                    "gone".into(),
                    if i % 5 == 0 {
                        Value::Null
                    } else {
                        Value::Vector
                    },
                ),
            ],
            score: Some(f64::from(i % 100) / 128.0),
            status: [PredictionStatus::Ok, PredictionStatus::Error][usize::from(i % 10 == 0)],
            trace_id: (i % 2 == 0).then(|| format!("t{i}").into()),
            ..Prediction::default()
        };
        buffer.push(&prediction, || whereabouts(i64::from(i)));
    }
    buffer.freeze().expect("700 predictions")
}

#[test]
fn bytes_of_version_2_are_read_and_written_forever() {
    let golden = golden_bytes(include_str!("golden/sketch_partial_v2.hex"));
    let partial: Partial = postcard::from_bytes(&golden).expect("the golden bytes are read");
    assert_eq!(partial, golden_partial());
    assert_eq!(bytes(&partial), golden);
    let first = golden_bytes(include_str!("golden/sketch_partial_v1.hex"));
    assert!(
        postcard::from_bytes::<Partial>(&first).is_err(),
        "what version 1 wrote is never mistaken for version 2"
    );
}

fn golden_bytes(hex: &str) -> Vec<u8> {
    let digits = (0..hex.trim().len()).step_by(2);
    digits
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hexadecimal"))
        .collect()
}
