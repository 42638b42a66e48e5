//! Deterministic ids: the id of an alert depends on its subject, never on the time or place of its computation.
//!
//! Each id is the first half of a SHA-256, in hexadecimal, over parts joined by a zero byte. Different parts never give the
//! same text: only one part, the name of the model or source, may contain a zero byte itself. The name of an objective comes
//! from the configuration and contains none.

use sha2::{Digest, Sha256};

use super::alert_key::AlertKey;
use super::terms::AlertKind;
use crate::event::EventTime;
use crate::sketch::Subject;

/// Scheme of the fingerprint. It is part of every fingerprint and must never change.
const SCHEME: &str = "tidegauge/v1";

/// Id that all records of one alert share: 32 hexadecimal digits over the scheme, the name (of a model; for integrity, of a
/// source and detector), the kind, and what else tells alerts of the kind apart. Each of these parts contains a colon, which no
/// kind does.
pub(super) fn fingerprint(name: &str, kind: AlertKind, about: &[String]) -> String {
    let about = about.iter().map(String::as_str);
    let parts = [SCHEME, name, kind.name()].into_iter().chain(about);
    digest(&parts.collect::<Vec<_>>())
}

impl AlertKey {
    /// Id of the alert of `model`, or of one of its objectives, that this key names.
    #[must_use]
    pub fn fingerprint(self, model: &str, objective: Option<&str>) -> String {
        let objective = objective.map(|name| Subject::Objective(name.to_owned()).name());
        let about: Vec<String> = objective.into_iter().chain(self.parts()).collect();
        fingerprint(model, AlertKind::from(self.family), &about)
    }
}

/// Id that the records about one order share, in the form of a fingerprint: 32 hexadecimal digits over the scheme, the word
/// `order` with the id, and `control`.
#[must_use]
pub fn order_fingerprint(order: &str) -> String {
    digest(&[SCHEME, &format!("order:{order}"), "control"])
}

/// Id of one record: 32 hexadecimal digits over the alert's fingerprint, the episode's start, the boundary and the sequence.
pub(super) fn record_id(
    fingerprint: &str,
    start: EventTime,
    at: EventTime,
    sequence: u64,
) -> String {
    let (start, at, sequence) = (start.0.to_string(), at.0.to_string(), sequence.to_string());
    digest(&[fingerprint, &start, &at, &sequence])
}

/// Id of an episode's assessment. It contains no boundary, because an episode has only one assessment.
pub(super) fn assessment_id(fingerprint: &str, start: EventTime) -> String {
    digest(&[fingerprint, &start.0.to_string(), "assessed"])
}

/// W3C `traceparent` of a record, not sampled. The trace id is the record's id; the span id is half a hash of it.
pub(super) fn traceparent(id: &str) -> String {
    let span = digest(&["traceparent", id]);
    let span = span.get(..16).unwrap_or(&span);
    format!("00-{}-{}-00", never_zero(id), never_zero(span))
}

/// Replaces an id of all zeros, which is invalid (W3C Trace Context, section 3.2.2).
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
    use super::super::alert_key::Area;
    use super::*;
    use crate::detect::Family;

    #[test]
    fn a_fingerprint_is_what_sha256sum_says() {
        let key = |family, area, wave| AlertKey { family, area, wave };
        let features = key(Family::Drift, Some(Area::Features), 1);
        // printf 'tidegauge/v1\0fraud\0drift' | sha256sum | cut -c-32
        let first = "df2950e10389c006960d0eb9f9451811";
        assert_eq!(features.fingerprint("fraud", None), first);
        // printf 'tidegauge/v1\0fraud\0drift\0area:answers\0wave:2' | sha256sum | cut -c-32
        let answers = key(Family::Drift, Some(Area::Answers), 2);
        let second = "353ccbc0989a10546f2a6db83c7c2bd1";
        assert_eq!(answers.fingerprint("fraud", None), second);
        // printf 'tidegauge/v1\0fraud\0slo\0objective:precise' | sha256sum | cut -c-32
        let objective = key(Family::Objective, None, 1);
        let third = "d834beba9ce502632a476b9b078e889f";
        assert_eq!(objective.fingerprint("fraud", Some("precise")), third);
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
