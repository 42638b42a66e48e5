//! Accuracy tests of the numeric sketch: nine shapes, compared with numpy's quantiles and with the raw samples.
//!
//! Cell edges are exact, so the only error comes from interpolation inside the cells. A cell holds up to two percent of
//! a bell curve. With 10,000 values, the 200 values in such a cell do not lie on a line. A larger sample gives a
//! smaller error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::f64::consts::PI;

use super::{Monoid, Numbers, Scale, ValueBuffer};

/// Generator used in `tests/golden/sketch_quantiles.py`: Knuth's MMIX, with its upper 53 bits as a uniform number.
struct Lcg(u64);

impl Lcg {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(2.0 * PI * self.uniform())
    }
}

type Shape = (&'static str, fn(&mut Lcg) -> f64);

const SHAPES: [Shape; 9] = [
    ("normal", Lcg::normal),
    ("log_normal", |r| libm::exp(r.normal())),
    ("uniform", Lcg::uniform),
    ("exponential", |r| -libm::log(1.0 - r.uniform())),
    ("cauchy", |r| libm::tan(PI * (r.uniform() - 0.5))),
    ("bimodal", |r| {
        if r.uniform() < 0.4 {
            -3.0 + 0.5 * r.normal()
        } else {
            3.0 + r.normal()
        }
    }),
    ("integers", |r| {
        let u = r.uniform();
        (100.0 * (u * u)).floor()
    }),
    ("latitude", |r| 52.52 + 0.05 * r.normal()),
    ("zero_inflated", |r| {
        if r.uniform() < 0.6 {
            0.0
        } else {
            libm::exp(r.normal())
        }
    }),
];

fn samples(n: usize) -> impl Iterator<Item = (&'static str, Vec<f64>)> {
    SHAPES.iter().zip(0..).map(move |((name, draw), seed)| {
        let mut lcg = Lcg(seed);
        (*name, (0..n).map(|_| draw(&mut lcg)).collect())
    })
}

fn sketch(sample: &[f64]) -> Numbers {
    let mut buffer = ValueBuffer::default();
    sample
        .iter()
        .for_each(|x| buffer.push_number(Scale::Plain, *x));
    buffer.freeze().numbers
}

/// Index of the cell that holds `x`.
fn cell_of(numbers: &Numbers, x: f64) -> u32 {
    Scale::Plain.key(x) >> numbers.histogram.level()
}

/// Share of the sorted sample at or below `x`.
fn share_at(sorted: &[f64], x: f64) -> f64 {
    sorted.partition_point(|y| *y <= x) as f64 / sorted.len() as f64
}

/// Kolmogorov–Smirnov distance between the quantiles of the sketch and the sorted sample. Ranks are taken within
/// `slack` of a quantile, because a cell that holds one repeated value is narrow but not a point.
fn distance_to_raw(numbers: &Numbers, sorted: &[f64], slack: f64) -> f64 {
    let miss = |i: usize| {
        let q = i as f64 / 10_000.0;
        let x = numbers.quantile(Scale::Plain, q).unwrap();
        let above = q - share_at(sorted, x + slack);
        let below = share_at(sorted, (x - slack).next_down()) - q;
        above.max(below)
    };
    (0..=10_000).map(miss).fold(0.0, f64::max)
}

/// Kolmogorov–Smirnov distance between two raw samples.
fn ks_raw(a: &[f64], b: &[f64]) -> f64 {
    let gap = |x: &f64| (share_at(a, *x) - share_at(b, *x)).abs();
    a.iter().chain(b).map(gap).fold(0.0, f64::max)
}

/// Kolmogorov–Smirnov distance between two sketches, both read at the coarser of their levels.
fn ks_sketched(a: &Numbers, b: &Numbers) -> f64 {
    let level = a.histogram.level().max(b.histogram.level());
    let (a, b) = (a.histogram.at_level(level), b.histogram.at_level(level));
    let share = |h: &super::Histogram<512>, index: u32| {
        let below = h.cells().iter().take_while(|c| c.index <= index);
        below.map(|c| c.count).sum::<u64>() as f64 / h.total() as f64
    };
    let edges = a.cells().iter().chain(b.cells());
    let gap = |c: &super::Cell| (share(&a, c.index) - share(&b, c.index)).abs();
    edges.map(gap).fold(0.0, f64::max)
}

#[test]
fn quantiles_lie_in_the_cell_of_numpys() {
    let golden = include_str!("../../tests/golden/sketch_quantiles.csv");
    let sketches: Vec<_> = samples(10_000)
        .map(|(name, s)| (name, sketch(&s)))
        .collect();
    for line in golden.lines().skip(1) {
        let mut columns = line.split(',');
        let shape = columns.next().unwrap();
        let [q, expected] = [(); 2].map(|()| columns.next().unwrap().parse::<f64>().unwrap());
        let numbers = &sketches.iter().find(|(name, _)| *name == shape).unwrap().1;
        let (low, high) = numbers
            .edges(Scale::Plain, cell_of(numbers, expected))
            .unwrap();
        let quantile = numbers.quantile(Scale::Plain, q).unwrap();
        assert!((low..=high).contains(&quantile), "{line}: {quantile}");
    }
}

#[test]
fn ten_thousand_values_are_within_two_thousandths_of_the_raw_ones() {
    for (name, sample) in samples(10_000) {
        check_distance(name, &sample, 0.002);
    }
}

#[test]
fn a_million_values_are_within_a_thousandth_or_so_of_the_raw_ones() {
    for (name, sample) in samples(1_000_000) {
        check_distance(name, &sample, 0.0012);
    }
}

fn check_distance(name: &str, sample: &[f64], bound: f64) {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let quartiles = sorted[sorted.len() * 3 / 4] - sorted[sorted.len() / 4];
    let distance = distance_to_raw(&sketch(sample), &sorted, quartiles * 1e-6);
    assert!(distance <= bound, "{name}: {distance}");
}

#[test]
fn the_distance_of_two_sketches_is_that_of_their_samples() {
    for (name, sample) in samples(20_000) {
        let (reference, rest) = sample.split_at(10_000);
        for factor in [1.0, 1.1, 1.5] {
            let window: Vec<f64> = rest.iter().map(|x| (x - 52.0) * factor + 52.0).collect();
            let [mut a, mut b] = [reference.to_vec(), window.clone()];
            a.sort_unstable_by(f64::total_cmp);
            b.sort_unstable_by(f64::total_cmp);
            let gap = ks_sketched(&sketch(reference), &sketch(&window)) - ks_raw(&a, &b);
            assert!(gap.abs() <= 0.002, "{name} × {factor}: {gap}");
        }
    }
}

#[test]
fn a_window_of_panes_is_as_good_as_one_sketch() {
    for (name, sample) in samples(10_000) {
        let mut window = Numbers::default();
        sample
            .chunks(170)
            .for_each(|pane| window.merge(&sketch(pane)));
        assert_eq!(window, sketch(&sample), "{name}");
    }
}
