//! Tallies: the panes of a slice, counted against its reference.

use serde::{Deserialize, Serialize};

use crate::detect::{Baseline, Tally};
use crate::reference::{Reference, SubjectReference};
use crate::sketch::{Monoid, Partial, Subject};
use crate::window::Boundary;

/// A pane of one slice, counted against its reference.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TallyPane {
    /// Number of predictions.
    pub predictions: u64,
    /// Number of failed predictions among them.
    pub errors: u64,
    /// The subjects, in the order of the reference.
    pub subjects: Vec<Tally>,
}

impl Monoid for TallyPane {
    fn merge(&mut self, other: &Self) {
        self.predictions += other.predictions;
        self.errors += other.errors;
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
    /// The baselines of a reference, in the order in which its subjects were learned. Of one that an order brought back, panes
    /// from before `came_back_at` were counted by the groups of another.
    #[must_use]
    pub fn of(reference: &Reference, came_back_at: Option<Boundary>) -> Self {
        let mut subjects: Vec<_> = reference.subjects.iter().collect();
        subjects.sort_by_key(|(_, own)| own.place);
        let baseline = |(subject, own): (&Subject, &SubjectReference)| {
            let mut baseline = Baseline::of(subject, own);
            if let Some(came_back_at) = came_back_at {
                baseline.compared_since = baseline.compared_since.max(came_back_at);
            }
            (subject.clone(), baseline)
        };
        Self(subjects.into_iter().map(baseline).collect())
    }

    /// Each subject with its baseline, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Subject, Baseline)> {
        self.0.iter()
    }

    /// The subjects that are judged.
    pub fn judged(&self) -> impl Iterator<Item = &Subject> {
        let subjects = self.0.iter().map(|(subject, _)| subject);
        subjects.filter(|subject| subject.is_judged())
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
            errors: pane.errors,
            subjects: self.0.iter().map(tally).collect(),
        }
    }
}
