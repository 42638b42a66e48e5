//! What is known of a model besides panes and references: one entry of the state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::slice::{KnownSegments, SeenSpan, Slice};
use crate::alert::Episodes;
use crate::detect::FeatureGrowth;
use crate::detect::volume::VolumeSeries;
use crate::event::EVALUATIONS_MAX;
use crate::pipeline::remarks::{GivenUp, ThinWindows};
use crate::pipeline::unjudged::Unjudged;
use crate::sketch::{Partial, Subject};
use crate::window::{Boundary, WeekDays};

/// The subjects of each version, with the quarters of an hour in which each was first and last seen.
pub type SubjectsByVersion = BTreeMap<String, BTreeMap<Subject, SeenSpan>>;

/// What is known of a model besides panes and references.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Knowledge {
    /// The model's name.
    pub name: String,
    /// Start of its first pane.
    pub first_pane: Boundary,
    /// Start of its latest pane, rounded down to a quarter of an hour.
    pub last_seen: Boundary,
    /// Versions and their subjects.
    pub versions: SubjectsByVersion,
    /// Traffic by quarter of an hour, and what is learned of it.
    pub volume: VolumeSeries,
    /// Alerts that are pending, firing or recently resolved.
    pub episodes: Episodes,
    /// Segments of all versions.
    pub segments: KnownSegments,
    /// Slices whose labels may still come, with the last day on which each was seen.
    pub labelled_until: BTreeMap<Slice, Boundary>,
    /// Why the model cannot be judged; `None` if it can, or nothing is known yet.
    pub unjudged: Option<Unjudged>,
    /// How each feature of numbers grows.
    pub growth: BTreeMap<Subject, FeatureGrowth>,
    /// Windows that are too short for its traffic; `None` if all hold enough, or nothing is known yet.
    pub thin_windows: Option<ThinWindows>,
    /// Days of the week on which predictions came while the reference was learned; none without a reference.
    pub reference_days: WeekDays,
    /// Subjects that came after the reference and are given up.
    pub given_up: BTreeMap<Subject, GivenUp>,
    /// First boundary from which an order said to learn anew; `None` without such an order.
    pub relearned_from: Option<Boundary>,
    /// How an order brought back the references in force; `None` without such an order.
    pub comeback: Option<Comeback>,
}

/// How references came back that an order had dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comeback {
    /// Boundary from which they are in force again.
    pub at: Boundary,
    /// Minutes for which they were not in force, in all.
    pub away_minutes: i64,
}

impl Comeback {
    /// Minutes for which a reference was in force until `now` that was learned at `learned`.
    #[must_use]
    pub fn minutes_in_force(comeback: Option<Self>, learned: Boundary, now: Boundary) -> i64 {
        let away = comeback.filter(|own| learned < own.at);
        now.0 - learned.0 - away.map_or(0, |own| own.away_minutes)
    }
}

impl Knowledge {
    /// Knowledge of a model that was first seen in the pane that starts at `first_pane`.
    #[must_use]
    pub fn new(name: String, first_pane: Boundary) -> Self {
        Self {
            name,
            first_pane,
            last_seen: first_pane,
            versions: SubjectsByVersion::new(),
            volume: VolumeSeries::default(),
            episodes: Episodes::default(),
            segments: KnownSegments::default(),
            labelled_until: BTreeMap::new(),
            unjudged: None,
            growth: BTreeMap::new(),
            thin_windows: None,
            reference_days: WeekDays::default(),
            given_up: BTreeMap::new(),
            relearned_from: None,
            comeback: None,
        }
    }

    /// Notes the subjects of a pane of the whole; returns true if anything changed. A version remembers at most
    /// [`EVALUATIONS_MAX`] names of evaluations, those that came first: unlike a feature, a name that is not remembered is
    /// counted and reported all the same, because each pane bounds its own. Only its first and last time are missing.
    pub fn note_version(&mut self, version: &str, seen: Boundary, pane: &Partial) -> bool {
        let mut changed = self.last_seen != seen;
        self.last_seen = self.last_seen.max(seen);
        let subjects = self.versions.entry(version.to_owned()).or_default();
        let is_evaluation = |subject: &Subject| matches!(subject, Subject::Evaluation(_));
        let known = subjects.keys().filter(|subject| is_evaluation(subject));
        let mut evaluations = known.count();
        for subject in pane.subjects.keys() {
            if let Some(span) = subjects.get_mut(subject) {
                changed |= span.extend(seen);
                continue;
            }
            if is_evaluation(subject) {
                if evaluations >= EVALUATIONS_MAX {
                    continue;
                }
                evaluations += 1;
            }
            subjects.insert(subject.clone(), SeenSpan::at(seen));
            changed = true;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_away_is_no_time_in_force() {
        let (learned, now) = (Boundary(100), Boundary(1_000));
        let minutes = |comeback| Comeback::minutes_in_force(comeback, learned, now);
        assert_eq!(minutes(None), 900);
        let away = |at| Comeback {
            at: Boundary(at),
            away_minutes: 200,
        };
        assert_eq!(minutes(Some(away(400))), 700);
        assert_eq!(minutes(Some(away(90))), 900, "learned since it came back");
    }
}
