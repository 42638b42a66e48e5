//! Tests of the integrity checks: every manipulation of the internal topics must be detected and reported.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use tidegauge::pipeline::invariant::InvariantId;
use tidegauge::pipeline::partition::partition_of_model;
use tidegauge::runtime::{Committed, Fault, TopicPartition};

use crate::bench::{Bench, Setup};
use crate::memory_log::{MemoryLog, StoredRecord};
use crate::published::{assert_same, published};
use crate::traffic::{MINUTE, START, Traffic};

type Records = Vec<Option<StoredRecord>>;

/// Cluster that has evaluated more than an hour and then stopped.
static WORKED: LazyLock<MemoryLog> = LazyLock::new(|| {
    let events = Traffic {
        minutes: 80,
        incident: None,
        ..Traffic::of_five_hours(5)
    }
    .events();
    let mut bench = Bench::new(Setup {
        flush: Duration::from_millis(5),
        ..Setup::default()
    });
    bench.produce(&events);
    bench.close_at(START + 100 * MINUTE);
    bench.settle().unwrap();
    bench.log
});

fn worked() -> Bench {
    Bench::on(WORKED.copy(), Setup::default())
}

/// Result of a new evaluate stage that reads the frames in `panes` after `hand` has changed them.
fn frames_read_again(hand: impl Fn(&mut Records)) -> (Bench, Result<(), Fault>) {
    let worked = worked();
    let ours = partition_of_model("fraud") as i32;
    let mut again = Bench::new(Setup::default());
    worked.log.tamper("panes", |partition, records| {
        if partition == ours {
            hand(records);
        }
        for record in records.iter().flatten() {
            again.log.produce("panes", partition, record.clone());
        }
    });
    again.take_over(&["panes"]);
    let outcome = again.settle();
    (again, outcome)
}

/// Index of the `n`th record that is present.
fn place(records: &Records, n: usize) -> usize {
    let is_there = |(_, record): &(usize, &Option<StoredRecord>)| record.is_some();
    records
        .iter()
        .enumerate()
        .filter(is_there)
        .nth(n)
        .unwrap()
        .0
}

fn remove(records: &mut Records, n: usize) {
    let at = place(records, n);
    records[at] = None;
}

fn assert_stops(outcome: Result<(), Fault>, saying: &str) {
    match outcome {
        Err(Fault::Fatal(why) | Fault::Violation { why, .. }) => {
            assert!(why.contains(saying), "{why}");
        }
        other => panic!("should have stopped and said {saying:?}: {other:?}"),
    }
}

#[test]
fn frames_that_were_removed_or_reordered_are_a_gap() {
    let (_, untouched) = frames_read_again(|_| {});
    untouched.unwrap();
    for n in [1, 4, 8] {
        let (bench, removed) = frames_read_again(|records| remove(records, n));
        assert_stops(removed, "does not continue");
        let gap = BTreeMap::from([(InvariantId::FrameContinuity, 1)]);
        assert_eq!(bench.ledger.said().violations, gap);
        let (_, reordered) = frames_read_again(|records| {
            let (a, b) = (place(records, n), place(records, n + 1));
            records.swap(a, b);
        });
        assert_stops(reordered, "does not continue");
    }
    let (_, headless) = frames_read_again(|records| remove(records, 0));
    assert_stops(headless, "any earlier frame");
}

#[test]
fn frames_that_were_doubled_are_counted_and_dropped() {
    let (untouched, _) = frames_read_again(|_| {});
    let (doubled, outcome) = frames_read_again(|records| {
        for n in [3, 9, 9] {
            let at = place(records, n);
            records.insert(at + 1, records[at].clone());
        }
    });
    outcome.unwrap();
    // A record carries a piece and the end of a frame of each of the three sources.
    let duplicates = BTreeMap::from([(InvariantId::FrameUniqueness, 3 * 2 * 3)]);
    assert_eq!(doubled.ledger.said().violations, duplicates);
    assert!(untouched.ledger.said().violations.is_empty());
    let mut with_alarm = published(&doubled);
    let before = with_alarm.len();
    with_alarm.retain(|_, records| !records[0].1.contains(r#""kind":"integrity""#));
    assert_eq!(before - with_alarm.len(), 3, "one alert for each source");
    assert_same(&published(&untouched), &with_alarm, "doubled frames");
}

#[test]
fn frames_of_another_format_and_damaged_ones_stop_the_task() {
    let (_, foreign) = frames_read_again(|records| {
        let at = place(records, 4);
        records[at].as_mut().unwrap().value.as_mut().unwrap()[0] = 9;
    });
    assert_stops(foreign, "format 9");
    let (_, cut) = frames_read_again(|records| {
        let at = place(records, 4);
        records[at].as_mut().unwrap().value.as_mut().unwrap().pop();
    });
    assert_stops(cut, "cannot be decoded");
}

/// Result of a new member that restores the state after `hand` has changed it.
fn state_restored(hand: impl Fn(&mut Records)) -> Result<(), Fault> {
    let mut bench = worked();
    let ours = partition_of_model("fraud") as i32;
    bench.log.tamper("state", |partition, records| {
        if partition == ours {
            hand(records);
        }
    });
    bench.take_over(&["in", "panes"]);
    bench.settle()
}

#[test]
fn state_that_lost_anything_is_refused() {
    state_restored(|_| {}).unwrap();
    assert_stops(state_restored(Vec::clear), "belongs to no offset");
    // Removes the last record of each key in turn: a model, panes, a tombstone. The first key is the head. It is
    // skipped, because an older head for the same entries and offset is as good.
    let mut refused = 0;
    for key in state_keys().iter().skip(1).step_by(11) {
        let changed = Cell::new(false);
        let outcome = state_restored(|records| changed.set(take_last_word(records, key)));
        if changed.get() {
            assert_stops(outcome, "modified");
            refused += 1;
        }
    }
    assert!(refused > 5, "{refused} kinds of loss were tried");
}

/// Every key that ever occurred in the state of our partition.
fn state_keys() -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    WORKED.copy().tamper("state", |partition, records| {
        if partition == partition_of_model("fraud") as i32 {
            keys.extend(records.iter().flatten().filter_map(|r| r.key.clone()));
        }
    });
    keys
}

/// Removes the last record of a key. Returns true if the value of the key changes.
fn take_last_word(records: &mut Records, key: &[u8]) -> bool {
    let last = |records: &Records| {
        let is_it =
            |r: &Option<StoredRecord>| r.as_ref().is_some_and(|r| r.key.as_deref() == Some(key));
        records.iter().rposition(is_it)
    };
    let value = |records: &Records| records[last(records)?].clone()?.value;
    let before = value(records);
    if let Some(at) = last(records) {
        records[at] = None;
    }
    value(records) != before
}

#[test]
fn an_offset_that_was_moved_deleted_or_stripped_is_refused() {
    let input = TopicPartition {
        topic: "in".into(),
        partition: 1,
    };
    let panes = TopicPartition {
        topic: "panes".into(),
        partition: partition_of_model("fraud") as i32,
    };
    let moved_back = |c: Committed| {
        Some(Committed {
            offset: c.offset - 5,
            ..c
        })
    };
    let stripped = |c: Committed| {
        Some(Committed {
            metadata: None,
            ..c
        })
    };
    type Hand = fn(Committed) -> Option<Committed>;
    let hands: [(&TopicPartition, Hand, &str); 6] = [
        (&panes, moved_back, "modified"),
        (&panes, |_| None, "modified"),
        (&panes, stripped, "moved it by hand"),
        (&input, moved_back, "does not continue"),
        (&input, stripped, "moved it by hand"),
        (&input, |_| None, "its committed offset is gone"),
    ];
    for (at, hand, saying) in hands {
        let mut bench = worked();
        let committed = bench.log.committed_at(at).unwrap();
        bench.log.move_offset(at.clone(), hand(committed));
        bench.take_over(&["in", "panes"]);
        assert_stops(bench.settle(), saying);
    }
}

#[test]
fn another_number_of_panes_partitions_is_refused() {
    let mut bench = worked();
    bench.log.create_topic("panes", 17);
    bench.take_over(&["in", "panes"]);
    assert_stops(bench.settle(), "has 17 partitions");
}

#[test]
fn a_member_that_was_replaced_cannot_commit() {
    let mut bench = Bench::new(Setup::default());
    bench.produce(
        &Traffic {
            minutes: 10,
            ..Traffic::of_five_hours(5)
        }
        .events(),
    );
    bench.take_over(&["in", "panes"]);
    bench.turn().unwrap();
    let _successor = bench.log.join(&["in", "panes"]);
    assert_stops(bench.settle(), "fenced");
}
