//! Published records in the form used by promise P2: by key and in order, without `provenance`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bench::Bench;

/// Headers and value of a record.
pub type Record = (Vec<(String, Vec<u8>)>, String);

/// Records of one key of one topic, in order. This shows doubled records as well as lost ones.
pub type Published = BTreeMap<(&'static str, Vec<u8>), Vec<Record>>;

/// Reads alerts, reports and references.
pub fn published(bench: &Bench) -> Published {
    let mut published = Published::new();
    for topic in ["drift", "slo", "anomaly", "reports", "references"] {
        for record in bench.log.read(topic) {
            let mut value: Value = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
            value.as_object_mut().unwrap().remove("provenance");
            let key = (topic, record.key.unwrap());
            published
                .entry(key)
                .or_default()
                .push((record.headers, value.to_string()));
        }
    }
    published
}

/// Values of a topic as JSON.
pub fn values(bench: &Bench, topic: &str) -> Vec<Value> {
    let records = bench.log.read(topic).into_iter();
    records
        .map(|record| serde_json::from_slice(&record.value.unwrap()).unwrap())
        .collect()
}

/// Kind, status, model, subject, detector and window end of every alert, as readable lines.
pub fn alerts(bench: &Bench) -> Vec<String> {
    let all = values(bench, "drift")
        .into_iter()
        .chain(values(bench, "anomaly"));
    let line = |alert: Value| {
        let field = |name: &str| alert[name].as_str().unwrap_or("-").to_owned();
        let end = alert["window"]["end"].as_str().unwrap_or("-").to_owned();
        [
            field("kind"),
            field("status"),
            field("model"),
            field("subject"),
            field("detector"),
            end,
        ]
        .join(" ")
    };
    all.map(line).collect()
}

/// Fails with a short message at the first difference between two sets.
pub fn assert_same(wanted: &Published, found: &Published, what: &str) {
    for (key, records) in wanted {
        let other = found.get(key).map_or(&[][..], Vec::as_slice);
        let name = String::from_utf8_lossy(&key.1);
        assert_eq!(
            other.len(),
            records.len(),
            "{what}: number of records under {}/{name}",
            key.0
        );
        for (record, other) in records.iter().zip(other) {
            assert_eq!(record, other, "{what}: {}/{name}", key.0);
        }
    }
    assert_eq!(wanted.len(), found.len(), "{what}: keys that nobody wanted");
}
