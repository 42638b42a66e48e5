//! Runs a join over a stream and checks its equations after each step.

use tidegauge::join::{Join, JoinSettings, JoinSink};
use tidegauge::window::Boundary;

use super::streams::{Op, Recorder};

pub fn step(join: &mut Join, op: &Op, sink: &mut impl JoinSink) {
    match op {
        Op::Submit(outcomes) => join.submit(outcomes.clone()),
        Op::Close(until) => close(join, *until, sink),
    }
    let counts = join.counts();
    if !join.is_rebuilding() {
        let waiting = join.waiting();
        assert_eq!(counts.predictions_missing(join.pending()), 0, "{counts:?}");
        assert_eq!(counts.labels_missing(waiting), 0, "{counts:?} {waiting}");
    }
}

/// Closes up to `until`. If `until` is even, it follows the steps of [`Join::next`] and checks that they have missed
/// nothing; otherwise it closes in one step.
fn close(join: &mut Join, until: Boundary, sink: &mut impl JoinSink) {
    if until.0 % 2 == 0 && !join.is_rebuilding() {
        while let Some(next) = join.next(until) {
            join.close(next, sink);
        }
        let before = (join.entries(), join.waiting(), join.counts());
        join.close(until, sink);
        assert_eq!((join.entries(), join.waiting(), join.counts()), before);
    } else {
        join.close(until, sink);
    }
}

pub fn run(settings: JoinSettings, ops: &[Op]) -> (Recorder, Join) {
    let (mut join, mut recorder) = (Join::new(settings), Recorder::default());
    ops.iter().for_each(|op| step(&mut join, op, &mut recorder));
    (recorder, join)
}

pub fn assert_same(got: Vec<String>, expected: &[String], seed: u64) {
    let missing: Vec<_> = expected.iter().filter(|line| !got.contains(line)).collect();
    let excess: Vec<_> = got.iter().filter(|line| !expected.contains(line)).collect();
    let same = got == expected;
    assert!(
        same,
        "seed {seed}\nmissing {missing:#?}\nexcess {excess:#?}"
    );
}
