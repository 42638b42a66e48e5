//! A model that is too small to be judged is named with the number that it lacks, and with what would help.

use tidegauge::pipeline::unjudged::Unjudged;
use tidegauge::window::WindowLength;

use crate::bench::{Bench, Setup};
use crate::traffic::{Event, MINUTE, START, Traffic};

/// Why `fraud` cannot be judged once all events are judged.
fn verdict(events: &[Event]) -> Option<Unjudged> {
    let mut bench = Bench::new(Setup::default());
    bench.produce(events);
    bench.close_at(events.last().unwrap().time + 10 * MINUTE);
    bench.settle().unwrap();
    bench.ledger.said().unjudged["fraud"]
}

fn traffic(per_minute: i64, minutes: i64) -> Vec<Event> {
    let traffic = Traffic {
        per_minute,
        minutes,
        incident: None,
        bad_in: None,
        company: false,
        ..Traffic::of_five_hours(3)
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
}

#[test]
fn a_model_that_learns_or_is_judged_says_nothing() {
    for minutes in [90, 300] {
        assert_eq!(verdict(&traffic(40, minutes)), None);
    }
}
