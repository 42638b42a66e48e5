//! `/metrics`, `/status` and the health pages must show what workers report. Tested over a real socket.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value as Json;
use tidegauge::detect::{Family, Verdict};
use tidegauge::event::{EventTime, Reject, Tick, Value};
use tidegauge::http::{Board, BoardOptions, Handle, WorkerMeter, serve};
use tidegauge::pipeline::invariant::InvariantId;
use tidegauge::runtime::meter::{
    AlertChange, Judged, LearningProgress, Meter, SourceTally, StateSizes, WindowClosed,
};
use tidegauge::sketch::{Scale, Subject, ValueBuffer, ValueSketch};
use tidegauge::window::{Boundary, WindowLength};

struct Site {
    board: Arc<Board>,
    worker: WorkerMeter,
    http: Handle,
    now: Arc<AtomicI64>,
}

fn site(drift_series_max: usize) -> Site {
    let now = Arc::new(AtomicI64::new(100_000));
    let hand = Arc::clone(&now);
    let clock = Box::new(move || Tick(hand.load(Ordering::Relaxed)));
    let board = Arc::new(
        Board::new(BoardOptions {
            drift_series_max,
            clock,
        })
        .unwrap(),
    );
    let http = serve(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::clone(&board)).unwrap();
    Site {
        worker: board.worker(),
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

fn counts<'a>(rejected: &'a [(Reject, u64)]) -> SourceTally<'a> {
    SourceTally {
        topic: "predictions",
        partition: 3,
        accepted: 70,
        sampled_out: 0,
        late: 2,
        rejected,
        watermark: Some(EventTime(40_000)),
    }
}

fn judge(worker: &WorkerMeter, model: &str, feature: &str, psi: f64) {
    let sketch = numbers(0..500);
    worker.judged(&Judged {
        model,
        version: "1",
        window: WindowLength::from_minutes(15).unwrap(),
        end: Boundary(600),
        subject: &Subject::Feature(feature.into()),
        distances: &[("psi", psi), ("ks", psi / 2.0)],
        verdict: Verdict::Quiet,
        reference: &sketch,
        observed: &sketch,
    });
}

fn alert<'a>(fingerprint: &'a str, firing: bool, causes: &'a [String]) -> AlertChange<'a> {
    AlertChange {
        fingerprint,
        model: "fraud",
        family: Family::Drift,
        severity: "warning",
        firing,
        since: EventTime(0),
        causes,
    }
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
fn sources_are_counted_and_their_lag_is_as_of_the_scrape() {
    let site = site(10);
    site.worker.ingested(&counts(&[(Reject::NotJson, 4)]));
    site.worker.ingested(&counts(&[]));
    let at = "{partition=\"3\",topic=\"predictions\"}";
    let (_, text) = get(&site.http, "/metrics");
    assert!(
        text.contains(&format!("tidegauge_events_total{at} 140")),
        "{text}"
    );
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
    site.worker.ingested(&counts(&[]));
    site.worker.state(&StateSizes {
        partition: 7,
        models: 2,
        ..StateSizes::default()
    });
    site.worker.learned("fraud", "abc");
    site.worker.alert(&alert("f", true, &[]));
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

#[test]
fn firing_alerts_are_counted_by_family_and_severity() {
    let site = site(10);
    let line = |n| {
        format!(
            "tidegauge_alerts_firing{{family=\"drift\",model=\"fraud\",severity=\"warning\"}} {n}"
        )
    };
    let causes = ["feature:amount psi".to_owned()];
    site.worker.alert(&alert("one", true, &causes));
    site.worker.alert(&alert("two", true, &causes));
    site.worker.alert(&alert("one", true, &causes));
    assert!(
        get(&site.http, "/metrics").1.contains(&line(2)),
        "a change is no second alert"
    );
    let escalated = AlertChange {
        severity: "critical",
        ..alert("one", true, &causes)
    };
    site.worker.alert(&escalated);
    assert!(
        get(&site.http, "/metrics").1.contains(&line(1)),
        "it left its old severity"
    );
    site.worker.alert(&alert("two", false, &[]));
    assert!(get(&site.http, "/metrics").1.contains(&line(0)));
    assert_eq!(
        json(&site.http, "/status").1["firing"][0]["causes"][0],
        "feature:amount psi"
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
        model: "fraud",
        version: "1",
        window: hour,
        end: Boundary(600),
        predictions: 9,
    };
    site.worker.window_closed(&closed);
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
    let learning = LearningProgress {
        model: "fraud",
        span_minutes: 720,
        span_minutes_wanted: 1_440,
        events: 10,
        events_wanted: 40,
    };
    site.worker.learning(&learning);
    assert!(
        get(&site.http, "/metrics")
            .1
            .contains("tidegauge_reference_progress_ratio{model=\"fraud\"} 0.25")
    );
    assert_eq!(
        json(&site.http, "/status").1["models"][0]["reference"]["progress"],
        0.25
    );
    site.worker.learned("fraud", "0123abcd");
    assert_eq!(
        json(&site.http, "/status").1["models"][0]["reference"]["id"],
        "0123abcd"
    );
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
    site.worker.heartbeat();
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
        error.contains("is taken") && error.contains("http.listen"),
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
