//! What the board keeps of one model: versions, reference, and each subject as it was last judged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::outcome_series::OutcomeSeries;
use super::picture::Picture;
use super::status::{ModelStatus, ReferenceStatus, SubjectStatus};
use crate::runtime::meter::{Judged, LearningProgress};
use crate::window::WindowLength;

/// Subjects shown per model.
const SUBJECTS_SHOWN_MAX: usize = 50;
/// Subjects kept per model, of all versions; 5,000 take about 3 MB. Those beyond are in the reports only.
const SUBJECTS_KEPT_MAX: usize = 5_000;
/// Wall time for which a picture is good enough: a catch-up judges days within seconds, and drawing 500 features for
/// each of its minutes would take longer than judging them.
const PICTURE_AGE_MAX: Duration = Duration::from_millis(250);

/// One model.
#[derive(Default)]
pub(super) struct ModelSeries {
    pub versions: BTreeSet<String>,
    pub windows_closed: u64,
    reference: Option<ReferenceStatus>,
    subjects: BTreeMap<String, BTreeMap<String, Shown>>,
    pub outcomes: OutcomeSeries,
}

/// A subject as it is shown.
struct Shown {
    window: WindowLength,
    drawn: Instant,
    status: SubjectStatus,
}

impl ModelSeries {
    /// Notes the progress; answers the share, 0..=1.
    pub fn learning(&mut self, learning: &LearningProgress<'_>) -> f64 {
        let span = learning.span_minutes as f64 / learning.span_minutes_wanted.max(1) as f64;
        let events = learning.events as f64 / learning.events_wanted.max(1) as f64;
        let progress = span.min(events).clamp(0.0, 1.0);
        self.reference = Some(ReferenceStatus::Learning {
            progress,
            events: learning.events,
        });
        progress
    }

    pub fn learned(&mut self, id: &str) {
        self.reference = Some(ReferenceStatus::Learned { id: id.to_owned() });
    }

    /// Keeps the judgement if its window is the shortest that was seen of the subject.
    pub fn judged(&mut self, judged: &Judged<'_>) {
        let name = judged.subject.name();
        let kept: usize = self.subjects.values().map(BTreeMap::len).sum();
        let of_version = self.subjects.entry(judged.version.to_owned()).or_default();
        let (drawn, picture) = match of_version.get_mut(&name) {
            Some(shown) if judged.window > shown.window => return,
            Some(shown) if shown.drawn.elapsed() < PICTURE_AGE_MAX => {
                let picture = std::mem::take(&mut shown.status.picture);
                (shown.drawn, picture)
            }
            None if kept >= SUBJECTS_KEPT_MAX => return,
            _ => (
                Instant::now(),
                Picture::of(judged.subject, judged.reference, judged.observed),
            ),
        };
        let status = subject_status(name.clone(), judged, picture);
        of_version.insert(
            name,
            Shown {
                window: judged.window,
                drawn,
                status,
            },
        );
    }

    pub fn status(&self, model: &str) -> ModelStatus {
        let mut subjects: Vec<&SubjectStatus> = self
            .subjects
            .values()
            .flat_map(BTreeMap::values)
            .map(|shown| &shown.status)
            .collect();
        subjects.sort_by(|a, b| {
            b.value
                .total_cmp(&a.value)
                .then_with(|| a.subject.cmp(&b.subject))
        });
        ModelStatus {
            model: model.to_owned(),
            versions: self.versions.iter().cloned().collect(),
            reference: self.reference.clone().unwrap_or(ReferenceStatus::Learning {
                progress: 0.0,
                events: 0,
            }),
            windows_closed: self.windows_closed,
            quality: self.outcomes.quality_statuses(),
            objectives: self.outcomes.objective_statuses(),
            subjects_total: subjects.len(),
            subjects: subjects
                .into_iter()
                .take(SUBJECTS_SHOWN_MAX)
                .cloned()
                .collect(),
        }
    }
}

fn subject_status(subject: String, judged: &Judged<'_>, picture: Picture) -> SubjectStatus {
    let (distance, value) = judged.distances.first().copied().unwrap_or(("none", 0.0));
    SubjectStatus {
        subject,
        version: judged.version.to_owned(),
        window: judged.window.name(),
        end: judged.end.time(),
        distance,
        value,
        verdict: judged.verdict,
        picture,
    }
}
