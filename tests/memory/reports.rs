//! Reports of tumbling windows: a thin window reports only in a longer length that has enough predictions.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegauge::window::{WindowLength, WindowSpec};

use crate::bench::{Bench, Setup, plan};
use crate::published::values;
use crate::traffic::{Event, MINUTE, START};

/// Runs a day of each model with its number of predictions an hour, in windows of 15 minutes, one hour and one day.
fn day(models: &[(&str, i64)]) -> Bench {
    let mut plan = plan();
    plan.windows.push(WindowSpec {
        length: WindowLength::from_minutes(1_440).unwrap(),
        step_minutes: 15,
    });
    let mut events = Vec::new();
    for (model, per_hour) in models {
        let times = (0..24 * per_hour).map(|n| START + n * 60 * MINUTE / per_hour);
        events.extend(times.map(|time| Event::bare(model, "1", &format!("{model}-{time}"), time)));
    }
    events.sort_by_key(|event| event.time);
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    });
    bench.produce(&events);
    bench.close_at(START + (1_440 + 2) * MINUTE);
    bench.settle().unwrap();
    bench
}

#[test]
fn a_thin_window_reports_only_in_a_longer_length_that_has_enough() {
    let bench = day(&[("rare", 4), ("usual", 80), ("busy", 1_200)]);
    let mut reports: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for report in values(&bench, "reports") {
        if report["subject"] != "score" {
            continue; // each window reports its errors as well
        }
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let (count, predictions) = reports
            .entry((text(&report["model"]), text(&report["window"]["length"])))
            .or_default();
        *count += 1;
        *predictions += report["predictions"].as_u64().unwrap();
    }
    let expected = [
        ("busy", "15m", 96, 28_800),
        ("busy", "1d", 1, 28_800),
        ("busy", "1h", 24, 28_800),
        ("rare", "1d", 1, 96),
        ("usual", "1d", 1, 1_920),
        ("usual", "1h", 24, 1_920),
    ];
    let expected = expected.map(|(model, length, count, predictions)| {
        ((model.to_owned(), length.to_owned()), (count, predictions))
    });
    assert_eq!(reports, BTreeMap::from(expected));
}
