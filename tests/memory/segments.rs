//! Segments: drift in one segment only, limits on segment values, and the whole scope, which counts every prediction
//! once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::Value;
use tidegauge::pipeline::{Plan, SegmentsPlan};

use crate::bench::{Bench, Setup, plan};
use crate::memory_log::PlannedFault;
use crate::published::{assert_same, published, values};
use crate::traffic::{Event, MINUTE, START, shuffled};

/// Predictions per minute. In one hour, 5 % of them are more than the minimum number of events of a window.
const PER_MINUTE: i64 = 100;

fn by(keys: &[&str]) -> Plan {
    Plan {
        segments: SegmentsPlan {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            ..SegmentsPlan::default()
        },
        ..plan()
    }
}

/// The plan with reports of windows that hold few predictions.
fn with_thin_reports(mut plan: Plan) -> Plan {
    plan.detect.events_min = 1;
    plan
}

fn setup(plan: Plan) -> Setup {
    Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    }
}

fn run(events: &[Event], minutes: i64, setup: Setup) -> Bench {
    let mut bench = Bench::new(setup);
    bench.produce(events);
    bench.close_at(START + (minutes + 2) * MINUTE);
    bench.settle().unwrap();
    bench
}

fn prediction(id: &str, time: i64, amount: f64, segments: &str, variant: &str) -> Event {
    let json = format!(
        r#"{{"id":"{id}","model":"fraud","version":"1","timestamp":{time},"features":{{"amount":{amount}}},"prediction":{{"score":0.5}},"segments":{{{segments}}},"variant":"{variant}"}}"#
    );
    Event::at(time, json)
}

/// Traffic with 5 % gold, 35 % silver and 60 % base; one in ten predictions is a canary. From minute `from` on, the
/// amounts of gold are four times as high.
fn tiers(seed: u64, minutes: i64, from: i64) -> Vec<Event> {
    let mut random = Rng::with_seed(seed);
    let mut events = Vec::new();
    for minute in 0..minutes {
        for n in 0..PER_MINUTE {
            let time = START + minute * MINUTE + n * MINUTE / PER_MINUTE;
            let tier = match n % 20 {
                0 => "gold",
                1..=7 => "silver",
                _ => "base",
            };
            let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
            let is_moved = tier == "gold" && minute >= from;
            let amount = (3.0 + normal).exp() * if is_moved { 4.0 } else { 1.0 };
            let variant = if random.u32(0..10) == 0 {
                "canary"
            } else {
                "default"
            };
            let tier = format!(r#""tier":"{tier}""#);
            events.push(prediction(
                &format!("{minute}-{n}"),
                time,
                amount,
                &tier,
                variant,
            ));
        }
    }
    events
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// Predictions in windows of 15 minutes, by segment.
fn counted(bench: &Bench) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for report in values(bench, "reports") {
        let is_asked = report["window"]["length"] == "15m" && report["subject"] == "score";
        if is_asked && report["model"] == "fraud" {
            *counted
                .entry(text(&report["segment"]).to_owned())
                .or_default() += report["predictions"].as_u64().unwrap();
        }
    }
    counted
}

#[test]
fn drift_in_a_twentieth_of_the_traffic_is_found_where_it_is() {
    let (minutes, from) = (300, 190);
    let whole_only = run(&tiers(1, minutes, from), minutes, setup(by(&[])));
    assert_eq!(
        values(&whole_only, "drift").len(),
        0,
        "the whole is too large to notice"
    );
    let bench = run(
        &tiers(1, minutes, from),
        minutes,
        setup(by(&["tier", "variant"])),
    );
    let alerts = values(&bench, "drift");
    let first = alerts.iter().find(|a| a["status"] == "firing").unwrap();
    assert_eq!(text(&first["segment"]), "tier=gold");
    assert_eq!(text(&first["subject"]), "feature:amount");
    let blamed: BTreeSet<&str> = alerts
        .iter()
        .flat_map(|alert| alert["causes"].as_array().unwrap())
        .map(|cause| text(&cause["segment"]))
        .collect();
    assert_eq!(blamed, BTreeSet::from(["tier=gold"]));
    assert_eq!(values(&bench, "anomaly").len(), 0);
    // The alert uses the segment's own reference, and its exemplars are predictions of the segment.
    let references = values(&bench, "references");
    let of_gold = references.iter().find(|r| r["segment"] == "tier=gold");
    assert_eq!(first["reference_id"], of_gold.unwrap()["id"]);
    let exemplars = first["exemplars"].as_array().unwrap();
    let is_gold = |id: &str| id.split('-').nth(1).unwrap().parse::<i64>().unwrap() % 20 == 0;
    assert!(!exemplars.is_empty());
    assert!(
        exemplars
            .iter()
            .all(|exemplar| is_gold(text(&exemplar["prediction_id"])))
    );
}

#[test]
fn segments_are_learned_from_the_span_of_their_whole() {
    let bench = run(&tiers(2, 150, 150), 150, setup(by(&["tier", "variant"])));
    let learned: BTreeMap<String, (String, u64)> = values(&bench, "references")
        .iter()
        .map(|r| {
            let span = format!("{} {}", text(&r["span"]["start"]), text(&r["span"]["end"]));
            let predictions = r["predictions"].as_u64().unwrap();
            (text(&r["segment"]).to_owned(), (span, predictions))
        })
        .collect();
    let names: Vec<&str> = learned.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "-",
            "tier=base",
            "tier=gold",
            "tier=silver",
            "variant=canary",
            "variant=default"
        ]
    );
    let spans: BTreeSet<&String> = learned.values().map(|(span, _)| span).collect();
    assert_eq!(spans.len(), 1);
    for key in ["tier", "variant"] {
        let of_key = learned.iter().filter(|(name, _)| name.starts_with(key));
        let sum: u64 = of_key.map(|(_, (_, predictions))| predictions).sum();
        assert_eq!(sum, learned["-"].1, "the values of {key} make up the whole");
    }
}

/// Traffic by tiers. From minute `from` on, every tenth prediction has a new tier.
fn with_a_newcomer(minutes: i64, from: i64) -> Vec<Event> {
    let mut events = tiers(3, minutes, minutes);
    for event in events.iter_mut().step_by(10) {
        if event.time >= START + from * MINUTE {
            let json = String::from_utf8(event.payload.clone()).unwrap();
            let tier = json.find(r#""tier":""#).unwrap() + 8;
            let end = tier + json[tier..].find('"').unwrap();
            event.payload = format!("{}new{}", &json[..tier], &json[end..]).into_bytes();
        }
    }
    events
}

#[test]
fn a_segment_that_comes_later_learns_its_own_reference() {
    let minutes = 300;
    for (from, wanted) in [
        (50, "00:00 02:00"),
        (80, "01:15 03:15"),
        (140, "02:15 04:15"),
    ] {
        let bench = run(
            &with_a_newcomer(minutes, from),
            minutes,
            setup(by(&["tier"])),
        );
        let references = values(&bench, "references");
        let new: Vec<&Value> = references
            .iter()
            .filter(|r| r["segment"] == "tier=new")
            .collect();
        assert_eq!(new.len(), 1, "from minute {from}");
        let hour = |end: &str| text(&new[0]["span"][end])[11..16].to_owned();
        assert_eq!(
            format!("{} {}", hour("start"), hour("end")),
            wanted,
            "from minute {from}"
        );
        assert_eq!(values(&bench, "drift").len(), 0);
    }
}

#[test]
fn the_whole_counts_everything_once_whatever_is_counted_beside_it() {
    let events = tiers(4, 200, 200);
    let (without, with) = (
        run(&events, 200, setup(with_thin_reports(by(&[])))),
        run(
            &events,
            200,
            setup(with_thin_reports(by(&["tier", "variant", "absent"]))),
        ),
    );
    // Counts without the findings, because all slices share the budget of false alarms.
    let shapes = |bench: &Bench| -> Vec<Value> {
        let whole = values(bench, "reports").into_iter();
        let whole = whole.filter(|report| report["segment"].is_null());
        let strip = |mut report: Value| {
            report.as_object_mut().unwrap().remove("findings");
            report
        };
        whole.map(strip).collect()
    };
    assert_eq!(shapes(&without), shapes(&with));
    let counted = counted(&with);
    assert_eq!(counted["-"], 195 * PER_MINUTE as u64);
    for key in ["tier", "variant"] {
        let of_key = counted.iter().filter(|(name, _)| name.starts_with(key));
        assert_eq!(of_key.map(|(_, count)| count).sum::<u64>(), counted["-"]);
    }
    let whole = |bench: &Bench| {
        let references = values(bench, "references").into_iter();
        references
            .filter(|r| r["segment"].is_null())
            .collect::<Vec<_>>()
    };
    assert_eq!(whole(&without), whole(&with));
    assert_eq!(
        with.ledger.said().windows,
        without.ledger.said().windows,
        "metrics are of wholes"
    );
}

/// Ten thousand users with one prediction each within an hour, in three regions.
fn users() -> Vec<Event> {
    let of_user = |n: i64| {
        let time = START + n * 60 * MINUTE / 10_000;
        let region = ["eu", "us", "apac"][n as usize % 3];
        let segments = format!(r#""user":"u{n}","region":"{region}""#);
        prediction(&format!("{n}-0"), time, 1.0, &segments, "default")
    };
    (0..10_000).map(of_user).collect()
}

#[test]
fn ten_thousand_values_are_bounded_and_counted_in_any_order() {
    let bounded = || {
        let mut plan = with_thin_reports(by(&["user", "region"]));
        plan.segments.values_max = 5;
        plan
    };
    let one = run(
        &users(),
        90,
        Setup {
            partitions: 1,
            ..setup(bounded())
        },
    );
    let counted = counted(&one);
    assert_eq!(counted["-"], 10_000);
    let regions = counted
        .iter()
        .filter(|(name, _)| name.starts_with("region"));
    assert_eq!(
        regions.map(|(_, count)| count).sum::<u64>(),
        10_000,
        "one key does not crowd out another"
    );
    let users = counted.iter().filter(|(name, _)| name.starts_with("user"));
    let (admitted, of_users): (Vec<_>, Vec<u64>) = users.unzip();
    assert_eq!(admitted.len(), 5);
    let overflow = one.ledger.said().overflow;
    assert_eq!(
        overflow.segments + of_users.iter().sum::<u64>(),
        10_000,
        "what is not counted is"
    );
    assert_eq!((overflow.predictions, overflow.features), (0, 0));
    for (partitions, seed) in [(3, 1), (8, 2)] {
        let setup = Setup {
            partitions,
            crashes: vec![5, 9],
            ..setup(bounded())
        };
        let other = run(&shuffled(self::users(), seed, 100_000), 90, setup);
        assert_same(
            &published(&one),
            &published(&other),
            &format!("{partitions} partitions"),
        );
        assert_eq!(other.ledger.said().overflow, overflow);
    }
}

#[test]
fn a_restart_in_the_middle_of_learning_and_of_an_alert_changes_nothing() {
    let events = shuffled(tiers(1, 270, 190), 7, 100_000);
    let calm = run(&events, 270, setup(by(&["tier", "variant"])));
    assert!(!values(&calm, "drift").is_empty());
    let mut troubled = Bench::new(Setup {
        faults: [vec![PlannedFault::None; 5], vec![PlannedFault::Refused]].concat(),
        ..setup(by(&["tier", "variant"]))
    });
    for part in events.chunks(3_000) {
        troubled.produce(part);
        troubled.take_over(&["in", "panes"]);
        troubled.settle().unwrap();
    }
    troubled.close_at(START + 272 * MINUTE);
    troubled.settle().unwrap();
    assert!(troubled.replayed > 0, "open panes were rebuilt");
    assert_same(&published(&calm), &published(&troubled), "restarts");
    assert_eq!(calm.ledger.said().overflow, troubled.ledger.said().overflow);
}

#[test]
fn a_segment_that_is_silent_for_long_leaves_nothing_and_makes_room() {
    let mut plan = with_thin_reports(by(&["tier"]));
    plan.segments.values_max = 3;
    plan.bounds.retire_minutes = 120;
    // Gold lasts twenty minutes, too short to learn from. Silver lasts two and a half hours. Another tier begins after
    // five hours.
    let mut events = tiers(5, 420, 420);
    for event in &mut events {
        let minute = (event.time - START) / MINUTE;
        let json = String::from_utf8(event.payload.clone()).unwrap();
        let of = |name: &str| format!(r#""tier":"{name}""#);
        let gold = match minute {
            0..20 => "gold",
            20..300 => "base",
            _ => "late",
        };
        let silver = if minute < 150 { "silver" } else { "base" };
        let moved = json.replace(&of("gold"), &of(gold));
        event.payload = moved.replace(&of("silver"), &of(silver)).into_bytes();
    }
    let bench = run(&events, 420, setup(plan));
    let counted = counted(&bench);
    assert!(counted.contains_key("tier=late"), "{counted:?}");
    assert_eq!(bench.ledger.said().overflow.segments, 0);
    let about = |name: &str| {
        let needle = format!("{}{name}", name.len() as u8 as char).into_bytes();
        let state = bench.state();
        state
            .keys()
            .filter(|(_, key)| key.windows(needle.len()).any(|window| window == needle))
            .count()
    };
    assert!(about("base") > 0 && about("late") > 0);
    assert_eq!(
        (about("gold"), about("silver")),
        (0, 0),
        "panes and references are gone"
    );
}

/// The limits keep one of two versions and two of three features.
#[test]
fn what_the_whole_turns_away_its_segments_turn_away_without_counting_it_again() {
    let mut events = Vec::new();
    for n in 0..600 {
        let time = START + n * MINUTE / 10;
        let version = ["1", "2"][n as usize % 2];
        let tier = ["gold", "base"][n as usize / 2 % 2];
        let json = format!(
            r#"{{"id":"{n}","model":"fraud","version":"{version}","timestamp":{time},"features":{{"a":1,"b":2,"c":3}},"prediction":{{"score":0.5}},"segments":{{"tier":"{tier}"}}}}"#
        );
        events.push(Event::at(time, json));
    }
    let bounded = |keys: &[&str]| {
        let mut plan = by(keys);
        plan.bounds.versions_max = 1;
        plan.bounds.features_max = 2;
        run(&events, 60, setup(plan))
    };
    let (without, with) = (bounded(&[]), bounded(&["tier"]));
    let overflow = with.ledger.said().overflow;
    assert!(overflow.predictions > 0 && overflow.features > 0);
    assert_eq!(overflow, without.ledger.said().overflow);
    let kept = |segment: Option<&str>| -> BTreeSet<(String, String)> {
        let reports = values(&with, "reports").into_iter();
        reports
            .filter(|report| report["segment"].as_str() == segment && report["model"] == "fraud")
            .map(|r| {
                (
                    text(&r["version"]).to_owned(),
                    text(&r["subject"]).to_owned(),
                )
            })
            .collect()
    };
    assert_eq!(
        kept(None).len(),
        4,
        "two features, the score and the errors"
    );
    assert_eq!(kept(Some("tier=gold")), kept(None));
}
