//! Quality, objectives and joins: what workers report must appear in `/metrics`, `/status` and `/readyz`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tidegauge::alert::WindowTime;
use tidegauge::detect::slo::BudgetStatus;
use tidegauge::event::{Scope, Segment, Tick};
use tidegauge::http::{Board, BoardOptions, WorkerMeter};
use tidegauge::join::JoinCounts;
use tidegauge::pipeline::observations::{
    IdleObjective, IdleReason, JoinObservations, ObjectiveReading, Observations, Progress,
    QualityKey, QualityObservation,
};
use tidegauge::runtime::Heartbeat;
use tidegauge::runtime::meter::Meter;
use tidegauge::sketch::{Answered, KnownTruth, Quality, Share, UNSCORED};
use tidegauge::window::{Boundary, WindowLength};

fn board() -> (Arc<Board>, WorkerMeter) {
    let options = BoardOptions {
        drift_series_max: 10,
        heartbeat_age_max: Duration::from_secs(60),
        clock: Box::new(|| Tick(0)),
    };
    let board = Arc::new(Board::new(options).unwrap());
    let worker = WorkerMeter::new(&board, &Heartbeat::default());
    (board, worker)
}

fn length(minutes: u32) -> WindowLength {
    WindowLength::from_minutes(minutes).unwrap()
}

fn segment(value: &str) -> Segment {
    Segment {
        key: "country".to_owned(),
        value: value.to_owned(),
    }
}

/// 200 predictions, of which 50 are labelled and 45 of those are right.
fn counts() -> Quality {
    let answer = Answered {
        class: Some("yes"),
        cell: UNSCORED,
        value: None,
    };
    let mut quality = Quality::default();
    (0..200).for_each(|_| quality.predict(&answer));
    for n in 0..50 {
        let truth = if n < 45 { "yes" } else { "no" };
        quality.judge(&answer, KnownTruth::Class(truth), 0);
    }
    quality
}

fn show_quality(worker: &WorkerMeter, segment: Option<Segment>, by: WindowTime) {
    let key = QualityKey {
        scope: Scope {
            model: "fraud".into(),
            version: "7".into(),
            segment,
        },
        by,
        length: length(60),
    };
    let observed = QualityObservation {
        end: Boundary(600),
        quality: counts(),
        positive: None,
    };
    let seen = Observations {
        quality: [(key, observed)].into(),
        ..Observations::default()
    };
    worker.observe_evaluate(7, &seen);
}

fn show_objective(worker: &WorkerMeter, remaining: f64, exhausted_at: Option<Boundary>) {
    let reading = ObjectiveReading {
        target: Some(0.95),
        budget: BudgetStatus {
            share: Share {
                good: 930,
                valid: 1_000,
            },
            burn_rates: vec![(length(60), None), (length(1_440), Some(4.5))],
            remaining: Some(remaining),
            exhausted_at,
        },
    };
    let seen = Observations {
        objectives: [(("fraud".into(), "precise".into()), reading)].into(),
        ..Observations::default()
    };
    worker.observe_evaluate(7, &seen);
}

fn join(labels: u64, pending: u64) -> JoinObservations {
    JoinObservations {
        partition: 3,
        counts: JoinCounts {
            labels,
            ..JoinCounts::default()
        },
        pending,
        ..JoinObservations::default()
    }
}

fn status(board: &Board) -> Json {
    serde_json::to_value(board.status()).unwrap()
}

fn has(board: &Board, line: &str) -> bool {
    board.render().unwrap().lines().any(|l| l == line)
}

#[test]
fn quality_is_shown_by_scope_time_and_window() {
    let (board, worker) = board();
    show_quality(&worker, None, WindowTime::Prediction);
    show_quality(&worker, Some(segment("DE")), WindowTime::Label);
    let whole = "by=\"prediction\"";
    assert!(has(
        &board,
        &format!(
            "tidegauge_quality_value{{{whole},measure=\"accuracy\",model=\"fraud\",segment=\"\",version=\"7\",window=\"1h\"}} 0.9"
        )
    ));
    assert!(has(
        &board,
        &format!(
            "tidegauge_quality_coverage{{{whole},model=\"fraud\",segment=\"\",version=\"7\",window=\"1h\"}} 0.25"
        )
    ));
    let text = board.render().unwrap();
    assert!(
        text.contains("measure=\"accuracy\",model=\"fraud\",segment=\"country=DE\""),
        "{text}"
    );
    assert!(
        !text.contains("coverage{by=\"label\""),
        "by label time it is none"
    );
    let shown = &status(&board)["models"][0]["quality"];
    assert_eq!(shown[0]["segment"], Json::Null);
    assert_eq!(shown[0]["coverage"], 0.25);
    assert_eq!(shown[1]["segment"], "country=DE");
    assert_eq!(shown[1]["by"], "label");
    assert_eq!(shown[1]["measures"]["accuracy"], 0.9);
    assert_eq!(shown[1]["coverage"], Json::Null);
    assert_eq!(shown[1]["measures"]["coverage"], Json::Null);
}

#[test]
fn segments_keep_their_limit_and_say_what_was_left_out() {
    let (board, worker) = board();
    for n in 0..3_000 {
        show_quality(
            &worker,
            Some(segment(&n.to_string())),
            WindowTime::Prediction,
        );
    }
    let text = board.render().unwrap();
    let series = |name: &str| text.lines().filter(|l| l.starts_with(name)).count();
    assert_eq!(series("tidegauge_quality_value{"), 4_500);
    assert_eq!(series("tidegauge_quality_coverage{"), 500);
    let measures = status(&board)["models"][0]["quality"][0]["measures"].clone();
    let values = 3_000 * measures.as_object().unwrap().len();
    let left_out = values - 4_500 + 3_000 - 500;
    assert!(has(
        &board,
        &format!("tidegauge_quality_series_dropped_total {left_out}")
    ));
    assert_eq!(
        status(&board)["models"][0]["quality"]
            .as_array()
            .unwrap()
            .len(),
        200
    );
    worker.restoring(0);
    assert!(!board.render().unwrap().contains("tidegauge_quality_value{"));
    show_quality(&worker, None, WindowTime::Prediction);
    assert!(
        board.render().unwrap().contains("tidegauge_quality_value{"),
        "places are free again"
    );
}

#[test]
fn an_objective_that_has_nothing_to_judge_is_shown_until_it_has() {
    let (board, worker) = board();
    let report = |partition, idle: &[IdleObjective]| {
        let seen = Observations {
            idle: idle.iter().cloned().collect(),
            ..Observations::default()
        };
        worker.observe_evaluate(partition, &seen);
    };
    let idle = IdleObjective {
        model: "fraud".to_owned(),
        objective: "precise".to_owned(),
        reason: IdleReason::PositiveClassUnseen,
    };
    let line = "tidegauge_slo_idle{model=\"fraud\",objective=\"precise\",reason=\"positive_class_unseen\"} 1";
    report(3, std::slice::from_ref(&idle));
    report(4, &[]);
    assert!(has(&board, line));
    let shown = status(&board)["idle_objectives"][0].clone();
    assert_eq!(
        (&shown["model"], &shown["reason"]),
        (&"fraud".into(), &"positive_class_unseen".into())
    );
    report(3, &[]);
    assert!(!has(&board, line), "it has something to judge now");
    report(3, &[idle]);
    worker.restoring(0);
    assert!(!has(&board, line), "its partition moved elsewhere");
    assert_eq!(status(&board)["idle_objectives"], serde_json::json!([]));
}

#[test]
fn an_objective_shows_its_budget_and_how_it_burns() {
    let (board, worker) = board();
    show_objective(&worker, 0.25, Some(Boundary(1)));
    let of = "model=\"fraud\",objective=\"precise\"";
    for (metric, value) in [
        ("target", "0.95"),
        ("good", "930"),
        ("valid", "1000"),
        ("error_budget_remaining", "0.25"),
        ("exhausted_at_seconds", "60"),
    ] {
        assert!(
            has(&board, &format!("tidegauge_slo_{metric}{{{of}}} {value}")),
            "{metric}"
        );
    }
    assert!(has(
        &board,
        &format!("tidegauge_slo_burn_rate{{{of},window=\"1d\"}} 4.5")
    ));
    assert!(
        !board.render().unwrap().contains("window=\"1h\""),
        "too few events burn nothing"
    );
    let shown = status(&board)["models"][0]["objectives"][0].clone();
    assert_eq!(shown["value"], 0.93);
    assert_eq!(shown["budget"], "█████░░░░░░░░░░░░░░░");
    assert_eq!(shown["burn_rates"]["1h"], Json::Null);
    assert_eq!(shown["exhausted_at"], "1970-01-01T00:01:00Z");

    show_objective(&worker, -3.0, None);
    assert!(
        !board.render().unwrap().contains("exhausted_at_seconds{"),
        "it recovered"
    );
    assert_eq!(
        status(&board)["models"][0]["objectives"][0]["budget"],
        "░".repeat(20)
    );
    worker.restoring(0);
    assert!(
        !board.render().unwrap().contains("tidegauge_slo_good{"),
        "it moved elsewhere"
    );
    assert!(!board.render().unwrap().contains("tidegauge_slo_burn_rate{"));
}

#[test]
fn a_join_is_counted_as_it_counts_itself() {
    let (board, worker) = board();
    worker.observe_join(&join(10, 7));
    worker.observe_join(&join(25, 4));
    assert!(
        has(&board, "tidegauge_join_labels_total{partition=\"3\"} 25"),
        "not 35"
    );
    assert!(has(&board, "tidegauge_join_pending{partition=\"3\"} 4"));
    assert_eq!(status(&board)["joins"][0]["labels"], 25);
    worker.observe_join(&join(5, 0));
    assert!(
        has(&board, "tidegauge_join_labels_total{partition=\"3\"} 5"),
        "it began anew"
    );
    worker.restoring(0);
    assert!(
        !board
            .render()
            .unwrap()
            .contains("tidegauge_join_labels_total{")
    );
    assert_eq!(status(&board)["joins"], Json::Array(vec![]));
}

#[test]
fn a_worker_is_ready_once_its_joins_are_rebuilt() {
    let (board, worker) = board();
    worker.restoring(2);
    worker.restored(Duration::from_millis(1), 10);
    worker.observe_join(&JoinObservations {
        rebuilt: Some(Progress { done: 25, of: 100 }),
        ..join(5, 0)
    });
    assert!(
        !board.render().unwrap().contains("join_labels_total{"),
        "half of a rebuild counts nothing"
    );
    let readiness = serde_json::to_value(board.readiness()).unwrap();
    assert_eq!(readiness["ready"], false);
    assert_eq!(readiness["workers"][0]["rebuilding"]["done"], 25);
    assert!(
        readiness["reason"]
            .as_str()
            .unwrap()
            .contains("25 of 100 records")
    );
    assert!(has(
        &board,
        "tidegauge_join_rebuilt_ratio{partition=\"3\"} 0.25"
    ));
    worker.observe_join(&join(5, 0));
    assert!(board.readiness().ready);
    assert!(has(
        &board,
        "tidegauge_join_rebuilt_ratio{partition=\"3\"} 1"
    ));
    assert!(has(&board, "tidegauge_ready 1"));
    let text = board.render().unwrap();
    let age = text
        .lines()
        .find_map(|l| l.strip_prefix("tidegauge_heartbeat_age_seconds "))
        .unwrap();
    assert!(age.parse::<f64>().unwrap() < 30.0);
}
