//! Laws of open panes: neither order nor early drops change a result, nothing is lost uncounted, and memory is bounded.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use fastrand::Rng;

use super::*;
use crate::event::Segment;
use crate::pipeline::evaluate::admission::admit;
use crate::pipeline::evaluate::open_names::KEPT_PER_ADMITTED;
use crate::pipeline::evaluate::slice::Slice;
use crate::pipeline::observations::Overflow;
use crate::sketch::{TypeCounts, ValueSketch};

const LIMITS: NameLimits = NameLimits {
    silent_minutes: 60,
    models: 2,
    versions: 2,
    features: 3,
    values: 3,
};
/// Starts of the panes with predictions: close together, hours apart, and a day later.
const MINUTES: [i64; 8] = [0, 1, 2, 120, 240, 400, 1_500, 1_501];
/// How far reading may be ahead of the clock.
const AHEAD_MINUTES: i64 = 240;
/// Silence after which names are forgotten.
const RETIRE_MINUTES: i64 = 300;

/// One prediction: the partial of its whole, then that of its segment.
type Prediction = [PanePartial; 2];

/// What the panes kept and left out when they were closed.
type Closed = Vec<(BTreeMap<Scope, Partial>, LeftOut)>;

fn prediction(names: [String; 4], minute: i64) -> Prediction {
    let [model, version, feature, value] = names;
    let number = ValueSketch {
        types: TypeCounts {
            number: 1,
            ..TypeCounts::default()
        },
        ..ValueSketch::default()
    };
    let partial = Partial {
        predictions: 1,
        subjects: BTreeMap::from([
            (Subject::Feature(feature), number.clone()),
            (Subject::Score, number),
        ]),
        ..Partial::default()
    };
    let segment = Segment {
        key: "user".into(),
        value,
    };
    [None, Some(segment)].map(|segment| PanePartial {
        scope: Scope {
            model: model.clone(),
            version: version.clone(),
            segment,
        },
        start: Boundary(minute),
        partial: partial.clone(),
    })
}

/// Predictions whose names come from a few, or from many in one of four places.
fn flood(random: &mut Rng, predictions: usize, many: usize) -> Vec<Prediction> {
    let mut one = |_| {
        let flooded = random.usize(0..4);
        let names = [0, 1, 2, 3].map(|place| {
            let of = if place == flooded { many } else { 3 };
            format!("{place}:{}", random.usize(0..of))
        });
        // Panes with few predictions admit names that panes with many names then crowd out.
        let is_sparse = random.usize(0..20) == 0;
        let place = random.usize(0..MINUTES.len() / 2) * 2 + usize::from(!is_sparse);
        let minute = MINUTES[place];
        prediction(names, minute)
    };
    (0..predictions).map(&mut one).collect()
}

/// How a run differs from others.
struct Run {
    seed: u64,
    /// One in this many predictions is followed by an early drop.
    drops_one_in: Option<usize>,
    /// False: admission alone decides when a pane is closed, as if there were no rule for open panes.
    obeys_open_names: bool,
}

/// Merges the predictions in a random order and closes each pane once it is complete.
fn run(mut predictions: Vec<Prediction>, how: &Run) -> Closed {
    let mut random = Rng::with_seed(how.seed);
    random.shuffle(&mut predictions);
    let (mut models, mut open) = (BTreeMap::new(), UnclosedPanes::default());
    let (mut closed, mut outbox) = (Closed::new(), Outbox::default());
    for minute in MINUTES {
        let reach = Boundary(minute + AHEAD_MINUTES);
        let is_read = |p: &Prediction, random: &mut Rng| {
            let [whole, _] = p;
            whole.start == Boundary(minute) || (whole.start <= reach && random.bool())
        };
        let (now, later): (Vec<_>, Vec<_>) = predictions
            .into_iter()
            .partition(|p| is_read(p, &mut random));
        predictions = later;
        for prediction in now {
            prediction.into_iter().for_each(|piece| open.merge(piece));
            if how.drops_one_in.is_some_and(|of| random.usize(0..of) == 0) {
                open.drops = DropThreshold::new(0);
                open.keep_within(LIMITS, &models);
            }
        }
        let start = Boundary(minute);
        let mut pane = if how.obeys_open_names {
            let names = OpenNames::of(LIMITS, &models, start);
            open.close(start, names, &mut outbox).unwrap()
        } else {
            open.panes.remove(&start).unwrap_or_default()
        };
        admit(LIMITS, &mut models, &mut pane, start, &mut Vec::new());
        learn(&mut models, &pane, start);
        closed.push((pane.scopes, pane.left_out));
    }
    closed
}

/// Notes the names of a closed pane, and forgets those that were silent for long.
fn learn(models: &mut BTreeMap<String, Model>, pane: &UnclosedPane, start: Boundary) {
    for (scope, partial) in &pane.scopes {
        let model = models.get_mut(&scope.model).unwrap();
        model.insert_pane(Slice::from(scope), start, partial.clone());
    }
    let oldest = start.plus_minutes(-RETIRE_MINUTES);
    models.retain(|_, model| model.last_seen() >= oldest);
    for model in models.values_mut() {
        model.knowledge.segments.retire(oldest);
        model.knowledge.versions.retain(|_, subjects| {
            subjects.retain(|_, seen| seen.last >= oldest);
            !subjects.is_empty()
        });
    }
}

/// All that is kept and counted, as text that a failed assertion may print.
fn digest(closed: &Closed) -> Vec<String> {
    let one = |(scopes, left_out): &(BTreeMap<Scope, Partial>, LeftOut)| {
        let kept = format!("{scopes:?}");
        let hash = crate::sketch::id_hash(&kept);
        let counted = left_out.of_predictions();
        format!("{} scopes, digest {hash:x}, {counted:?}", scopes.len())
    };
    closed.iter().map(one).collect()
}

#[test]
fn neither_order_nor_early_drops_change_what_a_pane_keeps_or_counts() {
    for seed in 0..10 {
        let predictions = flood(&mut Rng::with_seed(seed), 400, 60);
        let way = |seed, drops_one_in| {
            let how = Run {
                seed,
                drops_one_in,
                obeys_open_names: true,
            };
            digest(&run(predictions.clone(), &how))
        };
        let at_close = way(1, None);
        for (order, drops_one_in) in [(2, None), (3, Some(1)), (4, Some(7)), (5, Some(50))] {
            let early = way(order, drops_one_in);
            assert_eq!(early, at_close, "seed {seed}, order {order}");
        }
    }
}

#[test]
fn every_prediction_and_every_value_is_kept_or_counted_as_left_out() {
    let predictions = flood(&mut Rng::with_seed(9), 2_000, 60);
    let all = predictions.len() as u64;
    let how = Run {
        seed: 1,
        drops_one_in: Some(5),
        obeys_open_names: true,
    };
    let (mut whole, mut in_segments, mut values) = (0, 0, 0);
    let mut left_out = Overflow::default();
    for (scopes, counted) in run(predictions, &how) {
        left_out += counted.of_predictions();
        for (scope, partial) in &scopes {
            if scope.segment.is_some() {
                in_segments += partial.predictions;
                continue;
            }
            whole += partial.predictions;
            let sketches = partial.subjects.values();
            values += sketches.map(|sketch| sketch.types.present()).sum::<u64>();
        }
    }
    let Overflow {
        predictions,
        features,
        segments,
        ..
    } = left_out;
    assert!(predictions.min(features).min(segments) > 0, "{left_out:?}");
    assert_eq!(whole + left_out.predictions, all);
    assert_eq!(in_segments + left_out.segments, whole);
    assert_eq!(
        values + left_out.features,
        2 * whole,
        "a feature and a score each"
    );
}

#[test]
fn with_at_most_twice_the_limit_of_names_admission_alone_decides() {
    let many = KEPT_PER_ADMITTED * LIMITS.models.min(LIMITS.versions);
    for seed in 0..10 {
        let predictions = flood(&mut Rng::with_seed(seed), 300, many);
        let way = |obeys_open_names| {
            let how = Run {
                seed: 1,
                drops_one_in: Some(3),
                obeys_open_names,
            };
            digest(&run(predictions.clone(), &how))
        };
        assert_eq!(way(true), way(false), "seed {seed}");
    }
}

#[test]
fn ten_thousand_new_names_take_no_more_memory_than_the_limits_allow() {
    for place in 0..4 {
        let (mut open, models) = (UnclosedPanes::default(), BTreeMap::new());
        for n in 0..10_000 {
            let mut names = ["m", "v", "f", "s"].map(str::to_owned);
            names[place] = n.to_string();
            let pieces = prediction(names, 7).into_iter();
            pieces.for_each(|piece| open.merge(piece));
            open.keep_within(LIMITS, &models);
            assert!(open.sketches() <= SKETCHES_FREE, "place {place}");
        }
        open.drops = DropThreshold::new(0);
        open.keep_within(LIMITS, &models);
        let kept = open.sketches();
        assert!(kept <= 40, "place {place}: {kept}");
    }
}
