//! Brute-force join for tests, from the definition of a pair alone. It compares every prediction with every label. It
//! has no buckets and no buffers, and uses a clock only to decide when an original prediction is forgotten.

use tidegauge::event::EventTime;
use tidegauge::join::{ENTRIES_PER_ID_MAX, JoinCounts, JoinTimes, LabelArrival};
use tidegauge::sketch::{KnownTruth, id_hash};
use tidegauge::window::Boundary;

use super::drive::{assert_same, run};
use super::streams::{Event, Label, Prediction, Recorder, SETTINGS, events, ops};

/// Order of label assertions on one subject: time of making, then a hash of value and source.
type Rank = (i64, u64);

/// Predictions that are accepted, in order of time. The others are counted.
fn accepted<'a>(events: &'a [Event], counts: &mut JoinCounts) -> Vec<&'a Prediction> {
    let mut predictions: Vec<&Prediction> = Vec::new();
    for event in events {
        if let Event::Predicted(prediction) = event {
            predictions.push(prediction);
        }
    }
    predictions.sort_by_key(|prediction| prediction.time);
    let mut accepted: Vec<&Prediction> = Vec::new();
    for new in predictions {
        counts.predictions += 1;
        let now = Boundary::at_or_before(EventTime(new.time));
        let is_live = |old: &&&Prediction| {
            let bucket = old.time.div_euclid(3_600_000) * 60;
            old.id == new.id && bucket + 60 + 90 + 20 > now.0
        };
        let mut live = accepted.iter().filter(is_live);
        if live
            .clone()
            .any(|old| old.model == new.model && old.variant == new.variant)
        {
            counts.duplicates += 1;
        } else if live.by_ref().count() >= ENTRIES_PER_ID_MAX {
            counts.crowded += 1;
        } else {
            accepted.push(new);
        }
    }
    accepted
}

fn truth_rank(label: &Label, truth: KnownTruth<'_>) -> Rank {
    let asserted = match truth {
        KnownTruth::Class(class) => id_hash(class),
        KnownTruth::Value(value) => mixed([value.to_bits(), 1]),
    };
    rank(label, asserted)
}

fn rank(label: &Label, asserted: u64) -> Rank {
    let source = id_hash(label.source) as u32; // half of the hash
    (label.made, mixed([asserted, u64::from(source)]))
}

/// The hash of the join, written a second time: SplitMix64 over two words.
fn mixed(words: [u64; 2]) -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    words.into_iter().fold(STEP, |state, word| {
        let x = (state.rotate_left(23) ^ word).wrapping_add(STEP);
        let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    })
}

/// Order of an assertion: the time at which it is known, then false if it waited for the prediction. Among assertions
/// known when the prediction is made, those that waited come first.
type Order = (i64, bool);

/// Changes of one subject in order of time: when each is known, the value before and the value after.
fn changes<T: Copy + PartialEq>(mut assertions: Vec<(Order, Rank, T)>) -> Vec<(i64, Option<T>, T)> {
    assertions.sort_by_key(|(order, rank, _)| (*order, std::cmp::Reverse(*rank)));
    let mut best: Option<(Rank, T)> = None;
    let mut changes = Vec::new();
    for ((known_at, _), rank, asserted) in assertions {
        let old = match best {
            Some((highest, _)) if rank <= highest => continue,
            old => old.map(|(_, asserted)| asserted),
        };
        best = Some((rank, asserted));
        if old != Some(asserted) {
            changes.push((known_at, old, asserted));
        }
    }
    changes
}

fn judge(
    prediction: &Prediction,
    labels: &[&Label],
    recorder: &mut Recorder,
    counts: &mut JoinCounts,
) {
    let of = (prediction.model, prediction.variant);
    let pair = |known_at: i64| JoinTimes {
        predicted_at: EventTime(prediction.time),
        known_at: EventTime(known_at),
    };
    let answer = prediction.answer();
    recorder.say(format!("{answer:?}"), of, pair(prediction.time));
    let order = |label: &Label| {
        let waited = label.arrival < prediction.time;
        (label.arrival.max(prediction.time), !waited)
    };
    let truths = labels.iter().filter_map(|label| {
        let truth = label.truth?;
        Some((order(label), truth_rank(label, truth), truth))
    });
    for (at, old, new) in changes(truths.collect()) {
        counts.corrections += u64::from(old.is_some());
        let what = match old {
            None => format!("{answer:?} is {new:?}"),
            Some(old) => format!("{answer:?} is {old:?} no, {new:?}"),
        };
        recorder.say(what, of, pair(at));
    }
    for name in ["tone", "truth"] {
        let asserted = labels.iter().filter_map(|label| {
            let (_, cell) = label.evaluation.filter(|(of, _)| *of == name)?;
            Some((order(label), rank(label, u64::from(cell)), cell))
        });
        for (at, old, new) in changes(asserted.collect()) {
            recorder.say(format!("{name} {old:?} {new}"), of, pair(at));
        }
    }
}

/// Expected calls to the sink, and expected counts. Labels that form no pair count as expired.
fn expected(events: &[Event]) -> (Vec<String>, JoinCounts) {
    let (mut recorder, mut counts) = (Recorder::default(), JoinCounts::default());
    let accepted = accepted(events, &mut counts);
    let labels: Vec<&Label> = events
        .iter()
        .filter_map(|event| match event {
            Event::Labelled(label) => Some(label),
            Event::Predicted(_) => None,
        })
        .collect();
    let is_pair = |prediction: &Prediction, label: &Label| {
        let arrival = LabelArrival(EventTime(label.arrival));
        let in_time = label.arrival >= prediction.time - 20 * 60_000
            && label.arrival.max(prediction.time) <= prediction.time + 90 * 60_000;
        assert_eq!(
            SETTINGS.is_pair(EventTime(prediction.time), arrival),
            in_time
        );
        prediction.id == label.id && in_time
    };
    for prediction in &accepted {
        let own = labels.iter().filter(|label| is_pair(prediction, label));
        let own: Vec<&Label> = own.copied().collect();
        judge(prediction, &own, &mut recorder, &mut counts);
        let end = if own.is_empty() {
            &mut counts.expired
        } else {
            &mut counts.joined
        };
        *end += 1;
    }
    counts.labels = labels.len() as u64;
    let alone = |label: &&&Label| !accepted.iter().any(|prediction| is_pair(prediction, label));
    counts.labels_expired = labels.iter().filter(alone).count() as u64;
    (recorder.sorted(), counts)
}

#[test]
fn it_finds_every_pair_that_brute_force_finds_in_any_order_and_any_pieces() {
    let mut corrections = 0;
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let ids = [3, 30, 300][seed as usize % 3];
        let events = events(&mut random, 800, ids);
        let (expected, counts) = expected(&events);
        let mut first = None;
        for _ in 0..3 {
            let (recorder, join) = run(SETTINGS, &ops(&mut random, &events, u32::MAX));
            assert_same(recorder.sorted(), &expected, seed);
            let got = join.counts();
            let known = |c: JoinCounts| {
                let ends = (c.joined, c.expired, c.duplicates, c.crowded);
                (c.predictions, c.labels, c.corrections, ends)
            };
            assert_eq!(known(got), known(counts), "seed {seed}");
            assert_eq!((join.entries(), join.waiting(), join.bytes()), (0, 0, 0));
            // A label that became moot while it waited counts as a duplicate in the join, but as expired here.
            assert!(got.labels_expired <= counts.labels_expired);
            assert_eq!(*first.get_or_insert(got), got, "seed {seed}");
            corrections += got.corrections;
        }
        if ids == 3 {
            assert!(counts.crowded > 0 && counts.duplicates > 0, "{counts:?}");
        }
    }
    assert!(corrections > 500);
}

#[test]
fn a_label_that_is_alone_expires() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut events = events(&mut random, 800, 400);
        let mut labelled = std::collections::BTreeSet::new();
        events.retain(|event| match event {
            Event::Predicted(_) => true,
            Event::Labelled(label) => labelled.insert(label.id),
        });
        let (_, counts) = expected(&events);
        let (_, join) = run(SETTINGS, &ops(&mut random, &events, u32::MAX));
        let got = join.counts();
        assert!(got.labels_expired > 20 && got.labels_joined > 20);
        assert_eq!(got.labels_expired, counts.labels_expired, "seed {seed}");
        assert_eq!(got.labels_duplicate, 0);
    }
}
