//! Alerts of objectives and of segments, the effect of drifts on quality, and reports of both.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod alert_fixtures;

use std::collections::{BTreeMap, BTreeSet};

use alert_fixtures::contract::{golden, keeps, root, validator};
use alert_fixtures::{NOON, context, feature, finding, length, observed, records};
use serde_json::Value as Json;
use tidegauge::alert::{
    Age, Alert, AlertKey, AlertKind, AlertObjective, AlertRecord, AlertSettings, AlertStatus, Area,
    Assessed, Change, Context, Episodes, ImpactVerdict, ObjectiveReport, Place, QualityRecord,
    QualityReport, RuleTiming, SEGMENTS_SHOWN_MAX, ScopedFinding, SegmentShare, Severity,
    WindowTime,
};
use tidegauge::detect::{Family, Finding, Verdict};
use tidegauge::event::Segment;
use tidegauge::sketch::{Answered, KnownTruth, Quality, Share, Subject};
use tidegauge::window::{Boundary, Span};

fn segment(value: &str) -> Segment {
    Segment {
        key: "country".to_owned(),
        value: value.to_owned(),
    }
}

fn share(value: &str, of_excess: f64) -> SegmentShare {
    SegmentShare {
        segment: segment(value),
        share: Share {
            good: 40,
            valid: 80,
        },
        excess: 36.0 * of_excess,
        of_excess,
    }
}

/// Finding of the objective `precise` at a burn rate, in a window of one day, with its details.
fn burning(verdict: Verdict, rate: f64) -> ScopedFinding {
    let finding = Finding {
        detector: "burn_rate",
        family: Family::Objective,
        subject: Some(Subject::Objective("precise".to_owned())),
        value: rate,
        threshold: 3.0,
        effect: rate / 3.0,
        p_value: None,
        window_events: 1_000,
        reference_events: 0,
        critical_effect: true,
        is_provisional: false,
        must_last: false,
        details: BTreeMap::from([
            ("target", 0.95),
            ("factor", 3.0),
            ("good", 795.0),
            ("bad", 205.0),
            ("valid", 1_000.0),
            ("short_burn", 5.25),
            ("short_minutes", 120.0),
        ]),
        ..finding("", verdict, 1.0)
    };
    observed("7", 1_440, finding)
}

/// Finding about the budget. It is reported at every evaluation, even if the budget is not exhausted.
fn budget(remaining: f64) -> ScopedFinding {
    let mut observed = burning(Verdict::Quiet, 0.0);
    observed.finding.detector = "budget_exhausted";
    observed.finding.details = BTreeMap::from([
        ("target", 0.95),
        ("good", 9_000.0),
        ("bad", 1_000.0),
        ("valid", 10_000.0),
        ("remaining", remaining),
        ("period_minutes", 43_200.0),
    ]);
    observed.window = length(43_200);
    observed
}

fn of_precise<'a>(settings: &'a AlertSettings) -> Context<'a> {
    Context {
        objective: Some(AlertObjective {
            name: "precise",
            sli: Some("precision"),
            is_configured: true,
        }),
        reference_id: &|_| None,
        ..context(settings)
    }
}

fn look(episodes: &mut Episodes, minute: i64, findings: &[ScopedFinding]) -> Vec<AlertRecord> {
    let settings = AlertSettings::default();
    let context = of_precise(&settings);
    let alerts = episodes.observe(Boundary(NOON + minute), findings, &context);
    records(alerts, &settings)
}

fn opened(findings: &[ScopedFinding]) -> AlertRecord {
    let mut records = look(&mut Episodes::default(), 0, findings);
    assert_eq!(records.len(), 1);
    records.remove(0)
}

fn worst() -> ScopedFinding {
    ScopedFinding {
        segments: vec![share("FR", 0.2), share("DE", 0.61)],
        ..burning(Verdict::Breach, 4.1)
    }
}

#[test]
fn a_person_reads_what_burns_how_fast_what_remains_and_whose_it_is() {
    let record = opened(&[worst(), budget(0.37)]);
    assert_eq!(
        record.annotations["summary"],
        "fraud: objective precise is not met: burn rate 4.1 over 1d (page from 3); \
         61 % of the excess is segment country=DE"
    );
    assert_eq!(
        record.annotations["description"],
        "In the 1d up to 2026-03-01T12:00:00Z, objective precise of model fraud, version 7, spends its error budget \
         too fast: burn rate 4.1 over 1d (page from 3). Over the last 2h it is 5.25. 795 of 1000 are good, 95 % are \
         promised. 37 % of the error budget remain. 61 % of the excess is segment country=DE: 40 of its 80 are good."
    );
    assert_eq!(record.labels["alertname"], "TidegaugeObjective");
    assert_eq!(
        record.labels["objective"], "precise",
        "a router tells alerts apart by labels"
    );
    assert_eq!(
        (record.kind, record.severity),
        (AlertKind::Slo, Severity::Critical)
    );
    let objective = record.objective.clone().unwrap();
    assert_eq!(
        (
            objective.name.as_str(),
            objective.sli.as_deref(),
            objective.rule.as_str()
        ),
        ("precise", Some("precision"), "burn_rate")
    );
    assert_eq!(objective.budget_remaining, Some(0.37));
    golden("alert_slo_opened.json", &record.value());
}

/// The numbers that a rule states beside those of `burning`.
fn facts_of(detector: &str) -> BTreeMap<&'static str, f64> {
    let certainty = [("low", 0.1), ("high", 0.3), ("z", 3.3)];
    let own = match detector {
        "below_floor" => vec![("floor", 0.93), ("evaluations", 2.0)],
        "above_last_week" => vec![
            ("margin", 0.005),
            ("bad_last_week", 5.0),
            ("valid_last_week", 1_000.0),
        ],
        "budget_exhausted" => vec![("remaining", -0.25), ("period_minutes", 43_200.0)],
        _ => vec![],
    };
    own.into_iter().chain(certainty).collect()
}

#[test]
fn every_rule_has_words_of_its_own() {
    let said = |detector: &'static str, value: f64, threshold: f64, pages: bool| {
        let mut observed = burning(Verdict::Breach, 1.0);
        let finding = &mut observed.finding;
        (finding.detector, finding.value, finding.threshold) = (detector, value, threshold);
        finding.critical_effect = pages;
        finding.details.extend(facts_of(detector));
        opened(&[observed, budget(-0.25)])
    };
    let summaries = [
        (
            ("burn_rate", 4.1, 3.0, false),
            "is not met: burn rate 4.1 over 1d (ticket from 3)",
        ),
        (
            ("budget_exhausted", 1.25, 1.0, false),
            "has spent its error budget",
        ),
        (
            ("below_floor", 0.912, 0.93, true),
            "is not met: precision 0.912 over 1d, below the floor of 0.93",
        ),
        (
            ("above_last_week", 0.012, 0.005, true),
            "is not met: the share of bad ones is 0.012 above last week's over 1d (margin 0.005)",
        ),
    ];
    for ((detector, value, threshold, pages), what) in summaries {
        let record = said(detector, value, threshold, pages);
        assert_eq!(
            record.annotations["summary"],
            format!("fraud: objective precise {what}")
        );
        let description = &record.annotations["description"];
        assert!(
            description.contains("The error budget is overdrawn by 25 %."),
            "{description}"
        );
    }
}

#[test]
fn the_end_of_a_removed_objective_says_why() {
    let settings = AlertSettings::default();
    let removed = Context {
        objective: Some(AlertObjective {
            name: "precise",
            sli: None,
            is_configured: false,
        }),
        ..of_precise(&settings)
    };
    let mut episodes = Episodes::default();
    let opened = look(&mut episodes, 0, &[worst()]);
    let ended = records(episodes.end(Boundary(NOON + 7), &removed), &settings);
    assert_eq!(ended.len(), 1);
    assert_eq!(
        (ended[0].change, &ended[0].fingerprint),
        (Some(Change::Resolved), &opened[0].fingerprint)
    );
    assert_eq!(
        ended[0].annotations["summary"],
        "fraud: resolved: objective precise is no longer configured"
    );
    let description = &ended[0].annotations["description"];
    let why = "It ended at 2026-03-01T12:07:00Z: the objective is no longer configured, so nothing evaluates it. \
               This was the last trouble seen. In the 1d up to 2026-03-01T12:00:00Z, objective precise";
    assert!(description.starts_with(why), "{description}");
    keeps(&validator("alert"), &ended[0].value());
    assert!(episodes.end(Boundary(NOON + 8), &removed).is_empty());
}

#[test]
fn each_objective_is_an_alert_of_its_own() {
    let settings = AlertSettings::default();
    let key = AlertKey {
        family: Family::Objective,
        area: None,
        wave: 1,
    };
    let plain = key.fingerprint("fraud", None);
    let ours = opened(&[worst()]).fingerprint;
    let fast = Context {
        objective: Some(AlertObjective {
            name: "fast",
            sli: Some("latency_ms"),
            is_configured: true,
        }),
        ..of_precise(&settings)
    };
    let theirs = Episodes::default().observe(Boundary(NOON), &[worst()], &fast);
    let all = BTreeSet::from([plain, ours, theirs[0].fingerprint()]);
    assert_eq!(all.len(), 3);
}

#[test]
fn a_rule_times_itself_also_while_it_is_silent_and_across_restarts() {
    let lasting = |verdict| ScopedFinding {
        lasting: Some(RuleTiming {
            hold_minutes: 2,
            keep_firing_minutes: 4,
        }),
        ..burning(verdict, 4.0)
    };
    let mut episodes = Episodes::default();
    let mut told = Vec::new();
    for minute in 0..=12 {
        let bytes = postcard::to_stdvec(&episodes).unwrap();
        episodes = postcard::from_bytes(&bytes).unwrap();
        let findings = match minute {
            0..=2 => vec![lasting(Verdict::Breach)],
            3 => vec![lasting(Verdict::Quiet)],
            _ => vec![], // no findings between two evaluations of a rule
        };
        let records = look(&mut episodes, minute, &findings);
        told.extend(records.into_iter().map(|r| (minute, r.change.unwrap())));
    }
    let expected = [
        (0, Change::Held),
        (2, Change::Opened),
        (7, Change::Resolved),
    ];
    assert_eq!(told, expected, "the settings say 0 and 15 minutes");
}

#[test]
fn what_pages_goes_before_what_does_not() {
    let mut ticket = burning(Verdict::Breach, 9.0);
    ticket.finding.critical_effect = false;
    ticket.window = length(4_320);
    for findings in [[ticket.clone(), worst()], [worst(), ticket]] {
        let record = opened(&findings);
        assert_eq!(record.measure.value, 4.1, "though 9 is more");
        assert_eq!(record.causes_total, 1);
    }
}

#[test]
fn one_segment_names_the_alert_only_with_more_than_half_of_the_excess() {
    let with = |segments: Vec<SegmentShare>| {
        opened(&[ScopedFinding {
            segments,
            ..burning(Verdict::Breach, 4.1)
        }])
    };
    let named = with(vec![share("FR", 0.49), share("DE", 0.51)]);
    assert_eq!(named.segment.as_deref(), Some("country=DE"));
    assert_eq!(named.segments[0].value, Some(0.5));
    let half = with(vec![share("FR", 0.5), share("DE", 0.5)]);
    assert_eq!(half.segment, None);
    assert_eq!(half.segments.len(), 2);
    assert!(!half.annotations["summary"].contains("segment"));
}

#[test]
fn the_worst_segments_are_kept_in_whatever_order_they_come() {
    let mut segments: Vec<SegmentShare> = (0..9)
        .map(|n| share(&format!("C{n}"), 0.05 * f64::from(n)))
        .collect();
    segments.push(share("NaN", f64::NAN));
    let found = |segments: &[SegmentShare]| {
        let observed = ScopedFinding {
            segments: segments.to_vec(),
            ..burning(Verdict::Breach, 4.1)
        };
        opened(&[observed]).segments
    };
    let forward = found(&segments);
    segments.reverse();
    assert_eq!(forward, found(&segments));
    let names: Vec<&str> = forward.iter().map(|s| s.segment.as_str()).collect();
    assert_eq!(names.len(), SEGMENTS_SHOWN_MAX);
    assert_eq!(names[..2], ["country=C8", "country=C7"]);
}

fn drifting(segment: Option<Segment>, effect: f64) -> ScopedFinding {
    ScopedFinding {
        segment,
        ..observed("7", 15, finding("amount", Verdict::Breach, effect))
    }
}

fn drift(episodes: &mut Episodes, findings: &[ScopedFinding]) -> AlertRecord {
    let settings = AlertSettings::default();
    let alerts = episodes.observe(Boundary(NOON), findings, &context(&settings));
    records(alerts, &settings).remove(0)
}

#[test]
fn a_feature_that_drifts_in_a_segment_is_a_cause_beside_the_whole() {
    let mut episodes = Episodes::default();
    let both = [drifting(None, 2.0), drifting(Some(segment("DE")), 4.0)];
    let record = drift(&mut episodes, &both);
    let causes: Vec<Option<&str>> = record.causes.iter().map(|c| c.segment.as_deref()).collect();
    assert_eq!(causes, [Some("country=DE"), None]);
    assert_eq!(record.segment, None, "they do not share one");
    assert_eq!(
        record.annotations["summary"],
        "fraud: 2 subjects drift, feature:amount in country=DE most"
    );
    assert_eq!(record.new_causes[0].segment.as_deref(), Some("country=DE"));
    let shown = episodes.firing().map(|(cause, _)| cause.to_string());
    let shown: Vec<String> = shown.collect();
    assert_eq!(
        shown,
        ["feature:amount psi", "feature:amount psi in country=DE"]
    );

    let alone = drift(&mut Episodes::default(), &both[1..]);
    assert_eq!(alone.segment.as_deref(), Some("country=DE"));
    keeps(&validator("alert"), &alone.value());
}

#[test]
fn a_segment_is_quiet_by_itself() {
    let mut episodes = Episodes::default();
    let _record = drift(&mut episodes, &[drifting(Some(segment("DE")), 4.0)]);
    let place = |segment| Place {
        version: "7".to_owned(),
        segment,
        subject: Some(feature("amount")),
        length: length(15),
    };
    let is_quiet = |segment| episodes.is_quiet_at(place(segment), Boundary(NOON));
    assert!(!is_quiet(Some(segment("DE"))));
    assert!(is_quiet(Some(segment("FR"))) && is_quiet(None));
    assert!(episodes.is_quiet("7", &feature("amount"), length(15), Boundary(NOON)));
    assert_eq!(episodes.status(Family::Drift), AlertStatus::Firing);
    assert_eq!(episodes.status(Family::Objective), AlertStatus::Resolved);
}

#[test]
fn alerts_of_objectives_keep_the_schema() {
    let validator = validator("alert");
    let mut episodes = Episodes::default();
    let mut records = Vec::new();
    for minute in 0..20 {
        let found = if minute < 2 {
            vec![worst(), budget(0.5)]
        } else {
            vec![burning(Verdict::Quiet, 0.1)]
        };
        records.extend(look(&mut episodes, minute, &found));
    }
    assert_eq!(records.len(), 2, "opened and resolved");
    for record in &records {
        keeps(&validator, &record.value());
        let read: AlertRecord = serde_json::from_slice(&record.value()).unwrap();
        assert_eq!(&read, record);
    }
    let mut without: Json = serde_json::from_slice(&records[0].value()).unwrap();
    without["objective"] = Json::Null;
    assert!(!validator.is_valid(&without));
    let mut misplaced: Json = serde_json::from_slice(&records[0].value()).unwrap();
    misplaced["change"] = "assessed".into();
    assert!(
        !validator.is_valid(&misplaced),
        "an assessment says what the drift did"
    );
}

// --- effect of drifts on quality -----------------------------------------------------------------------------------

fn assessed(now: (i64, i64), before: (i64, i64)) -> Assessed<'static> {
    let share = |(good, valid)| Share { good, valid };
    Assessed {
        model: "fraud",
        key: AlertKey {
            family: Family::Drift,
            area: Some(Area::Features),
            wave: 1,
        },
        version: "7",
        segment: None,
        start: Boundary(NOON),
        ended: Some(Boundary(NOON + 300)),
        severity: Severity::Warning,
        at: Boundary(NOON + 7 * 1_440),
        window: Span {
            start: Boundary(NOON - 60),
            end: Boundary(NOON),
        },
        measure: "accuracy",
        now: share(now),
        before: share(before),
    }
}

fn assessment_record(assessed: &Assessed<'_>, settings: &AlertSettings) -> AlertRecord {
    AlertRecord::of(&Alert::assessment(assessed, settings), settings)
}

fn verdict(assessed: &Assessed<'_>) -> ImpactVerdict {
    let record = assessment_record(assessed, &AlertSettings::default());
    record.impact.unwrap().verdict
}

#[test]
fn a_harmless_drift_is_said_to_be_one() {
    let settings = AlertSettings::default();
    let record = assessment_record(&assessed((947, 1_000), (9_500, 10_000)), &settings);
    let said = "quality unmoved: accuracy 0.947 (0.918–0.966) in the drifted window, 0.950 before";
    assert_eq!(record.annotations["impact"], said);
    assert_eq!(
        record.annotations["summary"],
        format!("fraud: drift assessed: {said}")
    );
    assert_eq!(record.change, Some(Change::Assessed));
    assert_eq!(record.status, AlertStatus::Resolved);
    let drifted = drift(&mut Episodes::default(), &[drifting(None, 2.0)]);
    assert_eq!(record.fingerprint, drifted.fingerprint);
    assert_eq!(record.started_at, drifted.started_at);
    assert_eq!(
        record.labels, drifted.labels,
        "a router takes it for the same alert"
    );
    keeps(&validator("alert"), &record.value());
    golden("alert_drift_assessed.json", &record.value());
}

#[test]
fn the_verdict_needs_the_whole_interval() {
    let cases = [
        ((800, 1_000), (9_500, 10_000), ImpactVerdict::Worse),
        ((990, 1_000), (9_000, 10_000), ImpactVerdict::Better),
        ((930, 1_000), (9_500, 10_000), ImpactVerdict::Unmoved),
        ((0, 29), (9_500, 10_000), ImpactVerdict::Unknown),
        ((0, 30), (9_500, 10_000), ImpactVerdict::Worse),
        ((900, 1_000), (29, 29), ImpactVerdict::Unknown),
        ((0, 0), (0, 0), ImpactVerdict::Unknown),
        ((-3, -1), (9_500, 10_000), ImpactVerdict::Unknown),
    ];
    let validator = validator("alert");
    for (now, before, expected) in cases {
        let assessed = assessed(now, before);
        assert_eq!(verdict(&assessed), expected, "{now:?} after {before:?}");
        keeps(
            &validator,
            &assessment_record(&assessed, &AlertSettings::default()).value(),
        );
    }
}

/// Values from `python3 tests/golden/alert_impact.py`, which matches Newcombe's table at his z.
#[test]
fn the_interval_is_that_of_another_implementation() {
    let record = assessment_record(&assessed((56, 70), (48, 80)), &AlertSettings::default());
    let details = &record.measure.details;
    assert!((details["difference_low"] + 0.049_134_130_698_711).abs() < 1e-12);
    assert!((details["difference_high"] - 0.413_595_966_557_642).abs() < 1e-12);
}

#[test]
fn an_assessment_has_one_id_per_episode_and_says_where_the_alert_stands() {
    let settings = AlertSettings::default();
    let first = assessment_record(&assessed((56, 70), (48, 80)), &settings);
    let again = Assessed {
        at: Boundary(NOON + 99_999),
        ended: None,
        segment: Some(&segment("DE")),
        ..assessed((1, 70), (48, 80))
    };
    let again = assessment_record(&again, &settings);
    assert_eq!(first.id, again.id, "told twice, it is the same record");
    assert_eq!((again.status, again.ended_at), (AlertStatus::Firing, None));
    assert_eq!(again.segment.as_deref(), Some("country=DE"));
    let other = Assessed {
        start: Boundary(NOON + 1),
        ..assessed((56, 70), (48, 80))
    };
    assert_ne!(first.id, assessment_record(&other, &settings).id);
    let dry = AlertSettings {
        dry_run: true,
        ..settings
    };
    assert_eq!(
        assessment_record(&assessed((56, 70), (48, 80)), &dry).severity,
        Severity::None
    );
}

// --- reports -----------------------------------------------------------------------------------------------------

/// Four hundred scored predictions of two classes. Half of them are labelled, one label is corrected, one answer has
/// another type, and one judge has given scores.
fn quality() -> Quality {
    let mut quality = Quality::default();
    for n in 0..400_u32 {
        let class = if n % 3 == 0 { "fraud" } else { "good" };
        let answer = Answered {
            class: Some(class),
            cell: (n % 100) as u8,
            value: None,
        };
        quality.predict(&answer);
        if n % 2 == 0 {
            let truth = if n % 5 == 0 { "fraud" } else { "good" };
            quality.judge(&answer, KnownTruth::Class(truth), i64::from(n) * 1_000);
        }
        if n == 0 {
            quality.correct(
                &answer,
                KnownTruth::Class("fraud"),
                KnownTruth::Class("good"),
            );
        }
    }
    let odd = Answered {
        class: None,
        cell: 255,
        value: Some(2.5),
    };
    quality.judge(&odd, KnownTruth::Value(2.0), 5_000);
    quality.judge(&odd, KnownTruth::Class("good"), 5_000);
    for cell in [50, 100, 255] {
        quality.evaluate("faithfulness", cell, 1);
    }
    quality
}

fn report(quality: &Quality, by: WindowTime) -> QualityRecord {
    let report = QualityReport {
        model: "fraud",
        version: "7",
        segment: Some(&segment("DE")),
        by,
        length: length(60),
        end: Boundary(NOON),
        as_of: Boundary(NOON + 1_440),
        age: (by == WindowTime::Prediction).then_some(Age::OneDay),
        immature: true,
        quality,
        positive: Some("fraud"),
    };
    report.record()
}

#[test]
fn quality_keeps_the_schema_and_its_numbers_can_be_recomputed() {
    let quality = quality();
    let record = report(&quality, WindowTime::Prediction);
    let validator = validator("quality");
    keeps(&validator, &record.value());
    keeps(&validator, &report(&quality, WindowTime::Label).value());
    keeps(
        &validator,
        &report(&Quality::default(), WindowTime::Prediction).value(),
    );
    let read: QualityRecord = serde_json::from_slice(&record.value()).unwrap();
    assert_eq!(read, record);

    let counted: i64 = record.confusion.iter().map(|field| field.count).sum();
    assert_eq!(
        counted + record.mismatched + record.regression.as_ref().unwrap().pairs,
        record.labelled
    );
    let right: i64 = record
        .confusion
        .iter()
        .filter(|f| f.right)
        .map(|f| f.count)
        .sum();
    let accuracy = &record.measures["accuracy"];
    assert_eq!(accuracy.value, right as f64 / accuracy.count as f64);
    assert!(accuracy.low.unwrap() < accuracy.value && accuracy.value < accuracy.high.unwrap());
    assert!(
        record
            .confusion
            .iter()
            .all(|f| f.cells.iter().map(|(_, n)| n).sum::<i64>() == f.count)
    );
    assert_eq!(record.coverage, Some(202.0 / 400.0));
    assert_eq!(record.evaluations["faithfulness"].mean, Some(0.75));
    assert_eq!(record.evaluations["faithfulness"].count, 2);
    assert!(record.delay_seconds["p50"] < record.delay_seconds["p99"]);
    assert!(!record.selection.as_ref().unwrap().differs);
    golden("report_quality.json", &record.value());
}

#[test]
fn by_label_time_the_labelled_are_no_part_of_the_predicted() {
    let record = report(&quality(), WindowTime::Label);
    assert_eq!((record.coverage, record.age), (None, None));
    assert!(record.selection.is_none() && !record.measures.contains_key("coverage"));
    assert_eq!(record.key(), "fraud/7/country%3DDE/quality/label/1h");
}

#[test]
fn what_corrections_emptied_is_not_shown_and_folded_classes_are_other() {
    let mut quality = Quality::default();
    let answer = |class| Answered {
        class: Some(class),
        cell: 10,
        value: None,
    };
    quality.judge(&answer("a"), KnownTruth::Class("a"), 0);
    quality.correct(&answer("a"), KnownTruth::Class("a"), KnownTruth::Class("b"));
    let shown = report(&quality, WindowTime::Label).confusion;
    assert_eq!(shown.len(), 1);
    assert_eq!(
        (shown[0].predicted.as_str(), shown[0].label.as_str()),
        ("a", "b")
    );

    let names: Vec<String> = (0..200).map(|n| format!("class {n}")).collect();
    for name in &names {
        quality.judge(&answer(name), KnownTruth::Class(name), 0);
    }
    let shown = report(&quality, WindowTime::Label);
    assert!(
        shown
            .confusion
            .iter()
            .any(|f| f.predicted == "other" && f.label == "other" && f.right)
    );
    assert!(!shown.value().windows(6).any(|bytes| bytes == b"\\u0000"));
}

#[test]
fn a_table_of_every_class_and_score_fits_into_a_record() {
    let mut quality = Quality::default();
    let names: Vec<String> = (0..64).map(|n| format!("{n:>064}")).collect();
    for (n, name) in (0_u8..).zip(&names) {
        for (m, truth) in (0_u8..).zip(&names) {
            for cell in (0..5).map(|k| (n + m) % 20 + 20 * k) {
                let answer = Answered {
                    class: Some(name),
                    cell,
                    value: None,
                };
                quality.judge(&answer, KnownTruth::Class(truth), 0);
            }
        }
    }
    let record = report(&quality, WindowTime::Label);
    assert_eq!(
        (record.confusion.len(), record.confusion_total),
        (2_000, 4_096)
    );
    assert!(
        record.value().len() < 900_000,
        "a default broker takes 1 MB: {}",
        record.value().len()
    );
}

#[test]
fn an_objective_is_reported_as_it_stands() {
    let report = ObjectiveReport {
        model: "fraud/a",
        objective: "precise",
        sli: "precision",
        target: Some(0.95),
        at: Boundary(NOON),
        share: Share {
            good: 9_300,
            valid: 10_000,
        },
        budget_remaining: Some(-0.4),
        burn_rates: &[(length(60), None), (length(1_440), Some(4.1))],
        exhausted_at: Some(Boundary(NOON)),
    };
    let record = report.record();
    assert_eq!(record.key(), "fraud%2Fa/objective/precise");
    keeps(&validator("objective"), &record.value());
    golden("report_objective.json", &record.value());
    let unbounded = ObjectiveReport {
        target: None,
        budget_remaining: None,
        burn_rates: &[],
        exhausted_at: None,
        ..report
    };
    keeps(&validator("objective"), &unbounded.record().value());
}

#[test]
fn schemas_say_what_every_field_means() {
    for name in ["alert", "quality", "objective", "report"] {
        let text = std::fs::read_to_string(root(&format!("schemas/{name}.schema.json"))).unwrap();
        let schema: Json = serde_json::from_str(&text).unwrap();
        for (field, said) in schema["properties"].as_object().unwrap() {
            let described = said.get("description").or_else(|| said.get("$ref"));
            assert!(described.is_some(), "{name}: {field}");
        }
    }
}
