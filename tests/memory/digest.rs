//! Digests of everything that three long scenarios publish. A refactoring must not change one byte of it.
//!
//! After an intended change of the published records, run `UPDATE_GOLDEN=1 cargo test --test memory digest`. It writes
//! the file again. The commit message must say what changed and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::bench::Bench;
use crate::published::published;
use crate::scenario::incident_days;
use crate::stories::segment_story;
use crate::traffic::Incident;

/// Records and digest of each topic, as lines of the golden file.
fn lines(name: &str, bench: &Bench) -> String {
    let mut topics: BTreeMap<&str, (usize, Sha256)> = BTreeMap::new();
    for ((topic, key), records) in published(bench) {
        let (count, digest) = topics.entry(topic).or_default();
        for (headers, value) in records {
            *count += 1;
            digest.update(format!("{key:?} {headers:?} {value}\n"));
        }
    }
    let mut text = String::new();
    for (topic, (count, digest)) in topics {
        let hex: String = digest
            .finalize()
            .iter()
            .fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            });
        writeln!(text, "{name} {topic} {count} {hex}").unwrap();
    }
    text
}

#[test]
fn what_is_published_has_not_changed_by_one_byte() {
    let found = [
        lines("cents", &incident_days(Incident::Cents, 240)),
        lines("silence", &incident_days(Incident::Silence, 1_440)),
        lines("precision", &segment_story()),
    ]
    .concat();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/published_digests.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(&path).unwrap());
}
