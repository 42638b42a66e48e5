//! A model that is too small to be judged is named with the number that it lacks, and with what would help.

use tidegauge::event::EventTime;
use tidegauge::pipeline::observations::Forgotten;
use tidegauge::pipeline::remarks::Remark;
use tidegauge::pipeline::unjudged::Unjudged;
use tidegauge::window::{Boundary, WindowLength};

use crate::bench::{Bench, Setup, plan};
use crate::published::values;
use crate::traffic::{Event, MINUTE, START, Traffic};

/// Why `fraud` cannot be judged once all events are judged.
fn verdict(events: &[Event]) -> Option<Unjudged> {
    let bench = Bench::judged(events, plan(), 10);
    bench.ledger.said().unjudged["fraud"]
}

fn traffic(per_minute: i64, minutes: i64) -> Vec<Event> {
    let traffic = Traffic {
        per_minute,
        minutes,
        ..Traffic::of_fraud_alone(3)
    };
    traffic.events()
}

#[test]
fn a_model_whose_longest_window_is_too_thin_says_so() {
    let mut events = traffic(40, 3 * 60);
    let end = START + 3 * 60 * MINUTE;
    let thin = (0..40).map(|n| end + n * 5 * MINUTE);
    events.extend(thin.map(|time| Event::bare("fraud", "1", &time.to_string(), time)));
    let expected = Unjudged::TooFewToJudge {
        window: WindowLength::from_minutes(60).unwrap(),
        predictions: 12,
        needed: 30,
    };
    assert_eq!(verdict(&events), Some(expected));
}

#[test]
fn a_model_that_never_learns_says_so_after_a_month() {
    let three_hourly = |days: i64| -> Vec<Event> {
        let event =
            |nth: i64| Event::bare("fraud", "1", &nth.to_string(), START + nth * 180 * MINUTE);
        (0..days * 8).map(event).collect()
    };
    assert_eq!(verdict(&three_hourly(29)), None);
    let expected = Unjudged::TooFewToLearn {
        predictions: 240,
        needed: 300,
    };
    assert_eq!(verdict(&three_hourly(32)), Some(expected));
    // One voice: what cannot be judged at all has no time before which it cannot be judged.
    let reasons = |days| {
        let said = Bench::judged(&three_hourly(days), plan(), 10).ledger.said();
        let remarks = said.remarks["fraud"].iter();
        remarks.map(Remark::name).collect::<Vec<_>>()
    };
    assert_eq!(reasons(29), ["learning"]);
    assert_eq!(reasons(32), [] as [&str; 0]);
}

/// Twenty predictions, and then none: after half of `bounds.retire` that is said, and after the whole the model is forgotten.
#[test]
fn a_model_that_falls_silent_before_it_has_a_reference_says_so_before_it_is_forgotten() {
    const DAY: i64 = 1_440;
    for gap in [3, 60] {
        let events = (0..20).map(|n| {
            let time = START + n * gap * MINUTE;
            Event::bare("fraud", "1", &n.to_string(), time)
        });
        let events: Vec<Event> = events.collect();
        let last = events.last().unwrap().time;
        let mut bench = Bench::new(Setup::default());
        bench.produce(&events);
        let mut until = |minutes: i64| {
            bench.close_at(last + minutes * MINUTE);
            bench.settle().unwrap();
            bench.ledger.said()
        };
        // `bounds.retire` is seven days in these tests.
        let said = until(3 * DAY);
        assert_eq!(said.unjudged["fraud"], None, "it may come back");
        let since = Boundary::at_or_before(EventTime(last)).floor(15);
        let until_forgotten = since.plus_minutes(7 * DAY);
        let expected = Unjudged::FellSilent {
            since,
            until: until_forgotten,
        };
        let said = until(4 * DAY);
        assert_eq!(said.unjudged["fraud"], Some(expected));
        assert_eq!(said.remarks["fraud"], [], "one voice");
        let is_of_fraud = |own: &Forgotten| own.model == "fraud" && own.is_whole();
        assert!(!said.forgotten.iter().any(is_of_fraud));
        assert!(until(8 * DAY).forgotten.iter().any(is_of_fraud));
    }
}

#[test]
fn a_model_that_learns_or_is_judged_says_nothing() {
    for minutes in [90, 300] {
        assert_eq!(verdict(&traffic(40, minutes)), None);
    }
}

/// Every event carries one second. Once the partition is silent, the clock goes on, and the model says what is wrong.
#[test]
fn a_model_whose_events_all_carry_one_second_says_so() {
    // Also one that does not lie on a quarter of an hour.
    for (count, time) in [(300, START), (5_000, START + 7 * MINUTE + 13_000)] {
        let same = (0..count).map(|nth| Event::bare("fraud", "1", &format!("{nth}"), time));
        let events: Vec<Event> = same.collect();
        let mut bench = Bench::new(Setup::default());
        bench.produce(&events);
        bench.close_at(START + 130 * MINUTE);
        bench.settle().unwrap();
        let said = bench.ledger.said().unjudged["fraud"];
        let expected = Unjudged::OneTime {
            predictions: count,
            hours: 2,
        };
        assert_eq!(said, Some(expected));
    }
}

/// Beside others in its partition, its events are late once the clock is past their second: an alert on the partition says so.
#[test]
fn events_of_one_second_beside_others_open_an_alert_of_their_partition() {
    let mut events = traffic(40, 3 * 60);
    let stuck = (0..3 * 60 * 10).map(|nth| {
        let arrival = START + nth * MINUTE / 10;
        Event {
            arrival,
            ..Event::bare("stuck", "1", &format!("s{nth}"), START)
        }
    });
    events.extend(stuck);
    events.sort_by_key(|event| event.arrival);
    let mut bench = Bench::new(Setup::default());
    bench.produce(&events);
    bench.close_at(START + 190 * MINUTE);
    bench.settle().unwrap();
    let late = |alert: &serde_json::Value| alert["detector"] == "late_flood";
    assert!(values(&bench, "anomaly").iter().any(late));
}
