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
    pub(super) fn hear(
        &mut self,
        at: u32,
        assertion: &LabelAssertion,
        pair: JoinTimes,
        sink: &mut impl JoinSink,
    ) -> AssertionEffect {
        match &assertion.asserted {
            AssertedValue::Class(class, hash) => {
                let truth = PackedValue::Class(self.words.intern(class, *hash));
                self.judge(at, assertion, truth, pair, sink)
            }
            AssertedValue::Value(value) => {
                self.judge(at, assertion, PackedValue::Value(*value), pair, sink)
            }
            AssertedValue::Evaluation(name, hash, cell) => {
                let last_seen = Evaluation {
                    entry: at,
                    name: self.words.intern(name, *hash),
                    made: assertion.made,
                    source: assertion.source,
                    cell: *cell,
                };
                self.evaluate(last_seen, assertion.rank(), pair, sink, name)
            }
        }
    }

    fn judge(
        &mut self,
        at: u32,
        assertion: &LabelAssertion,
        truth: PackedValue,
        pair: JoinTimes,
        sink: &mut impl JoinSink,
    ) -> AssertionEffect {
        let Some(entry) = self.entries.get(at).copied() else {
            return AssertionEffect::Nothing;
        };
        let before = entry.verdict();
        if before.is_some_and(|before| assertion.rank() <= self.rank_of(before)) {
            return AssertionEffect::Nothing;
        }
        let verdict = RecordedTruth {
            truth,
            made: assertion.made,
            source: assertion.source,
        };
        if let Some(entry) = self.entries.get_mut(at) {
            entry.judge(verdict);
        }
        self.tell(&entry, before.map(|before| before.truth), truth, pair, sink)
    }

    fn tell(
        &self,
        entry: &Entry,
        old: Option<PackedValue>,
        new: PackedValue,
        pair: JoinTimes,
        sink: &mut impl JoinSink,
    ) -> AssertionEffect {
        let (Some(group), Some(truth)) = (self.groups.get(entry.group), self.known(new)) else {
            return AssertionEffect::Nothing;
        };
        let answer = self.answer_of(entry);
        match old.and_then(|old| self.known(old)) {
            None => {
                sink.judged(group, pair, answer, truth);
                AssertionEffect::First
            }
            Some(old) if old == truth => AssertionEffect::Nothing,
            Some(old) => {
                sink.corrected(group, pair, answer, old, truth);
                AssertionEffect::Corrected
            }
        }
    }

    fn rank_of(&self, verdict: RecordedTruth) -> Rank {
        let asserted = match verdict.truth {
            PackedValue::Class(class) => self.words.hash(class),
            PackedValue::Value(value) => number_hash(value),
            PackedValue::None | PackedValue::Both(_) => 0,
        };
        Rank::new(verdict.made, asserted, verdict.source)
    }

    fn evaluate(
        &mut self,
        last_seen: Evaluation,
        rank: Rank,
        pair: JoinTimes,
        sink: &mut impl JoinSink,
        name: &Arc<str>,
    ) -> AssertionEffect {
        let hash = last_seen.place();
        let is_it = |e: &Evaluation| e.entry == last_seen.entry && e.name == last_seen.name;
        let old = match self.evaluations.find_mut(hash, is_it) {
            Some(known) if rank <= known.rank() => return AssertionEffect::Nothing,
            Some(known) => Some(std::mem::replace(known, last_seen).cell),
            None => {
                self.evaluations
                    .insert_unique(hash, last_seen, Evaluation::place);
                None
            }
        };
        let entry = self.entries.get(last_seen.entry);
        let group = entry.and_then(|entry| self.groups.get(entry.group));
        match (old, group) {
            (Some(old), _) if old == last_seen.cell => AssertionEffect::Nothing,
            (old, Some(group)) => {
                sink.evaluated(group, pair, name, old, last_seen.cell);
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
