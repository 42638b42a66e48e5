//! Sketches from counts: the sketch that single events with these counts would give.

use std::collections::BTreeMap;

use tidegauge::sketch::{
    Histogram, NUMBER_CELLS, Numbers, Range, Scale, TypeCounts, ValueSketch, WORD_CELLS, WordTag,
    Words, word_key,
};

/// Version of the serialised form of a histogram.
const HISTOGRAM_FORMAT: u8 = 1;

/// Name and key of a category.
#[derive(Clone)]
pub struct Category {
    pub key: u32,
    pub name: String,
}

impl Category {
    pub fn of(name: String) -> Self {
        let key = word_key(WordTag::Text, &name);
        Self { key, name }
    }
}

/// Sketch of numbers, by ascending value, and of nulls.
pub fn of_numbers(scale: Scale, counts: &[(f64, u64)], nulls: u64) -> ValueSketch {
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let counts: Vec<(f64, u64)> = counts.copied().collect();
    let range = counts.first().zip(counts.last());
    ValueSketch {
        types: TypeCounts {
            number: counts.iter().map(|(_, count)| count).sum(),
            null: nulls,
            ..TypeCounts::default()
        },
        numbers: Numbers {
            histogram: histogram::<NUMBER_CELLS>(
                counts.iter().map(|(x, count)| (scale.key(*x), *count)),
            ),
            range: range.map(|((min, _), (max, _))| Range {
                min: *min,
                max: *max,
            }),
        },
        words: Words::default(),
    }
}

/// Sketch of categories, by ascending key, and of nulls.
pub fn of_categories(counts: &[(&Category, u64)], nulls: u64) -> ValueSketch {
    let counts: Vec<&(&Category, u64)> = counts.iter().filter(|(_, count)| *count > 0).collect();
    let names = counts
        .iter()
        .map(|(category, _)| (category.key, category.name.clone()));
    ValueSketch {
        types: TypeCounts {
            text: counts.iter().map(|(_, count)| count).sum(),
            null: nulls,
            ..TypeCounts::default()
        },
        numbers: Numbers::default(),
        words: Words {
            histogram: histogram::<WORD_CELLS>(
                counts
                    .iter()
                    .map(|(category, count)| (category.key, *count)),
            ),
            names: names.collect::<BTreeMap<_, _>>(),
        },
    }
}

/// Histogram of sorted keys. It must fit at level 0.
fn histogram<const LIMIT: usize>(counts: impl Iterator<Item = (u32, u64)>) -> Histogram<LIMIT> {
    let mut last = 0;
    let cells: Vec<(u32, u64)> = counts
        .map(|(key, count)| (key - std::mem::replace(&mut last, key), count))
        .collect();
    let wire = (HISTOGRAM_FORMAT, LIMIT as u16, 0_u8, cells);
    postcard::from_bytes(&postcard::to_stdvec(&wire).unwrap()).unwrap()
}

#[test]
fn counts_give_the_sketch_of_their_events() {
    use tidegauge::event::Value;
    use tidegauge::sketch::ValueBuffer;

    let mut events = ValueBuffer::default();
    for value in [
        Value::Number(-2.5),
        Value::Number(7.0),
        Value::Number(7.0),
        Value::Null,
    ] {
        events.push(Scale::Plain, &value);
    }
    let counted = of_numbers(Scale::Plain, &[(-2.5, 1), (0.0, 0), (7.0, 2)], 1);
    assert_eq!(counted, events.freeze());

    let mut all = ["DE", "FR", "IT"].map(|name| Category::of(name.to_owned()));
    all.sort_by_key(|category| category.key);
    let counts: Vec<(&Category, u64)> = all.iter().zip([2, 0, 1]).collect();
    let named = counts
        .iter()
        .flat_map(|(category, n)| (0..*n).map(|_| category.name.clone()));
    named.for_each(|name| events.push(Scale::Plain, &Value::Text(name.into())));
    assert_eq!(of_categories(&counts, 0), events.freeze());
}
