//! `docs/metrics.md` must match the catalogue of metrics.
#![allow(clippy::unwrap_used, missing_docs)]

use tidegauge::http::{CATALOGUE, MetricKind, documentation};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");

#[test]
fn the_page_is_written_from_the_catalogue() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, documentation()).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        page == documentation(),
        "docs/metrics.md differs from the catalogue: UPDATE_DOCS=1 cargo test --test metrics_docs writes it"
    );
}

/// Naming conventions of Prometheus: <https://prometheus.io/docs/practices/naming/>.
#[test]
fn names_follow_the_conventions() {
    for entry in CATALOGUE {
        assert!(entry.name.starts_with("tidegauge_"), "{}", entry.name);
        let counts = entry.name.ends_with("_total");
        assert_eq!(
            counts,
            entry.kind == MetricKind::Counter,
            "{}: `_total` is for counters",
            entry.name
        );
        let seconds = entry.name.ends_with("_seconds");
        assert!(
            seconds || entry.kind != MetricKind::Seconds,
            "{}: durations end in _seconds",
            entry.name
        );
        assert!(
            entry.help.ends_with('.'),
            "{}: the help is a sentence",
            entry.name
        );
    }
}
