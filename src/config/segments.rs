//! `segments`: parts of the traffic that are counted in addition to the whole.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use crate::pipeline;

/// Parts of the traffic that are counted and judged in addition to the whole. Each value of each key is judged
/// separately; combinations of keys are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentsConfig {
    /// Keys of the predictions' `segments`, as in `[country, tier]`; at most 8. The key `variant` separates default,
    /// canary and shadow traffic. The default is none, because each value of a key takes as much memory and as many
    /// metrics as a version.
    pub keys: Vec<String>,
    /// Maximum number of values per key and model, 1 to 1000. Known values stay, new values are admitted by hash, and the
    /// rest counts only in the whole.
    pub values: usize,
}

const KEYS_MAX: usize = 8;

impl Default for SegmentsConfig {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            values: 50,
        }
    }
}

impl SegmentsConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) -> pipeline::SegmentsPlan {
        faults.require_within("segments.values", &self.values, 1..=1_000);
        let wrong = format!("{} keys are listed", self.keys.len());
        let fix = "list at most 8";
        faults.require(self.keys.len() <= KEYS_MAX, "segments.keys", wrong, fix);
        self.check_keys(faults);
        pipeline::SegmentsPlan {
            keys: self.keys.clone(),
            values_max: self.values,
        }
    }

    fn check_keys(&self, faults: &mut ConfigFaults) {
        let mut seen = BTreeSet::new();
        for (i, key) in self.keys.iter().enumerate() {
            let path = format!("segments.keys[{i}]");
            let fix = "write a key of the predictions' segments";
            faults.require(!key.is_empty(), &path, "it is empty", fix);
            let wrong = format!("`{key}` is listed twice");
            faults.require(seen.insert(key), &path, wrong, "list each key once");
        }
    }
}
