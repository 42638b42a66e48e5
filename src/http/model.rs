//! What the board keeps of one model: versions, reference, and each subject as it was last judged.

use std::collections::{BTreeMap, BTreeSet};

use super::picture::Picture;
use super::status::{ModelStatus, ReferenceStatus, SubjectStatus};
use crate::runtime::meter::{Judged, Learning};
use crate::window::WindowLength;

/// Subjects shown per model.
const SUBJECTS_SHOWN_MAX: usize = 50;
/// Subjects kept per model, of all versions; 5,000 take about 3 MB. Those beyond are in the reports only.
const SUBJECTS_KEPT_MAX: usize = 5_000;

/// One model.
#[derive(Default)]
pub(super) struct ModelBook {
    pub versions: BTreeSet<String>,
    pub windows_closed: u64,
    reference: Option<ReferenceStatus>,
    subjects: BTreeMap<String, BTreeMap<String, (WindowLength, SubjectStatus)>>,
}

impl ModelBook {
    /// Notes the progress; answers the share, 0..=1.
    pub fn learning(&mut self, learning: &Learning<'_>) -> f64 {
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
        match of_version.get(&name) {
            Some((shown, _)) if judged.window > *shown => return,
            None if kept >= SUBJECTS_KEPT_MAX => return,
            _ => {}
        }
        let status = subject_status(name.clone(), judged);
        of_version.insert(name, (judged.window, status));
    }

    pub fn status(&self, model: &str) -> ModelStatus {
        let mut subjects: Vec<&SubjectStatus> = self
            .subjects
            .values()
            .flat_map(BTreeMap::values)
            .map(|(_, status)| status)
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
            subjects_total: subjects.len(),
            subjects: subjects
                .into_iter()
                .take(SUBJECTS_SHOWN_MAX)
                .cloned()
                .collect(),
        }
    }
}

fn subject_status(subject: String, judged: &Judged<'_>) -> SubjectStatus {
    let (distance, value) = judged.distances.first().copied().unwrap_or(("none", 0.0));
    SubjectStatus {
        subject,
        version: judged.version.to_owned(),
        window: judged.window.name(),
        end: judged.end.time(),
        distance,
        value,
        verdict: judged.verdict,
        picture: Picture::of(judged.subject, judged.reference, judged.observed),
    }
}
