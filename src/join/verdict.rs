//! What a claim changes of an entry, and how the ledger hears of it.

use std::sync::Arc;

use super::bucket::{Bucket, Evaluation};
use super::claim::{Claim, Rank, Said};
use super::entry::{Entry, Verdict, Word};
use super::hash::{Mixed, number_hash};
use super::ledger::{Ledger, Pair};

/// What a claim did to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing that anybody needs to hear: it was known, or something better was.
    Nothing,
    /// The first word on its subject.
    First,
    /// Another truth than was believed.
    Corrected,
    /// Another evaluation than was believed.
    Revised,
}

impl Bucket {
    /// Holds a claim against an entry that it makes a pair with.
    pub(super) fn hear(
        &mut self,
        at: u32,
        claim: &Claim,
        pair: Pair,
        ledger: &mut impl Ledger,
    ) -> Effect {
        match &claim.said {
            Said::Class(class, hash) => {
                let truth = Word::Class(self.words.intern(class, *hash));
                self.judge(at, claim, truth, pair, ledger)
            }
            Said::Value(value) => self.judge(at, claim, Word::Value(*value), pair, ledger),
            Said::Evaluation(name, hash, cell) => {
                let heard = Evaluation {
                    entry: at,
                    name: self.words.intern(name, *hash),
                    made: claim.made,
                    source: claim.source,
                    cell: *cell,
                };
                self.evaluate(heard, claim.rank(), pair, ledger, name)
            }
        }
    }

    fn judge(
        &mut self,
        at: u32,
        claim: &Claim,
        truth: Word,
        pair: Pair,
        ledger: &mut impl Ledger,
    ) -> Effect {
        let Some(entry) = self.entries.get(at).copied() else {
            return Effect::Nothing;
        };
        let before = entry.verdict();
        if before.is_some_and(|before| claim.rank() <= self.rank_of(before)) {
            return Effect::Nothing;
        }
        let verdict = Verdict {
            truth,
            made: claim.made,
            source: claim.source,
        };
        if let Some(entry) = self.entries.get_mut(at) {
            entry.judge(verdict);
        }
        self.tell(
            &entry,
            before.map(|before| before.truth),
            truth,
            pair,
            ledger,
        )
    }

    fn tell(
        &self,
        entry: &Entry,
        old: Option<Word>,
        new: Word,
        pair: Pair,
        ledger: &mut impl Ledger,
    ) -> Effect {
        let (Some(group), Some(truth)) = (self.groups.get(entry.group), self.known(new)) else {
            return Effect::Nothing;
        };
        let answer = self.answer_of(entry);
        match old.and_then(|old| self.known(old)) {
            None => {
                ledger.judged(group, pair, answer, truth);
                Effect::First
            }
            Some(old) if old == truth => Effect::Nothing,
            Some(old) => {
                ledger.corrected(group, pair, answer, old, truth);
                Effect::Corrected
            }
        }
    }

    fn rank_of(&self, verdict: Verdict) -> Rank {
        let said = match verdict.truth {
            Word::Class(class) => self.words.hash(class),
            Word::Value(value) => number_hash(value),
            Word::None | Word::Both(_) => 0,
        };
        Rank::new(verdict.made, said, verdict.source)
    }

    fn evaluate(
        &mut self,
        heard: Evaluation,
        rank: Rank,
        pair: Pair,
        ledger: &mut impl Ledger,
        name: &Arc<str>,
    ) -> Effect {
        let hash = heard.place();
        let is_it = |e: &Evaluation| e.entry == heard.entry && e.name == heard.name;
        let old = match self.evaluations.find_mut(hash, is_it) {
            Some(known) if rank <= known.rank() => return Effect::Nothing,
            Some(known) => Some(std::mem::replace(known, heard).cell),
            None => {
                self.evaluations
                    .insert_unique(hash, heard, Evaluation::place);
                None
            }
        };
        let entry = self.entries.get(heard.entry);
        let group = entry.and_then(|entry| self.groups.get(entry.group));
        match (old, group) {
            (Some(old), _) if old == heard.cell => Effect::Nothing,
            (old, Some(group)) => {
                ledger.evaluated(group, pair, name, old, heard.cell);
                old.map_or(Effect::First, |_| Effect::Revised)
            }
            (_, None) => Effect::Nothing,
        }
    }
}

impl Evaluation {
    fn place(&self) -> u64 {
        Mixed::of(u64::from(self.entry)).and(u64::from(self.name)).0
    }

    fn rank(&self) -> Rank {
        Rank::new(self.made, u64::from(self.cell), self.source)
    }
}
