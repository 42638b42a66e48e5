//! Kafka headers of a published alert: CloudEvents 1.0 in binary mode, and a trace context of its own.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::identity::traceparent;
use super::record::AlertRecord;

impl AlertRecord {
    /// Kafka headers, in order; `ce_time` is the end of the evaluated windows.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let kind = self.kind.name();
        let model = self.model.as_deref().unwrap_or_default();
        let subject = self.measure.subject.as_deref().or(self.model.as_deref());
        let ce_type = format!("io.tidegauge.alert.{kind}.{}", self.status.name());
        let subject = subject.unwrap_or(kind);
        envelope(&self.id, &ce_type, Some(model), subject, &self.at)
    }
}

/// CloudEvents attributes and trace context of one record, as headers in order.
pub(super) fn envelope(
    id: &str,
    ce_type: &str,
    model: Option<&str>,
    subject: &str,
    time: &str,
) -> Vec<(String, String)> {
    let source = format!("/tidegauge/{}", path_segment(model.unwrap_or_default()));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        header("ce_specversion", "1.0"),
        header("ce_id", id),
        header("ce_type", ce_type),
        header("ce_source", &source),
        header("ce_subject", subject),
        header("ce_time", time),
        header("content-type", "application/json"),
        header("traceparent", &traceparent(id)),
    ]
}

/// Bytes to encode: all except RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes `name` as one segment of a URI path.
pub(super) fn path_segment(name: &str) -> String {
    utf8_percent_encode(name, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_segment_of_a_path() {
        // python3 -c "import urllib.parse as u; print(u.quote('a/b c%é~', safe=''))"
        assert_eq!(path_segment("a/b c%é~"), "a%2Fb%20c%25%C3%A9~");
    }
}
