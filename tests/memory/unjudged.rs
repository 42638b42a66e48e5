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
    let expected = Unjudged::TooFewToJudge {
        window: WindowLength::from_minutes(60).unwrap(),
        predictions: 120,
        needed: 200,
    };
    assert_eq!(verdict(&traffic(2, 11 * 60)), Some(expected));
}

#[test]
fn a_model_that_never_learns_says_so_after_a_month() {
    let hourly = |days: i64| -> Vec<Event> {
        let event =
            |hour: i64| Event::bare("fraud", "1", &hour.to_string(), START + hour * 60 * MINUTE);
        (0..days * 24).map(event).collect()
    };
    assert_eq!(verdict(&hourly(29)), None);
    let expected = Unjudged::TooFewToLearn {
        predictions: 720,
        needed: 1_000,
    };
    assert_eq!(verdict(&hourly(32)), Some(expected));
}

#[test]
fn a_model_that_learns_or_is_judged_says_nothing() {
    for minutes in [90, 300] {
        assert_eq!(verdict(&traffic(40, minutes)), None);
    }
}
