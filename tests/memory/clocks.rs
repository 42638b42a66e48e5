//! Clocks: each process names the source that holds a clock, and says why. A clock that stands still is logged.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegauge::pipeline::clock::{ClockHolder, HoldReason};
use tidegauge::pipeline::{Plan, Topics};

use crate::bench::{Bench, Setup, plan};
use crate::traffic::{Event, MINUTE, START};

/// Plan whose sources follow the wall clock.
fn ticking() -> Plan {
    Plan {
        ticks: true,
        ..plan()
    }
}

fn bench(plan: Plan) -> Bench {
    Bench::new(Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    })
}

fn produce(bench: &Bench, partition: i32, minute: i64) {
    let id = format!("{partition}-{minute}");
    let event = Event::bare("fraud", "1", &id, START + minute * MINUTE);
    bench.produce_to(partition, &event);
}

/// Lets time pass, with the wall clock at `minute`. The sources are looked at, and the clocks are reported.
fn pass(bench: &mut Bench, minute: i64, time: Duration) {
    bench.clock.set_wall(START + minute * MINUTE);
    for _ in 0..3 {
        bench.clock.pass(time / 3);
        bench.settle().unwrap();
    }
    bench.clock.pass(Duration::from_secs(2)); // the next report
    bench.settle().unwrap();
}

/// Topic, partition, reason, and the clock in minutes.
type Held = (String, i32, HoldReason, Option<i64>);

fn held(holder: Option<ClockHolder>) -> Option<Held> {
    let ClockHolder {
        time,
        source,
        reason,
        ..
    } = holder?;
    let minute = time.map(|time| (time.0 - START) / MINUTE);
    Some((source.topic, source.partition, reason, minute))
}

/// The clock of predictions in the last report.
fn predictions(bench: &Bench) -> Option<Held> {
    let report = bench.ledger.said().clocks.pop()?;
    held(report.predictions)
}

fn quality(bench: &Bench) -> Option<Held> {
    let report = bench.ledger.said().clocks.pop()?;
    held(report.quality)
}

fn by(partition: i32, reason: HoldReason, minute: Option<i64>) -> Option<Held> {
    Some(("in".to_owned(), partition, reason, minute))
}

#[test]
fn the_holder_is_the_source_with_the_smallest_watermark_and_says_what_it_waits_for() {
    let mut bench = bench(ticking());
    for (partition, minute) in [(0, 30), (1, 20), (2, 40)] {
        produce(&bench, partition, minute);
    }
    pass(&mut bench, 40, Duration::from_secs(12));
    assert_eq!(predictions(&bench), by(1, HoldReason::AtEnd, Some(18)));
    bench.log.open_transaction("in", 1);
    pass(&mut bench, 41, Duration::from_secs(60));
    let waits = by(1, HoldReason::OpenTransaction, Some(18));
    assert_eq!(predictions(&bench), waits);
    bench.log.end_transactions();
    pass(&mut bench, 50, Duration::from_secs(600));
    let (_, _, reason, minute) = predictions(&bench).unwrap();
    assert_eq!((reason, minute), (HoldReason::Idle, Some(50 - 5 - 2)));
}

#[test]
fn a_source_whose_event_times_do_not_move_is_told_apart_from_one_that_has_ended() {
    let mut bench = bench(ticking());
    for (partition, minute) in [(1, 30), (2, 30)] {
        produce(&bench, partition, minute);
    }
    let wave = |bench: &Bench, count: i64, arrival: i64| {
        for nth in 0..count {
            let id = format!("{arrival}-{nth}");
            let mut event = Event::bare("fraud", "1", &id, START + 20 * MINUTE);
            event.arrival = START + arrival;
            bench.produce_to(0, &event);
        }
    };
    // A busy source with stamps of whole seconds.
    wave(&bench, 1_500, 24 * MINUTE);
    wave(&bench, 1_500, 24 * MINUTE + 900);
    pass(&mut bench, 31, Duration::from_secs(12));
    assert_eq!(predictions(&bench), by(0, HoldReason::AtEnd, Some(18)));
    wave(&bench, 600, 30 * MINUTE);
    pass(&mut bench, 31, Duration::from_secs(12));
    assert_eq!(predictions(&bench), by(0, HoldReason::SameTime, Some(18)));
    produce(&bench, 0, 22);
    pass(&mut bench, 31, Duration::from_secs(12));
    assert_eq!(predictions(&bench), by(0, HoldReason::AtEnd, Some(20)));
}

#[test]
fn without_ticks_an_empty_partition_holds_the_clock_for_ever_and_says_so() {
    let mut bench = bench(plan());
    produce(&bench, 0, 30);
    produce(&bench, 1, 30);
    pass(&mut bench, 40, Duration::from_secs(12));
    assert_eq!(predictions(&bench), by(2, HoldReason::TicksOff, None));
    produce(&bench, 2, 25);
    pass(&mut bench, 40, Duration::from_secs(12));
    assert_eq!(predictions(&bench), by(2, HoldReason::TicksOff, Some(23)));
}

#[test]
fn a_topic_that_is_no_longer_configured_holds_the_clock_until_it_is_retired() {
    let mut bench = bench(ticking());
    for partition in 0..3 {
        produce(&bench, partition, 30);
    }
    pass(&mut bench, 40, Duration::from_secs(12));
    let other = |retired: Vec<String>| Plan {
        topics: Topics {
            predictions: vec!["other".into()],
            retired,
            ..plan().topics
        },
        ..ticking()
    };
    bench.log.create_topic("other", 1);
    bench.setup.plan = Arc::new(other(Vec::new()));
    bench.take_over_all();
    pass(&mut bench, 60, Duration::from_secs(12));
    let held = by(0, HoldReason::NotConfigured, Some(28));
    assert_eq!(predictions(&bench), held);
    bench.setup.plan = Arc::new(other(vec!["in".into()]));
    bench.take_over_all();
    pass(&mut bench, 60, Duration::from_secs(12));
    let (topic, _, reason, _) = predictions(&bench).unwrap();
    assert_eq!((topic.as_str(), reason), ("other", HoldReason::Idle));
}

#[test]
fn a_process_names_the_holder_that_another_one_reads() {
    let mut bench = Bench::new(Setup {
        plan: Arc::new(ticking()),
        members: 2,
        ..Setup::default()
    });
    for (partition, minute) in [(0, 30), (1, 20), (2, 40)] {
        produce(&bench, partition, minute);
    }
    pass(&mut bench, 40, Duration::from_secs(12));
    let reports = bench.ledger.said().clocks;
    // The first member reads two of three partitions, and the control topic.
    let (even, odd): (Vec<_>, Vec<_>) = reports
        .into_iter()
        .partition(|report| report.sources.len() == 3);
    let last = |reports: Vec<tidegauge::pipeline::clock::ClockReport>| {
        held(reports.last()?.predictions.clone())
    };
    assert_eq!(last(even), by(1, HoldReason::Elsewhere, Some(18)));
    assert_eq!(last(odd), by(1, HoldReason::AtEnd, Some(18)));
}

#[test]
fn the_clock_of_quality_is_held_by_the_input_that_the_joins_wait_for() {
    let mut with_labels = ticking();
    with_labels.topics.labels = vec!["labels".into()];
    let mut bench = bench(with_labels);
    for partition in 0..3 {
        produce(&bench, partition, 30);
    }
    let label = |minute: i64| Event::at(START + minute * MINUTE, r#"{"id":"a","label":"yes"}"#);
    bench.produce_labels(&[label(25), label(10)]);
    pass(&mut bench, 40, Duration::from_secs(12));
    let behind = Some(("labels".to_owned(), 1, HoldReason::AtEnd, Some(8)));
    assert_eq!(quality(&bench), behind);
    assert_eq!(predictions(&bench), by(0, HoldReason::AtEnd, Some(28)));
}

/// What a bench logs while it works.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines on clocks that `work` logs.
fn lines_of(work: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let logs = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone());
    tracing::subscriber::with_default(logs.finish(), work);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let held = text
        .lines()
        .filter(|line| line.contains("the clock is held"));
    held.map(str::to_owned).collect()
}

#[test]
fn a_clock_that_stands_still_is_logged_once_with_the_reason_and_again_when_the_holder_changes() {
    let mut bench = bench(plan()); // without ticks
    for (partition, minute) in [(0, 30), (1, 20), (2, 60)] {
        produce(&bench, partition, minute);
    }
    let lines = lines_of(|| {
        pass(&mut bench, 80, Duration::from_secs(30));
        pass(&mut bench, 80, Duration::from_secs(60));
        pass(&mut bench, 80, Duration::from_secs(60));
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    let words = [
        "the clock is held at 2026-01-05T00:18:00Z by in[1], because it is read to its end, and with time.ticks: false",
        "clock=\"predictions\"",
        "reason=\"ticks_off\"",
    ];
    for word in words {
        assert!(lines[0].contains(word), "{}", lines[0]);
    }
    produce(&bench, 1, 90);
    let lines = lines_of(|| {
        pass(&mut bench, 90, Duration::from_secs(30));
        pass(&mut bench, 90, Duration::from_secs(120));
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("00:28:00Z by in[0]"), "{}", lines[0]);
}

/// A silence of all producers, and the end of a replay, hold nothing up.
#[test]
fn a_clock_that_nothing_waits_for_is_not_logged() {
    for plan in [ticking(), plan()] {
        let mut bench = bench(plan);
        let lines = lines_of(|| {
            for partition in 0..3 {
                produce(&bench, partition, 30);
            }
            for minute in [31, 32, 34] {
                pass(&mut bench, minute, Duration::from_secs(70));
            }
            pass(&mut bench, 40, Duration::from_secs(600));
        });
        assert!(lines.is_empty(), "{lines:?}");
    }
}
