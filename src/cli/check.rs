//! `tidegauge check config FILE`: prints every fault of a file, or what its settings do.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use super::{Error, Printable, connect, print};
use crate::config::{self, Against, CheckedConfig, ConfigSources, Configuration};
use crate::detect::slo::{Objective, Rule};
use crate::detect::{DETECTORS, percent, volume};
use crate::pipeline::{Plan, ReferencePlan};

/// Checks the file without the environment, so that the result is equal on every machine: no broker, and no file that it
/// names, is looked at.
///
/// # Errors
/// All faults of the file. If there is none, the first reason for which the Kafka client would not start.
pub fn execute(file: &Path) -> Result<ExitCode, Error> {
    let checked = config::load(&ConfigSources::default().file(file))?;
    connect::offline(&checked)
        .check_offline()
        .map_err(|fault| Error::Usage(format!("{}: {fault}", file.display())))?;
    let name = file.display().to_string();
    print(&format!(
        "{} is valid. `tidegauge run` with it does this:\n{}",
        Printable(&name),
        summary(&checked)
    ))
}

/// What would run, a line for each part: group, topics, windows, detectors, objectives, outputs.
fn summary(checked: &CheckedConfig) -> String {
    let (plan, settings) = (&checked.plan, &checked.settings);
    let mut text = String::new();
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<12} {}", Printable(value));
    };
    let brokers = match settings.kafka.brokers.as_slice() {
        [] => "no brokers; give --brokers or set `kafka.brokers`".to_owned(),
        brokers => brokers.join(", "),
    };
    line("brokers", &brokers);
    let from = String::from(settings.runtime.from);
    line(
        "group",
        &format!("{}; a new group begins at: {from}", settings.kafka.group),
    );
    line("predictions", &or(&plan.topics.predictions, "none"));
    let no_labels = "none, so neither quality nor objectives on labels";
    line("labels", &or(&plan.topics.labels, no_labels));
    line("learning", &learning(checked));
    line("reference", &reference(checked));
    let window = |w: &config::WindowConfig| format!("{} every {}", w.length, w.step);
    let windows: Vec<String> = settings.windows.iter().map(window).collect();
    line("windows", &windows.join(", "));
    line("detectors", &detectors(plan));
    line("excluded", &or(&settings.detect.exclude, "no subject"));
    line("volume", &volume_changes(settings));
    line("transients", &transients(settings.alerts.transients));
    if !plan.segments.keys.is_empty() {
        line("segments", &plan.segments.keys.join(", "));
    }
    let objectives: Vec<String> = plan.objectives.iter().map(objective).collect();
    line("objectives", &or(&objectives, "none"));
    line("writes", &outputs(checked));
    text
}

/// The names in a list, or `none` if there are none.
fn or(names: &[String], none: &str) -> String {
    if names.is_empty() {
        none.to_owned()
    } else {
        names.join(", ")
    }
}

fn learning(checked: &CheckedConfig) -> String {
    let learning = &checked.settings.learning;
    let provisional = if learning.provisional < learning.span {
        format!("; a provisional one from {}", learning.provisional)
    } else {
        "; no provisional one".to_owned()
    };
    format!(
        "a reference of each model from {} of event time and at least {} predictions{provisional}",
        learning.span, learning.events_min
    )
}

/// What windows are compared with, and the keys that this kind does not use.
fn reference(checked: &CheckedConfig) -> String {
    let own = &checked.settings.reference;
    match own.kind {
        Against::Auto if checked.plan.reference == ReferencePlan::Fixed => {
            "auto: what was learned, because a season could never judge".to_owned()
        }
        Against::Auto => {
            "auto: what was learned, or the same hours of 7d where a subject follows the time of day (span and period are not used)"
                .to_owned()
        }
        Against::Fixed => "fixed: what was learned (span and period are not used)".to_owned(),
        Against::Trailing => format!("trailing: the {} before (period is not used)", own.span),
        Against::Seasonal => format!(
            "seasonal: the same hours of the {} before, by seasons of {}",
            own.span, own.period
        ),
    }
}

fn volume_changes(settings: &Configuration) -> String {
    let own = &settings.volume;
    let learned = if own.learn_repeats {
        "what repeats becomes ordinary"
    } else {
        "what repeats never becomes ordinary"
    };
    format!(
        "falls from {} and rises from {}; {learned}",
        percent(own.drop),
        percent(own.rise)
    )
}

fn transients(allowed: u64) -> String {
    match allowed {
        0 => "any number of alerts may come and go".to_owned(),
        from => format!("from {from} alerts in 30 days that come and go on, breaches must last"),
    }
}

/// Detectors that are on, and those that are off.
fn detectors(plan: &Plan) -> String {
    let disabled = &plan.detect.disabled;
    let names = DETECTORS.iter().map(|detector| detector.name());
    let on: Vec<&str> = names
        .chain([volume::NAME])
        .filter(|name| !disabled.iter().any(|off| off == name))
        .collect();
    match disabled.as_slice() {
        [] => on.join(", "),
        off => format!("{} (off: {})", on.join(", "), off.join(", ")),
    }
}

/// Text such as `fast (latency_ms, burn rates at target 0.999)`.
fn objective(own: &Objective) -> String {
    let rule = match &own.rule {
        Rule::Burn(burn) => format!("burn rates at target {}", burn.target),
        Rule::Below(below) => format!("below {}", below.floor),
        Rule::AboveLastWeek(above) => format!("{} above last week", above.margin),
    };
    let model = own.model.as_ref();
    let model = model.map_or_else(String::new, |model| format!(" of {model}"));
    format!("{}{model} ({}, {rule})", own.name, own.sli.name())
}

fn outputs(checked: &CheckedConfig) -> String {
    let topics = &checked.plan.topics;
    let outputs = [
        &topics.alerts_drift,
        &topics.alerts_anomaly,
        &topics.alerts_slo,
        &topics.reports,
        &topics.references,
        &topics.dead_letters,
    ];
    let names: Vec<&str> = outputs.into_iter().map(String::as_str).collect();
    let dry_run = if checked.settings.alerts.dry_run {
        "; dry run: every alert has severity none"
    } else {
        ""
    };
    format!("{}{dry_run}", names.join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_file_is_told_with_its_topics_group_detectors_and_objectives() {
        let sources = ConfigSources::default()
            .flag("test", "kafka.brokers", "a:1,b:2")
            .flag("test", "kafka.group", "watch")
            .flag("test", "topics.predictions", "scores")
            .flag("test", "detect.disabled", "surge")
            .flag("test", "detect.exclude", "row_number,*_id")
            .flag("test", "learning.provisional", "12h")
            .flag("test", "reference.kind", "seasonal")
            .flag("test", "alerts.transients", "4")
            .flag("test", "volume.drop", "0.2");
        let mut checked = config::load(&sources).unwrap();
        let text = summary(&checked);
        for part in [
            "a:1, b:2",
            "watch; a new group begins at: latest",
            "predictions  scores\n",
            "labels       none",
            "; a provisional one from 12h\n",
            "reference    seasonal: the same hours of the 7d before, by seasons of 24h\n",
            "psi, range_rate, error_rate, null_rate",
            "excluded     row_number, *_id\n",
            "volume       falls from 20 % and rises from 44 %; ",
            "transients   from 4 alerts in 30 days",
            "(off: surge)",
            "objectives   none",
            "tidegauge.alerts.slo",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        checked.plan.topics.labels = vec!["truth\u{1b}[2J".to_owned()];
        assert!(summary(&checked).contains(r"truth\u{1b}[2J"));
    }
}
