//! Labels on a real broker: the published results for 30 days of predictions must equal those from plain dictionaries.
//! This is tested with one process, and with three processes that are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::deployment::{Deployment, STOP_MAX};
use crate::exactly_once::{disturb, is_long};
use crate::joined::{Joined, await_heard};
use crate::labelled::{DAY, Golden, Inputs, Labels, Row, Window, classes};
use crate::outcome::{Outcome, Published};
use crate::stream::{START, input_topic};
use crate::support::{Broker, Isolation, Producer, Tidegauge, wait_for};

/// Learns for six hours, evaluates windows of one hour, and reports quality by country and variant.
pub const QUALITY: &str = "windows: [{length: 1h, step: 1h}]\n\
     learning: {span: 6h, events_min: 1000}\n\
     quality: {positive: {fraud: fraud}}\n\
     segments: {keys: [country, variant]}\n";

/// Stream, and the oracle's results for it.
fn stream() -> (Labels, Golden) {
    let (count, golden) = if is_long() {
        (1_000_000, include_str!("../golden/labels_large.tsv"))
    } else {
        (60_000, include_str!("../golden/labels_small.tsv"))
    };
    let (labels, golden) = (Labels::new(count), Golden::parse(golden));
    assert_eq!(
        labels.sha256(),
        golden.totals["stream_sha256"],
        "the golden file is of another stream"
    );
    (labels, golden)
}

fn patience() -> Duration {
    Duration::from_secs(if is_long() { 2_400 } else { 480 })
}

/// Creates topics for a stream, with the given numbers of partitions.
pub fn inputs(broker: &Broker, prediction_partitions: usize, label_partitions: usize) -> Inputs {
    Inputs {
        predictions: input_topic(broker, "predictions", prediction_partitions),
        prediction_partitions,
        labels: input_topic(broker, "labels", label_partitions),
        label_partitions,
    }
}

/// Deployment that reads predictions and labels.
pub fn deployment(broker: &Broker, inputs: &Inputs) -> Deployment {
    Deployment {
        labels: Some(inputs.labels.clone()),
        more: QUALITY,
        ..Deployment::new(broker, &inputs.predictions)
    }
}

/// Waits until the joins have processed everything and the last report is published. Returns the joins' metrics at that
/// time.
#[track_caller]
fn await_quality(deployment: &Deployment, processes: &mut [Tidegauge], golden: &Golden) -> Joined {
    let begun = Instant::now();
    let (predictions, labels) = (golden.total("predictions"), golden.total("labels"));
    let joined = await_heard(processes, predictions, labels, patience());
    let last = golden.rows.keys().map(|(_, end, age, ..)| end + age).max();
    let last = format!("\"as_of\":\"{}\"", rfc3339(last.unwrap()));
    wait_for(&format!("reports with {last}"), patience(), || {
        thread::sleep(Duration::from_secs(1));
        let reports = deployment
            .broker
            .read_now(&deployment.topic("reports"), Isolation::Committed);
        let is_last = |model: &str| {
            let model = format!("\"model\":\"{model}\"");
            let mut texts = reports.iter().rev().map(|report| report.text());
            texts.any(|text| text.contains(&last) && text.contains(&model))
        };
        (is_last("fraud") && is_last("churn")).then_some(())
    });
    println!("worked in {:?}", begun.elapsed());
    joined
}

fn rfc3339(day: i64) -> String {
    crate::outcome::rfc3339(START + day * DAY)
}

/// Reports of quality, parsed.
pub fn quality(reports: &[Published]) -> Vec<Value> {
    let parsed = reports
        .iter()
        .map(|report| serde_json::from_str::<Value>(&report.value).unwrap());
    parsed
        .filter(|report| report["schema"] == "tidegauge.quality/1")
        .collect()
}

/// Asserts that the reported days and weeks are those of the oracle, each once.
#[track_caller]
fn assert_golden(reports: &[Published], golden: &Golden) {
    let reports = quality(reports);
    let mut found: BTreeMap<Window, Row> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for report in &reports {
        let name = [
            "model", "version", "segment", "by", "window", "as_of", "age",
        ]
        .map(|field| report[field].to_string());
        assert!(names.insert(name), "a window was reported twice: {report}");
        let Some(window) = window(report) else {
            continue;
        };
        let row = row(report);
        if row != (0, 0, 0, 0, vec![0; row.4.len()]) {
            assert!(found.insert(window, row).is_none(), "{report}");
        }
    }
    let wrong = |(window, row): &(&Window, &Row)| found.get(*window) != Some(*row);
    let differ: Vec<_> = golden.rows.iter().filter(wrong).collect();
    let first = differ.first().map(|(window, _)| found.get(*window));
    assert!(
        differ.is_empty(),
        "{} of {} windows differ, first wanted {:?}, found {first:?}",
        differ.len(),
        golden.rows.len(),
        differ.first()
    );
    let surplus: Vec<_> = found
        .keys()
        .filter(|window| !golden.rows.contains_key(window))
        .collect();
    assert!(surplus.is_empty(), "nobody expects {surplus:?}");
    assert_hours_add_up(&reports);
    println!(
        "{} windows of {} reports of quality",
        found.len(),
        reports.len()
    );
}

/// Window in the form of the oracle; `None` for windows that the oracle does not count.
fn window(report: &Value) -> Option<Window> {
    let text = |field: &str| report[field].as_str().unwrap_or("").to_owned();
    let length = report["window"]["length"].as_str()?;
    let which = match (length, text("by").as_str()) {
        ("1d", "prediction") => "day",
        ("1d", "label") => "day-by-label",
        ("7d", "prediction") if report["segment"].is_null() => "week",
        _ => return None,
    };
    let end = day(&report["window"]["end"]);
    let age = match report["age"].as_str() {
        None => 0,
        Some("1d") => 1,
        Some("3d") => 3,
        Some("horizon") => 7,
        other => panic!("an age that nobody expects: {other:?} in {report}"),
    };
    assert_eq!(day(&report["as_of"]), end + age, "{report}");
    Some((
        which.to_owned(),
        end,
        age,
        text("model"),
        text("version"),
        text("segment"),
    ))
}

fn day(instant: &Value) -> i64 {
    let instant: jiff::Timestamp = instant.as_str().unwrap().parse().unwrap();
    let millis = instant.as_millisecond() - START;
    assert_eq!(millis % DAY, 0, "{instant}");
    millis / DAY
}

fn row(report: &Value) -> Row {
    let classes = classes(report["model"].as_str().unwrap());
    let mut counts = vec![0; classes.len() * classes.len()];
    let mut cells = 0;
    for field in report["confusion"].as_array().unwrap() {
        let class = |name: &str| {
            let found = classes.iter().position(|class| field[name] == *class);
            found.unwrap_or_else(|| panic!("a class of another model: {report}"))
        };
        counts[class("predicted") * classes.len() + class("label")] +=
            field["count"].as_i64().unwrap();
        let of_field = field["cells"].as_array().unwrap().iter();
        let products = of_field.map(|pair| pair[0].as_i64().unwrap() * pair[1].as_i64().unwrap());
        cells += products.sum::<i64>();
    }
    let number = |name: &str| report[name].as_i64().unwrap();
    (
        number("predicted"),
        number("labelled"),
        number("corrections"),
        cells,
        counts,
    )
}

/// By label time, no window is reported again. So the sum over the hours of a day must equal the day.
fn assert_hours_add_up(reports: &[Value]) {
    let mut left: BTreeMap<(String, String), i64> = BTreeMap::new();
    for report in reports.iter().filter(|report| report["by"] == "label") {
        let sign = match report["window"]["length"].as_str() {
            Some("1h") => 1,
            Some("1d") => -1,
            _ => continue,
        };
        let start = report["window"]["start"].as_str().unwrap();
        let scope = ["model", "version", "segment"].map(|field| report[field].to_string());
        for name in ["predicted", "labelled", "corrections"] {
            let key = (scope.join("/"), format!("{} {name}", &start[..10]));
            *left.entry(key).or_default() += sign * report[name].as_i64().unwrap();
        }
    }
    left.retain(|_, n| *n != 0);
    assert!(left.is_empty(), "hours that are not their day: {left:?}");
}

#[test]
fn what_is_published_of_labels_is_what_dictionaries_make_of_them() {
    let Some(broker) =
        Broker::or_skip("what_is_published_of_labels_is_what_dictionaries_make_of_them")
    else {
        return;
    };
    let (labels, golden) = stream();
    let alone = inputs(&broker, 1, 1);
    labels.write_all(&Producer::new(&broker), &alone);
    let undisturbed = deployment(&broker, &alone);
    let mut processes = [undisturbed.start()];
    await_quality(&undisturbed, &mut processes, &golden).assert_totals(&golden);
    assert!(processes[0].terminate(STOP_MAX).success());
    let one = Outcome::of(&undisturbed);
    one.assert_no_duplicates();
    assert_golden(&one.reports, &golden);

    let dealt = inputs(&broker, 8, 5);
    let disturbed = deployment(&broker, &dealt);
    let writing = {
        let (broker, dealt) = (broker.clone(), dealt.clone());
        thread::spawn(move || write_slowly(&broker, &dealt, &labels))
    };
    let (mut processes, mut faults) = disturb(&disturbed, || writing.is_finished());
    writing.join().unwrap();
    await_quality(&disturbed, &mut processes, &golden).assert_totals(&golden);
    for process in &mut processes {
        assert!(process.terminate(STOP_MAX).success(), "{}", process.log());
        faults.note(process);
    }
    let three = Outcome::of(&disturbed);
    three.assert_no_duplicates();
    assert_golden(&three.reports, &golden);
    three.assert_same(
        &one,
        "three disturbed processes and 8 + 5 partitions against one and 1 + 1",
    );
    faults.assert_effective(&disturbed);
}

/// Writes the stream over about the time that the faults take.
fn write_slowly(broker: &Broker, inputs: &Inputs, labels: &Labels) {
    let producer = Producer::new(broker);
    for part in 0..200 {
        labels.write(&producer, inputs, part, 200);
        thread::sleep(Duration::from_millis(if is_long() { 900 } else { 300 }));
    }
    Labels::close(&producer, inputs);
}
