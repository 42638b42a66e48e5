//! Tests of promise P1: nothing is lost and nothing is counted twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bench::{Bench, Setup, plan};
use crate::ledger::Account;
use crate::memory_log::PlannedFault;
use crate::published::values;
use crate::traffic::{Event, MINUTE, START, Traffic};

fn late(minute: i64, n: usize) -> Event {
    Event {
        arrival: START + minute * MINUTE,
        ..Event::bare(
            "fraud",
            "1",
            &format!("late-{n}"),
            START + (minute - 4) * MINUTE,
        )
    }
}

/// Traffic with bad and late records, followed by events that close all reported windows.
fn troubled(setup: Setup) -> (Bench, Vec<Event>) {
    let mut events = Traffic::of_five_hours(3).events();
    for n in 0..25 {
        events.insert(8_100 + n * 101, late(200, n));
    }
    let mut bench = Bench::new(setup);
    bench.produce(&events);
    bench.close_at(START + 320 * MINUTE);
    bench.settle().unwrap();
    (bench, events)
}

/// Faults with one refused commit after `commits` successful ones.
fn refused_after(commits: usize) -> Vec<PlannedFault> {
    let mut faults = vec![PlannedFault::None; commits];
    faults.push(PlannedFault::Refused);
    faults
}

#[test]
fn every_record_is_counted_refused_or_late_and_the_reports_hold_what_was_counted() {
    let crashes = vec![11, 25, 37];
    let mut plan = plan();
    plan.detect.events_min = 1; // windows of every length report
    let (bench, events) = troubled(Setup {
        plan: Arc::new(plan),
        crashes,
        faults: refused_after(2),
        ..Setup::default()
    });
    let said = bench.ledger.said();
    assert_eq!(said.aborts, 1, "the planned fault struck");
    let mut all = Account::default();
    for (partition, account) in &said.accounts {
        let sent = events.len() / 3 + usize::from(events.len() % 3 > *partition as usize) + 1;
        assert_eq!(account.total(), sent as u64, "partition {partition}");
        all.counted += account.counted;
        all.late += account.late;
    }
    assert_eq!(all.late, 25);
    let mut reported = BTreeMap::new();
    for report in values(&bench, "reports") {
        let (length, subject) = (
            report["window"]["length"].as_str().unwrap(),
            report["subject"].as_str().unwrap(),
        );
        *reported
            .entry((length.to_owned(), subject.to_owned()))
            .or_insert(0) += report["predictions"].as_u64().unwrap();
    }
    for length in ["15m", "1h"] {
        for subject in ["score", "label", "feature:amount"] {
            let reported = reported[&(length.to_owned(), subject.to_owned())];
            assert_eq!(
                reported,
                all.counted - 3,
                "{subject} in windows of {length}; the three closers lie beyond"
            );
        }
    }
}

#[test]
fn dead_letters_are_the_bad_records_byte_for_byte_and_say_why() {
    let (bench, events) = troubled(Setup {
        crashes: vec![9, 20],
        faults: refused_after(8),
        ..Setup::default()
    });
    let is_bad = |event: &&Event| !event.payload.ends_with(b"}}");
    let mut wanted: Vec<&[u8]> = events
        .iter()
        .filter(is_bad)
        .map(|e| e.payload.as_slice())
        .collect();
    let letters = bench.log.read("dead-letters");
    let mut found: Vec<&[u8]> = letters
        .iter()
        .map(|l| l.value.as_deref().unwrap())
        .collect();
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, wanted);
    let mut reasons = BTreeMap::new();
    for letter in &letters {
        assert_eq!(letter.key.as_ref().unwrap()[1], 0xff);
        assert_eq!(letter.headers[0], ("origin".to_owned(), vec![0xfe, 1]));
        let (name, code) = &letter.headers[1];
        assert_eq!(name, "tidegauge.reason");
        let field = letter
            .headers
            .iter()
            .rev()
            .find(|own| own.0 == "tidegauge.field");
        let field = field.map(|(_, field)| field.as_slice());
        let at_fault = (code == b"bad_timestamp").then_some(b"timestamp".as_slice());
        assert_eq!(field, at_fault);
        let place = [2, 3, 4].map(|at: usize| letter.headers[at].1.as_slice());
        assert!(is_at(&bench, place, letter.value.as_deref()));
        *reasons
            .entry(String::from_utf8(code.clone()).unwrap())
            .or_insert(0u64) += 1;
    }
    let mut counted = BTreeMap::new();
    for (reason, count) in bench
        .ledger
        .said()
        .accounts
        .values()
        .flat_map(|a| &a.rejected)
    {
        *counted.entry((*reason).to_owned()).or_insert(0) += count;
    }
    assert_eq!(counted, reasons);
    assert_eq!(reasons.len(), 5, "{reasons:?}");
}

/// Whether the record with this payload lies where the letter says: topic, partition and offset, as text.
fn is_at(bench: &Bench, place: [&[u8]; 3], payload: Option<&[u8]>) -> bool {
    let [topic, partition, offset] = place.map(|text| std::str::from_utf8(text).unwrap());
    let (wanted, offset): (i32, usize) = (partition.parse().unwrap(), offset.parse().unwrap());
    let mut found = false;
    bench.log.tamper(topic, |partition, records| {
        if partition == wanted {
            let record = records[offset].as_ref();
            found = record.is_some_and(|record| record.value.as_deref() == payload);
        }
    });
    found
}
