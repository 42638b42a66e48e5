//! `/metrics`, `/status` and the health pages must show what workers report. Tested over a real socket.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value as Json;
use tidegauge::alert::{AlertKey, Area};
use tidegauge::detect::{Family, Verdict};
use tidegauge::event::{EventTime, Reject, Scope, Segment, Tick, Value};
use tidegauge::http::{Board, BoardOptions, Handle, WorkerMeter, serve};
use tidegauge::pipeline::frame::SourceId;
use tidegauge::pipeline::invariant::InvariantId;
use tidegauge::pipeline::observations::{
    AlertObservation, DetectableKind, DetectableObservation, DetectableSizes, Forgotten,
    IngestCounts, IngestObservations, Judgement, JudgementKey, ModelObservation, Observations,
    Overflow, Progress, ReferenceProgress, VolumeObservation, WindowClosed,
};
use tidegauge::pipeline::remarks::{AwaitedReference, Remark, ThinWindows};
use tidegauge::pipeline::unjudged::Unjudged;
use tidegauge::reference::{Reference, SubjectReference};
use tidegauge::runtime::Heartbeat;
use tidegauge::runtime::meter::Meter;
use tidegauge::sketch::{Scale, Subject, ValueBuffer, ValueSketch};
use tidegauge::window::{Boundary, Span, WindowLength};

struct TestBoard {
    board: Arc<Board>,
    worker: WorkerMeter,
    http: Handle,
    now: Arc<AtomicI64>,
}

fn site(drift_series_max: usize) -> TestBoard {
    let now = Arc::new(AtomicI64::new(100_000));
    let clock_millis = Arc::clone(&now);
    let clock = Box::new(move || Tick(clock_millis.load(Ordering::Relaxed)));
    let board = Arc::new(
        Board::new(BoardOptions {
            drift_series_max,
            heartbeat_age_max: Duration::from_secs(60),
            clock,
        })
        .unwrap(),
    );
    let http = serve(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::clone(&board)).unwrap();
    TestBoard {
        worker: WorkerMeter::new(&board, &Heartbeat::default()),
        board,
        http,
        now,
    }
}

/// Status code and body of a GET request.
fn get(http: &Handle, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(http.address()).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        body.to_owned(),
    )
}

fn json(http: &Handle, path: &str) -> (u16, Json) {
    let (code, body) = get(http, path);
    (code, serde_json::from_str(&body).unwrap())
}

fn numbers(values: impl Iterator<Item = u32>) -> ValueSketch {
    let mut buffer = ValueBuffer::default();
    values.for_each(|x| buffer.push(Scale::Plain, &Value::Number(f64::from(x))));
    buffer.freeze()
}

fn ingested(rejected: &[(Reject, u64)]) -> IngestObservations {
    IngestObservations {
        source: SourceId {
            topic: "predictions".into(),
            partition: 3,
        },
        counts: IngestCounts {
            counted: 70,
            late: 2,
            rejected: rejected.iter().copied().collect(),
            ..IngestCounts::default()
        },
        watermark: Some(EventTime(40_000)),
    }
}

fn scope(model: &str) -> Scope {
    Scope {
        model: model.into(),
        version: "1".into(),
        segment: None,
    }
}

fn judge(worker: &WorkerMeter, model: &str, feature: &str, psi: f64) {
    let (sketch, subject) = (numbers(0..500), Subject::Feature(feature.into()));
    let of_subject = SubjectReference {
        sketch: sketch.clone(),
        lone_events: 0,
        rhythm: None,
        place: 0,
        span: Span {
            start: Boundary(0),
            end: Boundary(60),
        },
        predictions: 500,
        errors: 0,
        is_provisional: false,
    };
    let reference = Reference {
        id: "abc".into(),
        model: model.into(),
        segment: None,
        span: Span {
            start: Boundary(0),
            end: Boundary(60),
        },
        predictions: 500,
        subjects: [(subject.clone(), of_subject)].into(),
    };
    let judgement = Judgement {
        end: Boundary(600),
        distances: vec![("psi", psi), ("ks", psi / 2.0)],
        verdict: Verdict::Quiet,
        observed: Some(sketch),
        reference: Arc::new(reference),
    };
    let key = JudgementKey {
        scope: scope(model),
        window: WindowLength::from_minutes(15).unwrap(),
        subject,
    };
    observe(worker, |seen| seen.judgements = [(key, judgement)].into());
}

/// What an evaluate task observed, all but nothing.
fn observe(worker: &WorkerMeter, change: impl FnOnce(&mut Observations)) {
    let mut seen = Observations::default();
    change(&mut seen);
    worker.observe_evaluate(7, &seen);
}

fn model(reference: ReferenceProgress) -> ModelObservation {
    ModelObservation {
        name: "fraud".into(),
        versions: 2,
        subjects: 0,
        unjudged: None,
        unpaged: [].into(),
        remarks: Vec::new(),
        reference,
    }
}

fn alert(worker: &WorkerMeter, fingerprint: &str, severity: &'static str, is_firing: bool) {
    let alert = AlertObservation {
        fingerprint: fingerprint.into(),
        model: "fraud".into(),
        key: AlertKey {
            family: Family::Drift,
            area: Some(Area::Answers),
            wave: 2,
        },
        severity,
        is_firing,
        since: EventTime(0),
        causes: vec!["feature:amount psi".into()],
    };
    observe(worker, |seen| seen.alerts = vec![alert]);
}

#[test]
fn every_reason_and_violation_exists_before_it_happens() {
    let site = site(10);
    let (code, text) = get(&site.http, "/metrics");
    assert_eq!(code, 200);
    for reason in Reject::ALL {
        let line = format!(
            "tidegauge_rejected_records_total{{reason=\"{}\"}} 0",
            reason.code()
        );
        assert!(text.contains(&line), "{line}");
    }
    for kind in InvariantId::asserted().filter_map(InvariantId::kind) {
        let line = format!("tidegauge_violations_total{{kind=\"{kind}\"}} 0");
        assert!(text.contains(&line), "{line}");
    }
    assert!(text.contains("tidegauge_aborted_transactions_total 0"));
    assert!(text.contains("tidegauge_drift_series_dropped_total 0"));
    assert!(text.contains("tidegauge_build_info{version=\""));
}

#[test]
fn everything_that_is_left_out_is_counted_under_a_name_of_its_own() {
    let site = site(10);
    observe(&site.worker, |seen| {
        seen.late_for_stage = 1;
        seen.late_quality = 2;
        seen.overflow = Overflow {
            predictions: 3,
            features: 4,
            segments: 5,
            causes: 6,
            assessments: 7,
            labels: 8,
            segment_labels: 9,
        };
    });
    let (_, text) = get(&site.http, "/metrics");
    for (what, count) in [
        ("late_for_stage_predictions", 1),
        ("late_for_stage_quality", 2),
        ("predictions", 3),
        ("features", 4),
        ("segment_predictions", 5),
        ("causes", 6),
        ("drift_assessments", 7),
        ("labels", 8),
        ("segment_labels", 9),
    ] {
        let line = format!("tidegauge_left_out_total{{what=\"{what}\"}} {count}");
        assert!(text.contains(&line), "{line}");
    }
}

#[test]
fn labels_are_counted_apart_from_predictions() {
    let site = site(10);
    let mut labels = ingested(&[]);
    labels.source.topic = "labels".into();
    labels.counts.labels = labels.counts.counted;
    site.worker.observe_ingest(&ingested(&[]));
    site.worker.observe_ingest(&labels);
    let (_, text) = get(&site.http, "/metrics");
    for series in [
        "tidegauge_events_total{partition=\"3\",topic=\"predictions\"} 70",
        "tidegauge_labels_total{partition=\"3\",topic=\"predictions\"} 0",
        "tidegauge_events_total{partition=\"3\",topic=\"labels\"} 0",
        "tidegauge_labels_total{partition=\"3\",topic=\"labels\"} 70",
    ] {
        assert!(text.contains(series), "{series}: {text}");
    }
    let (_, status) = get(&site.http, "/status");
    assert!(
        status.contains("\"events\": 70") && status.contains("\"labels\": 70"),
        "{status}"
    );
}

#[test]
fn orders_are_no_predictions_and_are_counted_by_what_became_of_them() {
    let site = site(10);
    let mut orders = ingested(&[]);
    orders.source.topic = "control".into();
    orders.counts.orders = orders.counts.counted;
    orders.watermark = None;
    site.worker.observe_ingest(&orders);
    site.worker.observe_ingest(&ingested(&[]));
    let watermark = json(&site.http, "/status").1["watermark"].clone();
    assert_eq!(watermark, "1970-01-01T00:00:40Z", "orders have no time");
    observe(&site.worker, |seen| {
        seen.count_order("relearn", "applied");
        seen.count_order("relearn", "applied");
        seen.count_order("approve", "refused");
    });
    let (_, text) = get(&site.http, "/metrics");
    for series in [
        "tidegauge_events_total{partition=\"3\",topic=\"control\"} 0",
        "tidegauge_orders_total{action=\"relearn\",outcome=\"applied\"} 2",
        "tidegauge_orders_total{action=\"approve\",outcome=\"refused\"} 1",
    ] {
        assert!(text.contains(series), "{series}: {text}");
    }
}

#[test]
fn sources_are_counted_and_their_lag_is_as_of_the_scrape() {
    let site = site(10);
    site.worker
        .observe_ingest(&ingested(&[(Reject::NotJson, 4)]));
    site.worker.observe_ingest(&ingested(&[]));
    let at = "{partition=\"3\",topic=\"predictions\"}";
    let (_, text) = get(&site.http, "/metrics");
    assert!(
        text.contains(&format!("tidegauge_events_total{at} 140")),
        "{text}"
    );
    assert!(text.contains(&format!("tidegauge_labels_total{at} 0")));
    assert!(text.contains(&format!("tidegauge_late_events_total{at} 4")));
    assert!(text.contains("tidegauge_rejected_records_total{reason=\"not_json\"} 4"));
    assert!(text.contains(&format!("tidegauge_watermark_seconds{at} 40")));
    assert!(text.contains(&format!("tidegauge_lag_seconds{at} 60")));
    site.now.store(101_000, Ordering::Relaxed);
    assert!(
        get(&site.http, "/metrics")
            .1
            .contains(&format!("tidegauge_lag_seconds{at} 61"))
    );
}

#[test]
fn drift_keeps_its_limit_and_says_what_was_left_out() {
    let site = site(4);
    for feature in ["a", "b", "c", "a"] {
        judge(&site.worker, "fraud", feature, 0.5);
    }
    let series = |text: &str| {
        text.lines()
            .filter(|l| l.starts_with("tidegauge_drift{"))
            .count()
    };
    let (_, text) = get(&site.http, "/metrics");
    assert_eq!(series(&text), 4, "two features of two distances");
    assert!(
        text.contains("tidegauge_drift_series_dropped_total 2"),
        "c found no place"
    );
    site.worker.restoring(0);
    assert_eq!(
        series(&get(&site.http, "/metrics").1),
        0,
        "the model moved elsewhere"
    );
    judge(&site.worker, "churn", "c", 0.5);
    assert_eq!(
        series(&get(&site.http, "/metrics").1),
        2,
        "its places are free again"
    );
}

#[test]
fn what_a_worker_no_longer_owns_disappears() {
    let site = site(100);
    site.worker.observe_ingest(&ingested(&[]));
    let learned = model(ReferenceProgress::Learned {
        id: "abc".into(),
        is_provisional: false,
    });
    observe(&site.worker, |seen| seen.models = vec![learned]);
    alert(&site.worker, "f", "warning", true);
    let gone = [
        "tidegauge_lag_seconds{",
        "tidegauge_state_models{",
        "tidegauge_alerts_firing{",
        "ratio{model=\"fraud\"",
    ];
    let (_, before) = get(&site.http, "/metrics");
    site.worker.restoring(2);
    let (_, after) = get(&site.http, "/metrics");
    for series in gone {
        assert!(before.contains(series), "{series}");
        assert!(!after.contains(series), "{series}");
    }
    assert!(
        after.contains("tidegauge_events_total{"),
        "counters stay: they only grow"
    );
    let status = site.board.status();
    assert!(status.sources.is_empty() && status.models.is_empty() && status.firing.is_empty());
}

fn forget(worker: &WorkerMeter, names: Forgotten) {
    observe(worker, |seen| seen.forgotten = vec![names]);
}

/// Lines of the metrics that contain `label`.
fn series_with(site: &TestBoard, label: &str) -> Vec<String> {
    let (_, text) = get(&site.http, "/metrics");
    let lines = text.lines().filter(|line| line.contains(label));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_forgotten_model_disappears_and_frees_its_places() {
    let site = site(4);
    let closed = |model: &str| WindowClosed {
        scope: scope(model),
        window: WindowLength::from_minutes(60).unwrap(),
        end: Boundary(600),
        predictions: 9,
    };
    for name in ["fraud", "churn"] {
        judge(&site.worker, name, "a", 0.5);
        observe(&site.worker, |seen| {
            seen.windows = vec![closed(name)];
            seen.models = vec![model(ReferenceProgress::Learned {
                id: "abc".into(),
                is_provisional: false,
            })];
        });
    }
    alert(&site.worker, "f", "warning", true);
    alert(&site.worker, "f", "warning", false);
    let of_fraud = series_with(&site, "model=\"fraud\"");
    assert_eq!(
        of_fraud.len(),
        5,
        "two distances, windows, progress, alerts"
    );
    let of_churn = series_with(&site, "model=\"churn\"");
    forget(
        &site.worker,
        Forgotten {
            model: "fraud".into(),
            ..Forgotten::default()
        },
    );
    assert_eq!(series_with(&site, "model=\"fraud\""), [""; 0]);
    assert_eq!(series_with(&site, "model=\"churn\""), of_churn);
    let models = site.board.status().models;
    assert_eq!(
        models.iter().map(|m| &m.model).collect::<Vec<_>>(),
        ["churn"]
    );
    judge(&site.worker, "ads", "a", 0.5);
    assert_eq!(
        series_with(&site, "model=\"ads\"").len(),
        2,
        "places are free"
    );
    assert_eq!(series_with(&site, "drift_series_dropped_total 0").len(), 1);
}

#[test]
fn a_forgotten_version_or_subject_disappears_from_its_model() {
    let site = site(100);
    judge(&site.worker, "fraud", "a", 0.5);
    judge(&site.worker, "fraud", "b", 0.5);
    let version = Forgotten {
        model: "fraud".into(),
        version: Some("1".into()),
        ..Forgotten::default()
    };
    let subject = Subject::Feature("a".into());
    forget(
        &site.worker,
        Forgotten {
            subject: Some(subject),
            ..version.clone()
        },
    );
    assert_eq!(series_with(&site, "subject=\"feature:a\""), [""; 0]);
    assert_eq!(series_with(&site, "subject=\"feature:b\"").len(), 2);
    assert_eq!(site.board.status().models[0].subjects_total, 1);
    forget(
        &site.worker,
        Forgotten {
            version: Some("2".into()),
            ..version.clone()
        },
    );
    assert_eq!(series_with(&site, "version=\"1\"").len(), 2);
    forget(&site.worker, version);
    assert_eq!(series_with(&site, "version=\"1\",").len(), 0);
    let status = site.board.status();
    assert_eq!(status.models[0].subjects_total, 0);
    assert!(status.models[0].versions.is_empty());
}

#[test]
fn firing_alerts_are_counted_by_kind_and_severity() {
    let site = site(10);
    let line = |n| {
        format!(
            "tidegauge_alerts_firing{{kind=\"drift\",model=\"fraud\",severity=\"warning\"}} {n}"
        )
    };
    alert(&site.worker, "one", "warning", true);
    alert(&site.worker, "two", "warning", true);
    alert(&site.worker, "one", "warning", true);
    assert!(
        get(&site.http, "/metrics").1.contains(&line(2)),
        "a change is no second alert"
    );
    alert(&site.worker, "one", "critical", true);
    assert!(
        get(&site.http, "/metrics").1.contains(&line(1)),
        "it left its old severity"
    );
    alert(&site.worker, "two", "warning", false);
    assert!(get(&site.http, "/metrics").1.contains(&line(0)));
    let status = json(&site.http, "/status").1;
    let shown = &status["firing"][0];
    assert_eq!(shown["causes"][0], "feature:amount psi");
    let key = [&shown["kind"], &shown["area"], &shown["wave"]];
    assert_eq!(
        serde_json::json!(key),
        serde_json::json!(["drift", "answers", 2])
    );
}

#[test]
fn status_ranks_at_most_fifty_subjects_and_shows_no_values() {
    let site = site(1_000);
    for n in 0..60 {
        judge(
            &site.worker,
            "fraud",
            &format!("f{n:02}"),
            f64::from(n) / 100.0,
        );
    }
    let hour = WindowLength::from_minutes(60).unwrap();
    let closed = WindowClosed {
        scope: scope("fraud"),
        window: hour,
        end: Boundary(600),
        predictions: 9,
    };
    let of_segment = WindowClosed {
        scope: Scope {
            segment: Some(Segment {
                key: "country".into(),
                value: "DE".into(),
            }),
            ..closed.scope.clone()
        },
        ..closed
    };
    observe(&site.worker, |seen| seen.windows = vec![closed, of_segment]);
    let (code, status) = json(&site.http, "/status");
    assert_eq!(code, 200);
    let model = &status["models"][0];
    assert_eq!(model["subjects"].as_array().unwrap().len(), 50);
    assert_eq!(model["subjects_total"], 60);
    assert_eq!(model["subjects"][0]["subject"], "feature:f59");
    assert_eq!(model["subjects"][0]["end"], "1970-01-01T10:00:00Z");
    assert_eq!(model["windows_closed"], 1);
    assert_eq!(model["versions"][0], "1");
    let shares = model["subjects"][0]["picture"]["window"]
        .as_array()
        .unwrap();
    assert!((shares.iter().map(|s| s.as_f64().unwrap()).sum::<f64>() - 1.0).abs() < 1e-3);
}

#[test]
fn learning_shows_the_slower_of_time_and_events() {
    let site = site(10);
    let learning = model(ReferenceProgress::Learning {
        span_minutes: Progress {
            done: 720,
            of: 1_440,
        },
        events: Progress { done: 10, of: 40 },
    });
    observe(&site.worker, |seen| seen.models = vec![learning]);
    assert!(
        get(&site.http, "/metrics")
            .1
            .contains("tidegauge_reference_progress_ratio{model=\"fraud\"} 0.25")
    );
    assert_eq!(
        json(&site.http, "/status").1["models"][0]["reference"]["progress"],
        0.25
    );
    let learned = model(ReferenceProgress::Learned {
        is_provisional: false,
        id: "0123abcd".into(),
    });
    observe(&site.worker, |seen| seen.models = vec![learned]);
    assert_eq!(
        json(&site.http, "/status").1["models"][0]["reference"]["id"],
        "0123abcd"
    );
}

#[test]
fn a_model_that_cannot_be_judged_is_shown_until_it_can() {
    let site = site(10);
    let progress = Progress { done: 1, of: 4 };
    let learning = ReferenceProgress::Learning {
        span_minutes: progress,
        events: progress,
    };
    let small = Unjudged::TooFewToLearn {
        predictions: 40,
        needed: 1_000,
    };
    let line = "tidegauge_model_unjudged{model=\"fraud\",reason=\"too_few_to_learn\"} 1";
    for unjudged in [Some(small), None] {
        let seen = ModelObservation {
            unjudged,
            ..model(learning.clone())
        };
        observe(&site.worker, |all| all.models = vec![seen]);
        let (_, metrics) = get(&site.http, "/metrics");
        assert_eq!(metrics.contains(line), unjudged.is_some());
        let status = &json(&site.http, "/status").1["models"][0]["unjudged"];
        let text = unjudged.map(|_| {
            "30 days hold 40 predictions, and a reference needs 1000: with fewer, nothing can be told from chance"
        });
        assert_eq!(status["text"].as_str(), text);
    }
}

#[test]
fn remarks_on_a_model_are_shown_while_they_hold() {
    let site = site(10);
    let learning = ReferenceProgress::Learning {
        span_minutes: Progress { done: 1, of: 4 },
        events: Progress { done: 1, of: 4 },
    };
    let window = |minutes| WindowLength::from_minutes(minutes).unwrap();
    let awaited = Remark::Learning(AwaitedReference {
        not_before: Boundary(600),
        hours: 3,
        events: 7,
        is_late: false,
        ordered_from: None,
    });
    let thin = Remark::ThinWindows(ThinWindows {
        thin: window(15),
        predictions: 12,
        judging: window(60),
        needed: 30,
    });
    let given_up = Remark::GivenUp {
        rare: 2,
        no_room: 0,
    };
    let lines = [
        "tidegauge_model_judged_from_seconds{model=\"fraud\"} 36000\n",
        "tidegauge_model_shortest_judging_window_seconds{model=\"fraud\"} 3600\n",
        "tidegauge_given_up_subjects{model=\"fraud\",reason=\"rare\"} 2\n",
    ];
    for remarks in [vec![awaited, thin, given_up], Vec::new()] {
        let seen = ModelObservation {
            remarks: remarks.clone(),
            ..model(learning.clone())
        };
        observe(&site.worker, |all| all.models = vec![seen]);
        let (_, metrics) = get(&site.http, "/metrics");
        for line in lines {
            assert_eq!(metrics.contains(line), !remarks.is_empty(), "{line}");
        }
        assert!(!metrics.contains("reason=\"no_room\""), "{metrics}");
        let status = json(&site.http, "/status").1["models"][0]["remarks"].clone();
        assert_eq!(status.as_array().unwrap().len(), remarks.len());
        if !remarks.is_empty() {
            let text = "it cannot be judged before 1970-01-01T10:00Z, because its reference lacks 3 hours with predictions and 7 predictions";
            assert_eq!(
                (status[0]["reason"].as_str(), status[0]["text"].as_str()),
                (Some("learning"), Some(text))
            );
        }
    }
}

#[test]
fn the_smallest_changes_that_are_found_are_shown_until_the_model_learns_anew() {
    smallest_changes_end(false);
}

#[test]
fn the_smallest_changes_that_are_found_are_shown_until_the_window_is_empty() {
    smallest_changes_end(true);
}

/// Shows the smallest changes of a window, and ends them: by a window without predictions, or by learning.
fn smallest_changes_end(ends: bool) {
    let site = site(10);
    let sizes = DetectableSizes {
        subjects: 3,
        median: 0.25,
        worst: f64::INFINITY,
        worst_subject: "feature:amount".into(),
    };
    let seen = DetectableObservation {
        end: Boundary(600),
        version: "2".into(),
        predictions: 1_500,
        kinds: [(DetectableKind::Shift, sizes)].into(),
    };
    let key = ("fraud".to_owned(), WindowLength::from_minutes(60).unwrap());
    observe(&site.worker, |all| {
        all.detectable = [(key.clone(), seen)].into();
    });
    let (_, metrics) = get(&site.http, "/metrics");
    for (subjects, value) in [("median", "0.25"), ("worst", "inf")] {
        let labels =
            format!("change=\"shift\",model=\"fraud\",subjects=\"{subjects}\",window=\"1h\"");
        let line = format!("tidegauge_detectable_change{{{labels}}} {value}\n");
        assert!(metrics.contains(&line), "{line}");
    }
    let status = json(&site.http, "/status").1["models"][0]["detectable"][0].clone();
    assert_eq!(status["window"], "1h");
    assert_eq!(status["shift"]["median"], 0.25);
    assert!(status["shift"]["worst"].is_null() && status["share"].is_null());
    assert_eq!(status["shift"]["worst_subject"], "feature:amount");
    if ends {
        let nothing = DetectableObservation::nothing_to_judge(Boundary(660));
        observe(&site.worker, |all| all.detectable = [(key, nothing)].into());
    } else {
        let learning = ReferenceProgress::Learning {
            span_minutes: Progress { done: 1, of: 4 },
            events: Progress { done: 1, of: 4 },
        };
        observe(&site.worker, |all| all.models = vec![model(learning)]);
    }
    let (_, metrics) = get(&site.http, "/metrics");
    assert!(
        !metrics.contains("tidegauge_detectable_change{"),
        "{metrics}"
    );
    let status = json(&site.http, "/status").1["models"][0]["detectable"].clone();
    assert_eq!(status.as_array().unwrap().len(), 0);
}

#[test]
fn traffic_is_shown_with_the_smallest_change_that_alarms() {
    let site = site(10);
    let traffic = VolumeObservation {
        end: Boundary(600),
        count: 800,
        expected: 1_000,
        verdict: Verdict::Lingering,
        detectable_drop: Some(0.25),
        detectable_rise: None,
    };
    let key = ("fraud".to_owned(), WindowLength::from_minutes(60).unwrap());
    observe(&site.worker, |seen| seen.volume = [(key, traffic)].into());
    let (_, metrics) = get(&site.http, "/metrics");
    let change = "tidegauge_volume_change_ratio{model=\"fraud\",window=\"1h\"} -0.2";
    assert!(metrics.contains(change), "{metrics}");
    let drop =
        "tidegauge_volume_detectable_ratio{direction=\"drop\",model=\"fraud\",window=\"1h\"} 0.25";
    assert!(metrics.contains(drop), "{metrics}");
    assert!(!metrics.contains("direction=\"rise\""), "{metrics}");
    let status = &json(&site.http, "/status").1["models"][0]["volume"][0];
    assert_eq!(status["window"], "1h");
    assert_eq!(status["verdict"], "lingering");
    assert_eq!(status["detectable_drop"], 0.25);
    assert!(status["detectable_rise"].is_null());
}

#[test]
fn readiness_is_503_with_the_reason_until_restored() {
    let site = site(10);
    let (code, body) = json(&site.http, "/readyz");
    assert_eq!((code, body["ready"].as_bool()), (503, Some(false)));
    site.worker.restoring(16);
    site.worker.restore_progress(1_234);
    let (code, body) = json(&site.http, "/readyz");
    assert_eq!(code, 503);
    assert_eq!(body["workers"][0]["records"], 1_234);
    assert!(body["reason"].as_str().unwrap().contains("16 partitions"));
    site.worker.restored(Duration::from_millis(20), 2_000);
    assert_eq!(json(&site.http, "/readyz").0, 200);
    assert_eq!(json(&site.http, "/livez").0, 200);
    assert!(get(&site.http, "/metrics").1.contains("tidegauge_ready 1"));
}

#[test]
fn a_taken_port_names_the_address_and_the_fix() {
    let site = site(10);
    let error = serve(site.http.address(), Arc::clone(&site.board))
        .unwrap_err()
        .to_string();
    assert!(error.contains(&site.http.address().to_string()), "{error}");
    assert!(
        error.contains("is in use") && error.contains("http.listen"),
        "{error}"
    );
}

#[test]
fn dropping_the_handle_frees_the_port_even_with_an_open_connection() {
    let site = site(10);
    let address = site.http.address();
    let mut open = TcpStream::connect(address).unwrap();
    open.write_all(b"GET /metrics HTTP/1.1\r\n").unwrap();
    assert_eq!(get(&site.http, "/").0, 200);
    assert_eq!(get(&site.http, "/nothing").0, 404);
    let before = std::time::Instant::now();
    drop(site.http);
    assert!(before.elapsed() < Duration::from_secs(2));
    assert!(
        TcpStream::connect(address).is_err(),
        "nobody listens any more"
    );
}
