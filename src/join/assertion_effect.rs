//! Effect of a label assertion on an entry, and the resulting call to the join sink.

use std::sync::Arc;

use super::assertion::{AssertedValue, LabelAssertion, Rank};
use super::bucket::{Bucket, Evaluation};
use super::entry::{Entry, PackedValue, RecordedTruth};
use super::hash::{MixedHash, number_hash};
use super::sink::{JoinSink, JoinTimes};

/// Effect of a label assertion on an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssertionEffect {
    /// No change to report: the value was known, or a better one was.
    Nothing,
    /// The first assertion on its subject.
    First,
    /// The truth was replaced by another one.
    Corrected,
    /// The evaluation was replaced by another one.
    Revised,
}

impl Bucket {
    /// Applies an assertion to an entry with which its label forms a pair.
    pub(super) fn apply(
        &mut self,
        at: u32,
        assertion: &LabelAssertion,
        times: JoinTimes,
        sink: &mut impl JoinSink,
    ) -> AssertionEffect {
        match &assertion.asserted {
            AssertedValue::Class(class, hash) => {
                let truth = PackedValue::Class(self.words.intern(class, *hash));
                self.set_truth(at, assertion, truth, times, sink)
            }
            AssertedValue::Value(value) => {
                self.set_truth(at, assertion, PackedValue::Value(*value), times, sink)
            }
            AssertedValue::Evaluation(name, hash, cell) => {
                let evaluation = Evaluation {
                    entry: at,
                    name: self.words.intern(name, *hash),
                    made: assertion.made,
                    source: assertion.source,
                    cell: *cell,
                };
                self.evaluate(evaluation, assertion.rank(), times, sink, name)
            }
        }
    }

    fn set_truth(
        &mut self,
        at: u32,
        assertion: &LabelAssertion,
        truth: PackedValue,
        times: JoinTimes,
        sink: &mut impl JoinSink,
    ) -> AssertionEffect {
        let Some(entry) = self.entries.get(at).copied() else {
            return AssertionEffect::Nothing;
        };
        let before = entry.recorded();
        if before.is_some_and(|before| assertion.rank() <= self.rank_of(before)) {
            return AssertionEffect::Nothing;
        }
        let recorded = RecordedTruth {
            truth,
            made: assertion.made,
            source: assertion.source,
        };
        if let Some(entry) = self.entries.get_mut(at) {
            entry.record(recorded);
        }
        self.report(
            &entry,
            before.map(|before| before.truth),
            truth,
            times,
            sink,
        )
    }

    fn report(
        &self,
        entry: &Entry,
        old: Option<PackedValue>,
        new: PackedValue,
        times: JoinTimes,
        sink: &mut impl JoinSink,
    ) -> AssertionEffect {
        let (Some(group), Some(truth)) = (self.groups.get(entry.group), self.known(new)) else {
            return AssertionEffect::Nothing;
        };
        let answer = self.answer_of(entry);
        match old.and_then(|old| self.known(old)) {
            None => {
                sink.judged(group, times, answer, truth);
                AssertionEffect::First
            }
            Some(old) if old == truth => AssertionEffect::Nothing,
            Some(old) => {
                sink.corrected(group, times, answer, old, truth);
                AssertionEffect::Corrected
            }
        }
    }

    fn rank_of(&self, recorded: RecordedTruth) -> Rank {
        let asserted = match recorded.truth {
            PackedValue::Class(class) => self.words.hash(class),
            PackedValue::Value(value) => number_hash(value),
            PackedValue::None | PackedValue::Both(_) => 0,
        };
        Rank::new(recorded.made, asserted, recorded.source)
    }

    fn evaluate(
        &mut self,
        evaluation: Evaluation,
        rank: Rank,
        times: JoinTimes,
        sink: &mut impl JoinSink,
        name: &Arc<str>,
    ) -> AssertionEffect {
        let hash = evaluation.place();
        let is_it = |e: &Evaluation| e.entry == evaluation.entry && e.name == evaluation.name;
        let old = match self.evaluations.find_mut(hash, is_it) {
            Some(known) if rank <= known.rank() => return AssertionEffect::Nothing,
            Some(known) => Some(std::mem::replace(known, evaluation).cell),
            None => {
                self.evaluations
                    .insert_unique(hash, evaluation, Evaluation::place);
                None
            }
        };
        let entry = self.entries.get(evaluation.entry);
        let group = entry.and_then(|entry| self.groups.get(entry.group));
        match (old, group) {
            (Some(old), _) if old == evaluation.cell => AssertionEffect::Nothing,
            (old, Some(group)) => {
                sink.evaluated(group, times, name, old, evaluation.cell);
                old.map_or(AssertionEffect::First, |_| AssertionEffect::Revised)
            }
            (_, None) => AssertionEffect::Nothing,
        }
    }
}

impl Evaluation {
    fn place(&self) -> u64 {
        MixedHash::of(u64::from(self.entry))
            .and(u64::from(self.name))
            .0
    }

    fn rank(&self) -> Rank {
        Rank::new(self.made, u64::from(self.cell), self.source)
    }
}
