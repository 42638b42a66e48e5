//! Smallest changes that the windows of one length find, over the subjects of a model, for metrics and the status page.

use std::collections::BTreeMap;

use crate::sketch::Subject;
use crate::window::Boundary;

/// Smallest changes that are found nine times in ten, in windows of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectableObservation {
    /// End of the window that they were computed for.
    pub end: Boundary,
    /// Version with the most predictions in the window.
    pub version: String,
    /// Its predictions in the window.
    pub predictions: u64,
    /// Smallest changes by kind, where subjects have such a kind.
    pub kinds: BTreeMap<DetectableKind, DetectableSizes>,
}

impl DetectableObservation {
    /// A window without predictions, in which nothing can be found. It ends what is shown of the windows before.
    #[must_use]
    pub fn nothing_to_judge(end: Boundary) -> Self {
        Self {
            end,
            version: String::new(),
            predictions: 0,
            kinds: BTreeMap::new(),
        }
    }
}

/// What may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DetectableKind {
    /// The mean of a number, in standard deviations.
    Shift,
    /// The share of a commonest category.
    Share,
    /// The rate of nulls.
    Nulls,
}

impl DetectableKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Shift, Self::Share, Self::Nulls];

    /// Name on the status page and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shift => "shift",
            Self::Share => "share",
            Self::Nulls => "nulls",
        }
    }

    /// The detector that finds it, and the name of its size in the details.
    fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::Shift => ("psi", "detectable_shift"),
            Self::Share => ("psi", "detectable_share"),
            Self::Nulls => ("null_rate", "detectable_rise"),
        }
    }
}

/// Sizes of the smallest changes over subjects.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectableSizes {
    /// Subjects that are judged.
    pub subjects: u64,
    /// Median over them; infinite if in most of them no change of any size is found.
    pub median: f64,
    /// The largest of them; infinite if in one of them no change of any size is found.
    pub worst: f64,
    /// The subject that has it.
    pub worst_subject: String,
}

/// Sizes by kind, as the subjects of a window are judged.
#[derive(Debug, Default)]
pub struct DetectableTally(BTreeMap<DetectableKind, Vec<(f64, String)>>);

impl DetectableTally {
    /// Adds the sizes that a detector gives for a subject, by name; those of changes that are never found are infinite.
    pub fn add(&mut self, subject: &Subject, detector: &str, sizes: &BTreeMap<&'static str, f64>) {
        for kind in DetectableKind::ALL {
            let (source, name) = kind.source();
            if let Some(size) = sizes.get(name).filter(|_| source == detector) {
                let of_kind = self.0.entry(kind).or_default();
                of_kind.push((*size, subject.name()));
            }
        }
    }

    /// The sizes by kind.
    #[must_use]
    pub fn into_kinds(self) -> BTreeMap<DetectableKind, DetectableSizes> {
        let kinds = self.0.into_iter();
        kinds
            .filter_map(|(kind, sizes)| Some((kind, over(sizes)?)))
            .collect()
    }
}

fn over(mut sizes: Vec<(f64, String)>) -> Option<DetectableSizes> {
    sizes.sort_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| x.cmp(y)));
    let (median, _) = sizes.get((sizes.len().checked_sub(1)?) / 2)?;
    let (worst, worst_subject) = sizes.last()?;
    Some(DetectableSizes {
        subjects: sizes.len() as u64,
        median: *median,
        worst: *worst,
        worst_subject: worst_subject.clone(),
    })
}
