//! The order `pin`: an accepted fault is given up again, and the reference from before judges as if it had never gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tidegauge::pipeline::state::StateKey;
use tidegauge::pipeline::unpaged::Unpaged;

use crate::bench::{Bench, Setup, plan};
use crate::memory_log::StoredRecord;
use crate::published::{assert_same, published, values};
use crate::traffic::{Event, Incident, MINUTE, START, Traffic};

/// Minute at which an alert that fires is approved by mistake.
pub const APPROVED: i64 = 240;
/// Minute at which that is undone. It is no quarter of an hour, and the reference of the approval was learned at 345.
pub const PINNED: i64 = 400;
/// Minute of the second fault. A window of an hour from before it is ordinary.
pub const AGAIN: i64 = 475;
const END: i64 = 540;
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;
/// Longest time from a fault to its alert in this traffic, in minutes.
const DELAY: i64 = 15;

/// Traffic in which the amounts are in cents from minute 215 to `until`, and from `again` on.
pub fn traffic(seed: u64, until: i64, again: i64) -> Vec<Event> {
    let of = |from, until| Traffic {
        minutes: END,
        incident: Some((from, until, Incident::Cents)),
        bad_in: None,
        ..Traffic::of_five_hours(seed)
    };
    let (first, _) = split(of(215, until).events(), until.min(again));
    let (_, second) = split(of(again, END).events(), until.min(again));
    first.into_iter().chain(second).collect()
}

pub fn split(events: Vec<Event>, minute: i64) -> (Vec<Event>, Vec<Event>) {
    let until = START + minute * MINUTE;
    events.into_iter().partition(|event| event.time < until)
}

fn time(minute: i64) -> String {
    let millis = START + minute * MINUTE;
    jiff::Timestamp::from_millisecond(millis)
        .unwrap()
        .to_string()
}

pub fn give(bench: &Bench, order: &str) {
    let record = StoredRecord {
        key: Some(b"fraud".to_vec()),
        value: Some(order.as_bytes().to_vec()),
        headers: Vec::new(),
        arrival: Some(START),
    };
    bench.log.produce("control", 0, record);
}

pub fn order(id: &str, model: &str, fields: &str) -> String {
    format!(r#"{{"schema":"tidegauge.order/1","id":"{id}","model":"{model}","by":"ann",{fields}}}"#)
}

pub fn pin(id: &str, reference: &str) -> String {
    let fields = format!(r#""action":"pin","reference":"{reference}""#);
    order(id, "fraud", &fields)
}

/// Approves the alert of `fraud` that fires.
fn approve(bench: &Bench) -> String {
    let alerts = values(bench, "drift").into_iter();
    let mut fired = alerts.filter(|r| r["model"] == "fraud" && r["status"] == "firing");
    let alert = fired.next().unwrap();
    let fields = format!(r#""action":"approve","alert":{}"#, alert["fingerprint"]);
    order("approve", "fraud", &fields)
}

fn audits(bench: &Bench) -> Vec<Value> {
    let records = values(bench, "anomaly").into_iter();
    records
        .filter(|record| record["kind"] == "control")
        .collect()
}

/// The audit of the order of this id.
fn audit(bench: &Bench, id: &str) -> Value {
    let mut all = audits(bench).into_iter();
    all.find(|audit| audit["order"] == id).unwrap()
}

/// Statuses of the drift alerts of `fraud` with the minute of each.
fn drifts(bench: &Bench) -> Vec<(String, i64)> {
    let alerts = values(bench, "drift").into_iter();
    let of_fraud = alerts.filter(|alert| alert["model"] == "fraud");
    of_fraud
        .map(|alert| {
            let status = alert["status"].as_str().unwrap().to_owned();
            (status, minute(&alert["at"]))
        })
        .collect()
}

pub fn minute(time: &Value) -> i64 {
    let at: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    (at.as_millisecond() - START) / MINUTE
}

/// Id and time of the reference of `fraud` that is in force by what was published. No two are in force since the same time.
pub fn in_force(bench: &Bench) -> (String, i64) {
    let all = values(bench, "references").into_iter();
    let own = all.filter(|r| r["model"] == "fraud" && r["segment"] == Value::Null);
    let since = own.map(|r| {
        let id = r["id"].as_str().unwrap().to_owned();
        (minute(&r["in_force_since"]), id)
    });
    let mut by_time = BTreeMap::new();
    for (since, id) in since {
        let other = by_time.insert(since, id.clone());
        assert!(
            other.is_none_or(|other| other == id),
            "two references since {since}"
        );
    }
    let (since, id) = by_time.pop_last().unwrap();
    (id, since)
}

/// What the state holds of `fraud`, except panes.
pub fn held(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    let mut held = BTreeMap::new();
    for ((_, key), value) in bench.state() {
        let (_, key, part): (u8, StateKey, u16) = postcard::from_bytes(&key).unwrap();
        let whose = match &key {
            StateKey::Reference(model, _)
            | StateKey::Variability(model, _)
            | StateKey::Former(model)
            | StateKey::Model(model) => model,
            _ => continue,
        };
        if whose == "fraud" {
            held.insert(format!("{key:?} {part}"), value);
        }
    }
    held
}

pub fn names(held: &BTreeMap<String, Vec<u8>>, kind: &str) -> usize {
    held.keys().filter(|name| name.starts_with(kind)).count()
}

/// True if something was learned of how far the model varies from its reference.
fn knows_what_is_ordinary(held: &BTreeMap<String, Vec<u8>>) -> bool {
    let whole = &held["Variability(\"fraud\", None) 0"];
    whole.windows(3).any(|part| part == b"psi")
}

/// A model that has learned and fires, of which the alert was approved, up to minute [`PINNED`]. Returns what comes then, and
/// the id of the reference that the approval dropped.
fn mistaken(events: Vec<Event>, setup: Setup) -> (Bench, Vec<Event>, String) {
    let (before, rest) = split(events, APPROVED);
    let mut bench = Bench::new(setup);
    bench.produce(&before);
    bench.settle().unwrap();
    give(&bench, &approve(&bench));
    bench.settle().unwrap();
    let (then, rest) = split(rest, PINNED);
    bench.produce(&then);
    bench.settle().unwrap();
    let audit = audit(&bench, "approve");
    assert_eq!(audit["outcome"], "applied", "{audit}");
    let former = audit["pinnable_id"].as_str().unwrap().to_owned();
    assert_eq!(audit["reference_id"], former.as_str());
    (bench, rest, former)
}

/// Gives `orders` at minute [`PINNED`], and reads the rest.
fn then(
    mut bench: Bench,
    rest: &[Event],
    orders: &[String],
    between: impl Fn(&mut Bench),
) -> Bench {
    for order in orders {
        give(&bench, order);
    }
    bench.settle().unwrap();
    between(&mut bench);
    bench.produce(rest);
    bench.close_at(START + (END + 20) * MINUTE);
    bench.settle().unwrap();
    bench
}

fn undone(seed: u64, setup: Setup, between: impl Fn(&mut Bench)) -> (Bench, String) {
    let (bench, rest, former) = mistaken(traffic(seed, 300, AGAIN), setup);
    let bench = then(bench, &rest, &[pin("o2", &former)], between);
    (bench, former)
}

#[test]
fn an_approval_by_mistake_is_undone_and_the_next_fault_is_found_as_the_first() {
    for seed in SEEDS {
        let (bench, former) = undone(seed, Setup::default(), |_| {});
        let at = PINNED - 2;
        let audit = audit(&bench, "o2");
        assert_eq!(audit["outcome"], "applied", "seed {seed}: {audit}");
        assert_eq!(
            (&audit["at"], &audit["pinned_id"]),
            (&time(at).into(), &former.as_str().into())
        );
        assert_eq!(in_force(&bench), (former, at), "seed {seed}");
        let drifts = drifts(&bench);
        let first = drifts
            .iter()
            .find(|(status, _)| status == "firing")
            .unwrap();
        assert!((215..=215 + DELAY).contains(&first.1), "{drifts:?}");
        let ended = ("resolved".to_owned(), APPROVED - 2);
        assert!(drifts.contains(&ended), "seed {seed}: {drifts:?}");
        // Against the reference of the approval, ordinary traffic may be drift. The pin ends that.
        let after: Vec<_> = drifts.iter().filter(|(_, minute)| *minute > at).collect();
        let (status, found) = after[0];
        assert_eq!(status, "firing", "seed {seed}: {drifts:?}");
        assert!((AGAIN..=AGAIN + DELAY).contains(found), "{drifts:?}");
        assert_same_after_restarts(seed, &bench);
    }
}

/// Between the order and its boundary, all members die.
fn assert_same_after_restarts(seed: u64, wanted: &Bench) {
    let wanted = published(wanted);
    let two = Setup {
        members: 2,
        ..Setup::default()
    };
    let (bench, _) = undone(seed, two, Bench::take_over_all);
    assert_same(&wanted, &published(&bench), "two members, taken over");
    let often = Setup {
        checkpoint: Duration::from_secs(3_600),
        crashes: (1..60).map(|n| n * 11).collect(),
        ..Setup::default()
    };
    let (mut bench, _) = undone(seed, often, Bench::take_over_all);
    assert_same(&wanted, &published(&bench), "many crashes");
    let state = bench.state();
    bench.take_over_all();
    bench.settle().unwrap();
    assert!(bench.replayed > 0, "the frame of the order was read again");
    assert!(bench.state() == state, "the state's bytes");
    assert_same(&wanted, &published(&bench), "a restart at the end");
}

/// Without the fault's end, the alert must come again; but no window from before the pin is compared.
#[test]
fn windows_that_reach_into_the_time_of_the_other_reference_are_not_judged() {
    for seed in SEEDS {
        let (bench, rest, former) = mistaken(traffic(seed, END, END), Setup::default());
        let bench = then(bench, &rest, &[pin("o2", &former)], Bench::take_over_all);
        let at = PINNED - 2;
        let alerts = values(&bench, "drift").into_iter();
        let mut fired = alerts.filter(|alert| {
            alert["model"] == "fraud"
                && alert["status"] == "firing"
                && minute(&alert["started_at"]) > at
        });
        let alert = fired.next().unwrap();
        let start = minute(&alert["window"]["start"]);
        assert!(start >= at, "seed {seed}: a window from {start}");
        let found = minute(&alert["at"]);
        let soon = at + 15..=at + 15 + DELAY;
        assert!(soon.contains(&found), "seed {seed}: {found}");
    }
}

#[test]
fn what_cannot_be_pinned_is_refused_with_what_can_and_a_question_changes_nothing() {
    for seed in SEEDS {
        let (bench, rest, former) = mistaken(traffic(seed, 300, AGAIN), Setup::default());
        let mistake = in_force(&bench).0;
        let question = order(
            "o4",
            "fraud",
            &format!(r#""action":"pin","reference":"{former}","dry_run":true"#),
        );
        let orders = [
            pin("o2", &"0".repeat(32)),
            pin("o3", &mistake),
            question,
            order(
                "o5",
                "churn",
                &format!(r#""action":"pin","reference":"{former}""#),
            ),
        ];
        let asked = then(bench, &rest, &orders, |_| {});
        for (id, what) in [("o2", "is not kept"), ("o3", "is in force")] {
            let audit = audit(&asked, id);
            assert_eq!(audit["outcome"], "refused", "{audit}");
            let reason = audit["reason"].as_str().unwrap();
            assert!(reason.contains(what), "{reason}");
            let named =
                format!("what can be pinned is reference {former}, until 2026-02-04T03:58:00Z");
            assert!(reason.contains(&named), "{reason}");
        }
        let question = audit(&asked, "o4");
        assert_eq!(question["outcome"], "would_apply", "{question}");
        assert_eq!(question["pinned_id"], former.as_str());
        assert_eq!(question["pinnable_id"], mistake.as_str());
        let other = audit(&asked, "o5");
        let reason = other["reason"].as_str().unwrap();
        assert!(reason.contains("the model has none"), "{reason}");
        let (bench, rest, _) = mistaken(traffic(seed, 300, AGAIN), Setup::default());
        let silent = then(bench, &rest, &[], |_| {});
        assert_eq!(drifts(&asked), drifts(&silent), "seed {seed}");
        assert_eq!(in_force(&asked), in_force(&silent));
    }
}

/// Tiers of `fraud`, each of half the traffic.
fn with_tiers(events: Vec<Event>) -> Vec<Event> {
    let tiered = |(n, mut event): (usize, Event)| {
        let json = String::from_utf8(event.payload).unwrap();
        let tier = ["a", "b"][n % 2];
        let segments = format!(r#""segments":{{"tier":"{tier}"}},"features":"#);
        event.payload = json.replacen(r#""features":"#, &segments, 1).into_bytes();
        event
    };
    events.into_iter().enumerate().map(tiered).collect()
}

/// All orders take effect at the same boundary, one after the other.
#[test]
fn a_pin_is_undone_by_a_pin_and_brings_back_segments_and_what_was_learned() {
    let mut plan = plan();
    plan.segments.keys = vec!["tier".into()];
    let setup = Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    };
    for seed in SEEDS {
        let run = |orders: &dyn Fn(&str, &str) -> Vec<String>| {
            let events = with_tiers(traffic(seed, 300, AGAIN));
            let (mut bench, rest, former) = mistaken(events, setup.clone());
            let mistake = in_force(&bench).0;
            for order in orders(&former, &mistake) {
                give(&bench, &order);
            }
            bench.settle().unwrap();
            // No quarter of an hour passes, so nothing is learned.
            bench.produce(&split(rest, PINNED + 6).0);
            bench.settle().unwrap();
            (held(&bench), former, mistake, bench)
        };
        let (once, former, ..) = run(&|former, _| vec![pin("o2", former)]);
        assert_eq!(names(&once, "Reference"), 3, "{:?}", once.keys());
        assert_eq!(names(&once, "Variability"), 3);
        assert_eq!(names(&once, "Former"), 1);
        assert!(knows_what_is_ordinary(&once), "seed {seed}");
        let (twice, _, mistake, bench) =
            run(&|former, mistake| vec![pin("o2", former), pin("o3", mistake)]);
        assert_eq!(in_force(&bench).0, mistake, "seed {seed}");
        assert_eq!(audit(&bench, "o3")["pinnable_id"], former.as_str());
        let thrice =
            run(&|former, mistake| vec![pin("o2", former), pin("o3", mistake), pin("o4", former)]);
        let changed = |other: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
            let of_once = once
                .iter()
                .filter(|(key, value)| other.get(*key) != Some(value));
            of_once.map(|(key, _)| key.clone()).collect()
        };
        assert!(changed(&twice).len() > 4, "seed {seed}");
        assert_eq!(changed(&thrice.0), [""; 0], "seed {seed}");
        assert_eq!(once.len(), thrice.0.len());
    }
}

/// Before the model has learned again, there is nothing to keep, so that what the first order dropped stays.
#[test]
fn an_order_to_learn_anew_that_follows_another_does_not_forget_the_reference() {
    for seed in SEEDS {
        let (before, rest) = split(traffic(seed, 300, AGAIN), APPROVED);
        let mut bench = Bench::new(Setup::default());
        bench.produce(&before);
        bench.settle().unwrap();
        let former = in_force(&bench).0;
        let relearn = |id| order(id, "fraud", r#""action":"relearn""#);
        let orders = [relearn("r1"), relearn("r2"), pin("o2", &former)];
        let bench = then(bench, &rest, &orders, |_| {});
        let pinned = audit(&bench, "o2");
        assert_eq!(pinned["outcome"], "applied", "{pinned}");
        assert_eq!(audit(&bench, "r2")["pinnable_id"], former.as_str());
        assert_eq!(in_force(&bench), (former, APPROVED - 2));
        // Nothing was learned meanwhile, so there is no way back.
        assert_eq!(pinned["pinnable_id"], Value::Null);
        assert_eq!(names(&held(&bench), "Former"), 0);
    }
}

/// A row number grew while the reference was learned. It must not page once that reference is back.
#[test]
fn what_only_grows_is_still_known_to_grow() {
    let row = |nth: i64| {
        let at = START + nth * MINUTE / 40;
        let json = format!(
            r#"{{"id":"{nth}","model":"fraud","version":"1","timestamp":{at},"features":{{"row":{nth},"age":{}}},"prediction":{{"score":0.5}}}}"#,
            nth % 50
        );
        Event::at(at, json)
    };
    let (before, rest) = split((0..END * 40).map(row).collect(), APPROVED);
    let mut bench = Bench::new(Setup::default());
    bench.produce(&before);
    bench.settle().unwrap();
    let former = in_force(&bench).0;
    give(&bench, &order("r1", "fraud", r#""action":"relearn""#));
    bench.settle().unwrap();
    let (then_ordinary, rest) = split(rest, PINNED);
    bench.produce(&then_ordinary);
    bench.settle().unwrap();
    let bench = then(bench, &rest, &[pin("o2", &former)], |_| {});
    assert_eq!(audit(&bench, "o2")["outcome"], "applied");
    let growing = BTreeMap::from([("feature:row".to_owned(), Unpaged::Growing)]);
    assert_eq!(bench.ledger.said().unpaged["fraud"], growing);
    assert_eq!(drifts(&bench), [] as [(String, i64); 0]);
}
