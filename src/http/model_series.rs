//! What the board keeps of one model for `/status`: versions, reference, judged subjects, quality and objectives.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::outcome_series::OutcomeSeries;
use super::picture::Picture;
use super::status::{
    DetectableRange, DetectableStatus, ModelStatus, ReferenceStatus, RemarkStatus, SubjectStatus,
    UnjudgedStatus, UnpagedStatus, VolumeStatus,
};
use crate::pipeline::observations::{
    DetectableKind, DetectableObservation, DetectableSizes, Forgotten, Judgement, JudgementKey,
    ReferenceProgress, VolumeObservation,
};
use crate::pipeline::remarks::Remark;
use crate::pipeline::unjudged::Unjudged;
use crate::pipeline::unpaged::Unpaged;
use crate::window::WindowLength;

/// Subjects shown per model.
const SUBJECTS_SHOWN_MAX: usize = 50;
/// Subjects kept per model, of all versions; 5,000 take about 3 MB. Those beyond are in the reports only.
const SUBJECTS_KEPT_MAX: usize = 5_000;
/// A younger picture is not drawn again. A catch-up judges days within seconds; drawing 500 features for each of its
/// minutes would take longer than judging them.
const PICTURE_AGE_MAX: Duration = Duration::from_millis(250);

/// One model.
#[derive(Default)]
pub(super) struct ModelSeries {
    versions: BTreeSet<String>,
    windows_closed: u64,
    reference: Option<ReferenceStatus>,
    subjects: BTreeMap<String, BTreeMap<String, DrawnSubject>>,
    /// Traffic in the last window of each length.
    volume: BTreeMap<WindowLength, VolumeStatus>,
    /// Smallest changes that windows of each length find.
    pub detectable: BTreeMap<WindowLength, DetectableStatus>,
    /// Why the model cannot be judged.
    pub unjudged: Option<Unjudged>,
    /// Subjects that open no alerts.
    pub unpaged: BTreeMap<String, Unpaged>,
    /// What an operator should know of it.
    pub remarks: Vec<Remark>,
    /// Quality and objectives.
    pub outcomes: OutcomeSeries,
}

/// A subject and its picture.
struct DrawnSubject {
    window: WindowLength,
    drawn: Instant,
    status: SubjectStatus,
}

impl DrawnSubject {
    /// True if its picture need not be drawn again yet.
    fn is_fresh(&self) -> bool {
        self.drawn.elapsed() < PICTURE_AGE_MAX && !self.status.picture.reference.is_empty()
    }

    fn take_picture(&mut self) -> (Instant, Picture) {
        (self.drawn, std::mem::take(&mut self.status.picture))
    }
}

impl ModelSeries {
    /// Keeps the progress of the reference; returns it as a share, 0..=1.
    pub fn learn(&mut self, reference: &ReferenceProgress) -> f64 {
        let (status, progress) = match reference {
            ReferenceProgress::Learned { id, is_provisional } => {
                let status = ReferenceStatus::Learned {
                    id: id.clone(),
                    provisional: *is_provisional,
                };
                (status, 1.0)
            }
            ReferenceProgress::Learning {
                span_minutes,
                events,
            } => {
                let progress = span_minutes.ratio().min(events.ratio());
                let events = events.done;
                (ReferenceStatus::Learning { progress, events }, progress)
            }
        };
        self.reference = Some(status);
        progress
    }

    /// Counts a judged window of a version.
    pub fn close_window(&mut self, version: &str) {
        self.windows_closed += 1;
        if !self.versions.contains(version) {
            self.versions.insert(version.to_owned());
        }
    }

    /// Keeps the traffic of the last window of a length.
    pub fn keep_volume(&mut self, window: WindowLength, seen: &VolumeObservation) {
        self.volume.insert(window, volume_status(window, seen));
    }

    /// Keeps the smallest changes that windows of a length find; nothing of windows that hold no predictions.
    pub fn keep_detectable(&mut self, window: WindowLength, seen: &DetectableObservation) {
        if seen.predictions == 0 {
            self.detectable.remove(&window);
        } else {
            self.detectable
                .insert(window, detectable_status(window, seen));
        }
    }

    /// Keeps the judgement if no shorter window of the subject was judged before.
    pub fn judge(&mut self, key: &JudgementKey, judgement: &Judgement) {
        let Some(reference) = judgement.reference.subjects.get(&key.subject) else {
            return;
        };
        let name = key.subject.name();
        let kept: usize = self.subjects.values().map(BTreeMap::len).sum();
        let version = key.scope.version.clone();
        let of_version = self.subjects.entry(version).or_default();
        let (drawn, picture) = match of_version.get_mut(&name) {
            Some(shown) if key.window > shown.window => return,
            None if kept >= SUBJECTS_KEPT_MAX => return,
            shown => {
                let values = judgement.observed.as_ref();
                match (shown, values) {
                    (Some(shown), Some(_)) if shown.is_fresh() => shown.take_picture(),
                    (_, Some(values)) => {
                        let picture = Picture::of(&key.subject, &reference.sketch, values);
                        (Instant::now(), picture)
                    }
                    (Some(shown), None) => shown.take_picture(),
                    (None, None) => (Instant::now(), Picture::default()),
                }
            }
        };
        let status = subject_status(name.clone(), key, judgement, picture);
        let drawn = DrawnSubject {
            window: key.window,
            drawn,
            status,
        };
        of_version.insert(name, drawn);
    }

    /// Ends what is shown of a version, a segment or a subject that was forgotten.
    pub fn forget(&mut self, names: &Forgotten) {
        self.outcomes.forget(names);
        let Some(version) = names.version.as_ref().filter(|_| names.segment.is_none()) else {
            return; // the subjects of segments are not kept
        };
        match (&names.subject, self.subjects.get_mut(version)) {
            (Some(subject), Some(of_version)) => {
                of_version.remove(&subject.name());
            }
            (Some(_), None) => {}
            (None, _) => {
                self.versions.remove(version);
                self.subjects.remove(version);
            }
        }
    }

    /// The status page's part of the model.
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
            unjudged: self.unjudged.map(|unjudged| UnjudgedStatus {
                reason: unjudged.name(),
                text: unjudged.to_string(),
            }),
            unpaged_total: self.unpaged.len(),
            unpaged: self.unpaged_statuses(),
            remarks: self.remarks.iter().map(remark_status).collect(),
            windows_closed: self.windows_closed,
            volume: self.volume.values().cloned().collect(),
            detectable: self.detectable.values().cloned().collect(),
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

impl ModelSeries {
    fn unpaged_statuses(&self) -> Vec<UnpagedStatus> {
        let status = |(subject, why): (&String, &Unpaged)| UnpagedStatus {
            subject: subject.clone(),
            reason: why.name(),
            text: why.to_string(),
        };
        let shown = self.unpaged.iter().take(SUBJECTS_SHOWN_MAX);
        shown.map(status).collect()
    }
}

fn volume_status(window: WindowLength, seen: &VolumeObservation) -> VolumeStatus {
    VolumeStatus {
        window: window.name(),
        end: seen.end.time(),
        count: seen.count,
        expected: seen.expected,
        change: seen.change(),
        detectable_drop: seen.detectable_drop,
        detectable_rise: seen.detectable_rise,
        verdict: seen.verdict,
    }
}

fn remark_status(remark: &Remark) -> RemarkStatus {
    RemarkStatus {
        reason: remark.name(),
        text: remark.to_string(),
    }
}

fn detectable_status(window: WindowLength, seen: &DetectableObservation) -> DetectableStatus {
    let of = |kind| seen.kinds.get(&kind).map(detectable_range);
    DetectableStatus {
        window: window.name(),
        end: seen.end.time(),
        version: seen.version.clone(),
        predictions: seen.predictions,
        shift: of(DetectableKind::Shift),
        share: of(DetectableKind::Share),
        nulls: of(DetectableKind::Nulls),
    }
}

fn detectable_range(sizes: &DetectableSizes) -> DetectableRange {
    let found = |size: f64| size.is_finite().then_some(size);
    DetectableRange {
        subjects: sizes.subjects,
        median: found(sizes.median),
        worst: found(sizes.worst),
        worst_subject: sizes.worst_subject.clone(),
    }
}

fn subject_status(
    subject: String,
    key: &JudgementKey,
    judgement: &Judgement,
    picture: Picture,
) -> SubjectStatus {
    let first = judgement.distances.first().copied();
    let (distance, value) = first.unwrap_or(("none", 0.0));
    SubjectStatus {
        subject,
        version: key.scope.version.clone(),
        window: key.window.name(),
        end: judgement.end.time(),
        distance,
        value,
        verdict: judgement.verdict,
        picture,
    }
}
