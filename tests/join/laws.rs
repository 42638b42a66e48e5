//! Property tests of the join: a rebuild continues exactly, and the memory limit holds.

use tidegauge::event::Variant;
use tidegauge::join::{Join, JoinCheckpoint, JoinSettings, NullSink, SuppressedPrediction};
use tidegauge::sketch::KnownTruth;
use tidegauge::window::{Boundary, PANE_MILLIS};

use super::drive::{run, step};
use super::streams::{Event, Label, Op, Prediction, Recorder, SETTINGS, events, ops, outcomes};

/// Persisted data at the moment a process dies.
struct Written {
    checkpoint: JoinCheckpoint,
    suppressed: Vec<SuppressedPrediction>,
    needed: Option<Boundary>,
}

/// True if the operation concerns a minute at or after `since`.
fn touches(op: &Op, since: Boundary) -> bool {
    let Op::Submit(outcomes) = op else {
        return false;
    };
    let predicted = outcomes.predicted.iter().map(|p| p.time);
    let mut times = predicted.chain(outcomes.labelled.iter().map(|l| l.arrival));
    times.any(|time| Boundary::at_or_before(time) >= since)
}

/// Rebuilds a join from the log, starting at the first flush it needs.
fn rebuilt(settings: JoinSettings, log: &[Op], written: Written, in_one_step: bool) -> Join {
    let closed = written.checkpoint.closed;
    let mut join = Join::restore(settings, written.checkpoint, written.suppressed);
    let needed = written.needed.unwrap_or(Boundary(0));
    let first = log.iter().position(|op| touches(op, needed));
    for op in &log[first.unwrap_or(log.len())..] {
        if matches!(op, Op::Submit(_)) || !in_one_step {
            step(&mut join, op, &mut NullSink);
        }
    }
    assert_eq!(join.is_rebuilding(), closed.is_some());
    join.resume();
    join
}

fn sizes(join: &Join) -> [u64; 4] {
    let bytes = join.bytes() as u64;
    [join.entries(), join.pending(), join.waiting(), bytes]
}

/// Kills and rebuilds the join at random steps. Each rebuilt join must continue exactly as the original. Returns the
/// original.
fn a_rebuild_goes_on(settings: JoinSettings, seed: u64, ids: u64, late_one_in: u32) -> Join {
    let mut random = fastrand::Rng::with_seed(seed);
    let all = events(&mut random, 600, ids);
    let ops = ops(&mut random, &all, late_one_in);
    let mut suppressed: Vec<SuppressedPrediction> = Vec::new();
    let (mut lived, mut recorder) = (Join::new(settings), Recorder::default());
    let mut copies: Vec<(Join, Recorder)> = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        recorder.0.clear();
        step(&mut lived, op, &mut recorder);
        let fresh = lived.take_suppressed();
        for (copy, again) in &mut copies {
            again.0.clear();
            step(copy, op, again);
            assert_eq!(
                again.clone().sorted(),
                recorder.clone().sorted(),
                "seed {seed} op {at}"
            );
            assert_eq!(sizes(copy), sizes(&lived), "seed {seed} op {at}");
            assert_eq!(copy.counts(), lived.counts(), "seed {seed} op {at}");
            assert_eq!(copy.take_suppressed(), fresh);
            assert_eq!(copy.checkpoint(), lived.checkpoint());
        }
        suppressed.extend(fresh);
        let length = settings.bucket_minutes();
        let floor = lived.floor().unwrap_or(Boundary(i64::MIN));
        suppressed.retain(|refused| refused.bucket.plus_minutes(length) > floor);
        if random.u8(..12) == 0 {
            let checkpoint = postcard::to_stdvec(&lived.checkpoint()).unwrap();
            let written = Written {
                checkpoint: postcard::from_bytes(&checkpoint).unwrap(),
                suppressed: suppressed.clone(),
                needed: lived.oldest_needed(),
            };
            let copy = rebuilt(settings, &ops[..=at], written, random.bool());
            assert_eq!(sizes(&copy), sizes(&lived), "seed {seed} op {at}: rebuilt");
            assert_eq!(copy.counts(), lived.counts());
            copies.push((copy, Recorder::default()));
            copies.truncate(8);
            random.shuffle(&mut copies);
        }
    }
    lived
}

#[test]
fn a_rebuild_goes_on_as_if_nothing_had_happened() {
    for seed in 0..24 {
        let ids = [2, 10, 60][seed as usize % 3];
        let counts = a_rebuild_goes_on(SETTINGS, seed, ids, u32::MAX).counts();
        assert!(
            counts.duplicates > 0 && counts.corrections > 0,
            "{counts:?}"
        );
        assert_eq!((counts.late, counts.labels_late), (0, 0));
    }
}

#[test]
fn a_rebuild_goes_on_though_events_came_late() {
    for seed in 0..24 {
        let counts = a_rebuild_goes_on(SETTINGS, seed, [4, 60][seed as usize % 2], 6).counts();
        assert!(counts.late > 0 && counts.labels_late > 0, "{counts:?}");
    }
}

#[test]
fn a_rebuild_goes_on_though_memory_was_short() {
    let mut early = 0;
    for seed in 0..24 {
        let settings = JoinSettings {
            bytes_max: [40_000, 120_000, 200_000][seed as usize % 3],
            ..SETTINGS
        };
        let ids = [2, 10, 60, 1_000][seed as usize % 4];
        let counts =
            a_rebuild_goes_on(settings, seed, ids, [9, u32::MAX][seed as usize % 2]).counts();
        early += u64::from(counts.expired_early > 0 && counts.labels_expired_early > 0);
    }
    assert!(early > 3, "{early}");
}

fn label(id: u64, arrival: i64, made: i64) -> Event {
    Event::Labelled(Label {
        id,
        arrival,
        made,
        truth: Some(KnownTruth::Class("yes")),
        evaluation: None,
        source: "human",
    })
}

fn prediction(id: u64, time: i64) -> Event {
    Event::Predicted(Prediction {
        id,
        time,
        model: "a",
        variant: Variant::Default,
        class: Some("no"),
        cell: 3,
        value: None,
    })
}

#[test]
fn a_million_labels_of_one_id_take_one_slot() {
    let (mut join, mut recorder) = (Join::new(SETTINGS), Recorder::default());
    for minute in 0..10 {
        let labels: Vec<Event> = (0..100_000)
            .map(|serial| label(7, minute * PANE_MILLIS + serial % 60_000, serial))
            .collect();
        let labels: Vec<&Event> = labels.iter().collect();
        join.submit(outcomes(&labels));
        join.close(Boundary(minute + 1), &mut recorder);
        assert!(join.bytes() < 1_000, "{}", join.bytes());
    }
    let predicted = prediction(7, 10 * PANE_MILLIS);
    join.submit(outcomes(&[&predicted]));
    join.close(Boundary(11), &mut recorder);
    assert_eq!(recorder.0.len(), 2, "one prediction, one truth");
    let counts = join.counts();
    assert_eq!((counts.labels, counts.labels_joined), (1_000_000, 1));
    assert_eq!(counts.labels_duplicate + join.waiting(), 999_999);
    assert!(join.waiting() < 3);
}

/// The share of waiting labels bounds labels that never find a prediction. The oldest are dropped; predictions stay.
#[test]
fn labels_that_wait_take_a_quarter_of_the_memory_at_most() {
    let settings = JoinSettings {
        bytes_max: 1_000_000,
        ..SETTINGS
    };
    let (mut join, mut recorder) = (Join::new(settings), Recorder::default());
    let first = prediction(1 << 40, 0);
    join.submit(outcomes(&[&first]));
    for minute in 0..19 {
        let labels: Vec<Event> = (0..200)
            .map(|serial| label(minute * 1_000 + serial, minute as i64 * PANE_MILLIS, 1))
            .collect();
        let labels: Vec<&Event> = labels.iter().collect();
        join.submit(outcomes(&labels));
        join.close(Boundary(minute as i64 + 1), &mut recorder);
    }
    let counts = join.counts();
    assert_eq!((join.entries(), counts.expired_early), (1, 0));
    assert_eq!(counts.labels_expired_early % 200, 0, "whole minutes");
    assert!(counts.labels_expired_early > 1_000);
    assert!(join.waiting() > 1_000, "{}", join.waiting());
    // The newest of them still meets its prediction, the oldest does not.
    let (young, old) = (
        prediction(18_001, 19 * PANE_MILLIS),
        prediction(1, 19 * PANE_MILLIS),
    );
    recorder.0.clear();
    join.submit(outcomes(&[&young, &old]));
    join.close(Boundary(20), &mut recorder);
    assert_eq!(recorder.0.len(), 3);
}

/// The oldest hours are dropped first. The memory holds as many of the newest hours as fit.
#[test]
fn at_the_limit_the_oldest_predictions_expire_early() {
    let settings = JoinSettings {
        bytes_max: 400_000,
        ..SETTINGS
    };
    let all: Vec<Event> = (0..12_000)
        .map(|i| prediction(i, i as i64 * 1_000))
        .collect();
    let all: Vec<&Event> = all.iter().collect();
    let (recorder, join) = run(
        settings,
        &[Op::Submit(outcomes(&all)), Op::Close(Boundary(200))],
    );
    let counts = join.counts();
    assert_eq!(
        (recorder.0.len(), counts.predictions, counts.expired),
        (12_000, 12_000, 0)
    );
    assert_eq!(counts.expired_early % 3_600, 0, "whole hours");
    assert_eq!(counts.expired_early + join.entries(), 12_000);
    assert_eq!(
        join.floor(),
        Some(Boundary(counts.expired_early as i64 / 60))
    );
    assert!(
        join.entries() > 3_600 && join.bytes() <= 400_000,
        "{}",
        join.bytes()
    );
    assert!(join.bytes() < join.entries() as usize * 90);
}
