//! Sample snapshots of the demo, with pictures of the real stream.

use tidegauge::alert::WindowTime;
use tidegauge::cli::demo::{
    DemoEvent, IncidentKind, ObjectiveName, PublishedAlert, PublishedSoFar, Reports, Snapshot,
    Timeline, Traffic,
};
use tidegauge::detect::Verdict;
use tidegauge::event::{EventTime, Value};
use tidegauge::http::{
    ModelStatus, ObjectiveStatus, Picture, QualityStatus, Readiness, ReferenceStatus, StatusPage,
    SubjectStatus,
};
use tidegauge::sketch::{Subject, ValueBuffer, ValueSketch};

/// Snapshot that owns its data.
pub struct Sample {
    pub status: StatusPage,
    pub timeline: Timeline,
    pub alerts: Vec<PublishedAlert>,
    pub reports: Reports,
    pub now: EventTime,
    pub is_over: bool,
}

impl Sample {
    pub fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            status: &self.status,
            timeline: &self.timeline,
            published: PublishedSoFar {
                alerts: &self.alerts,
                reports: &self.reports,
                corrected: 0,
                keep_firing_minutes: 15,
            },
            now: self.now,
            is_over: self.is_over,
            events_per_sec: 31_204.0,
            bootstrap: "127.0.0.1:41235",
            metrics: "http://127.0.0.1:9898/metrics",
        }
    }
}

/// Sample in the middle of learning.
pub fn learning() -> Sample {
    at_hour(
        14,
        ReferenceStatus::Learning {
            progress: 0.58,
            events: 75_000,
        },
        Vec::new(),
        Vec::new(),
    )
}

/// Sample after the second incident, with pictures of the real stream.
pub fn watching() -> Sample {
    let alerts = vec![
        alert(1_626, "drift", "firing", Some("feature:amount"), "psi"),
        alert(
            1_902,
            "data_quality",
            "firing",
            Some("feature:country"),
            "new_category",
        ),
        alert(
            2_044,
            "data_quality",
            "resolved",
            Some("feature:country"),
            "new_category",
        ),
    ];
    let reference = ReferenceStatus::Learned {
        provisional: false,
        id: "5bd1e995".into(),
    };
    let mut sample = at_hour(37, reference, subjects(), alerts);
    sample.alerts.insert(1, assessed());
    sample.alerts.push(burning());
    sample.reports = reports();
    let model = sample.status.models.first_mut().unwrap();
    model.objectives.push(objective());
    model.quality.push(of_the_day());
    sample
}

fn assessed() -> PublishedAlert {
    let mut record = alert(1_626, "drift", "firing", None, "impact");
    record.change = Some("assessed".into());
    record.at = Some(instant(1_665));
    let impact = serde_json::json!({"verdict": "unmoved", "value": 0.994, "before_value": 0.995});
    record.impact = Some(serde_json::from_value(impact).unwrap());
    let sentence =
        "quality unmoved: accuracy 0.994 (0.923–0.999) in the drifted window, 0.995 before";
    record.annotations.insert("impact".into(), sentence.into());
    record
}

fn burning() -> PublishedAlert {
    let mut record = alert(
        2_105,
        "slo",
        "firing",
        Some("objective:precise"),
        "burn_rate",
    );
    record.segment = Some("card=prepaid".into());
    record.objective = Some(ObjectiveName {
        name: "precise".into(),
    });
    record
}

fn instant(minute: i64) -> EventTime {
    let timeline = Timeline::from_day(EventTime(1_777_852_800_000), true);
    timeline.start.plus_minutes(minute).time()
}

/// Reports on the last hour, in total and by card, and on the first day.
fn reports() -> Reports {
    let shares = [
        (None, 0.761, 141),
        (Some("card=credit"), 0.957, 35),
        (Some("card=debit"), 0.967, 50),
        (Some("card=prepaid"), 0.062, 56),
    ];
    let mut reports = Reports::default();
    for (segment, value, count) in shares {
        reports.take(&report(
            ("prediction", "1h", 2_160),
            segment,
            (value, count),
        ));
    }
    reports.take(&report(("prediction", "1d", 1_440), None, (0.956, 1_902)));
    reports
}

fn report(
    (by, length, minute): (&str, &str, i64),
    segment: Option<&str>,
    (value, count): (f64, i64),
) -> Vec<u8> {
    let text = |minute| {
        let at: EventTime = instant(minute);
        jiff::Timestamp::from_millisecond(at.0).unwrap().to_string()
    };
    let minutes = if length == "1h" { 60 } else { 1_440 };
    let precision = serde_json::json!({
        "value": value, "count": count, "low": value - 0.05, "high": value + 0.03,
    });
    let record = serde_json::json!({
        "schema": "tidegauge.quality/1", "segment": segment, "by": by, "coverage": null,
        "window": {"length": length, "start": text(minute - minutes), "end": text(minute)},
        "as_of": text(minute), "age": null, "corrections": 12,
        "measures": {"precision": precision},
    });
    serde_json::to_vec(&record).unwrap()
}

fn objective() -> ObjectiveStatus {
    ObjectiveStatus {
        objective: "precise".into(),
        good: 2_490,
        valid: 2_670,
        value: Some(0.9326),
        target: Some(0.9),
        budget_remaining: Some(0.326),
        budget: None,
        burn_rates: [("2h".to_owned(), Some(3.12))].into(),
        exhausted_at: None,
    }
}

fn of_the_day() -> QualityStatus {
    QualityStatus {
        version: "2026-05".into(),
        segment: None,
        by: WindowTime::Prediction,
        window: "1d".into(),
        end: instant(2_160),
        predicted: 129_000,
        labelled: 44_100,
        coverage: Some(0.342),
        measures: [].into(),
    }
}

fn at_hour(
    hour: i64,
    reference: ReferenceStatus,
    subjects: Vec<SubjectStatus>,
    alerts: Vec<PublishedAlert>,
) -> Sample {
    let timeline = Timeline::from_day(EventTime(1_777_852_800_000), true);
    let clock = timeline.start.plus_minutes(hour * 60).time();
    let readiness = Readiness {
        live: true,
        ready: true,
        reason: None,
        workers: Vec::new(),
    };
    let model = ModelStatus {
        model: "payment-fraud".into(),
        versions: vec!["2026-05".into()],
        reference,
        unjudged: None,
        unpaged_total: 0,
        unpaged: Vec::new(),
        remarks: Vec::new(),
        detectable: Vec::new(),
        volume: Vec::new(),
        windows_closed: 1_234,
        quality: Vec::new(),
        objectives: Vec::new(),
        subjects_total: subjects.len(),
        subjects,
    };
    let status = StatusPage {
        version: "0.0.0",
        uptime_secs: 31,
        readiness,
        watermark: Some(clock),
        clock: None,
        quality_clock: None,
        events: 190_000,
        labels: 0,
        late: 0,
        rejected: 0,
        windows_closed: 1_234,
        sources: Vec::new(),
        idle_objectives: Vec::new(),
        idle_patterns: [].into(),
        joins: Vec::new(),
        models: vec![model],
        firing: Vec::new(),
    };
    Sample {
        status,
        now: clock.plus_millis(120_000),
        is_over: false,
        timeline,
        alerts,
        reports: Reports::default(),
    }
}

/// Drift of the amount in the window of a day that ends at `minute`.
pub fn of_the_last_day(minute: i64) -> PublishedAlert {
    let mut record = alert(minute, "drift", "firing", Some("feature:amount"), "psi");
    let window = record.causes[0].window.as_mut().unwrap();
    window.start = instant(minute - 1_440);
    record
}

fn alert(
    minute: i64,
    kind: &str,
    status: &str,
    subject: Option<&str>,
    detector: &str,
) -> PublishedAlert {
    let start = Timeline::from_day(EventTime(1_777_852_800_000), true).start;
    let instant = |m| {
        jiff::Timestamp::from_millisecond(start.plus_minutes(m).time().0)
            .unwrap()
            .to_string()
    };
    let window = serde_json::json!({"start": instant(minute - 15), "end": instant(minute)});
    let cause = serde_json::json!({"subject": subject, "detector": detector, "window": window});
    let record =
        serde_json::json!({"kind": kind, "status": status, "window": window, "causes": [cause]});
    serde_json::from_value(record).unwrap()
}

/// Subject, its value in an event, and its distance and verdict in the table.
type Shown = (Subject, fn(&DemoEvent) -> Value<'static>, f64, Verdict);

fn subjects() -> Vec<SubjectStatus> {
    let feature = |name: &str| Subject::Feature(name.into());
    let shown: [Shown; 9] = [
        (
            feature("amount"),
            |e| Value::Number(e.amount),
            0.412,
            Verdict::Breach,
        ),
        (
            feature("country"),
            |e| Value::Text(e.country.into()),
            0.061,
            Verdict::Lingering,
        ),
        (
            Subject::Score,
            |e| Value::Number(e.score),
            0.008,
            Verdict::Quiet,
        ),
        (
            feature("account_age_days"),
            |e| Value::Number(e.account_age_days.into()),
            0.004,
            Verdict::Quiet,
        ),
        (
            feature("age"),
            |e| e.age.map_or(Value::Null, |a| Value::Number(a.into())),
            0.003,
            Verdict::Quiet,
        ),
        (
            feature("merchant_category"),
            |e| Value::Text(e.category.into()),
            0.002,
            Verdict::Quiet,
        ),
        (
            feature("velocity_1h"),
            |e| Value::Number(e.velocity_1h.into()),
            0.002,
            Verdict::Quiet,
        ),
        (
            feature("device"),
            |e| Value::Text(e.device.into()),
            0.001,
            Verdict::Quiet,
        ),
        (
            feature("is_foreign"),
            |e| Value::Bool(e.is_foreign),
            0.0,
            Verdict::InsufficientData,
        ),
    ];
    let start = Timeline::from_day(EventTime(1_777_852_800_000), true).start;
    let traffic = Traffic {
        seed: 1,
        per_minute: 90.0,
    };
    let events = |from: i64, count: i64, kind: Option<IncidentKind>| -> Vec<DemoEvent> {
        (from..from + count)
            .flat_map(|m| traffic.minute(start.plus_minutes(m), kind))
            .collect()
    };
    let reference = events(0, 300, None);
    let mut window = events(1_626, 4, Some(IncidentKind::AmountInCents));
    window.extend(events(1_615, 11, Some(IncidentKind::UnseenCountry)));
    let row = |(subject, value, distance, verdict): Shown| SubjectStatus {
        subject: subject.name(),
        version: "2026-05".into(),
        window: "15m".into(),
        end: start.time(),
        distance: "psi",
        value: distance,
        verdict,
        picture: Picture::of(
            &subject,
            &sketch(&subject, &reference, value),
            &sketch(&subject, &window, value),
        ),
    };
    shown.into_iter().map(row).collect()
}

fn sketch(
    subject: &Subject,
    events: &[DemoEvent],
    value: fn(&DemoEvent) -> Value<'static>,
) -> ValueSketch {
    let mut buffer = ValueBuffer::default();
    events
        .iter()
        .for_each(|event| buffer.push(subject.scale(), &value(event)));
    buffer.freeze()
}
