//! Findings and contexts for the tests of alerts.
#![allow(dead_code)] // each test file uses a part

pub mod contract;

use std::collections::BTreeMap;

use tidegauge::alert::{
    Alert, AlertRecord, AlertSettings, Cause, Context, Episodes, ScopedFinding,
};
use tidegauge::detect::{Family, Finding, Verdict};
use tidegauge::sketch::{Exemplar, Exemplars, RecordPosition, Subject, id_hash};
use tidegauge::window::{Boundary, WindowLength};

/// 2026-03-01T12:00:00Z in minutes: minute zero of the scenarios.
pub const NOON: i64 = 29_539_440;

pub fn length(minutes: u32) -> WindowLength {
    WindowLength::from_minutes(minutes).unwrap()
}

pub fn feature(name: &str) -> Subject {
    Subject::Feature(name.to_owned())
}

/// Finding of `psi` on a feature, with numbers that fit its effect.
pub fn finding(name: &str, verdict: Verdict, effect: f64) -> Finding {
    Finding {
        detector: "psi",
        family: Family::Drift,
        subject: Some(feature(name)),
        verdict,
        value: 0.1 * effect,
        threshold: 0.1,
        effect,
        statistic: 100.0 * effect,
        critical: 50.5,
        p_value: Some(1e-12),
        window_events: 12_345,
        reference_events: 1_234_567,
        critical_effect: effect >= 5.0,
        is_provisional: false,
        must_last: false,
        details: BTreeMap::from([
            ("ks", 0.25),
            ("js_distance", 0.125),
            ("variability", 0.03125),
        ]),
        category: None,
    }
}

pub fn observed(version: &str, minutes: u32, finding: Finding) -> ScopedFinding {
    ScopedFinding::whole(version.to_owned(), length(minutes), finding)
}

pub fn exemplars(_: &Cause) -> Exemplars {
    let mut exemplars = Exemplars::default();
    for (offset, id) in (7..).zip(["tx-1", "tx-2"]) {
        exemplars.offer(Exemplar {
            hash: id_hash(id),
            id: id.to_owned(),
            trace_id: (offset == 7).then(|| "4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
            whereabouts: RecordPosition {
                topic: "predictions".to_owned(),
                partition: 3,
                offset,
            },
        });
    }
    exemplars
}

fn reference_id(_: &Cause) -> Option<String> {
    Some("0123456789abcdef0123456789abcdef".to_owned())
}

pub fn context(settings: &AlertSettings) -> Context<'_> {
    Context {
        model: "fraud",
        objective: None,
        settings,
        reference_id: &reference_id,
        exemplars: &exemplars,
    }
}

/// Observes one boundary, `minute` minutes after noon.
pub fn observe(
    episodes: &mut Episodes,
    minute: i64,
    findings: &[ScopedFinding],
    settings: &AlertSettings,
) -> Vec<AlertRecord> {
    let alerts = episodes.observe(Boundary(NOON + minute), findings, &context(settings));
    records(alerts, settings)
}

/// The records that are published of the alerts.
pub fn records(alerts: Vec<Alert>, settings: &AlertSettings) -> Vec<AlertRecord> {
    let record = |alert: &Alert| AlertRecord::of(alert, settings);
    alerts.iter().map(record).collect()
}
