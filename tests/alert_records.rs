//! Contract of published records: every kind of record is checked against its JSON Schema, and against golden files
//! byte for byte.
//!
//! `TIDEGAUGE_BLESS=1 cargo test --test alert_records` writes the golden files again. Read the difference before you
//! commit.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod alert_fixtures;

use std::borrow::Cow;
use std::collections::BTreeMap;

use alert_fixtures::contract::{golden, keeps, root, validator};
use alert_fixtures::{NOON, context, feature, finding, length, observe, observed, records};
use serde_json::Value as Json;
use tidegauge::alert::{
    Alert, AlertKind, AlertRecord, AlertSettings, AlertStatus, Audit, AuditRecord, Change, Context,
    Episodes, Flood, FloodKind, Integrity, OrderEffect, OrderOutcome, PinnableReference, Pinned,
    ReferenceRecord, Relearned, Report, ReportRecord, ScopedFinding, SourceName, reference_records,
};
use tidegauge::detect::{Family, Finding, Verdict};
use tidegauge::event::{EventTime, Limits, Prediction, Record, Reject, Value};
use tidegauge::pipeline::control::OrderRecord;
use tidegauge::reference::{Reference, SubjectReference};
use tidegauge::sketch::{Partial, PartialBuffer, RecordPosition, Subject};
use tidegauge::window::{Boundary, Span, WeekDays};

fn settings() -> AlertSettings {
    AlertSettings {
        keep_firing_minutes: 2,
        runbook_url: Some("https://runbooks.example/tidegauge".to_owned()),
        labels: BTreeMap::from([
            ("team".to_owned(), "risk".to_owned()),
            ("kind".to_owned(), "mine".to_owned()),
        ]),
        ..AlertSettings::default()
    }
}

fn of_family(family: Family, detector: &'static str, subject: Option<Subject>) -> Finding {
    Finding {
        detector,
        family,
        subject,
        p_value: None,
        category: (detector == "surge").then(|| "XK".to_owned()),
        ..finding("", Verdict::Breach, 3.0)
    }
}

/// Records of every family: held, opened, joined, escalated, resolved and withdrawn.
fn story(settings: &AlertSettings) -> Vec<AlertRecord> {
    let all = [
        observed(
            "7",
            15,
            of_family(Family::Drift, "surge", Some(feature("country"))),
        ),
        observed(
            "7",
            60,
            of_family(Family::DataQuality, "null_rate", Some(feature("age"))),
        ),
        observed("", 15, of_family(Family::Volume, "volume", None)),
    ];
    let more = [
        observed("7", 15, finding("amount", Verdict::Breach, 2.0)),
        observed("8", 1_440, finding("amount", Verdict::Breach, 2.5)),
    ];
    let graver = [observed("8", 15, finding("amount", Verdict::Breach, 8.3))];
    let steps: [(i64, &[ScopedFinding]); 6] = [
        (0, &all),
        (1, &more),
        (2, &graver),
        (3, &[]),
        (1_600, &[]),
        (1_601, &[]),
    ];
    let mut episodes = Episodes::default();
    steps
        .into_iter()
        .flat_map(|(minute, findings)| observe(&mut episodes, minute, findings, settings))
        .collect()
}

fn stories() -> Vec<AlertRecord> {
    let held = AlertSettings {
        hold_minutes: 1,
        ..settings()
    };
    let mut records = story(&settings());
    records.extend(story(&held));
    records.extend(story(&AlertSettings {
        dry_run: true,
        ..AlertSettings::default()
    }));
    records
}

fn integrity_record(what: Integrity, source: SourceName<'_>, at: EventTime) -> AlertRecord {
    let settings = settings();
    AlertRecord::of(&Alert::integrity(what, source, at, &settings), &settings)
}

fn integrity() -> Vec<AlertRecord> {
    let source = SourceName {
        topic: "predictions",
        partition: 3,
    };
    let since = Boundary(NOON - 5).time();
    let flood = |kind, over| {
        Integrity::Flood(Flood {
            kind,
            since: Some(since),
            count: 412,
            of: 1_000,
            limit: 200,
            over,
        })
    };
    let facts = [
        Integrity::Lost {
            from: 1_000,
            to: 1_500,
        },
        Integrity::DuplicateFrame { seq: 77 },
        flood(FloodKind::Rejected, false),
        flood(FloodKind::Rejected, true),
        flood(FloodKind::Late, false),
        flood(FloodKind::Late, true),
    ];
    facts
        .map(|fact| integrity_record(fact, source, Boundary(NOON).time()))
        .to_vec()
}

#[test]
fn alerts_of_every_kind_and_change_keep_the_schema() {
    let validator = validator("alert");
    let records = [stories(), integrity()].concat();
    for record in &records {
        keeps(&validator, &record.value());
        let read: AlertRecord = serde_json::from_slice(&record.value()).unwrap();
        assert_eq!(&read, record, "what was written reads back");
    }
    let kinds = [
        AlertKind::Drift,
        AlertKind::DataQuality,
        AlertKind::Volume,
        AlertKind::Integrity,
    ];
    assert!(
        kinds
            .iter()
            .all(|kind| records.iter().any(|r| r.kind == *kind))
    );
    let states = [
        AlertStatus::Pending,
        AlertStatus::Firing,
        AlertStatus::Resolved,
    ];
    assert!(
        states
            .iter()
            .all(|status| records.iter().any(|r| r.status == *status))
    );
    let changes = [
        Change::Held,
        Change::Opened,
        Change::Joined,
        Change::Escalated,
        Change::Resolved,
        Change::Withdrawn,
    ];
    for change in changes {
        assert!(
            records.iter().any(|r| r.change == Some(change)),
            "{change:?}"
        );
    }
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let validator = validator("alert");
    let good: Json = serde_json::from_slice(&stories()[0].value()).unwrap();
    let wrong: [(&str, Json); 6] = [
        ("value", Json::Null),
        ("id", "0123".into()),
        ("status", "resolved".into()),
        ("causes", Json::Array(vec![])),
        ("started_at", "noon".into()),
        ("surprise", 1.into()),
    ];
    for (field, value) in wrong {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(!validator.is_valid(&bad), "{field}");
    }
}

#[test]
fn alerts_are_the_goldens_to_the_byte() {
    let records = story(&settings());
    let joined = records
        .iter()
        .find(|r| r.change == Some(Change::Joined))
        .unwrap();
    golden("alert_drift_joined.json", &joined.value());
    let resolved = records
        .iter()
        .rfind(|r| r.status == AlertStatus::Resolved && r.kind == AlertKind::Drift);
    golden("alert_drift_resolved.json", &resolved.unwrap().value());
    golden("alert_integrity_lost.json", &integrity()[0].value());
}

#[test]
fn ids_are_those_of_another_implementation() {
    let golden = std::fs::read_to_string(root("tests/golden/alert_ids.tsv")).unwrap();
    let settings = AlertSettings::default();
    for line in golden.lines() {
        let [
            model,
            kind,
            start,
            at,
            sequence,
            fingerprint,
            id,
            traceparent,
        ] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let family = if kind == "drift" {
            Family::Drift
        } else {
            Family::DataQuality
        };
        let context = Context {
            model,
            ..context(&settings)
        };
        let minute = |millis: &str| Boundary(millis.parse::<i64>().unwrap() / 60_000);
        let breach = |name| observed("", 15, of_family(family, "psi", Some(feature(name))));
        let mut episodes = Episodes::default();
        let mut alerts = episodes.observe(minute(start), &[breach("a")], &context);
        if sequence != "0" {
            alerts = episodes.observe(minute(at), &[breach("a"), breach("b")], &context);
        }
        let record = &records(alerts, &settings)[0];
        assert_eq!(
            (record.fingerprint.as_str(), record.id.as_str()),
            (fingerprint, id)
        );
        assert_eq!(record.sequence.to_string(), sequence);
        assert!(
            record
                .headers()
                .contains(&("traceparent".into(), traceparent.into()))
        );
    }
}

#[test]
fn headers_are_cloud_events() {
    for record in [stories(), integrity()].concat() {
        let headers: BTreeMap<String, String> = record.headers().into_iter().collect();
        assert_eq!(headers.len(), 8);
        assert_eq!(headers["ce_specversion"], "1.0");
        assert_eq!(headers["ce_id"], record.id);
        let kind = format!(
            "io.tidegauge.alert.{}.{}",
            record.kind.name(),
            record.status.name()
        );
        assert_eq!(headers["ce_type"], kind);
        assert_eq!(headers["ce_time"], record.at);
        assert!(headers.values().all(|value| !value.is_empty()));
    }
    let settings = AlertSettings::default();
    let odd = Context {
        model: "a/b c",
        ..context(&settings)
    };
    let breach = observed("", 15, finding("amount", Verdict::Breach, 2.0));
    let alerts = Episodes::default().observe(Boundary(NOON), &[breach], &odd);
    let records = records(alerts, &settings);
    let headers: BTreeMap<String, String> = records[0].headers().into_iter().collect();
    assert_eq!(headers["ce_source"], "/tidegauge/a%2Fb%20c");
    assert_eq!(headers["ce_subject"], "feature:amount");
}

#[test]
fn category_names_stand_in_causes_only() {
    for record in story(&settings()) {
        let prose = format!(
            "{:?} {:?} {:?}",
            record.annotations,
            record.labels,
            record.headers()
        );
        assert!(!prose.contains("XK"), "{prose}");
    }
}

#[test]
fn labels_are_stable_and_the_users_yield() {
    let records = story(&settings());
    let drift: Vec<_> = records
        .iter()
        .filter(|r| r.kind == AlertKind::Drift)
        .collect();
    assert_eq!(drift[0].labels["kind"], "drift", "ours win");
    assert_eq!(drift[0].labels["team"], "risk");
    let (first, last) = (
        drift[0].labels.clone(),
        drift[drift.len() - 1].labels.clone(),
    );
    assert_eq!(first["severity"], "warning");
    assert_eq!(last["severity"], "critical");
    let unlike: Vec<_> = first
        .iter()
        .filter(|(k, v)| last[*k] != **v)
        .map(|(k, _)| k.as_str())
        .collect();
    assert_eq!(unlike, ["severity"]);
}

/// Window of a hundred predictions with a number, a category that is sometimes null, and a score.
fn window() -> Partial {
    let countries = ["DE", "FR", "FR", "XK"];
    let mut buffer = PartialBuffer::default();
    for n in 0..100_u32 {
        let amount = Value::Number(f64::from(n) * 1.5);
        let country = if n % 10 == 0 {
            Value::Null
        } else {
            Value::Text(countries[n as usize % 4].into())
        };
        let mut features = vec![("amount".into(), amount)];
        if n % 20 != 1 {
            features.push((Cow::from("country"), country));
        }
        let prediction = Prediction {
            id: format!("tx-{n}").into(),
            model: "fraud".into(),
            features,
            score: Some(f64::from(n) / 99.0),
            ..Prediction::default()
        };
        buffer.push(&prediction, || RecordPosition {
            topic: "predictions".into(),
            partition: 0,
            offset: 0,
        });
    }
    buffer.freeze().unwrap()
}

fn reports() -> Vec<ReportRecord> {
    let window = window();
    let findings = [
        finding("amount", Verdict::Quiet, 0.5),
        Finding {
            detector: "null_rate",
            family: Family::DataQuality,
            ..finding("amount", Verdict::Breach, 2.0)
        },
    ];
    let empty = tidegauge::sketch::ValueSketch::default();
    let gone = feature("gone");
    let known = window
        .subjects
        .iter()
        .map(|(subject, sketch)| (subject, sketch, &findings[..]));
    known
        .chain([(&gone, &empty, &[][..])])
        .map(|(subject, sketch, findings)| {
            let report = Report {
                model: "fraud",
                version: "7",
                segment: None,
                subject,
                length: length(15),
                end: Boundary(NOON),
                predictions: window.predictions,
                sketch,
                findings,
                reference_id: (!findings.is_empty()).then_some("0123456789abcdef0123456789abcdef"),
            };
            report.record()
        })
        .collect()
}

#[test]
fn reports_keep_the_schema_and_count_exactly() {
    let validator = validator("report");
    let reports = reports();
    for report in &reports {
        keeps(&validator, &report.value());
        let types = report.types;
        let sum = types.number
            + types.text
            + types.boolean
            + types.null
            + types.vector
            + types.not_finite
            + types.missing;
        assert_eq!(sum, report.predictions, "{}", report.subject);
        let cells = |cells: &[(u32, u64)]| cells.iter().map(|(_, count)| count).sum::<u64>();
        assert_eq!(
            report.numbers.as_ref().map_or(0, |n| cells(&n.cells)),
            types.number
        );
        assert_eq!(
            report.categories.as_ref().map_or(0, |c| cells(&c.cells)),
            types.text + types.boolean
        );
    }
    let country = reports
        .iter()
        .find(|r| r.subject == "feature:country")
        .unwrap();
    assert_eq!((country.types.missing, country.types.null), (5, 10));
    let top = &country.categories.as_ref().unwrap().top;
    assert_eq!((top[0].name.as_str(), top[0].count), ("FR", 40));
    assert_eq!(country.key(), "fraud/7/feature%3Acountry/15m");
    assert_eq!(country.verdict, Some(Verdict::Breach), "the gravest");
    assert_eq!(country.distances["ks"], 0.25);
    golden("report_category.json", &country.value());
    let amount = reports
        .iter()
        .find(|r| r.subject == "feature:amount")
        .unwrap();
    golden("report_number.json", &amount.value());
}

fn reference(features: usize) -> Reference {
    let window = window();
    let copies = (0..features).flat_map(|n| {
        let learned = |(subject, sketch): (&Subject, &tidegauge::sketch::ValueSketch)| {
            let name = format!("{}-{n}", subject.name());
            let known = SubjectReference {
                sketch: sketch.clone(),
                place: 0,
                span: Span {
                    start: Boundary(NOON - 1_440),
                    end: Boundary(NOON),
                },
                predictions: window.predictions,
                errors: 0,
                is_provisional: false,
                lone_events: 2,
                rhythm: None,
            };
            (feature(&name), known)
        };
        window.subjects.iter().map(learned).collect::<Vec<_>>()
    });
    Reference {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        model: "fraud".to_owned(),
        segment: None,
        span: Span {
            start: Boundary(NOON - 1_440),
            end: Boundary(NOON),
        },
        predictions: window.predictions,
        subjects: copies.collect(),
    }
}

#[test]
fn references_keep_the_schema_and_fit_into_records() {
    let validator = validator("reference");
    let reference = reference(200);
    let mut days = WeekDays::default();
    days.add(Boundary(0)); // a Thursday
    let records = reference_records(&reference, (Some(days), Boundary(NOON)), 100_000);
    assert!(records.len() > 3);
    for record in &records {
        keeps(&validator, &record.value());
        assert!(record.value().len() < 101_000);
        assert_eq!(record.parts, records.len() as u64);
        assert_eq!(record.days, Some(vec!["Thu".to_owned()]));
        assert_eq!(
            record.in_force_since.as_deref(),
            Some("2026-03-01T12:00:00Z")
        );
    }
    let subjects: usize = records.iter().map(|r| r.subjects.len()).sum();
    assert_eq!(
        subjects,
        reference.subjects.len(),
        "none is lost, none doubled"
    );
    let keys: std::collections::BTreeSet<String> =
        records.iter().map(ReferenceRecord::key).collect();
    assert_eq!(keys.len(), records.len());
    let nothing = reference_records(
        &Reference {
            subjects: BTreeMap::new(),
            ..reference
        },
        (None, Boundary(NOON)),
        100_000,
    );
    assert_eq!(nothing.len(), 1, "an empty reference is a record too");
}

#[test]
fn every_reason_of_a_reject_is_documented() {
    let page = std::fs::read_to_string(root("schemas/dead-letter.md")).unwrap();
    for reject in Reject::ALL {
        assert!(
            page.contains(&format!("| `{}` |", reject.code())),
            "{reject}"
        );
    }
}

#[test]
fn instants_beyond_the_calendar_are_held_at_its_ends() {
    let source = SourceName {
        topic: "predictions",
        partition: 0,
    };
    let record = integrity_record(
        Integrity::DuplicateFrame { seq: 1 },
        source,
        EventTime(i64::MAX),
    );
    assert!(record.started_at.starts_with("9999-12-"));
}

fn audit(outcome: OrderOutcome) -> Audit {
    Audit {
        order: "0f".repeat(16),
        action: Some("approve"),
        model: Some("fraud".to_owned()),
        by: Some("ann".to_owned()),
        note: None,
        alert: Some("a".repeat(32)),
        outcome,
    }
}

#[test]
fn audits_of_orders_keep_the_schema() {
    let validator = validator("audit");
    let pinnable = || PinnableReference {
        id: "b".repeat(32),
        until: Boundary(NOON + 30 * 1_440),
    };
    let learned = || Relearned {
        from: Boundary(NOON - 60),
        asked: None,
        dropped: Some("b".repeat(32)),
        pinnable: Some(pinnable()),
    };
    let relearned = || OrderEffect::Relearned(learned());
    let pinned = |id: &str, dropped: Option<&str>, pinnable| {
        OrderEffect::Pinned(Pinned {
            wanted: "c".repeat(32),
            id: id.repeat(32),
            dropped: dropped.map(|id| id.repeat(32)),
            pinnable,
        })
    };
    let refused = || OrderOutcome::Refused("the alert is not open".to_owned());
    let unreadable = Audit {
        order: "tidegauge.control/0@7".to_owned(),
        action: None,
        model: None,
        by: None,
        alert: None,
        ..audit(refused())
    };
    let cut = OrderEffect::Relearned(Relearned {
        asked: Some(Boundary(NOON - 600)),
        pinnable: None,
        ..learned()
    });
    let pin = |outcome| Audit {
        action: Some("pin"),
        alert: None,
        ..audit(outcome)
    };
    let audits = [
        audit(OrderOutcome::Applied(relearned())),
        audit(OrderOutcome::Applied(cut)),
        audit(OrderOutcome::WouldApply(relearned())),
        audit(refused()),
        unreadable,
        pin(OrderOutcome::Applied(pinned(
            "c",
            Some("b"),
            Some(pinnable()),
        ))),
        pin(OrderOutcome::WouldApply(pinned("d", Some("b"), None))),
        pin(OrderOutcome::Applied(pinned("c", None, None))),
        pin(refused()),
    ];
    let records = audits.map(|audit| AuditRecord::of(&audit, Boundary(NOON).time()));
    for record in &records {
        keeps(&validator, &record.value());
        let read: AuditRecord = serde_json::from_slice(&record.value()).unwrap();
        assert_eq!(&read, record);
        assert_eq!((&*record.status, &*record.severity), ("resolved", "none"));
    }
    golden("audit-applied.json", &records[0].value());
    golden("audit-pinned.json", &records[5].value());
    let text = |nth: usize| &records[nth].annotations["description"];
    let said = [
        (
            0,
            "Until 2026-03-31T12:00:00Z, `tidegauge reference pin` brings back reference bbb",
        ),
        (1, "is provisional: no order brings it back"),
        (6, "without the subjects of which it was provisional"),
        (7, "No order brings back an earlier reference"),
    ];
    for (nth, phrase) in said {
        assert!(text(nth).contains(phrase), "{nth}: {}", text(nth));
    }
    // printf 'tidegauge/v1\0order:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\0control' | sha256sum | cut -c-32
    assert_eq!(records[0].key(), "25588bac59c5df67787b62f39fafc216");
}

/// The schema of orders and the reader of the control topic accept and refuse the same records.
#[test]
fn the_schema_of_orders_says_what_is_read() {
    let validator = validator("order");
    let with = |fields: &str| {
        format!(r#"{{"schema":"tidegauge.order/1","id":"a1","model":"fraud",{fields}}}"#)
    };
    let good = [
        r#""action":"relearn""#,
        r#""action":"relearn","since":"2026-05-04T00:00:00Z","by":"ann","note":"x","dry_run":true"#,
        r#""action":"relearn","since":null,"alert":null,"by":null"#,
        r#""action":"approve","alert":"df29","started_at":"2026-05-04T00:00:00Z""#,
        r#""action":"approve","alert":"df29""#,
        r#""action":"pin","reference":"df29","since":null"#,
    ];
    let bad = [
        r#""action":"pin""#,
        r#""action":"approve""#,
        r#""action":"approve","alert":"df29","since":"2026-05-04T00:00:00Z""#,
        r#""action":"pin","reference":null"#,
        r#""action":"pin","reference":"df29","alert":"df29""#,
        r#""action":"pin","reference":"df29","since":"2026-05-04T00:00:00Z""#,
        r#""action":"approve","alert":"df29","reference":"df29""#,
        r#""action":"relearn","reference":"df29""#,
        r#""action":"relearn","alert":"df29""#,
        r#""action":"relearn","started_at":"2026-05-04T00:00:00Z""#,
        r#""action":"relearn","since":"tomorrow""#,
        r#""action":"relearn","since":5"#,
        r#""action":"relearn","by":"""#,
        r#""action":"relearn","dry_run":null"#,
        r#""action":"relearn","version":"1""#,
        r#""by":"ann""#,
    ];
    let all = good
        .iter()
        .map(|g| (g, true))
        .chain(bad.iter().map(|b| (b, false)));
    for (fields, is_good) in all {
        let text = with(fields);
        let record = Record {
            payload: Some(text.as_bytes()),
            arrival: None,
            traceparent: None,
            headers_readable: true,
        };
        let read = OrderRecord::decode(&record, &Limits::default());
        let json: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (read.is_ok(), validator.is_valid(&json)),
            (is_good, is_good),
            "{text}"
        );
    }
}
