//! Evaluations that predictions carry: one sketch per evaluation name, for at most [`EVALUATIONS_MAX`] names.
//!
//! The kept names must not depend on the order of events or on the times of flushes. So the names with the smallest
//! hashes are kept. A name among the smallest overall is also among the smallest of every part, so every part has
//! counted it. A name that was dropped once never returns, because the set of names only grows. Hence the sketches that
//! are kept are exact. A lookup compares the name with every kept name. A model has one judge or a few, and for so few
//! this is the fastest way.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::key::{Scale, id_hash};
use super::subject::Subject;
use super::value::{ValueBuffer, ValueSketch};
use crate::event::EVALUATIONS_MAX;

/// Open form: counts the evaluations of predictions, one prediction at a time.
#[derive(Debug, Default)]
pub(super) struct JudgesBuffer(Vec<Judge>);

#[derive(Debug)]
struct Judge {
    hash: u64,
    name: String,
    scores: ValueBuffer,
}

impl Judge {
    fn new(hash: u64, name: &str) -> Self {
        Self {
            hash,
            name: name.to_owned(),
            scores: ValueBuffer::default(),
        }
    }

    fn rank(&self) -> (u64, &str) {
        (self.hash, &self.name)
    }
}

impl JudgesBuffer {
    /// Counts the evaluations of one prediction.
    pub(super) fn push(&mut self, evaluations: &[(Cow<'_, str>, f64)]) {
        for (name, score) in evaluations {
            if let Some(scores) = self.scores(name) {
                scores.push_number(Scale::Plain, *score);
            }
        }
    }

    /// Number of distinct names held.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the counted subjects by name. The buffer is empty afterwards.
    pub(super) fn freeze(&mut self) -> impl Iterator<Item = (Subject, ValueSketch)> {
        let judges = std::mem::take(&mut self.0).into_iter();
        judges.map(|mut judge| (Subject::Evaluation(judge.name), judge.scores.freeze()))
    }

    /// Returns the buffer of `name`, or `None` if the name is not kept.
    fn scores(&mut self, name: &str) -> Option<&mut ValueBuffer> {
        let known = self.0.iter().position(|judge| judge.name == name);
        let position = known.or_else(|| self.admit(name))?;
        self.0.get_mut(position).map(|judge| &mut judge.scores)
    }

    /// Returns the position of the buffer for a new name. If all places are taken, the name with the largest hash is
    /// dropped; `None` if that is the new name.
    fn admit(&mut self, name: &str) -> Option<usize> {
        let hash = id_hash(name);
        if self.0.len() < EVALUATIONS_MAX {
            self.0.push(Judge::new(hash, name));
            return Some(self.0.len() - 1);
        }
        let ranked = self.0.iter_mut().enumerate();
        let (position, last) = ranked.max_by(|(_, a), (_, b)| a.rank().cmp(&b.rank()))?;
        if (hash, name) > last.rank() {
            return None;
        }
        *last = Judge::new(hash, name);
        Some(position)
    }
}

/// Drops the evaluations beyond the limit: those with the largest hashes.
pub(super) fn bound(subjects: &mut BTreeMap<Subject, ValueSketch>) {
    let mut names = names(subjects);
    if names.len() <= EVALUATIONS_MAX {
        return;
    }
    names.sort_unstable_by_key(|name| (id_hash(name), *name));
    let surplus: Vec<String> = names
        .into_iter()
        .skip(EVALUATIONS_MAX)
        .map(str::to_owned)
        .collect();
    for name in surplus {
        subjects.remove(&Subject::Evaluation(name));
    }
}

/// Names of the evaluations among `subjects`.
fn names(subjects: &BTreeMap<Subject, ValueSketch>) -> Vec<&str> {
    let first = Subject::Evaluation(String::new());
    let evaluations = subjects.range(first..).map_while(|(subject, _)| {
        let Subject::Evaluation(name) = subject else {
            return None;
        };
        Some(name.as_str())
    });
    evaluations.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::sketch::{Monoid, Partial};

    fn frozen(buffer: &mut JudgesBuffer) -> Partial {
        Partial {
            subjects: buffer.freeze().collect(),
            ..Partial::default()
        }
    }

    fn one_pass(scores: &[(String, f64)]) -> Partial {
        let mut buffer = JudgesBuffer::default();
        for (name, score) in scores {
            buffer.push(&[(name.into(), *score)]);
            assert!(buffer.len() <= EVALUATIONS_MAX);
        }
        frozen(&mut buffer)
    }

    /// Scores from `names` judges, in random order.
    fn scores(random: &mut fastrand::Rng, names: usize) -> Vec<(String, f64)> {
        let score = |random: &mut fastrand::Rng| f64::from(random.u8(0..=100)) / 100.0;
        let one = |_| (format!("judge {}", random.usize(..names)), score(random));
        (0..500).map(one).collect()
    }

    #[test]
    fn the_names_that_stay_have_the_smallest_hashes_and_all_their_scores() {
        let mut random = fastrand::Rng::with_seed(5);
        for names in [1, 31, 32, 33, 100] {
            let scores = scores(&mut random, names);
            let mut counts: BTreeMap<(u64, String), u64> = BTreeMap::new();
            for (name, _) in &scores {
                *counts.entry((id_hash(name), name.clone())).or_default() += 1;
            }
            let partial = one_pass(&scores);
            assert_eq!(
                partial.subjects.len(),
                counts.len().min(32),
                "{names} names"
            );
            for ((_, name), count) in counts.into_iter().take(32) {
                let kept = &partial.subjects[&Subject::Evaluation(name)];
                assert_eq!(kept.numbers.histogram.total(), count);
            }
        }
    }

    #[test]
    fn neither_order_nor_flushes_change_what_stays() {
        let mut random = fastrand::Rng::with_seed(6);
        for names in [3, 32, 40, 200] {
            let mut scores = scores(&mut random, names);
            let expected = one_pass(&scores);
            for size in [1, 7, 100, 499] {
                random.shuffle(&mut scores);
                let mut merged = Partial::default();
                let parts = scores.chunks(size).map(one_pass);
                parts.for_each(|part| merged.merge(&part));
                assert_eq!(merged, expected, "{names} names, {size} at a time");
            }
        }
    }

    #[test]
    fn other_subjects_are_left_alone() {
        let named = |i: usize| {
            [
                Subject::Feature(format!("f{i}")),
                Subject::Evaluation(format!("e{i}")),
                Subject::Objective(format!("o{i}")),
            ]
        };
        let subjects = (0..40).flat_map(named).chain([Subject::Score]);
        let mut subjects = subjects.map(|s| (s, ValueSketch::default())).collect();
        bound(&mut subjects);
        assert_eq!(subjects.len(), 40 + 32 + 40 + 1);
    }
}
