//! Deterministic ids: what an alert is called is a function of what it is about, never of when or where it was computed.
//!
//! Each is the first half of a SHA-256, in hexadecimal, over parts joined by a zero byte. No two sets of parts give the
//! same text: only one part of each, the model's or the source's name, is free to hold a zero byte itself; an objective's
//! name is configured and holds none.

use sha2::{Digest, Sha256};

use super::terms::AlertKind;
use crate::event::EventTime;
use crate::sketch::Subject;

/// The scheme of the fingerprint; part of every one, never to change.
const SCHEME: &str = "tidegauge/v1";

/// What all records of one alert share: 32 hexadecimal digits over the scheme, the name (a model, or a source for
/// integrity), the kind, and what it is about where one kind has several (an objective's name).
#[must_use]
pub fn fingerprint(name: &str, kind: AlertKind, about: Option<&str>) -> String {
    let about = about.map(|name| Subject::Objective(name.to_owned()).name()); // has a colon, as no kind has
    let parts = [SCHEME, name, kind.name()]
        .into_iter()
        .chain(about.as_deref());
    digest(&parts.collect::<Vec<_>>())
}

/// The id of one record: 32 hexadecimal digits over its alert's fingerprint, the episode's start, the boundary and the sequence.
pub(super) fn record_id(
    fingerprint: &str,
    start: EventTime,
    at: EventTime,
    sequence: u64,
) -> String {
    let (start, at, sequence) = (start.0.to_string(), at.0.to_string(), sequence.to_string());
    digest(&[fingerprint, &start, &at, &sequence])
}

/// The id of the one record that says what became of an episode's quality: no boundary, for there is only one.
pub(super) fn assessment_id(fingerprint: &str, start: EventTime) -> String {
    digest(&[fingerprint, &start.0.to_string(), "assessed"])
}

/// A W3C `traceparent` of its own for each record: the id is the trace, half a hash of it the span; not sampled.
pub(super) fn traceparent(id: &str) -> String {
    let span = digest(&["traceparent", id]);
    let span = span.get(..16).unwrap_or(&span);
    format!("00-{}-{}-00", never_zero(id), never_zero(span))
}

/// All zeros is no valid id: W3C Trace Context, section 3.2.2.
fn never_zero(hex: &str) -> String {
    if hex.bytes().any(|b| b != b'0') {
        hex.to_owned()
    } else {
        format!("{:01$x}", 1, hex.len())
    }
}

fn digest(parts: &[&str]) -> String {
    let hash = Sha256::digest(parts.join("\0"));
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_what_sha256sum_says() {
        // printf 'tidegauge/v1\0fraud\0drift' | sha256sum | cut -c-32
        assert_eq!(
            fingerprint("fraud", AlertKind::Drift, None),
            "df2950e10389c006960d0eb9f9451811"
        );
        // printf 'tidegauge/v1\0fraud\0slo\0objective:precise' | sha256sum | cut -c-32
        assert_eq!(
            fingerprint("fraud", AlertKind::Slo, Some("precise")),
            "d834beba9ce502632a476b9b078e889f"
        );
        assert_ne!(
            fingerprint("fraud", AlertKind::Drift, None),
            fingerprint("fraud", AlertKind::Volume, None)
        );
    }

    #[test]
    fn a_traceparent_has_no_zero_ids() {
        let zeros = "0".repeat(32);
        let parent = traceparent(&zeros);
        assert!(parent.starts_with("00-00000000000000000000000000000001-"));
        assert_eq!(parent.len(), 55);
        assert_eq!(never_zero("0000"), "0001");
    }
}
