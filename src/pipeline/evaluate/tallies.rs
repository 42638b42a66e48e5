//! Tallies: the panes of a slice, counted against its reference.

use serde::{Deserialize, Serialize};

use crate::detect::{Baseline, Tally};
use crate::reference::{Reference, SubjectReference};
use crate::sketch::{Monoid, Partial, Subject};

/// A pane of one slice, counted against its reference.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TallyPane {
    /// Number of predictions.
    pub predictions: u64,
    /// The subjects, in the order of the reference.
    pub subjects: Vec<Tally>,
}

impl Monoid for TallyPane {
    fn merge(&mut self, other: &Self) {
        self.predictions += other.predictions;
        if self.subjects.len() < other.subjects.len() {
            self.subjects.resize(other.subjects.len(), Tally::default());
        }
        for (sum, tally) in self.subjects.iter_mut().zip(&other.subjects) {
            sum.merge(tally);
        }
    }
}

/// The subjects of a reference, ready to count panes against them.
#[derive(Debug, Clone, Default)]
pub struct Baselines(Vec<(Subject, Baseline)>);

impl Baselines {
    /// The baselines of a reference, in the order in which its subjects were learned.
    #[must_use]
    pub fn of(reference: &Reference) -> Self {
        let mut subjects: Vec<_> = reference.subjects.iter().collect();
        subjects.sort_by_key(|(_, own)| own.place);
        let baseline = |(subject, own): (&Subject, &SubjectReference)| {
            (subject.clone(), Baseline::of(subject, own))
        };
        Self(subjects.into_iter().map(baseline).collect())
    }

    /// Each subject with its baseline, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Subject, Baseline)> {
        self.0.iter()
    }

    /// Number of subjects that are judged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0
            .iter()
            .filter(|(subject, _)| subject.drifts())
            .count()
    }

    /// Counts a pane.
    #[must_use]
    pub fn count(&self, pane: &Partial) -> TallyPane {
        let tally = |(subject, baseline): &(Subject, Baseline)| {
            let sketch = pane.subjects.get(subject).filter(|_| subject.drifts());
            sketch
                .map(|sketch| baseline.count(sketch))
                .unwrap_or_default()
        };
        TallyPane {
            predictions: pane.predictions,
            subjects: self.0.iter().map(tally).collect(),
        }
    }
}
