//! Property tests over the table of measures: a label that was corrected must leave no trace in any measure.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use tidegauge::sketch::{Answered, KnownTruth, Monoid, Quality, Share, UNSCORED, VALUE_MAX};
use tidegauge::stats::{
    MEASURES, Measured, Proportion, Selection, positive_class, proportion, selection,
};

const PROPORTIONS: [Proportion; 4] = [
    Proportion::Precision,
    Proportion::Recall,
    Proportion::Accuracy,
    Proportion::FalsePositiveRate,
];

#[derive(Clone, Copy, PartialEq)]
enum Truth {
    Class(u32),
    Value(f64),
}

/// Prediction and its successive truths.
struct Story {
    class: Option<String>,
    value: Option<f64>,
    cell: u8,
    truths: Vec<Truth>,
}

impl Story {
    fn draw(random: &mut Rng, classes: u32) -> Self {
        let truth = |random: &mut Rng| match random.u32(0..3) {
            0 => {
                Truth::Value([f64::NAN, 1e200, 3.0, -0.1, 1e-80, random.f64()][random.usize(0..6)])
            }
            _ => Truth::Class(random.u32(0..classes)),
        };
        Self {
            class: (random.u32(0..5) > 0).then(|| random.u32(0..classes).to_string()),
            value: (random.u32(0..3) == 0).then(|| 100.0 * random.f64()),
            cell: [random.u8(0..100), UNSCORED][usize::from(random.u32(0..9) == 0)],
            truths: (0..random.usize(0..4)).map(|_| truth(random)).collect(),
        }
    }

    fn answer(&self) -> Answered<'_> {
        Answered {
            class: self.class.as_deref(),
            cell: self.cell,
            value: self.value,
        }
    }

    /// Counts each event of the prediction in a span chosen by `span`.
    fn tell(&self, mut span: impl FnMut() -> usize, spans: &mut [Quality]) {
        spans[span()].predict(&self.answer());
        if let Some(first) = self.truths.first() {
            known(*first, |truth| {
                spans[span()].judge(&self.answer(), truth, 60_000)
            });
        }
        for pair in self.truths.windows(2) {
            known(pair[0], |old| {
                known(pair[1], |new| {
                    spans[span()].correct(&self.answer(), old, new)
                });
            });
        }
    }

    /// Counts only the prediction and its last truth.
    fn end(&self, quality: &mut Quality) {
        quality.predict(&self.answer());
        if let Some(last) = self.truths.last() {
            known(*last, |truth| quality.judge(&self.answer(), truth, 60_000));
        }
    }
}

fn known(truth: Truth, then: impl FnOnce(KnownTruth<'_>)) {
    match truth {
        Truth::Class(class) => then(KnownTruth::Class(&class.to_string())),
        Truth::Value(value) => then(KnownTruth::Value(value)),
    }
}

fn measures(quality: &Quality, positive: Option<&str>) -> Vec<Option<Measured>> {
    MEASURES.iter().map(|m| m.of(quality, positive)).collect()
}

/// Entries of the table with a nonzero count.
fn fields(quality: &Quality) -> BTreeMap<(String, String, bool, u8), i64> {
    let mut fields = BTreeMap::new();
    for field in quality.table.iter() {
        for (cell, count) in field.cells.iter().filter(|(_, count)| *count != 0) {
            let place = (
                field.predicted.to_owned(),
                field.truth.to_owned(),
                field.right,
                cell,
            );
            fields.insert(place, count);
        }
    }
    fields
}

fn assert_alike(told: &Quality, rebuilt: &Quality) {
    for positive in [None, Some("1"), Some("never seen")] {
        assert_eq!(measures(told, positive), measures(rebuilt, positive));
    }
    assert_eq!(fields(told), fields(rebuilt));
    let counts = |q: &Quality| (q.predicted, q.labelled, q.mismatched, q.regression.pairs);
    assert_eq!(counts(told), counts(rebuilt));
    assert_eq!(told.delay, rebuilt.delay);
}

#[test]
fn a_correction_is_as_if_the_old_label_had_never_come() {
    let mut random = Rng::with_seed(1);
    for round in 0..400 {
        let classes = [2, 5, 64][round % 3]; // with more, labels that were taken back would decide which are folded
        let stories: Vec<Story> = (0..random.usize(1..60))
            .map(|_| Story::draw(&mut random, classes))
            .collect();
        let mut spans = vec![Quality::default(); 5];
        let mut rebuilt = Quality::default();
        for story in &stories {
            story.tell(|| random.usize(0..5), &mut spans);
            story.end(&mut rebuilt);
        }
        random.shuffle(&mut spans);
        let mut told = Quality::default();
        spans.iter().for_each(|span| told.merge(span));
        let corrections = stories
            .iter()
            .map(|s| s.truths.len().saturating_sub(1) as i64);
        assert_eq!(told.corrections, corrections.sum::<i64>());
        assert_alike(&told, &rebuilt);
    }
}

#[test]
fn shares_of_spans_add_up_to_the_share_of_all() {
    let mut random = Rng::with_seed(2);
    for _ in 0..200 {
        let mut spans = vec![Quality::default(); 4];
        let mut rebuilt = Quality::default();
        for _ in 0..40 {
            let story = Story::draw(&mut random, 3);
            story.tell(|| random.usize(0..4), &mut spans);
            story.end(&mut rebuilt);
        }
        for kind in PROPORTIONS {
            let mut sum = Share::default();
            let shares = spans
                .iter()
                .map(|span| proportion(kind, span, Some("1")).unwrap());
            shares.for_each(|share| sum.merge(&share));
            assert_eq!(Some(sum), proportion(kind, &rebuilt, Some("1")), "{kind:?}");
        }
    }
}

#[test]
fn a_span_that_only_takes_back_measures_nothing() {
    let mut span = Quality::default();
    let class = Answered {
        class: Some("1"),
        cell: 90,
        value: None,
    };
    let value = Answered {
        class: None,
        cell: UNSCORED,
        value: Some(2.0),
    };
    span.correct(&class, KnownTruth::Class("1"), KnownTruth::Class("0"));
    span.correct(&value, KnownTruth::Value(2.5), KnownTruth::Value(-7.0));
    for positive in [None, Some("1"), Some("0"), Some("never seen")] {
        assert_eq!(measures(&span, positive), vec![None; MEASURES.len()]);
    }
    assert_eq!(selection(&span), Selection::TooFew);
    assert_eq!(
        proportion(Proportion::Recall, &span, Some("1")),
        Some(Share {
            good: -1,
            valid: -1
        })
    );
    span.judge(&class, KnownTruth::Class("0"), 5); // one pair in total, but not in this span alone
    let defined = MEASURES.iter().filter(|m| m.of(&span, Some("1")).is_some());
    assert_eq!(defined.count(), 0);
}

#[test]
fn measures_keep_what_they_say_of_themselves() {
    let mut random = Rng::with_seed(3);
    let mut seen = BTreeSet::new();
    for _ in 0..300 {
        let mut quality = Quality::default();
        let classes = [2, 4, 200][random.usize(0..3)];
        for _ in 0..random.usize(0..200) {
            Story::draw(&mut random, classes).end(&mut quality);
        }
        for measure in MEASURES {
            let about = measure.about();
            for measured in [None, Some("1")]
                .map(|p| measure.of(&quality, p))
                .into_iter()
                .flatten()
            {
                seen.insert(about.name);
                assert!(measured.count > 0, "{}", about.name);
                let range = about.least..=about.most;
                assert!(
                    range.contains(&measured.value),
                    "{}: {measured:?}",
                    about.name
                );
                let inside = measured
                    .interval
                    .is_none_or(|i| i.low <= measured.value && measured.value <= i.high);
                assert!(inside, "{}: {measured:?}", about.name);
            }
        }
    }
    assert_eq!(
        seen.len(),
        MEASURES.len(),
        "names are unique, and each was measured"
    );
}

#[test]
fn every_measure_is_documented() {
    let page = include_str!("../../docs/statistics.md");
    for measure in MEASURES {
        let row = format!("\n| `{}` |", measure.about().name);
        assert!(page.contains(&row), "docs/statistics.md has no row{row}");
    }
}

#[test]
fn a_positive_class_among_too_many_is_not_guessed_at() {
    let mut quality = Quality::default();
    for class in 0..500_u32 {
        let (class, truth) = (class.to_string(), (class - class % 2).to_string());
        let answer = Answered {
            class: Some(&class),
            cell: 50,
            value: None,
        };
        quality.predict(&answer);
        quality.judge(&answer, KnownTruth::Class(&truth), 1);
    }
    let classes = quality.table.classes();
    assert_eq!(classes.len(), 64);
    let share = proportion(Proportion::Accuracy, &quality, None);
    assert_eq!(
        share,
        Some(Share {
            good: 250,
            valid: 500
        }),
        "exact, folded or not"
    );
    for class in (0..500).map(|class| class.to_string()) {
        let share = proportion(Proportion::Precision, &quality, Some(&class));
        assert_eq!(share.is_some(), classes.contains(class.as_str()), "{class}");
        assert_eq!(share.map_or(1, |share| share.valid), 1);
    }
    let usual = positive_class(&quality, None);
    assert_eq!(usual.is_some(), classes.contains("1"));
}

#[test]
fn what_does_not_fit_is_counted_and_measured_nowhere() {
    let mut quality = Quality::default();
    let class = Answered {
        class: Some("a"),
        cell: UNSCORED,
        value: None,
    };
    let value = |value| Answered {
        class: None,
        cell: UNSCORED,
        value,
    };
    quality.judge(&class, KnownTruth::Value(1.0), 1);
    quality.judge(&value(Some(1.0)), KnownTruth::Class("a"), 1);
    quality.judge(&value(None), KnownTruth::Class("a"), 1);
    quality.judge(&value(Some(f64::INFINITY)), KnownTruth::Value(1.0), 1);
    quality.judge(&value(Some(1.0)), KnownTruth::Value(f64::NAN), 1);
    quality.judge(&value(Some(1.0)), KnownTruth::Value(-2.0 * VALUE_MAX), 1);
    assert_eq!((quality.labelled, quality.mismatched), (6, 6));
    assert_eq!(measures(&quality, None), vec![None; MEASURES.len()]);
    quality.correct(&class, KnownTruth::Value(1.0), KnownTruth::Class("a"));
    assert_eq!((quality.labelled, quality.mismatched), (6, 5));
    assert_eq!(measures(&quality, None)[1].map(|m| m.value), Some(1.0));
}

/// Selection test for predictions with uniform scores, labelled if `chosen` returns true.
fn reviewed(n: usize, chosen: impl Fn(u8, &mut Rng) -> bool) -> Selection {
    let mut random = Rng::with_seed(4);
    let mut quality = Quality::default();
    for _ in 0..n {
        let answer = Answered {
            class: Some("1"),
            cell: random.u8(0..100),
            value: None,
        };
        quality.predict(&answer);
        if chosen(answer.cell, &mut random) {
            quality.judge(&answer, KnownTruth::Class("1"), 1);
        }
    }
    selection(&quality)
}

#[test]
fn labels_of_high_scores_only_are_a_selection() {
    let differs = |found| matches!(found, Selection::Differs(_));
    let alike = |found| matches!(found, Selection::Alike(_));
    assert!(differs(reviewed(3_000, |cell, _| cell >= 70)));
    assert!(differs(reviewed(3_000, |cell, r| r.u8(0..100) < cell / 2)));
    assert!(alike(reviewed(3_000, |_, random| random.u8(0..4) == 0)));
    assert!(alike(reviewed(3_000, |_, _| true)));
    let slight = |cell: u8, random: &mut Rng| random.u8(0..100) < 45 + cell / 10;
    assert!(
        alike(reviewed(200_000, slight)),
        "sure, but too slight to matter"
    );
    assert_eq!(
        reviewed(3_000, |_, random| random.u8(0..100) == 0),
        Selection::TooFew
    );
    assert_eq!(reviewed(150, |cell, _| cell >= 70), Selection::TooFew);
}
