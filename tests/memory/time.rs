//! Time: sources that hold back the clock, late events, and clock jumps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tidegauge::event::Limits;

use crate::bench::{Bench, Setup, plan};
use crate::published::{alerts, values};
use crate::traffic::{Event, MINUTE, START, Traffic};

fn bare(minute: i64, n: i64) -> Event {
    Event::bare(
        "fraud",
        "1",
        &format!("{minute}-{n}"),
        START + minute * MINUTE,
    )
}

fn with_ticks() -> Setup {
    let plan = tidegauge::pipeline::Plan {
        ticks: true,
        ..plan()
    };
    Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    }
}

#[test]
fn late_is_late_by_its_own_source_only() {
    let mut bench = Bench::new(Setup::default());
    for (partition, minutes) in [
        (0, &[0, 10, 7][..]),
        (1, &[0, 7][..]),
        (2, &[30, 28, 27][..]),
    ] {
        for (n, minute) in (0..).zip(minutes) {
            bench.produce_to(partition, &bare(*minute, n));
        }
    }
    bench.settle().unwrap();
    let accounts = bench.ledger.said().accounts;
    let late: Vec<u64> = accounts.values().map(|account| account.late).collect();
    assert_eq!(
        late,
        [1, 0, 1],
        "older than the largest seen less two minutes, by source"
    );
}

#[test]
fn a_source_that_was_never_heard_of_holds_the_clock() {
    let mut plan = plan();
    plan.detect.events_min = 15; // every quarter reports
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    });
    for minute in 0..60 {
        bench.produce_to(0, &bare(minute, 0));
        bench.produce_to(1, &bare(minute, 1));
    }
    bench.settle().unwrap();
    assert_eq!(bench.clock_of("fraud"), None);
    assert!(values(&bench, "reports").is_empty());
    bench.produce_to(2, &bare(40, 2));
    bench.settle().unwrap();
    assert_eq!(
        bench.clock_of("fraud"),
        Some(START + 38 * MINUTE),
        "the slowest source less the disorder"
    );
    assert_eq!(
        values(&bench, "reports").len(),
        4,
        "score and errors, in the quarters that end at 15 and 30"
    );
}

/// Lets the sources be quiet for longer than the idle timeout, with the wall clock at `minute`.
fn let_idle(bench: &mut Bench, minute: i64) {
    bench.clock.set_wall(START + minute * MINUTE);
    for _ in 0..3 {
        bench.clock.pass(Duration::from_secs(400));
        bench.settle().unwrap();
    }
}

#[test]
fn a_silent_source_follows_the_wall_clock_only_with_ticks_and_when_nothing_lies_beyond() {
    let expected = Some(START + (100 - 5 - 2) * MINUTE);
    for (setup, clock) in [(Setup::default(), None), (with_ticks(), expected)] {
        let mut bench = Bench::new(setup);
        bench.produce_to(0, &bare(120, 0));
        bench.produce_to(1, &bare(120, 0));
        bench.settle().unwrap();
        let_idle(&mut bench, 100);
        assert_eq!(bench.clock_of("fraud"), clock);
    }
    let mut bench = Bench::new(with_ticks());
    bench.produce_to(0, &bare(120, 0));
    bench.produce_to(1, &bare(120, 0));
    bench.log.open_transaction("in", 2);
    bench.settle().unwrap();
    let_idle(&mut bench, 100);
    assert_eq!(
        bench.clock_of("fraud"),
        None,
        "what an open transaction holds would be late"
    );
    bench.log.end_transactions();
    let_idle(&mut bench, 100);
    assert_eq!(bench.clock_of("fraud"), expected);
}

/// A source with recent records that has been quiet for less than the idle timeout does not follow the wall clock.
#[test]
fn a_busy_source_does_not_follow_the_wall_clock() {
    let mut bench = Bench::new(with_ticks());
    for partition in 0..3 {
        bench.produce_to(partition, &bare(10, 0));
    }
    bench.settle().unwrap();
    bench.clock.set_wall(START + 60 * MINUTE);
    bench.clock.pass(Duration::from_secs(200)); // less than the idle timeout
    bench.settle().unwrap();
    assert_eq!(bench.clock_of("fraud"), Some(START + 8 * MINUTE));
}

#[test]
fn when_all_is_silent_the_clock_moves_and_silence_is_found_in_event_time() {
    let mut bench = Bench::new(with_ticks());
    let day = 1_440;
    let events: Vec<Event> = (0..day + 60)
        .flat_map(|minute| (0..6).map(move |n| bare(minute, n)))
        .collect();
    bench.produce(&events);
    bench.settle().unwrap();
    assert!(alerts(&bench).is_empty(), "{:?}", alerts(&bench));
    let_idle(&mut bench, day + 180);
    let found = alerts(&bench);
    assert_eq!(
        found,
        ["volume firing fraud - volume 2026-01-06T01:15:00Z"],
        "silent from 01:00 on"
    );
    // Traffic returns and resolves the alert.
    bench.clock.set_wall(START + (day + 240) * MINUTE);
    let events: Vec<Event> = (day + 180..day + 240)
        .flat_map(|minute| (0..6).map(move |n| bare(minute, n)))
        .collect();
    bench.produce(&events);
    bench.settle().unwrap();
    let found = alerts(&bench);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].starts_with("volume resolved fraud"), "{found:?}");
}

#[test]
fn a_wrong_clock_is_refused_and_moves_nothing() {
    let limits = Limits::default();
    let mut bench = Bench::new(Setup {
        partitions: 1,
        ..Setup::default()
    });
    bench.produce(&[bare(10, 0)]);
    let arrival = START + 11 * MINUTE;
    for time in [
        arrival + limits.future_millis_max + 1,
        arrival - limits.age_millis_max - 1,
        0,
    ] {
        bench.produce(&[Event {
            arrival,
            ..Event::bare("fraud", "1", "x", time)
        }]);
    }
    // This event is ahead of its arrival, but within the limit. It is counted, and the watermark does not pass the
    // arrival time.
    bench.produce(&[Event {
        arrival,
        ..Event::bare("fraud", "1", "y", arrival + limits.future_millis_max)
    }]);
    bench.settle().unwrap();
    let account = &bench.ledger.said().accounts[&0];
    let refused = BTreeMap::from([("timestamp_in_future", 1), ("timestamp_too_old", 2)]);
    assert_eq!((account.counted, &account.rejected), (2, &refused));
    assert_eq!(bench.clock_of("fraud"), Some(arrival - 2 * MINUTE));
}

/// One producer's clock is 50 minutes ahead, and stamps the arrival as well (`CreateTime`). Its record is counted at its
/// own time; the right events of the next 50 minutes are not late.
#[test]
fn a_live_record_that_is_stamped_ahead_makes_no_right_event_late() {
    let mut bench = Bench::new(Setup {
        partitions: 1,
        ..Setup::default()
    });
    let read_at = |bench: &mut Bench, minute: i64, event: Event| {
        bench.clock.set_wall(START + minute * MINUTE);
        bench.produce(&[event]);
        bench.settle().unwrap();
    };
    for minute in 0..10 {
        read_at(&mut bench, minute, bare(minute, 0));
    }
    read_at(&mut bench, 10, bare(60, 1));
    assert_eq!(bench.clock_of("fraud"), Some(START + 8 * MINUTE));
    for minute in 11..70 {
        read_at(&mut bench, minute, bare(minute, 2));
    }
    read_at(&mut bench, 70, bare(70 + 121, 3)); // two hours and a minute ahead
    let said = bench.ledger.said();
    let account = &said.accounts[&0];
    let refused = BTreeMap::from([("timestamp_in_future", 1)]);
    assert_eq!(
        (account.counted, account.late, &account.rejected),
        (70, 0, &refused)
    );
    assert_eq!(said.ahead, BTreeMap::from([(0, 1)]));
    assert_eq!(bench.clock_of("fraud"), Some(START + 67 * MINUTE));
}

/// A crash and a wall clock that then shows another time neither lose a record nor move a watermark back.
#[test]
fn a_restart_under_another_wall_clock_goes_on_from_what_was_announced() {
    let mut bench = Bench::new(Setup {
        partitions: 1,
        ..Setup::default()
    });
    bench.clock.set_wall(START + 20 * MINUTE);
    bench.produce(&[bare(10, 0), bare(60, 1)]);
    bench.settle().unwrap();
    assert_eq!(bench.clock_of("fraud"), Some(START + 18 * MINUTE));
    for wall in [5, 90] {
        bench.take_over_all();
        bench.clock.set_wall(START + wall * MINUTE);
        bench.produce(&[bare(20, wall)]);
        bench.settle().unwrap();
        assert_eq!(bench.clock_of("fraud"), Some(START + 18 * MINUTE), "{wall}");
    }
    let account = &bench.ledger.said().accounts[&0];
    assert_eq!((account.counted, account.late), (4, 0));
}

/// Each window is evaluated once and in order, without windows that overlap the learning span, and not again after a
/// crash.
#[test]
fn a_clock_that_jumps_judges_every_boundary_once_and_in_order() {
    let mut events = Traffic {
        incident: None,
        minutes: 250,
        ..Traffic::of_five_hours(4)
    }
    .events();
    // No events for forty minutes, then all sources continue at once.
    events.retain(|event| !(190..230).contains(&((event.time - START) / MINUTE)));
    let mut bench = Bench::new(Setup {
        crashes: vec![20, 33, 40],
        ..Setup::default()
    });
    bench.produce(&events);
    bench.settle().unwrap();
    let mut ends: BTreeMap<(String, String, i64), Vec<i64>> = BTreeMap::new();
    for (model, version, length, end) in bench.ledger.said().windows {
        ends.entry((model, version, length))
            .or_default()
            .push(end - START / MINUTE);
    }
    let last = bench.clock_of("fraud").unwrap() / MINUTE - START / MINUTE;
    assert_eq!(
        ends.len(),
        3 * 2,
        "three versions in windows of two lengths"
    );
    for ((model, version, length), found) in ends {
        let holds_any = |end: &i64| *end - length < 190 || *end > 230;
        let learned = if model == "fraud" { 120 } else { 135 }; // churn has too few events at 120
        let wanted: Vec<i64> = (learned + length..=last).filter(holds_any).collect();
        assert_eq!(
            found, wanted,
            "{model} {version}, windows of {length} minutes"
        );
    }
}

#[test]
fn a_new_version_is_judged_against_the_models_reference_at_once() {
    let mut events = Traffic {
        incident: None,
        minutes: 200,
        company: false,
        bad_in: None,
        ..Traffic::of_five_hours(4)
    }
    .events();
    let from = START + 160 * MINUTE;
    let cents = Traffic {
        incident: Some((0, 40, crate::traffic::Incident::Cents)),
        minutes: 40,
        company: false,
        bad_in: None,
        ..Traffic::of_five_hours(9)
    };
    for event in cents.events() {
        let json = String::from_utf8(event.payload).unwrap();
        let (old, new) = (event.time, event.time - START + from);
        let json = json
            .replace(&old.to_string(), &new.to_string())
            .replace(r#""version":"1""#, r#""version":"2""#);
        events.push(Event::at(new, json));
    }
    events.sort_by_key(|event| event.time);
    let bench = Bench::over(&events, Setup::default());
    let firing = values(&bench, "drift")
        .into_iter()
        .find(|alert| alert["status"] == "firing")
        .unwrap();
    assert_eq!(
        (firing["version"].as_str(), firing["subject"].as_str()),
        (Some("2"), Some("feature:amount"))
    );
    let end = firing["window"]["end"].as_str().unwrap();
    assert!(
        ("2026-01-05T02:40:00Z".."2026-01-05T02:50:00Z").contains(&end),
        "at 02:40 it came, at {end} it was found"
    );
}
