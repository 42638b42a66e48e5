//! Small picture of a subject: its reference and its last window as shares in the same bars.
//!
//! **Intuition.** An operator wants to see *how* a distribution moved, in two lines of a terminal. Numbers get bars of
//! equal width between the outer quantiles of the reference. The first and the last bar contain everything beyond, so a
//! feature that leaves its range piles up at one end. Bars of integers have a whole width. A positive feature that spans
//! orders of magnitude gets bars of equal ratio. Each category gets a bar, the most frequent of the reference first. The
//! last bar contains the rest; new categories appear there.
//!
//! **Limits.** The whole count of a cell goes to the bar of the cell's midpoint. The picture decides nothing, because
//! distances are computed from the cells. It contains shares only, no edges and no names.

use serde::{Deserialize, Serialize};

use crate::sketch::{Histogram, Numbers, Subject, ValueSketch};

/// Maximum number of bars.
const BARS: usize = 24;
/// Quantiles of the reference between which the bars of numbers lie.
const OUTER: (f64, f64) = (0.005, 0.995);
/// From this ratio of the outer quantiles on, bars have equal ratio instead of equal width.
const RATIO_MIN: f64 = 30.0;

/// Shares (0..=1) of reference and window in the same bars. Both are empty if there is nothing to show.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Picture {
    /// Share of the reference in each bar.
    pub reference: Vec<f32>,
    /// Share of the window in each bar.
    pub window: Vec<f32>,
}

impl Picture {
    /// Maximum number of bars.
    pub const BARS_MAX: usize = BARS;

    /// Draws `subject`, as categories if the reference contains more categories than numbers.
    #[must_use]
    pub fn of(subject: &Subject, reference: &ValueSketch, window: &ValueSketch) -> Self {
        if reference.words.histogram.total() > reference.types.number {
            of_words(&reference.words.histogram, &window.words.histogram)
        } else {
            of_numbers(subject, &reference.numbers, &window.numbers)
        }
    }
}

fn shares(counts: Vec<u64>) -> Vec<f32> {
    let total = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|c| (*c as f64 / total) as f32).collect()
}

fn of_words<const LIMIT: usize>(
    reference: &Histogram<LIMIT>,
    window: &Histogram<LIMIT>,
) -> Picture {
    let level = reference.level().max(window.level());
    let (reference, window) = (reference.at_level(level), window.at_level(level));
    let mut order: Vec<_> = reference.cells().to_vec();
    order.sort_by_key(|cell| (std::cmp::Reverse(cell.count), cell.index));
    order.truncate(BARS - 1);
    let known: Vec<u32> = order.iter().map(|cell| cell.index).collect();
    let count = |histogram: &Histogram<LIMIT>| {
        let mut bars = vec![0; known.len() + 1];
        for cell in histogram.cells() {
            let bar = known.iter().position(|k| *k == cell.index);
            add(&mut bars, bar.unwrap_or(known.len()), cell.count);
        }
        shares(bars)
    };
    Picture {
        reference: count(&reference),
        window: count(&window),
    }
}

fn of_numbers(subject: &Subject, reference: &Numbers, window: &Numbers) -> Picture {
    let Some(axis) = Axis::of(subject, reference) else {
        return Picture::default();
    };
    let count = |numbers: &Numbers| {
        let mut bars = vec![0; BARS];
        for cell in numbers.histogram.cells() {
            if let Some((low, high)) = numbers.edges(subject.scale(), cell.index) {
                add(&mut bars, axis.bar(low / 2.0 + high / 2.0), cell.count);
            }
        }
        shares(bars)
    };
    Picture {
        reference: count(reference),
        window: count(window),
    }
}

fn add(bars: &mut [u64], bar: usize, count: u64) {
    if let Some(sum) = bars.get_mut(bar) {
        *sum += count;
    }
}

/// Maps numbers to bars.
struct Axis {
    low: f64,
    high: f64,
    ratio: bool,
}

impl Axis {
    fn of(subject: &Subject, reference: &Numbers) -> Option<Self> {
        let low = reference.quantile(subject.scale(), OUTER.0)?;
        let high = reference.quantile(subject.scale(), OUTER.1)?;
        let positive = reference.range.is_some_and(|range| range.min > 0.0);
        Some(if are_whole(subject, reference) {
            Self::of_integers(low.floor(), high.floor())
        } else if positive && high / low >= RATIO_MIN {
            Self {
                low: libm::log(low),
                high: libm::log(high),
                ratio: true,
            }
        } else {
            Self {
                low,
                high,
                ratio: false,
            }
        })
    }

    /// Gives integers bars of a whole width. Other widths would show a comb that is not in the data.
    fn of_integers(low: f64, high: f64) -> Self {
        let step = ((high - low + 1.0) / BARS as f64).ceil();
        Self {
            low,
            high: low + step * BARS as f64,
            ratio: false,
        }
    }

    fn bar(&self, x: f64) -> usize {
        let x = match self.ratio {
            true if x <= 0.0 => return 0,
            true => libm::log(x),
            false => x,
        };
        let share = (x - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        // A float-to-integer cast saturates, so numbers beyond the range go to the outer bars.
        ((share * BARS as f64) as usize).min(BARS - 1)
    }
}

/// True if every value is an integer. The cells show this as long as each contains a single value.
fn are_whole(subject: &Subject, numbers: &Numbers) -> bool {
    let cells = numbers.histogram.cells();
    numbers.histogram.level() == 0
        && cells
            .iter()
            .filter_map(|cell| numbers.edges(subject.scale(), cell.index))
            .all(|(low, _)| low.fract() == 0.0)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::event::Value;
    use crate::sketch::{Scale, ValueBuffer};

    fn numbers(values: impl Iterator<Item = f64>) -> ValueSketch {
        let mut buffer = ValueBuffer::default();
        values.for_each(|x| buffer.push(Scale::Plain, &Value::Number(x)));
        buffer.freeze()
    }

    fn words(values: &[(&str, usize)]) -> ValueSketch {
        let mut buffer = ValueBuffer::default();
        for (word, count) in values {
            (0..*count).for_each(|_| buffer.push_text(word));
        }
        buffer.freeze()
    }

    fn amount() -> Subject {
        Subject::Feature("amount".into())
    }

    #[test]
    fn what_leaves_the_range_piles_up_at_one_end() {
        let reference = numbers((1..=1_000).map(f64::from));
        let window = numbers((1..=1_000).map(|x| f64::from(x) * 1e4));
        let picture = Picture::of(&amount(), &reference, &window);
        assert_eq!(picture.reference.len(), BARS);
        assert!(picture.window[BARS - 1] > 0.99);
        let below = Picture::of(
            &amount(),
            &reference,
            &numbers((1..=9).map(|x| -f64::from(x))),
        );
        assert!(below.window[0] > 0.99);
    }

    #[test]
    fn the_same_values_give_the_same_bars() {
        for reference in [
            numbers((0..5_000).map(|x| f64::from(x % 97))),
            words(&[("a", 5), ("b", 90)]),
        ] {
            let picture = Picture::of(&amount(), &reference, &reference);
            assert_eq!(picture.reference, picture.window);
            assert!((picture.window.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn categories_stand_by_frequency_and_new_ones_in_the_rest() {
        let picture = Picture::of(
            &amount(),
            &words(&[("rare", 1), ("often", 9)]),
            &words(&[("new", 3), ("rare", 1)]),
        );
        assert_eq!(picture.reference, [0.9, 0.1, 0.0]);
        assert_eq!(picture.window, [0.0, 0.25, 0.75]);
    }

    #[test]
    fn integers_get_bars_of_a_whole_width() {
        let reference = numbers((0..6_000).map(|x| f64::from(x % 60)));
        let picture = Picture::of(&amount(), &reference, &reference);
        let full = picture.reference.iter().filter(|share| **share > 0.0);
        assert!(
            full.clone().count() == 20 && full.clone().all(|share| (*share - 0.05).abs() < 1e-6),
            "{picture:?}"
        );
    }

    #[test]
    fn a_constant_and_an_empty_reference_are_no_fault() {
        let constant = numbers([7.0; 5].into_iter());
        assert!(
            (Picture::of(&amount(), &constant, &constant)
                .window
                .iter()
                .sum::<f32>()
                - 1.0)
                .abs()
                < 1e-6
        );
        assert_eq!(
            Picture::of(&amount(), &ValueSketch::default(), &constant),
            Picture::default()
        );
    }
}
