//! Precedence of settings (file < environment < flags), and the commands around the configuration.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tidegauge::config::{ConfigSources, Level, MASK, Properties, load};

fn file(text: &str) -> ConfigSources {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{:x}.yaml", hasher.finish()));
    std::fs::write(&path, text).unwrap();
    ConfigSources::default().file(path)
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let sources = file("kafka: {group: file}\nlog: {level: warn}\ntopics: {prefix: file}\n");
    let sources = sources.environment(variables(&[
        ("TIDEGAUGE__KAFKA__GROUP", "variable"),
        ("TIDEGAUGE__LOG__LEVEL", "debug"),
    ]));
    let settings = load(&sources.flag("--group", "kafka.group", "flag"))
        .unwrap()
        .settings;
    assert_eq!(
        (
            settings.kafka.group.as_str(),
            settings.log.level,
            settings.topics.prefix.as_str()
        ),
        ("flag", Level::Debug, "file")
    );
}

#[test]
fn the_environment_gives_every_type() {
    let settings = load(&ConfigSources::default().environment(variables(&[
        ("TIDEGAUGE__KAFKA__BROKERS", "a:1, b:2"),
        ("TIDEGAUGE__FORMAT", "json"),
        ("TIDEGAUGE__RUNTIME__WORKERS", "4"),
        ("TIDEGAUGE__DETECT__PSI_MIN", "0.2"),
        ("TIDEGAUGE__ALERTS__DRY_RUN", "true"),
        ("TIDEGAUGE__ALERTS__LABELS__TEAM_NAME", "fraud"),
        ("TIDEGAUGE__TIME__DISORDER", "30s"),
        ("TIDEGAUGE__TOPICS__REPLICATION", "3"),
        ("TIDEGAUGE_CONFIG", "not ours"),
        ("RUST_LOG", "trace"),
    ])));
    let settings = settings.unwrap().settings;
    assert_eq!(settings.kafka.brokers, ["a:1", "b:2"]);
    assert_eq!(
        (
            settings.runtime.workers,
            settings.detect.psi_min,
            settings.alerts.dry_run
        ),
        (4, 0.2, true)
    );
    assert_eq!(settings.alerts.labels["team_name"], "fraud");
    assert_eq!(
        (
            settings.time.disorder.as_millis(),
            settings.topics.replication
        ),
        (30_000, Some(3))
    );
    assert_eq!(settings.log.level, Level::Info, "RUST_LOG is not read");
}

#[test]
fn a_secret_from_the_environment_replaces_the_files_and_never_shows() {
    for text in [
        "kafka: {properties: {sasl.password: old}}\n",
        "kafka: {properties: {sasl: {password: old}}}\n",
    ] {
        let sources = file(text).environment(variables(&[(
            "TIDEGAUGE__KAFKA__PROPERTIES__SASL_PASSWORD",
            "hunter2",
        )]));
        assert!(!format!("{sources:?}").contains("hunter2"));
        let checked = load(&sources).unwrap();
        assert_eq!(
            checked.settings.kafka.properties.0["sasl.password"],
            "hunter2"
        );
        assert!(!format!("{checked:?} {:#?}", checked.settings).contains("hunter2"));
        assert_eq!(
            checked.settings.masked().kafka.properties,
            Properties([("sasl.password".to_owned(), MASK.to_owned())].into())
        );
    }
}

#[test]
fn a_fault_names_the_variable_or_flag_that_set_it() {
    let wrong = [
        ("TIDEGAUGE__KAFKA__BROKER", "a:1"),
        ("TIDEGAUGE__RUNTIME__WORKERS", "many"),
        ("TIDEGAUGE__WINDOWS", "15m"),
    ];
    let sources = ConfigSources::default()
        .environment(variables(&wrong))
        .flag("--brokers", "kafka.brokers", "good:9092,bad");
    let faults = load(&sources).unwrap_err();
    let found: Vec<_> = faults
        .iter()
        .map(|f| (f.path.as_str(), f.origin.as_deref().unwrap()))
        .collect();
    let expected = [
        ("kafka.broker", "TIDEGAUGE__KAFKA__BROKER"),
        ("kafka.brokers[1]", "--brokers"),
        ("runtime.workers", "TIDEGAUGE__RUNTIME__WORKERS"),
        ("windows", "TIDEGAUGE__WINDOWS"),
    ];
    assert_eq!(found, expected);
}

/// Runs the binary with only these environment variables.
fn tidegauge(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegauge"));
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied());
    command.output().unwrap()
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn good(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/testdata/config", name]
        .iter()
        .collect();
    path.display().to_string()
}

#[test]
fn print_shows_what_is_in_effect_and_masks_secrets() {
    let secret = ("TIDEGAUGE__KAFKA__PROPERTIES__SSL_KEY_PASSWORD", "hunter2");
    let file = good("good/production.yaml");
    let output = tidegauge(
        &[
            "config",
            "print",
            "--config",
            &file,
            "--predictions",
            "one",
            "--predictions",
            "two",
        ],
        &[secret],
    );
    let text = shown(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output.stderr));
    assert!(
        text.contains("group: fraud-monitor") && text.contains("predictions: [one, two]"),
        "{text}"
    );
    assert!(
        text.contains(&format!("ssl.key.password: \"{MASK}\"")) && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn check_reads_the_file_alone() {
    let noise = [("TIDEGAUGE__KAFKA__NOISE", "1")];
    let output = tidegauge(&["check", "config", &good("good/minimal.toml")], &noise);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output.stderr));
    assert_eq!(
        tidegauge(&["config", "print"], &noise).status.code(),
        Some(2)
    );
}

#[test]
fn errors_go_to_standard_error_with_their_exit_code() {
    for (arguments, code, said) in [
        (
            vec!["check", "config", &good("bad/log.yaml")],
            2,
            "tidegauge: log.format: `xml` is not known",
        ),
        (
            vec!["check", "config", "absent.yaml"],
            2,
            "tidegauge: absent.yaml: it cannot be read",
        ),
        (
            vec!["check", "config", "config.ini"],
            2,
            "use a file that ends in .yaml, .yml or .toml",
        ),
        (
            vec!["schema", "print", "alarm"],
            2,
            "no schema is named `alarm`; use prediction, label, alert, report, reference",
        ),
        (
            vec!["run", "--from", "yesterday"],
            2,
            "write latest, earliest or a length of time such as 7d",
        ),
        (vec!["offsets", "reset"], 2, "--topic"),
        (vec!["rnu"], 2, "unrecognized subcommand"),
    ] {
        let output = tidegauge(&arguments, &[]);
        let (stdout, stderr) = (shown(&output.stdout), shown(&output.stderr));
        assert_eq!(
            (output.status.code(), stdout.as_str()),
            (Some(code), ""),
            "{arguments:?}: {stderr}"
        );
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}

#[test]
fn every_schema_prints_as_json() {
    for (name, _) in tidegauge::cli::SCHEMAS {
        let output = tidegauge(&["schema", "print", name], &[]);
        assert!(
            serde_json::from_slice::<serde_json::Value>(&output.stdout)
                .unwrap()
                .is_object(),
            "{name}"
        );
    }
}
