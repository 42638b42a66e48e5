//! What cannot be judged says so once: with the time, the reason, and what would help.

use std::collections::BTreeMap;

use tidegauge::pipeline::observations::DetectableKind;
use tidegauge::pipeline::remarks::{
    AwaitedReference, GivenUp, LateSubject, MissingDays, NamedSubjects, Remark, ShortReference,
    ThinWindows,
};
use tidegauge::pipeline::{Bounds, LearningPlan, Plan};
use tidegauge::window::{Boundary, WeekDays, WindowLength, WindowSpec};

use crate::bench::{Bench, plan};
use crate::published::values;
use crate::traffic::{Event, MINUTE, START, Traffic};

const DAY: i64 = 1_440;

/// The boundary this many minutes after the start.
fn at(minute: i64) -> Boundary {
    Boundary(START / MINUTE + minute)
}

fn window(minutes: u32) -> WindowLength {
    WindowLength::from_minutes(minutes).unwrap()
}

/// Traffic of `fraud` alone, without a fault.
fn traffic(seed: u64, per_minute: i64, minutes: i64) -> Vec<Event> {
    let traffic = Traffic {
        per_minute,
        minutes,
        ..Traffic::of_fraud_alone(seed)
    };
    traffic.events()
}

fn run(events: &[Event], plan: Plan) -> Bench {
    Bench::judged(events, plan, 3)
}

fn remarks(bench: &Bench) -> Vec<Remark> {
    bench.ledger.said().remarks["fraud"].clone()
}

/// What the reference of `fraud` waits for.
fn awaited(bench: &Bench) -> AwaitedReference {
    match remarks(bench).as_slice() {
        [Remark::Learning(awaited)] => *awaited,
        others => panic!("{others:?}"),
    }
}

/// End of the first judged window of `fraud`.
fn first_judged(events: &[Event]) -> Boundary {
    let bench = run(events, plan());
    let windows = bench.ledger.said().windows.into_iter();
    let of_model = windows.filter(|(model, ..)| model == "fraud");
    Boundary(of_model.map(|(.., end)| end).min().unwrap())
}

/// Plan with windows that move by their length: long stories are judged quickly.
fn tumbling(span_minutes: i64) -> Plan {
    let window = |minutes: u32| WindowSpec {
        length: window(minutes),
        step_minutes: i64::from(minutes),
    };
    Plan {
        windows: vec![window(15), window(60)],
        learning: LearningPlan {
            span_minutes,
            ..plan().learning
        },
        ..plan()
    }
}

#[test]
fn a_model_that_learns_says_before_which_time_it_is_not_judged_and_is_judged_then() {
    for seed in 1..=3 {
        let bench = run(&traffic(seed, 40, 75), plan());
        let said = awaited(&bench);
        let expected = AwaitedReference {
            not_before: at(135), // two hours, and the first window of a quarter of an hour
            hours: 1,
            events: 0,
            is_late: false,
            ordered_from: None,
        };
        assert_eq!(said, expected, "seed {seed}");
        assert_eq!(first_judged(&traffic(seed, 40, 200)), said.not_before);
    }
}

/// A thousand predictions at four a minute take more than four hours.
#[test]
fn a_model_that_lacks_predictions_says_when_it_will_have_them_at_its_pace() {
    for seed in 1..=3 {
        let said = awaited(&run(&traffic(seed, 4, 180), plan()));
        assert!(said.is_late && said.hours == 0, "{said:?}");
        assert!((280..=420).contains(&said.events), "{said:?}");
        let judged = first_judged(&traffic(seed, 4, 330));
        let off = judged.0 - said.not_before.0;
        assert!(
            (0..=15).contains(&off),
            "{said:?}, but judged at {judged:?}"
        );
    }
}

#[test]
fn a_model_whose_short_windows_are_too_thin_says_which_ones_judge() {
    for seed in 1..=3 {
        let mut events = traffic(seed, 40, 180);
        let thin = (0..300).map(|n| START + (180 + n) * MINUTE);
        events.extend(thin.map(|time| Event::bare("fraud", "1", &time.to_string(), time)));
        let said = remarks(&run(&events, plan()));
        let expected = ThinWindows {
            thin: window(15),
            predictions: 15,
            judging: window(60),
            needed: 30,
        };
        assert!(said.contains(&Remark::ThinWindows(expected)), "{said:?}");
        let said = remarks(&run(&traffic(seed, 40, 300), plan()));
        let is_thin = |remark: &Remark| matches!(remark, Remark::ThinWindows(_));
        assert!(!said.iter().any(is_thin), "{said:?}");
    }
}

fn days(nths: impl IntoIterator<Item = i64>) -> WeekDays {
    let mut days = WeekDays::default();
    nths.into_iter().for_each(|nth| days.add(at(nth * DAY)));
    days
}

#[test]
fn a_reference_of_less_than_a_week_says_which_days_it_lacks_and_if_that_was_wanted() {
    for seed in 1..=3 {
        let events = traffic(seed, 40, 200);
        for (span_minutes, why) in [
            (7 * DAY, ShortReference::Provisional(at(7 * DAY))),
            (120, ShortReference::Configured(2)),
        ] {
            let said = remarks(&run(&events, tumbling(span_minutes)));
            let expected = Remark::MissingDays(MissingDays {
                known: days([0]),
                why,
            });
            assert!(said.contains(&expected), "seed {seed}: {said:?}");
            let is_wanted = matches!(why, ShortReference::Configured(_));
            assert_eq!(expected.log_key().is_none(), is_wanted);
        }
    }
}

/// Traffic every five minutes of the days that are counted.
fn on_days(days: impl IntoIterator<Item = i64>) -> Vec<Event> {
    let minutes = days
        .into_iter()
        .flat_map(|day| (0..DAY / 5).map(move |n| day * DAY + 5 * n));
    let event = |minute: i64| {
        let time = START + minute * MINUTE;
        Event::bare("fraud", "1", &minute.to_string(), time)
    };
    minutes.map(event).collect()
}

#[test]
fn an_office_says_that_weekends_are_missing_and_a_shop_says_nothing() {
    let missing = |events: &[Event]| {
        let said = remarks(&run(events, tumbling(7 * DAY)));
        said.into_iter().find_map(|remark| match remark {
            Remark::MissingDays(days) => Some(days),
            _ => None,
        })
    };
    let office = on_days((0..10).filter(|day| day % 7 < 5));
    let expected = MissingDays {
        known: days(0..5),
        why: ShortReference::NoTraffic,
    };
    assert_eq!(missing(&office), Some(expected));
    let text = Remark::MissingDays(expected).to_string();
    assert!(text.starts_with("its reference lacks weekends"), "{text}");
    assert_eq!(missing(&on_days(0..8)), None);
}

#[test]
fn a_feature_that_is_always_null_is_said_not_to_be_judged() {
    let with_nulls = |(nth, event): (usize, Event)| {
        let text = String::from_utf8(event.payload).unwrap();
        // One of them is filled once.
        let filled = if nth == 500 { "1" } else { "null" };
        let features = format!(r#""features":{{"void":null,"rare":{filled},"#);
        Event::at(event.time, text.replace(r#""features":{"#, &features))
    };
    for seed in 1..=3 {
        let events = traffic(seed, 40, 200).into_iter().enumerate();
        let events: Vec<Event> = events.map(with_nulls).collect();
        let expected = Remark::OnlyNulls(NamedSubjects {
            total: 1,
            names: vec!["feature:void".to_owned()],
        });
        let said = remarks(&run(&events, plan()));
        assert!(said.contains(&expected), "seed {seed}: {said:?}");
        let mut excluding = plan();
        let exclude = tidegauge::detect::SubjectPattern::new("void");
        excluding.detect.exclude = exclude.into_iter().collect();
        let said = remarks(&run(&events, excluding));
        assert!(!said.contains(&expected), "seed {seed}: {said:?}");
    }
}

/// A window that holds nothing any more finds nothing: what was shown of it ends.
#[test]
fn of_a_window_without_predictions_no_smallest_change_is_shown() {
    let mut bench = run(&traffic(1, 40, 300), plan());
    let shown = |bench: &Bench| {
        let seen = bench.ledger.said().detectable;
        seen[&("fraud".to_owned(), 60)].clone()
    };
    let before = shown(&bench);
    assert!(before.predictions > 0 && !before.kinds.is_empty());
    bench.close_at(START + 480 * MINUTE);
    bench.settle().unwrap();
    let after = shown(&bench);
    assert_eq!((after.predictions, after.kinds.len()), (0, 0));
    assert!(after.end > before.end);
}

/// Its first week holds five days of traffic. On the second Monday, two days of the week that it needs are still missing.
#[test]
fn an_office_never_names_a_time_that_has_passed() {
    let why = |events: &[Event]| {
        let said = remarks(&run(events, tumbling(7 * DAY)));
        said.into_iter().find_map(|remark| match remark {
            Remark::MissingDays(days) => Some(days.why),
            _ => None,
        })
    };
    let weekdays = |until: i64| on_days((0..until).filter(|day| day % 7 < 5));
    let provisional = |day: i64| Some(ShortReference::Provisional(at(day * DAY)));
    assert_eq!(why(&weekdays(5)), provisional(7));
    assert_eq!(why(&weekdays(8)), provisional(9));
}

/// Two hours and a half of traffic, then three hours of two further versions that have three features each.
fn with_late_features(seed: u64) -> Vec<Event> {
    let mut events = traffic(seed, 40, 330);
    for (nth, event) in events.iter_mut().enumerate().skip(40 * 150) {
        let text = String::from_utf8(event.payload.clone()).unwrap();
        let (id, rest) = text.split_once(r#","model""#).unwrap();
        let n = id.len() as f64;
        let (version, features) = if nth % 2 == 0 {
            ("2", format!(r#""u":{n},"v":{n},"w":{n}"#))
        } else {
            ("3", format!(r#""x":{n},"y":{n},"z":{n}"#))
        };
        let rest = rest.replace(r#""version":"1""#, &format!(r#""version":"{version}""#));
        let (start, rest) = rest.split_once(r#""features""#).unwrap();
        let (_, end) = rest.split_once(r#","prediction""#).unwrap();
        let features = format!(r#""features":{{{features}}},"prediction""#);
        event.payload = format!(r#"{id},"model"{start}{features}{end}"#).into_bytes();
    }
    events
}

#[test]
fn a_late_subject_is_announced_once_by_name_and_one_without_a_place_is_said_to_have_none() {
    let late = |subject: &str, given_up| LateSubject {
        model: "fraud".to_owned(),
        subject: format!("feature:{subject}"),
        given_up,
    };
    for seed in 1..=3 {
        // The reference holds three features: three places are left for six.
        for (features_max, given_up) in [(5, 0), (3, 3)] {
            let bounds = Bounds {
                features_max,
                ..plan().bounds
            };
            let bench = run(&with_late_features(seed), Plan { bounds, ..plan() });
            let mut said = bench.ledger.said().late_subjects;
            said.sort_by(|a, b| a.subject.cmp(&b.subject));
            let no_room = (given_up > 0).then_some(GivenUp::NoRoom);
            let first = ["u", "v", "w"].map(|subject| late(subject, None));
            let last = ["x", "y", "z"].map(|subject| late(subject, no_room));
            let expected: Vec<LateSubject> = first.into_iter().chain(last).collect();
            assert_eq!(said, expected, "seed {seed}, {features_max} features");
            let references = values(&bench, "references");
            let subjects = &references.last().unwrap()["subjects"];
            assert!(subjects.get("feature:u").is_some(), "{subjects}");
            let stands = remarks(&bench).contains(&Remark::GivenUp {
                rare: 0,
                no_room: given_up,
            });
            assert_eq!(stands, given_up > 0, "{:?}", remarks(&bench));
        }
    }
}

/// A feature that comes once a day, from the second day on, is given up a month later, whatever is restarted.
#[test]
fn a_subject_that_stays_rare_for_a_month_is_given_up_once() {
    let steady = traffic(1, 40, 150);
    let later = (11..35 * 96).map(|quarter| {
        let time = START + quarter * 15 * MINUTE;
        let event = Event::bare("fraud", "1", &quarter.to_string(), time);
        if quarter >= 96 && quarter % 96 == 0 {
            let text = String::from_utf8(event.payload).unwrap();
            let with = r#""features":{"rare":1},"prediction""#;
            Event::at(time, text.replace(r#""prediction""#, with))
        } else {
            event
        }
    });
    let events: Vec<Event> = steady.into_iter().chain(later).collect();
    let mut said = BTreeMap::new();
    for days in [30, 33] {
        let mut events = events.clone();
        events.retain(|event| event.time < START + days * DAY * MINUTE);
        let mut bench = run(&events, tumbling(120));
        bench.take_over_all();
        let hour_later = events.last().unwrap().time + 60 * MINUTE;
        bench.produce(&[Event::bare("fraud", "1", "after", hour_later)]);
        bench.close_at(hour_later + 10 * MINUTE);
        bench.settle().unwrap();
        said.insert(days, bench.ledger.said().late_subjects);
    }
    let rare = LateSubject {
        model: "fraud".to_owned(),
        subject: "feature:rare".to_owned(),
        given_up: Some(GivenUp::Rare),
    };
    assert_eq!(said, BTreeMap::from([(30, Vec::new()), (33, vec![rare])]));
}

/// The numbers are amount and age, and the score; the categories are country and label.
#[test]
fn what_windows_find_is_shown_by_length_and_published_in_reports() {
    for seed in 1..=3 {
        let bench = run(&traffic(seed, 40, 300), plan());
        let shown = bench.ledger.said().detectable;
        let of = |minutes| &shown[&("fraud".to_owned(), minutes)];
        let sizes = |minutes, kind| of(minutes).kinds[&kind].clone();
        let (short, long) = (
            sizes(15, DetectableKind::Shift),
            sizes(60, DetectableKind::Shift),
        );
        assert_eq!((short.subjects, long.subjects), (3, 3));
        assert!(long.median < short.median, "{long:?} {short:?}");
        assert!((0.1..1.5).contains(&long.median), "{long:?}");
        assert_eq!(sizes(60, DetectableKind::Share).subjects, 2);
        assert_eq!(sizes(60, DetectableKind::Nulls).subjects, 5);
        let reports = values(&bench, "reports");
        let details = |subject: &str, detector: &str| {
            let mut of_subject = reports
                .iter()
                .rev()
                .filter(|report| report["subject"] == subject && report["model"] == "fraud");
            of_subject.next().unwrap()["findings"][detector]["details"].clone()
        };
        let shift = details("feature:amount", "psi")["detectable_shift"].clone();
        assert!((0.1..1.5).contains(&shift.as_f64().unwrap()), "{shift}");
        let share = details("feature:country", "psi")["detectable_share"].clone();
        assert!((0.01..0.5).contains(&share.as_f64().unwrap()), "{share}");
        let nulls = details("feature:age", "null_rate");
        assert!(
            nulls["detectable_rise"].as_f64().unwrap() >= 0.01,
            "{nulls}"
        );
    }
}
