//! The registry of invariants: what must always hold, which tests check it, and what production asserts.
//!
//! **Policy.** A stage checks its own work before the commit. A breach found there stops the process: nothing wrong has
//! been published, and a restart goes on from the last commit. A frame that is read from an internal topic is committed
//! already. If it came twice it is dropped and counted, because dropping restores the invariant; if one is missing the
//! process stops. A finding that is not a number is ignored and counted, because the other findings are still sound.
//!
//! **Cost.** A few integer comparisons per task and commit, and one sum over the partials of a flush.
//!
//! **Secrecy.** A violation names partitions and counts. It carries no value, no id and no name of a model.

use std::fmt;

/// A promise of `docs/ARCHITECTURE.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// Nothing lost, nothing doubled.
    P1,
    /// Deterministic.
    P2,
    /// Bounded.
    P3,
    /// Bad input never stops it and never vanishes.
    P4,
    /// Feature values and ids never reach logs or metrics.
    P5,
    /// The core is pure.
    P6,
    /// Every number is reproducible.
    P7,
}

impl Promise {
    /// Every promise.
    pub const ALL: [Self; 7] = [
        Self::P1,
        Self::P2,
        Self::P3,
        Self::P4,
        Self::P5,
        Self::P6,
        Self::P7,
    ];
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What production does about an invariant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assertion {
    /// A breach is counted under this `kind`, and the process stops before the commit.
    Stops(&'static str),
    /// A breach is counted under this `kind` and logged once; work goes on without what broke it.
    Counts(&'static str),
    /// Nothing is asserted. This metric counts what the invariant allows.
    Metric(&'static str),
    /// Nothing is asserted: only tests can see a breach.
    TestsOnly,
}

/// One invariant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invariant {
    /// The promise that it is a part of.
    pub promise: Promise,
    /// What holds, in one sentence.
    pub statement: &'static str,
    /// What production does.
    pub assertion: Assertion,
    /// Files with the tests that check it.
    pub tests: &'static [&'static str],
}

/// Turns the table into the ids and their entries, so that neither can be forgotten.
macro_rules! registry {
    ($($id:ident = $promise:ident $assertion:expr, $statement:literal, $tests:tt;)*) => {
        /// The id of an invariant.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum InvariantId {
            $(#[doc = $statement] $id,)*
        }

        impl InvariantId {
            /// Every invariant, by promise.
            pub const ALL: &[Self] = &[$(Self::$id,)*];

            /// Its entry in the registry.
            #[must_use]
            pub fn entry(self) -> Invariant {
                match self {
                    $(Self::$id => Invariant {
                        promise: Promise::$promise,
                        statement: $statement,
                        assertion: $assertion,
                        tests: &$tests,
                    },)*
                }
            }
        }
    };
}

use Assertion::{Counts, Metric, Stops, TestsOnly};

registry! {
    IngestConservation = P1 Stops("ingest_imbalance"),
        "Every record of an input partition is counted, late or rejected, and every counted one is in a frame.",
        ["tests/memory/invariants.rs", "tests/memory/conservation.rs", "tests/e2e/exactly_once.rs"];
    JoinConservation = P1 Stops("join_imbalance"),
        "Predictions are joined, pending, expired or duplicates; labels are joined, waiting, expired or duplicates.",
        ["tests/join/drive.rs", "tests/memory/labels.rs"];
    OffsetOrder = P1 Stops("offset_regression"),
        "No task reads an offset twice or commits an offset before its last one.",
        ["src/runtime/progress.rs", "tests/memory/invariants.rs"];
    FrameContinuity = P1 Stops("frame_gap"),
        "Each frame continues the frame before it of the same source.",
        ["src/pipeline/cursor.rs", "tests/memory/alarm.rs"];
    FrameUniqueness = P1 Counts("frame_duplicate"),
        "No frame is read twice.",
        ["src/pipeline/cursor.rs", "tests/memory/alarm.rs"];
    ReplayConvergence = P1 Stops("replay_divergence"),
        "Frames that are read again lead to the cursors of the last commit.",
        ["tests/memory/alarm.rs"];
    TimeOrder = P2 Stops("time_regression"),
        "No watermark and no closed boundary of a task goes back.",
        ["src/runtime/progress.rs", "src/pipeline/cursor.rs"];
    Determinism = P2 TestsOnly,
        "Partitions, workers, flushes, restarts and order within `time.disorder` change no report and no alert.",
        ["tests/laws.rs", "tests/alert_machine.rs", "tests/memory/determinism.rs", "tests/e2e/invariance.rs"];
    Bounds = P3 Metric("tidegauge_left_out_total"),
        "Every map that input can grow has a limit, a policy and a counter.",
        ["tests/memory/limits.rs", "tests/alert_machine.rs", "tests/metrics_board.rs"];
    DeadLetterConservation = P4 Stops("dead_letter_imbalance"),
        "A transaction holds one dead letter for each record that it rejects.",
        ["src/runtime/flush.rs", "tests/memory/conservation.rs"];
    RejectReasons = P4 Metric("tidegauge_rejected_records_total"),
        "A rejected record is kept byte for byte, with one of the documented reasons.",
        ["tests/codec_rejects.rs", "tests/codec_mutations.rs", "tests/e2e/bad_input.rs"];
    Secrecy = P5 TestsOnly,
        "No feature value and no id reaches a log or a metric.",
        ["tests/metrics_board.rs", "tests/config_files.rs"];
    PureCore = P6 TestsOnly,
        "The core names no client library, clock, randomness, environment or thread.",
        ["tests/floors.rs"];
    FindingNumbers = P7 Counts("finding_not_a_number"),
        "Every number of a finding is a number.",
        ["tests/alert_machine.rs", "src/pipeline/evaluate/step.rs"];
    Reproducibility = P7 TestsOnly,
        "An alert carries definition, reference id, counts and threshold, from which its numbers follow.",
        ["tests/statistics/main.rs", "tests/alert_records.rs"];
}

impl InvariantId {
    /// Its value of the label `kind` of `tidegauge_violations_total`, if production asserts it.
    #[must_use]
    pub fn kind(self) -> Option<&'static str> {
        match self.entry().assertion {
            Assertion::Stops(kind) | Assertion::Counts(kind) => Some(kind),
            Assertion::Metric(_) | Assertion::TestsOnly => None,
        }
    }

    /// The kinds that production asserts.
    pub fn asserted() -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|id| id.kind().is_some())
    }

    /// The violation of an invariant, with the figures that show it.
    #[must_use]
    pub fn broken(self, figures: String) -> Violation {
        Violation { id: self, figures }
    }

    /// Holds only if `holds`.
    ///
    /// # Errors
    /// When it does not; `figures` say how.
    pub fn check(self, holds: bool, figures: impl FnOnce() -> String) -> Result<(), Violation> {
        if holds {
            Ok(())
        } else {
            Err(self.broken(figures()))
        }
    }
}

/// An invariant that does not hold: a bug of ours, or somebody's hand in an internal topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invariant {} ({}) is broken: {figures}. The invariant is: {} Nothing of this flush was committed, and a restart continues from the \
     last commit. Keep the log and the internal topics, and report the bug",
    .id.kind().unwrap_or_default(), .id.entry().promise, .id.entry().statement
)]
pub struct Violation {
    /// Which one.
    pub id: InvariantId,
    /// Partitions and counts that show it.
    pub figures: String,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn every_promise_has_an_invariant() {
        let promises = InvariantId::ALL.iter().map(|id| id.entry().promise);
        let promises: Vec<Promise> = promises.collect();
        assert!(promises.is_sorted());
        for promise in Promise::ALL {
            assert!(promises.contains(&promise), "{promise}");
        }
        for id in InvariantId::ALL {
            assert!(id.entry().statement.ends_with('.'), "{id:?}");
        }
    }

    #[test]
    fn kinds_are_unique_metric_labels() {
        let kinds = || InvariantId::asserted().filter_map(InvariantId::kind);
        assert_eq!(kinds().collect::<BTreeSet<_>>().len(), kinds().count());
        for kind in kinds() {
            let is_label = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(kind.chars().all(is_label), "{kind}");
        }
    }

    #[test]
    fn tests_that_check_an_invariant_exist() {
        for id in InvariantId::ALL {
            assert!(!id.entry().tests.is_empty(), "{id:?}");
            for path in id.entry().tests {
                assert!(root().join(path).exists(), "{id:?}: {path}");
            }
        }
    }

    #[test]
    fn documents_name_every_promise_invariant_and_kind() {
        let read = |page: &str| std::fs::read_to_string(root().join("docs").join(page)).unwrap();
        let (architecture, operations) = (read("ARCHITECTURE.md"), read("operations.md"));
        for promise in Promise::ALL {
            let row = format!("| {promise} |");
            assert!(architecture.contains(&row), "docs/ARCHITECTURE.md: {row}");
        }
        for id in InvariantId::ALL {
            let name = format!("`{id:?}`");
            assert!(architecture.contains(&name), "docs/ARCHITECTURE.md: {name}");
            let kind = id.kind().map_or(name, |kind| format!("`{kind}`"));
            let is_named = id.kind().is_none() || operations.contains(&kind);
            assert!(is_named, "docs/operations.md: {kind}");
        }
    }
}
