//! Configuration files: each bad file must give exactly the faults listed at its head, and each good file must give
//! none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tidegauge::config::{
    CheckedConfig, ConfigFaults, ConfigSources, Configuration, Period, Start, load, yaml,
};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata/config")
}

fn files(kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory().join(kind)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn read(file: impl Into<PathBuf>) -> Result<CheckedConfig, ConfigFaults> {
    load(&ConfigSources::default().file(file))
}

/// Expected faults: the lines `# fault: …` at the head of a file. A trailing `…` matches any text.
fn expected(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let name = file.display().to_string();
    let faults = text
        .lines()
        .map_while(|line| line.strip_prefix("# fault: "));
    faults.map(|fault| fault.replace("{file}", &name)).collect()
}

fn is_as_expected(fault: &str, expected: &str) -> bool {
    match expected.strip_suffix('…') {
        Some(start) => fault.starts_with(start),
        None => fault == expected,
    }
}

#[test]
fn every_bad_file_gives_its_faults_and_no_other() {
    for file in files("bad") {
        let faults = read(&file).expect_err(&file.display().to_string());
        let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let expected = expected(&file);
        let same = found.len() == expected.len()
            && found
                .iter()
                .zip(&expected)
                .all(|(f, e)| is_as_expected(f, e));
        assert!(
            same && !expected.is_empty(),
            "{}: {found:#?}, expected {expected:#?}",
            file.display()
        );
    }
}

#[test]
fn faults_name_the_file_that_they_come_from_and_no_other_place() {
    let file = directory().join("bad/learning.yaml");
    let name = file.display().to_string();
    let text = read(&file).unwrap_err().to_string();
    assert!(text.starts_with(&format!("{name} has faults:\n")), "{text}");
    let flag = ConfigSources::default()
        .file(directory().join("good/production.yaml"))
        .flag("--group", "kafka.group", "");
    let text = load(&flag).unwrap_err().to_string();
    assert!(
        text.starts_with("kafka.group: ") && text.contains("--group"),
        "{text}"
    );
    let missing = read(directory().join("bad/none.yaml"))
        .unwrap_err()
        .to_string();
    assert_eq!(missing.matches("none.yaml").count(), 1, "{missing}");
}

#[test]
fn every_good_file_is_good() {
    for file in files("good") {
        read(&file).unwrap_or_else(|faults| panic!("{}: {faults}", file.display()));
    }
}

#[test]
fn bad_files_outnumber_good_ones() {
    assert!(files("bad").len() > 5 * files("good").len());
}

#[test]
fn a_fault_never_shows_a_secret() {
    for file in files("bad") {
        let faults = read(&file).unwrap_err().to_string();
        assert!(
            !faults.contains("hunter2") && !faults.contains("0123"),
            "{faults}"
        );
    }
}

#[test]
fn what_is_printed_can_be_read_again() {
    for file in files("good") {
        let settings = read(&file).unwrap().settings;
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("printed.yaml");
        fs::write(&copy, yaml(&settings)).unwrap();
        assert_eq!(
            read(&copy).unwrap().settings,
            settings,
            "{}",
            yaml(&settings)
        );
    }
}

#[test]
fn a_file_becomes_a_plan() {
    let CheckedConfig { plan, settings } = read(directory().join("good/production.yaml")).unwrap();
    assert_eq!(
        settings.kafka.bootstrap().unwrap(),
        "kafka-1:9093,kafka-2:9093"
    );
    assert_eq!(
        settings.kafka.properties.0["sasl.mechanism"],
        "SCRAM-SHA-512"
    );
    assert_eq!(settings.kafka.properties.0["linger.ms"], "5");
    assert_eq!(settings.runtime.from, Start::Back(Period::minutes(90)));
    assert_eq!(
        plan.topics.predictions,
        ["fraud.predictions", "credit.predictions"]
    );
    assert_eq!(
        (
            plan.topics.alerts_drift.as_str(),
            plan.topics.alerts_anomaly.as_str()
        ),
        ("ml.alerts", "ml.alerts")
    );
    assert_eq!(
        (
            plan.topics.state.as_str(),
            plan.topics.dead_letters.as_str()
        ),
        ("ml.monitor.state.v1", "ml.monitor.dead-letters")
    );
    let windows: Vec<_> = plan
        .windows
        .iter()
        .map(|w| (w.length.minutes(), w.step_minutes))
        .collect();
    assert_eq!(windows, [(5, 1), (60, 5), (10_080, 360)]);
    assert_eq!(
        (plan.disorder_millis, plan.idle_timeout_millis, plan.ticks),
        (30_000, 300_000, true)
    );
    assert_eq!(
        (
            plan.learning.span_minutes,
            plan.learning.variability_minutes
        ),
        (10_080, 30_240)
    );
    assert_eq!(
        plan.alert.labels,
        BTreeMap::from(
            [("team", "fraud"), ("tier", "1")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        )
    );
}

/// The defaults of the core and of the configuration must be equal.
#[test]
fn nothing_configured_is_the_cores_defaults() {
    let CheckedConfig { plan, settings } = load(&ConfigSources::default()).unwrap();
    assert_eq!(settings, Configuration::default());
    assert_eq!(plan.limits, tidegauge::event::Limits::default());
    assert_eq!(plan.detect, tidegauge::detect::DetectorSettings::default());
    assert_eq!(plan.alert, tidegauge::alert::AlertSettings::default());
    assert!(settings.kafka.bootstrap().is_err());
    assert_eq!(settings.runtime.transaction_timeout().as_secs(), 10);
}
