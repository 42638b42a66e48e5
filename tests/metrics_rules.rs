//! Alert rules on Tidegauge's own metrics: they must use existing metrics, say what to do, and fire when they should.
//!
//! `promtool` checks when rules fire, if it is installed. Otherwise the test prints that it is skipped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use tidegauge::http::{CATALOGUE, MetricKind};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus"))
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// Rules as text, each from its name to the name of the next rule.
fn rules() -> Vec<String> {
    let rules = text("tidegauge.rules.yml");
    let rules: Vec<String> = rules
        .split("- alert: ")
        .skip(1)
        .map(str::to_owned)
        .collect();
    assert!(rules.len() >= 13, "the rules were not found");
    rules
}

fn name(rule: &str) -> &str {
    rule.lines().next().unwrap()
}

/// Words that begin with `tidegauge_`.
fn metrics(rule: &str) -> impl Iterator<Item = &str> {
    let words = rule.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("tidegauge_"))
}

/// Runs `promtool`. Prints that `what` is skipped if it is not installed.
fn promtool(what: &str, arguments: [&str; 3]) {
    let run = Command::new("promtool")
        .args(arguments)
        .current_dir(folder())
        .output();
    let Ok(output) = run else {
        let line = format!(
            "SKIPPED: {what} needs promtool (Debian, Ubuntu: apt-get install prometheus)\n"
        );
        std::io::stderr().write_all(line.as_bytes()).unwrap(); // bypasses the capture of println!
        return;
    };
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

#[test]
fn every_rule_asks_for_metrics_that_exist() {
    let known = |metric: &str| {
        CATALOGUE.iter().any(|entry| {
            let seconds = entry.kind == MetricKind::Seconds && metric.starts_with(entry.name);
            metric == entry.name || seconds
        })
    };
    for rule in rules() {
        for metric in metrics(&rule) {
            assert!(known(metric), "{}: no metric {metric}", name(&rule));
        }
    }
}

#[test]
fn every_rule_says_what_is_wrong_how_bad_it_is_and_what_to_do() {
    for rule in rules() {
        for part in ["severity: ", "summary: ", "description: ", "expr: "] {
            assert!(rule.contains(part), "{}: no {part}", name(&rule));
        }
        assert!(name(&rule).starts_with("Tidegauge"), "{}", name(&rule));
    }
}

/// Anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        text.chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn every_section_that_a_rule_names_exists() {
    let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs"));
    let page = |name: &str| std::fs::read_to_string(docs.join(name)).unwrap();
    for rule in rules() {
        let links = rule.split_whitespace().filter_map(|word| {
            let word = word.trim_end_matches(['.', ',', ':', ';', ')']);
            Some(word.split_once("docs/")?.1)
        });
        for link in links {
            let Some((file, anchor)) = link.split_once('#') else {
                panic!("{}: {link} names no section", name(&rule));
            };
            let known = anchors(&page(file));
            assert!(
                known.contains(&anchor.to_owned()),
                "{}: {link}",
                name(&rule)
            );
        }
    }
}

#[test]
fn every_setting_that_a_rule_names_exists() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let settings = std::fs::read_to_string(path).unwrap();
    // Names with a dot that are no settings.
    let others = ["tidegauge.reason"];
    for rule in rules() {
        assert!(
            !rule.contains("the section `"),
            "{}: name the setting",
            name(&rule)
        );
        let quoted = rule.split('`').skip(1).step_by(2);
        let is_name = |word: &&str| {
            word.contains('.')
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || "._[]".contains(c))
        };
        for setting in quoted.filter(is_name).filter(|word| !others.contains(word)) {
            let heading = format!("### `{setting}`\n");
            assert!(settings.contains(&heading), "{}: {setting}", name(&rule));
        }
    }
}

#[test]
fn every_rule_is_tried_and_scraped_with() {
    let tests = text("tidegauge.rules.test.yml");
    for rule in rules() {
        assert!(tests.contains(name(&rule)), "{} is not tested", name(&rule));
    }
    assert!(text("prometheus.yml").contains("- tidegauge.rules.yml"));
}

#[test]
fn promtool_takes_the_configuration_and_its_rules() {
    promtool(
        "the configuration of Prometheus",
        ["check", "config", "prometheus.yml"],
    );
}

#[test]
fn rules_ring_when_they_should() {
    promtool(
        "the alert rules",
        ["test", "rules", "tidegauge.rules.test.yml"],
    );
}
