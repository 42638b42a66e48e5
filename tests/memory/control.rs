//! Orders of operators: each takes effect at one boundary and once, whatever is restarted, and bad ones change nothing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tidegauge::event::EventTime;
use tidegauge::pipeline::remarks::Remark;
use tidegauge::pipeline::state::StateKey;
use tidegauge::runtime::FirstStart;
use tidegauge::window::{Boundary, WindowLength, WindowSpec};

use crate::bench::{Bench, Setup, plan};
use crate::memory_log::StoredRecord;
use crate::published::{Published, assert_same, published, values};
use crate::traffic::{Event, Incident, MINUTE, START, Traffic};

/// Minute up to which the clock has come when an order is given.
const ORDERED: i64 = 240;
const END: i64 = 500;

/// A change of `fraud` from minute 215 on that lasts.
fn traffic(seed: u64) -> Traffic {
    Traffic {
        minutes: END,
        incident: Some((215, END, Incident::Cents)),
        bad_in: None,
        ..Traffic::of_five_hours(seed)
    }
}

fn split(events: Vec<Event>, minute: i64) -> (Vec<Event>, Vec<Event>) {
    let until = START + minute * MINUTE;
    events.into_iter().partition(|event| event.time < until)
}

fn time(minute: i64) -> String {
    let millis = START + minute * MINUTE;
    jiff::Timestamp::from_millisecond(millis)
        .unwrap()
        .to_string()
}

fn give(bench: &Bench, value: &str) {
    let record = StoredRecord {
        key: Some(b"fraud".to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
        arrival: Some(START + ORDERED * MINUTE),
    };
    bench.log.produce("control", 0, record);
}

fn order(id: &str, model: &str, fields: &str) -> String {
    format!(r#"{{"schema":"tidegauge.order/1","id":"{id}","model":"{model}","by":"ann",{fields}}}"#)
}

const RELEARN: &str = r#""action":"relearn""#;

/// Reads the traffic before the order, gives `orders`, and reads the rest.
fn run(seed: u64, setup: Setup, orders: &[String], between: impl Fn(&mut Bench)) -> Bench {
    run_over(traffic(seed).events(), setup, orders, between)
}

fn run_over(
    events: Vec<Event>,
    setup: Setup,
    orders: &[String],
    between: impl Fn(&mut Bench),
) -> Bench {
    let (before, after) = split(events, ORDERED);
    let mut bench = Bench::new(setup);
    bench.produce(&before);
    bench.settle().unwrap();
    for order in orders {
        give(&bench, order);
    }
    bench.settle().unwrap();
    between(&mut bench);
    bench.produce(&after);
    bench.close_at(START + (END + 20) * MINUTE);
    bench.settle().unwrap();
    bench
}

fn audits(bench: &Bench) -> Vec<Value> {
    let records = values(bench, "anomaly").into_iter();
    records
        .filter(|record| record["kind"] == "control")
        .collect()
}

/// Statuses of the drift alerts of `fraud` with the minute of each.
fn drifts(bench: &Bench) -> Vec<(String, i64)> {
    let alerts = values(bench, "drift").into_iter();
    let of_fraud = alerts.filter(|alert| alert["model"] == "fraud");
    of_fraud
        .map(|alert| {
            let at: jiff::Timestamp = alert["at"].as_str().unwrap().parse().unwrap();
            let minute = (at.as_millisecond() - START) / MINUTE;
            (alert["status"].as_str().unwrap().to_owned(), minute)
        })
        .collect()
}

/// Spans of the references of a model.
fn spans(bench: &Bench, model: &str) -> Vec<(String, String)> {
    let references = values(bench, "references").into_iter();
    let own = references.filter(|reference| reference["model"] == model);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    own.map(|r| (text(&r["span"]["start"]), text(&r["span"]["end"])))
        .collect()
}

fn plain(seed: u64, orders: &[String]) -> Bench {
    run(seed, Setup::default(), orders, |_| {})
}

fn relearned(seed: u64, setup: Setup, between: impl Fn(&mut Bench)) -> (Bench, Published) {
    let bench = run(seed, setup, &[order("o1", "fraud", RELEARN)], between);
    let published = published(&bench);
    (bench, published)
}

#[test]
fn an_order_to_learn_anew_takes_effect_once_whatever_is_restarted() {
    for seed in 1..=3 {
        let (bench, wanted) = relearned(seed, Setup::default(), |_| {});
        let audits = audits(&bench);
        assert_eq!(audits.len(), 1, "{audits:#?}");
        assert_eq!(audits[0]["outcome"], "applied");
        // The clock stands two minutes before the last event, and the order takes effect at the boundary after it.
        assert_eq!(audits[0]["at"], time(ORDERED - 2), "seed {seed}");
        assert_eq!(audits[0]["learns_from"], time(ORDERED));
        assert_eq!(
            spans(&bench, "fraud"),
            [(time(0), time(120)), (time(240), time(360))]
        );
        assert_eq!(
            spans(&bench, "churn").len(),
            1,
            "another model is left alone"
        );
        let drifts = drifts(&bench);
        assert_eq!(
            drifts.last().unwrap(),
            &("resolved".to_owned(), ORDERED - 2)
        );
        let resolved = values(&bench, "drift").pop().unwrap();
        let text = resolved["annotations"]["description"].as_str().unwrap();
        assert!(text.contains("order o1 drops the reference"), "{text}");
        assert_eq!(resolved["reference_id"], audits[0]["reference_id"]);

        let two = Setup {
            members: 2,
            ..Setup::default()
        };
        let (_, found) = relearned(seed, two, Bench::take_over_all);
        assert_same(
            &wanted,
            &found,
            "two members, taken over before the boundary",
        );
        let often = Setup {
            checkpoint: Duration::from_secs(3_600),
            crashes: (1..60).map(|n| n * 7).collect(),
            ..Setup::default()
        };
        let (bench, found) = relearned(seed, often, Bench::take_over_all);
        assert_same(&wanted, &found, "many crashes");
        assert!(bench.replayed > 0);
    }
}

#[test]
fn an_order_waits_in_the_state_and_is_not_obeyed_again_when_its_frames_are_read_again() {
    let setup = Setup {
        checkpoint: Duration::from_secs(3_600),
        ..Setup::default()
    };
    let (mut bench, before) = relearned(1, setup, Bench::take_over_all);
    let state = bench.state();
    bench.take_over_all();
    bench.settle().unwrap();
    assert!(bench.replayed > 0, "the frame of the order was read again");
    let said = bench.ledger.said().orders;
    let all: Vec<_> = said.into_iter().collect();
    assert_eq!(
        all,
        [(("relearn", "applied"), 1)],
        "it was not even taken again"
    );
    assert_same(&before, &published(&bench), "a restart at the end");
    assert!(bench.state() == state, "the state's bytes");
}

#[test]
fn an_order_that_is_given_twice_is_obeyed_once() {
    let twice = [order("o1", "fraud", RELEARN), order("o1", "fraud", RELEARN)];
    let bench = plain(1, &twice);
    assert_eq!(audits(&bench).len(), 1);
    let said = bench.ledger.said().orders;
    assert_eq!(said[&("relearn", "repeated")], 1);
    assert_eq!(said[&("relearn", "applied")], 1);
}

#[test]
fn what_is_no_order_or_names_no_model_is_refused_and_stops_nothing() {
    let bad = [
        "not json".to_owned(),
        order("o2", "nobody", RELEARN),
        order("o3", "fraud", r#""action":"pin""#),
        order("o4", "fraud", RELEARN),
    ];
    let bench = plain(1, &bad);
    let outcomes: Vec<(Value, Value)> = audits(&bench)
        .into_iter()
        .map(|audit| (audit["order"].clone(), audit["outcome"].clone()))
        .collect();
    let mut outcomes: Vec<String> = outcomes
        .iter()
        .map(|(order, outcome)| format!("{order} {outcome}").replace('"', ""))
        .collect();
    outcomes.sort();
    assert_eq!(
        outcomes,
        [
            "control/0@0 refused",
            "control/0@2 refused",
            "o2 refused",
            "o4 applied"
        ]
    );
    let letters = bench.log.read("dead-letters");
    assert_eq!(letters.len(), 2, "each stays byte for byte");
    assert_eq!(letters[0].value.as_deref(), Some(&b"not json"[..]));
    let unchanged = plain(1, &bad[..3]);
    let none = plain(1, &[]);
    assert_eq!(drifts(&unchanged), drifts(&none));
    assert_eq!(spans(&unchanged, "fraud"), spans(&none, "fraud"));
}

#[test]
fn a_question_changes_nothing() {
    let bench = plain(
        1,
        &[order("o1", "fraud", r#""action":"relearn","dry_run":true"#)],
    );
    let audits = audits(&bench);
    assert_eq!(audits[0]["outcome"], "would_apply");
    assert_eq!(audits[0]["learns_from"], time(ORDERED));
    assert_eq!(drifts(&bench), drifts(&plain(1, &[])));
}

#[test]
fn panes_that_are_kept_are_learned_from_at_once() {
    let since = |minute: i64| {
        let fields = format!(r#""action":"relearn","since":"{}""#, time(minute));
        order("o1", "fraud", &fields)
    };
    // The longest window is an hour, so two hours and a quarter are kept.
    let bench = plain(1, &[since(200)]);
    let audit = audits(&bench).remove(0);
    assert_eq!(
        (&audit["outcome"], &audit["learns_from"]),
        (&"applied".into(), &time(210).into())
    );
    assert_eq!(spans(&bench, "fraud")[1], (time(210), time(330)));
    let old = plain(1, &[since(100)]);
    let audit = audits(&old).remove(0);
    assert_eq!(audit["outcome"], "refused");
    let reason = audit["reason"].as_str().unwrap();
    assert!(
        reason.contains(&format!("`--since {}`", time(105))),
        "{reason}"
    );
    let mut plan = plan();
    plan.windows.push(WindowSpec {
        length: WindowLength::from_minutes(240).unwrap(),
        step_minutes: 15,
    });
    let longer = Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    };
    let at_once = run(1, longer, &[since(105)], |_| {});
    assert_eq!(spans(&at_once, "fraud")[1], (time(105), time(240)));
    let future = plain(1, &[since(400)]);
    assert_eq!(audits(&future)[0]["outcome"], "refused");
}

#[test]
fn an_alert_that_is_approved_ends_and_its_state_is_ordinary() {
    let fired = |bench: &Bench| {
        let alerts = values(bench, "drift").into_iter();
        let mut fired =
            alerts.filter(|alert| alert["model"] == "fraud" && alert["status"] == "firing");
        fired.next().unwrap()
    };
    let alert = fired(&plain(1, &[]));
    let approve = |model: &str, started: &str| {
        let fingerprint = alert["fingerprint"].as_str().unwrap();
        let fields =
            format!(r#""action":"approve","alert":"{fingerprint}","started_at":"{started}""#);
        order("o1", model, &fields)
    };
    let started = alert["started_at"].as_str().unwrap().to_owned();
    let bench = plain(1, &[approve("fraud", &started)]);
    let audit = audits(&bench).remove(0);
    assert_eq!(audit["outcome"], "applied");
    assert_eq!(audit["alert"], alert["fingerprint"]);
    assert_eq!(
        audit["learns_from"],
        time(225),
        "the quarter of an hour after the start of the alert"
    );
    assert_eq!(
        drifts(&bench).last().unwrap(),
        &("resolved".to_owned(), ORDERED - 2)
    );
    for (model, started) in [("fraud", time(1)), ("churn", started)] {
        let bench = plain(1, &[approve(model, &started)]);
        assert_eq!(audits(&bench)[0]["outcome"], "refused", "{model} {started}");
    }
}

/// The traffic in two segments of the same size.
fn with_tiers(events: Vec<Event>) -> Vec<Event> {
    let tiered = |(n, mut event): (usize, Event)| {
        let tier = ["a", "b"][n % 2];
        let json = String::from_utf8(event.payload).unwrap();
        let segments = format!(r#""segments":{{"tier":"{tier}"}},"features":"#);
        event.payload = json.replacen(r#""features":"#, &segments, 1).into_bytes();
        event
    };
    events.into_iter().enumerate().map(tiered).collect()
}

/// References of `fraud` in the state, and the bytes of what else is known of the model.
fn held(bench: &Bench) -> (Vec<Option<String>>, Vec<u8>) {
    let (mut references, mut knowledge) = (Vec::new(), Vec::new());
    for ((_, key), value) in bench.state() {
        match postcard::from_bytes::<(u8, StateKey, u16)>(&key).unwrap() {
            (_, StateKey::Reference(model, segment), 0) if model == "fraud" => {
                references.push(segment.map(|segment| segment.to_string()));
            }
            (_, StateKey::Model(model), 0) if model == "fraud" => knowledge = value,
            _ => {}
        }
    }
    (references, knowledge)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[test]
fn segments_and_learned_variability_go_with_the_reference_and_are_learned_anew() {
    let mut plan = plan();
    plan.segments.keys = vec!["tier".into()];
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    });
    let (before, after) = split(with_tiers(traffic(2).events()), ORDERED);
    bench.produce(&before);
    bench.settle().unwrap();
    let (references, knowledge) = held(&bench);
    assert_eq!(references.len(), 3, "{references:?}");
    assert!(contains(&knowledge, "psi"), "variability of a detector");
    give(&bench, &order("o1", "fraud", RELEARN));
    bench.settle().unwrap();
    let (soon, after): (Vec<_>, Vec<_>) = split(after, ORDERED + 30);
    bench.produce(&soon);
    bench.settle().unwrap();
    let (references, knowledge) = held(&bench);
    assert_eq!(references, []);
    assert!(!contains(&knowledge, "psi"), "no cause, no variability");
    bench.take_over_all();
    bench.produce(&after);
    bench.close_at(START + (END + 20) * MINUTE);
    bench.settle().unwrap();
    let learned = values(&bench, "references").into_iter();
    let mut anew: Vec<(String, Value)> = learned
        .filter(|r| r["model"] == "fraud" && r["span"]["start"] == time(ORDERED).as_str())
        .map(|r| (r["segment"].to_string(), r["span"]["end"].clone()))
        .collect();
    anew.sort_by(|(a, _), (b, _)| a.cmp(b));
    let end = Value::from(time(360));
    let wanted = ["\"tier=a\"", "\"tier=b\"", "null"].map(|name| (name.to_owned(), end.clone()));
    assert_eq!(anew, wanted);
    assert_eq!(drifts(&bench).last().unwrap().0, "resolved");
}

#[test]
fn alerts_about_data_end_with_the_reference_too() {
    let nulls = Traffic {
        incident: Some((215, END, Incident::Nulls)),
        ..traffic(1)
    };
    let orders = [order("o1", "fraud", RELEARN)];
    let bench = run_over(nulls.events(), Setup::default(), &orders, |_| {});
    let alerts = values(&bench, "anomaly").into_iter();
    let of_data: Vec<(Value, Value)> = alerts
        .filter(|alert| alert["kind"] == "data_quality")
        .map(|alert| (alert["status"].clone(), alert["at"].clone()))
        .collect();
    assert_eq!(of_data[0].0, "firing");
    let last = of_data.last().unwrap();
    assert_eq!(
        (&last.0, &last.1),
        (&"resolved".into(), &time(ORDERED - 2).into())
    );
}

#[test]
fn an_order_that_was_given_before_the_first_start_is_read() {
    let mut bench = Bench::new(Setup {
        first: FirstStart::Latest,
        ..Setup::default()
    });
    give(&bench, &order("o1", "nobody", RELEARN));
    bench.settle().unwrap();
    assert_eq!(audits(&bench), [] as [Value; 0], "no clock, no boundary");
    bench.take_over_all();
    let (events, _) = split(traffic(1).events(), 20);
    let (first, then) = split(events, 10);
    for part in [first, then] {
        bench.produce(&part);
        bench.settle().unwrap();
    }
    let audits = audits(&bench);
    assert_eq!(audits.len(), 1);
    assert_eq!(audits[0]["outcome"], "refused");
    assert!(
        audits[0]["reason"]
            .as_str()
            .unwrap()
            .contains("no model of this name")
    );
}

/// Tier `c` has about one prediction a minute: too few for a reference in two hours.
#[test]
fn a_small_segment_learns_nothing_from_before_the_order() {
    let mut plan = plan();
    plan.segments.keys = vec!["tier".into()];
    let setup = Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    };
    let events = with_tiers(traffic(3).events()).into_iter().enumerate();
    let rare = |(n, mut event): (usize, Event)| {
        if n % 16 == 0 || n % 120 == 2 {
            let json = String::from_utf8(event.payload).unwrap();
            event.payload = json.replace(r#""tier":"a""#, r#""tier":"c""#).into_bytes();
        }
        event
    };
    let orders = [order("o1", "fraud", RELEARN)];
    let bench = run_over(events.map(rare).collect(), setup, &orders, |_| {});
    let learned = values(&bench, "references").into_iter();
    let of_c: Vec<Value> = learned
        .filter(|r| r["model"] == "fraud" && r["segment"] == "tier=c")
        .map(|r| r["span"]["start"].clone())
        .collect();
    assert_eq!(of_c, [time(0), time(ORDERED)].map(Value::from));
}

/// The alert begins at minute 215, and two hours and a quarter are kept: three hours later, its start is not.
#[test]
fn an_approval_that_reaches_back_further_than_panes_are_kept_says_from_when_on_the_model_learns() {
    const LATER: i64 = 420;
    for seed in 1..=3 {
        let (before, after) = split(traffic(seed).events(), LATER);
        let mut bench = Bench::new(Setup::default());
        bench.produce(&before);
        bench.settle().unwrap();
        let alerts = values(&bench, "drift").into_iter();
        let mut fired = alerts.filter(|r| r["model"] == "fraud" && r["status"] == "firing");
        let alert = fired.next().unwrap();
        let fingerprint = alert["fingerprint"].as_str().unwrap();
        let fields = format!(r#""action":"approve","alert":"{fingerprint}""#);
        give(&bench, &order("o1", "fraud", &fields));
        bench.settle().unwrap();
        bench.produce(&after);
        bench.close_at(START + (END + 20) * MINUTE);
        bench.settle().unwrap();
        let audit = audits(&bench).remove(0);
        assert_eq!(audit["outcome"], "applied", "seed {seed}: {audit}");
        assert_eq!(audit["asked_from"], time(225));
        let from = audit["learns_from"].as_str().unwrap();
        assert!(*from >= *time(270) && *from <= *time(300), "{from}");
        let text = audit["annotations"]["description"].as_str().unwrap();
        assert!(text.contains(&format!("{from} is the oldest")), "{text}");
        assert_eq!(spans(&bench, "fraud")[1].0, from);
    }
    let whole = audits(&plain(1, &[order("o1", "fraud", RELEARN)])).remove(0);
    assert_eq!(whole["asked_from"], Value::Null);
}

#[test]
fn what_a_model_waits_for_names_the_order_that_lets_it_learn() {
    for seed in 1..=3 {
        let (before, after) = split(traffic(seed).events(), ORDERED);
        let mut bench = Bench::new(Setup::default());
        bench.produce(&before);
        bench.settle().unwrap();
        give(&bench, &order("o1", "fraud", RELEARN));
        bench.settle().unwrap();
        bench.produce(&split(after, ORDERED + 60).0);
        bench.settle().unwrap();
        let said = bench.ledger.said().remarks["fraud"].clone();
        let ordered: Vec<_> = said
            .iter()
            .filter_map(|remark| match remark {
                Remark::Learning(awaited) => awaited.ordered_from,
                _ => None,
            })
            .collect();
        let from = Boundary::at_or_before(EventTime(START + ORDERED * MINUTE));
        assert_eq!(ordered, [from], "seed {seed}: {said:?}");
    }
}
