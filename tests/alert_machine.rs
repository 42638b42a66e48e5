//! Scenarios for the alert machine and its episodes: the findings of each minute, and what must be published.
//!
//! A line has the form `minute[-minute]: findings -> publications`. A finding is `[version/]feature[@minutes]` with a
//! verdict: `!` breach at twice the threshold (`!3` at three times; critical from 5 on), `~` lingering, `.` quiet, `?`
//! insufficient data. Minutes that no line names have no findings. A publication is `change severity causes`, with the
//! strongest cause first; `#2` follows the change of an alert of the second wave. If nothing follows the arrow, nothing may be published.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod alert_fixtures;

use std::collections::BTreeMap;

use alert_fixtures::{NOON, context, feature, finding, length, observe, observed, records};
use tidegauge::alert::{
    AlertRecord, AlertSettings, AlertStatus, CAUSES_MAX, Context, Episodes, ScopedFinding,
    WAVES_MAX,
};
use tidegauge::detect::{Family, Finding, Verdict};
use tidegauge::sketch::Subject;
use tidegauge::window::Boundary;

struct Scenario {
    name: &'static str,
    hold: i64,
    keep_firing: i64,
    lines: &'static str,
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "without hold a breach fires at once and resolves after keep_firing of quiet",
        hold: 0,
        keep_firing: 5,
        lines: "
            0: amount! -> opened warning amount
            1-9: amount! ->
            10-14: amount. ->
            15: amount. -> resolved warning amount
            16-30: amount. ->",
    },
    Scenario {
        name: "lingering keeps what fires and starts nothing",
        hold: 0,
        keep_firing: 3,
        lines: "
            0: age~ ->
            1: amount! age~ -> opened warning amount
            2-3: amount. ->
            4: amount~ ->
            5-7: amount. ->
            8: amount. -> resolved warning amount
            9: amount~ ->",
    },
    Scenario {
        name: "hold: pending is published, then firing, once",
        hold: 3,
        keep_firing: 2,
        lines: "
            0: amount! -> held warning amount
            1-2: amount! ->
            3: amount! -> opened warning amount
            4: amount! ->
            5-6: amount. ->
            7: amount. -> resolved warning amount",
    },
    Scenario {
        name: "a held breach that ends is withdrawn, and the next one is a new episode",
        hold: 3,
        keep_firing: 2,
        lines: "
            0: amount! -> held warning amount
            1: amount. -> withdrawn warning amount
            2: amount! -> held warning amount
            3: amount~ -> withdrawn warning amount",
    },
    Scenario {
        name: "silence neither fires a pending cause nor ends it before its time",
        hold: 2,
        keep_firing: 5,
        lines: "
            0: amount! -> held warning amount
            1: amount? ->
            2-3: ->
            4: amount! -> opened warning amount",
    },
    Scenario {
        name: "others join; the same subject in another window does not; the last one resolves it",
        hold: 0,
        keep_firing: 2,
        lines: "
            0: amount! -> opened warning amount
            1: amount! age!3 -> joined warning age,amount
            2: amount! amount@60!4 age!3 ->
            3-4: amount. amount@60. age!3 ->
            5: amount. amount@60. age!3 ->
            6: age. ->
            7: age. ->
            8: age. -> resolved warning age",
    },
    Scenario {
        name: "a new version with the same trouble joins",
        hold: 0,
        keep_firing: 2,
        lines: "
            0: 7/amount! -> opened warning amount
            1: 7/amount! 8/amount!3 -> joined warning amount,amount",
    },
    Scenario {
        name: "severity rises once and never falls within an episode",
        hold: 0,
        keep_firing: 2,
        lines: "
            0: amount!2 -> opened warning amount
            1: amount!6 -> escalated critical amount
            2: amount!2 ->
            3: amount!9 ->
            4: amount!2 age!2 -> joined critical age,amount
            5-6: amount. age. ->
            7: -> resolved critical age,amount",
    },
    Scenario {
        name: "a long window that is judged every 15 minutes is not resolved by the minutes between",
        hold: 0,
        keep_firing: 2,
        lines: "
            0: amount@60! -> opened warning amount
            15: amount@60! ->
            30: amount@60. ->
            32: -> resolved warning amount",
    },
    Scenario {
        name: "silence keeps an alert for one window length and keep_firing, not for ever",
        hold: 0,
        keep_firing: 5,
        lines: "
            0: amount! -> opened warning amount
            3: amount! ->
            4-10: amount? ->
            11-22: ->
            23: -> resolved warning amount",
    },
    Scenario {
        name: "what is held when an episode ends begins the next one",
        hold: 4,
        keep_firing: 0,
        lines: "
            0: amount! -> held warning amount
            1-3: amount! ->
            4: amount! -> opened warning amount
            5: amount! age! ->
            6: amount. age! -> resolved warning amount; held warning age
            7-8: age! ->
            9: age! -> opened warning age",
    },
    Scenario {
        name: "a subject that resolved and fires again does not join again, in no window",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: amount! age! -> opened warning age,amount
            1-2: amount! age. ->
            3-4: amount! age! ->
            5-6: amount! age. ->
            7: amount! age@60! ->",
    },
    Scenario {
        name: "a subject that comes back graver joins",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: amount!9 age! -> opened critical amount,age
            1-2: amount!9 age. ->
            3: amount!9 age!6 -> joined critical amount,age
            4-5: amount!9 age. ->
            6: amount!9 age!6 ->",
    },
    Scenario {
        name: "a subject that was away for a week is new",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: amount! age! -> opened warning age,amount
            1-10079: amount! age. ->
            10080: amount! -> permanent warning amount
            10081: amount! ->
            10082: amount! age! -> joined warning age,amount",
    },
    Scenario {
        name: "what lasts for a week without anything new looks permanent, once",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: amount! -> opened warning amount
            1-99: amount! ->
            100: amount! age! -> joined warning age,amount
            101-10179: amount! ->
            10180: amount! -> permanent warning amount
            10181-10199: amount! ->
            10200: amount! income! -> joined warning amount,income
            10201-20290: amount! ->",
    },
    Scenario {
        name: "a late critical cause opens an alert of its own, which ends on its own",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: row!9 -> opened critical row
            1-1453: row!9 ->
            1454: row!9 early!6 -> joined critical row,early
            1455: row!9 early!6 late!6 -> opened#2 critical late
            1456: row!9 early!6 late!6 age! -> joined#2 critical late,age
            1457: row!9 early!6 late. age. ->
            1458: row!9 early!6 late. age. -> resolved#2 critical late,age
            1459: row!9 late!6 -> joined critical row,early,late
            1460: row!9 late. ->
            1461: row!9 late. ->
            1462-1477: row!9 ->
            1478: row!9 late!6 ->",
    },
    Scenario {
        name: "a cause in a long window may be part of the old trouble: it joins",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: row!9 -> opened critical row
            1-2999: row!9 ->
            3000: row!9 slow@2880!6 -> joined critical row,slow
            3001: row!9 ->",
    },
    Scenario {
        name: "a new version with old trouble joins; so does a late warning",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: 7/row!9 -> opened critical row
            1-1999: 7/row!9 ->
            2000: 7/row!9 8/row!9 -> joined critical row,row
            2001: 7/row!9 8/row!9 age! -> joined critical row,row,age",
    },
    Scenario {
        name: "a warning that becomes critical late leaves the old alert for one of its own",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: row!9 age! -> opened critical row,age
            1-1999: row!9 age! ->
            2000: row!9 age!8 -> opened#2 critical age
            2001: row. age!8 ->
            2002: row. age!8 -> resolved critical row
            2003: row. age!8 income!7 -> joined#2 critical age,income",
    },
    Scenario {
        name: "a warning that becomes critical late escalates the alert that has no other cause",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: row!9 age! -> opened critical row,age
            1-1998: row. age! ->
            1999: age! ->
            2000: age!8 -> escalated critical age
            2001-2002: age!8 ->",
    },
    Scenario {
        name: "a critical cause that joins a warning escalates it",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: amount! -> opened warning amount
            1: amount! age!6 -> escalated critical age,amount",
    },
    Scenario {
        name: "with hold, a late critical cause opens its own alert once it fires, and a spike says nothing",
        hold: 2,
        keep_firing: 1,
        lines: "
            0: row!9 -> held critical row
            1: row!9 ->
            2: row!9 -> opened critical row
            3-1999: row!9 ->
            2000: row!9 late!6 ->
            2001-2099: row!9 late. ->
            2100-2101: row!9 late!6 ->
            2102: row!9 late!6 -> opened#2 critical late",
    },
    Scenario {
        name: "answers are not hidden by features",
        hold: 0,
        keep_firing: 1,
        lines: "
            0: row!9 -> opened critical row
            1: row!9 score! -> opened warning score
            2: row!9 score! label! -> joined warning label,score
            3: row!9 score. label. ->
            4: row!9 score. label. -> resolved warning label,score",
    },
    Scenario {
        name: "of two findings on one cause the graver counts",
        hold: 0,
        keep_firing: 0,
        lines: "
            0: amount. amount!2 amount!4 amount? -> opened warning amount
            1: amount. amount~ ->
            2: amount? amount. -> resolved warning amount",
    },
];

fn parse(word: &str) -> ScopedFinding {
    let (version, rest) = word.split_once('/').unwrap_or(("", word));
    let mark = rest.find(['!', '~', '.', '?']).unwrap();
    let (who, said) = rest.split_at(mark);
    let (name, minutes) = who.split_once('@').unwrap_or((who, "15"));
    let (verdict, effect) = match said.split_at(1) {
        ("!", "") => (Verdict::Breach, 2.0),
        ("!", effect) => (Verdict::Breach, effect.parse().unwrap()),
        ("~", _) => (Verdict::Lingering, 0.9),
        (".", _) => (Verdict::Quiet, 0.1),
        _ => (Verdict::InsufficientData, 0.0),
    };
    let subject = match name {
        "score" => Subject::Score,
        "label" => Subject::Label,
        name => feature(name),
    };
    let finding = Finding {
        subject: Some(subject),
        ..finding(name, verdict, effect)
    };
    observed(version, minutes.parse().unwrap(), finding)
}

/// Findings and expected publications by minute.
fn script(lines: &str) -> BTreeMap<i64, (Vec<ScopedFinding>, String)> {
    let mut script = BTreeMap::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (minutes, rest) = line.split_once(':').unwrap();
        let (findings, expected) = rest.split_once("->").unwrap();
        let (first, last) = minutes.split_once('-').unwrap_or((minutes, minutes));
        for minute in first.parse::<i64>().unwrap()..=last.parse().unwrap() {
            let findings = findings.split_whitespace().map(parse).collect();
            script.insert(minute, (findings, expected.trim().to_owned()));
        }
    }
    script
}

fn told(records: &[AlertRecord]) -> String {
    let one = |record: &AlertRecord| {
        let name = |text: &Option<String>| text.clone().unwrap().replace("feature:", "");
        let causes: Vec<String> = record
            .causes
            .iter()
            .map(|c| name(&c.measure.subject))
            .collect();
        let change = format!("{:?}", record.change.unwrap()).to_lowercase();
        let wave = match record.wave {
            1 => String::new(),
            wave => format!("#{wave}"),
        };
        let severity = record.severity.name();
        format!("{change}{wave} {severity} {}", causes.join(","))
    };
    records.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Runs a scenario minute by minute. `shake` may change anything that must not affect the result.
fn play(
    scenario: &Scenario,
    mut shake: impl FnMut(&mut Episodes, &mut Vec<ScopedFinding>),
) -> Vec<Vec<AlertRecord>> {
    let settings = AlertSettings {
        hold_minutes: scenario.hold,
        keep_firing_minutes: scenario.keep_firing,
        ..AlertSettings::default()
    };
    let script = script(scenario.lines);
    let mut episodes = Episodes::default();
    let last = *script.last_key_value().unwrap().0;
    let minute = |minute| {
        let (mut findings, _) = script.get(&minute).cloned().unwrap_or_default();
        shake(&mut episodes, &mut findings);
        observe(&mut episodes, minute, &findings, &settings)
    };
    (0..=last).map(minute).collect()
}

#[test]
fn scenarios_publish_exactly_their_transitions() {
    for scenario in SCENARIOS {
        let script = script(scenario.lines);
        for (minute, records) in (0..).zip(play(scenario, |_, _| {})) {
            let expected = script.get(&minute).map_or("", |(_, expected)| expected);
            assert_eq!(
                told(&records),
                expected,
                "{}, minute {minute}",
                scenario.name
            );
        }
    }
}

#[test]
fn a_restart_at_any_moment_changes_nothing() {
    for scenario in SCENARIOS {
        let restarted = play(scenario, |episodes, _| {
            let bytes = postcard::to_stdvec(episodes).unwrap();
            let restored: Episodes = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(&restored, episodes, "nothing is forgotten");
            *episodes = restored;
        });
        assert_eq!(restarted, play(scenario, |_, _| {}), "{}", scenario.name);
    }
}

#[test]
fn the_order_of_findings_changes_nothing() {
    for scenario in SCENARIOS {
        let plain = play(scenario, |_, _| {});
        let reversed = play(scenario, |_, findings| findings.reverse());
        assert_eq!(reversed, plain, "{}", scenario.name);
        let mut turns = 0;
        let rotated = play(scenario, |_, findings| {
            turns += 1;
            let by = turns % findings.len().max(1);
            findings.rotate_left(by);
        });
        assert_eq!(rotated, plain, "{}", scenario.name);
    }
}

#[test]
fn ids_are_unique_and_the_fingerprint_is_shared() {
    for scenario in SCENARIOS {
        let records: Vec<AlertRecord> = play(scenario, |_, _| {}).concat();
        let ids: std::collections::BTreeSet<&str> = records.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids.len(), records.len(), "{}", scenario.name);
        let alert = |r: &AlertRecord| (r.area, r.wave);
        for (a, b) in records
            .iter()
            .flat_map(|a| records.iter().map(move |b| (a, b)))
        {
            let is_same = a.fingerprint == b.fingerprint;
            assert_eq!(is_same, alert(a) == alert(b), "{}", scenario.name);
        }
    }
}

#[test]
fn two_hundred_features_page_once() {
    let settings = AlertSettings::default();
    let mut episodes = Episodes::default();
    let all: Vec<ScopedFinding> = (0..200)
        .map(|n| parse(&format!("f{n:03}!{}", 1.5 + f64::from(n) / 100.0)))
        .collect();
    let records = observe(&mut episodes, 0, &all, &settings);
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].causes_total, records[0].causes.len()),
        (200, 20)
    );
    assert_eq!(
        (records[0].new_causes_total, records[0].new_causes.len()),
        (200, 20)
    );
    assert_eq!(records[0].measure.subject.as_deref(), Some("feature:f199"));
    assert!((1..60).all(|minute| observe(&mut episodes, minute, &all, &settings).is_empty()));
    assert_eq!(episodes.firing().count(), 200);
}

#[test]
fn families_do_not_mix() {
    let settings = AlertSettings::default();
    let mut episodes = Episodes::default();
    let mut nulls = parse("age!3");
    nulls.finding.family = Family::DataQuality;
    nulls.finding.detector = "null_rate";
    let records = observe(&mut episodes, 0, &[parse("age!2"), nulls], &settings);
    assert_eq!(records.len(), 2);
    assert_ne!(records[0].fingerprint, records[1].fingerprint);
    assert_eq!(
        episodes.open().map(|key| key.family).collect::<Vec<_>>(),
        [Family::Drift, Family::DataQuality]
    );
}

#[test]
fn a_dry_run_is_for_nobody() {
    let settings = AlertSettings {
        dry_run: true,
        ..AlertSettings::default()
    };
    let records = observe(&mut Episodes::default(), 0, &[parse("age!9")], &settings);
    assert_eq!(records[0].severity.name(), "none");
    assert_eq!(records[0].labels["severity"], "none");
    assert_eq!(records[0].status, AlertStatus::Firing);
}

#[test]
fn habits_learn_neither_while_it_fires_nor_one_window_length_after() {
    let settings = AlertSettings {
        keep_firing_minutes: 5,
        ..AlertSettings::default()
    };
    let mut episodes = Episodes::default();
    let mut quiet = Vec::new();
    for minute in 0..40 {
        let word = match minute {
            0..2 => "age.",
            2..4 => "age!",
            _ => "age.",
        };
        let _records = observe(&mut episodes, minute, &[parse(word)], &settings);
        let at = Boundary(NOON + minute);
        if episodes.is_quiet("", &feature("age"), length(15), at) {
            quiet.push(minute);
        }
        assert!(
            episodes.is_quiet("", &feature("age"), length(60), at),
            "another length"
        );
        assert!(
            episodes.is_quiet("", &feature("amount"), length(15), at),
            "another subject"
        );
        assert!(
            episodes.is_quiet("8", &feature("age"), length(15), at),
            "another version"
        );
    }
    // The alert fires from minute 2, is quiet from minute 4 and resolves at minute 9. The first window without any of
    // it ends at minute 24.
    assert_eq!(quiet, (0..2).chain(24..40).collect::<Vec<_>>());
    assert!(episodes.is_empty(), "inactive causes take no memory");
}

#[test]
fn beyond_the_limit_the_strongest_are_kept_and_the_rest_is_counted() {
    let settings = AlertSettings::default();
    let mut episodes = Episodes::default();
    let extra = 5;
    let all: Vec<ScopedFinding> = (0..CAUSES_MAX + extra)
        .map(|n| parse(&format!("f{n}!{}", 2 + n)))
        .collect();
    let records = observe(&mut episodes, 0, &all, &settings);
    assert_eq!(episodes.firing().count(), CAUSES_MAX);
    assert_eq!(episodes.overflow(), extra as u64);
    assert_eq!(records[0].causes_total, CAUSES_MAX as u64);
    assert!(
        episodes
            .firing()
            .all(|(_, evidence)| evidence.effect > 1.0 + extra as f64)
    );
}

#[test]
fn a_number_that_is_none_proves_nothing_and_is_counted() {
    let settings = AlertSettings::default();
    let mut episodes = Episodes::default();
    let mut broken = parse("age!3");
    broken.finding.statistic = f64::NAN;
    assert!(observe(&mut episodes, 0, &[broken], &settings).is_empty());
    assert_eq!(episodes.unsound(), 1);
    let mut endless = parse("age!3");
    endless.finding.effect = f64::INFINITY;
    let records = observe(&mut episodes, 1, &[endless], &settings);
    assert_eq!(records[0].measure.effect, Some(f64::MAX));
}

#[test]
fn a_record_counts_the_returns_that_it_did_not_announce() {
    let settings = AlertSettings {
        keep_firing_minutes: 1,
        ..AlertSettings::default()
    };
    let mut episodes = Episodes::default();
    let mut told = Vec::new();
    for minute in 0..40 {
        let age = if minute % 4 == 0 { "age!3" } else { "age." };
        let findings = ["amount!2", age].map(parse);
        told.extend(observe(&mut episodes, minute, &findings, &settings));
    }
    assert_eq!(told.len(), 1, "ten breaches are one record");
    let findings = ["amount!2", "age!3", "income!"].map(parse);
    let joined = observe(&mut episodes, 40, &findings, &settings).remove(0);
    let returns: Vec<u32> = joined.causes.iter().map(|cause| cause.returns).collect();
    assert_eq!(returns, [10, 0, 0], "{joined:#?}");
    let text = &joined.annotations["description"];
    assert!(
        text.contains("One of the subjects had resolved and fired again 10 times."),
        "{text}"
    );
}

#[test]
fn at_most_eight_alerts_of_an_area_are_open_and_the_next_escalates() {
    let settings = AlertSettings::default();
    let mut episodes = Episodes::default();
    let day = 1_500;
    let mut told = Vec::new();
    for minute in 0..day * 10 {
        let broken = 0..=minute / day;
        let findings: Vec<ScopedFinding> = broken.map(|n| parse(&format!("f{n}!6"))).collect();
        told.extend(observe(&mut episodes, minute, &findings, &settings));
    }
    let changes: Vec<(&str, u8)> = told
        .iter()
        .map(|r| (r.change.unwrap().name(), r.wave))
        .collect();
    let opened = (1..=WAVES_MAX).map(|wave| ("opened", wave));
    let (opens, rest): (Vec<_>, Vec<_>) =
        changes.iter().partition(|(change, _)| *change == "opened");
    assert_eq!(opens, opened.collect::<Vec<_>>());
    let rest: Vec<_> = rest.iter().filter(|(c, _)| *c != "permanent").collect();
    assert_eq!(rest, [&("escalated", WAVES_MAX), &("escalated", WAVES_MAX)]);
    assert_eq!(episodes.open().count(), usize::from(WAVES_MAX));
}

#[test]
fn an_alert_that_looks_permanent_says_how_to_accept_it() {
    let settings = AlertSettings::default();
    let accepted = |model| {
        let context = Context {
            model,
            ..context(&settings)
        };
        let mut episodes = Episodes::default();
        let mut last = None;
        for minute in 0..=7 * 1_440 {
            let findings = [parse("amount!6")];
            let alerts = episodes.observe(Boundary(NOON + minute), &findings, &context);
            last = records(alerts, &settings).pop();
        }
        last.unwrap()
    };
    let record = accepted("fraud");
    assert_eq!(record.status, AlertStatus::Firing);
    assert!(record.annotations["summary"].ends_with("(looks permanent)"));
    let text = &record.annotations["description"];
    let approve = format!("`tidegauge reference approve fraud {}`", record.fingerprint);
    assert!(text.contains(&approve), "{text}");
    assert!(text.contains("--config of your deployment"), "{text}");
    assert!(
        text.contains("`tidegauge reference relearn fraud`"),
        "{text}"
    );
    let text = &accepted("x; rm 'y'").annotations["description"];
    assert!(text.contains("relearn 'x; rm '\\''y'\\'''`"), "{text}");
}
