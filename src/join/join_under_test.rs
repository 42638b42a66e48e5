//! Runs a join over a stream and holds it against its equations at every step.

use super::ledger::Ledger;
use super::settings::Settings;
use super::state::Join;
use super::streams::{Heard, Op};
use crate::window::Boundary;

pub(super) fn step(join: &mut Join, op: &Op, ledger: &mut impl Ledger) {
    match op {
        Op::Submit(outcomes) => join.submit(outcomes.clone()),
        Op::Close(until) => close(join, *until, ledger),
    }
    let counts = join.counts();
    if !join.is_rebuilding() {
        assert!(
            counts.predictions_are_conserved(join.pending()),
            "{counts:?}"
        );
        assert!(
            counts.labels_are_conserved(join.waiting()),
            "{counts:?} {}",
            join.waiting()
        );
    }
}

/// In one step now and then, else as `next` says; `next` forgets nothing.
fn close(join: &mut Join, until: Boundary, ledger: &mut impl Ledger) {
    if until.0 % 2 == 0 && !join.is_rebuilding() {
        while let Some(next) = join.next(until) {
            join.close(next, ledger);
        }
        let before = (join.entries(), join.waiting(), join.counts());
        join.close(until, ledger);
        assert_eq!((join.entries(), join.waiting(), join.counts()), before);
    } else {
        join.close(until, ledger);
    }
}

pub(super) fn run(settings: Settings, ops: &[Op]) -> (Heard, Join) {
    let (mut join, mut heard) = (Join::new(settings), Heard::default());
    ops.iter().for_each(|op| step(&mut join, op, &mut heard));
    (heard, join)
}

pub(super) fn assert_same(got: Vec<String>, expected: &[String], seed: u64) {
    let missing: Vec<_> = expected.iter().filter(|line| !got.contains(line)).collect();
    let excess: Vec<_> = got.iter().filter(|line| !expected.contains(line)).collect();
    let same = got == expected;
    assert!(
        same,
        "seed {seed}\nmissing {missing:#?}\nexcess {excess:#?}"
    );
}
