//! Cases for the detectors: one subject of a window, its reference, and its part of the false-alarm budget.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::model::Model;
use super::moving::MovingReference;
use super::slice::SeenSpan;
use super::tallies::{Baselines, TallyPane};
use crate::detect::{Baseline, Budget, Case, Sketches, Tally};
use crate::pipeline::plan::Plan;
use crate::reference::Reference;
use crate::sketch::{Monoid, Partial, Subject, ValueSketch};
use crate::stats::SubjectKind;
use crate::window::{PaneRing, Span, WindowSpec};

/// Minutes in the 30 days of the false-alarm budget.
const BUDGET_MINUTES: i64 = 30 * 1_440;

/// The counts of a subject that does not occur in the window.
static NOTHING: LazyLock<Tally> = LazyLock::new(Tally::default);

/// A window, and what its subjects are compared with.
#[derive(Clone, Copy)]
pub struct JudgedWindow<'a> {
    /// The counts of the window.
    pub window: &'a TallyPane,
    /// The panes behind the counts.
    pub panes: &'a WindowPanes<'a>,
    /// The reference.
    pub reference: &'a Reference,
    /// The reference, ready to count.
    pub baselines: &'a Baselines,
    /// Earlier traffic to compare with; `None` if the plan has none for windows of this length.
    pub moving: Option<&'a MovingReference>,
    /// The part of the false-alarm budget for each subject.
    pub budget: Budget,
    /// True if the window is a part of the learning span.
    pub inside_reference: bool,
    /// Subjects that the version of the window ever had; `None` for a window of all versions.
    pub known: Option<&'a BTreeMap<Subject, SeenSpan>>,
    /// The plan.
    pub plan: &'a Plan,
}

/// Which cases carry whole distributions. To merge them costs a hundred times more than to add up counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lends {
    /// None: the panes are no longer kept.
    Nothing,
    /// Those of categories, which are judged one by one.
    Categories,
    /// All: a report or an alert carries distances over all cells.
    Everything,
}

/// The panes of a window, of one version or of all.
pub struct WindowPanes<'a> {
    /// The rings that hold them.
    pub rings: Vec<&'a PaneRing<Partial>>,
    /// The window.
    pub span: Span,
}

impl WindowPanes<'_> {
    /// Merges the values of one subject.
    fn sketch(&self, subject: &Subject) -> ValueSketch {
        let mut merged = ValueSketch::default();
        let panes = self.rings.iter().flat_map(|ring| ring.panes_of(self.span));
        for sketch in panes.filter_map(|pane| pane.subjects.get(subject)) {
            merged.merge(sketch);
        }
        merged
    }
}

impl JudgedWindow<'_> {
    /// Calls `each` for each subject of the reference that is judged: with its case against the frozen reference, and with that
    /// against the reference that moves, if there is one.
    pub fn for_each_case(&self, lends: Lends, mut each: impl FnMut(&Case<'_>, Option<&Case<'_>>)) {
        for (place, (subject, baseline)) in self.baselines.iter().enumerate() {
            if !self.is_compared(subject, baseline) {
                continue;
            }
            let lent = match lends {
                Lends::Nothing => false,
                Lends::Categories => baseline.kind == Some(SubjectKind::Categories),
                Lends::Everything => true,
            };
            self.with_case((place, subject, baseline), lent, &mut each);
        }
    }

    /// True if the subject is judged in this window. A window that overlaps the learning span would be compared with itself.
    /// A version that never had a subject that came later does not miss it.
    fn is_compared(&self, subject: &Subject, baseline: &Baseline) -> bool {
        let is_late = baseline.span.start > self.reference.span.start;
        subject.is_judged()
            && (self.inside_reference || self.panes.span.start >= baseline.compared_since)
            && (!is_late || self.known.is_none_or(|known| known.contains_key(subject)))
    }

    /// Calls `each` with the case of one subject, with its whole distributions.
    pub fn with_sketches(
        &self,
        subject: &Subject,
        mut each: impl FnMut(&Case<'_>, Option<&Case<'_>>),
    ) {
        let mut places = self.baselines.iter().enumerate();
        if let Some((place, (subject, baseline))) = places.find(|(_, (own, _))| own == subject) {
            self.with_case((place, subject, baseline), true, &mut each);
        }
    }

    fn with_case(
        &self,
        (place, subject, baseline): (usize, &Subject, &Baseline),
        is_lent: bool,
        each: &mut impl FnMut(&Case<'_>, Option<&Case<'_>>),
    ) {
        let window = is_lent.then(|| self.panes.sketch(subject));
        let reference = self.reference.subjects.get(subject);
        let sketches = window.as_ref().zip(reference);
        let case = Case {
            subject,
            window: self.window.subjects.get(place).unwrap_or(&NOTHING),
            predictions: self.window.predictions,
            errors: self.window.errors,
            baseline,
            reference: baseline.counts(),
            sketches: sketches.map(|(window, reference)| Sketches {
                reference: &reference.sketch,
                window,
            }),
            inside_reference: self.inside_reference,
            budget: self.budget,
            settings: &self.plan.detect,
        };
        let moving = self.moving.and_then(|moving| moving.counts(place));
        let moving = moving.map(|reference| Case { reference, ..case });
        each(&case, moving.as_ref());
    }
}

/// The part of the false-alarm budget for one judgement of one subject in a window. Each length of window has the same
/// part of the budget; all versions and segments share it.
pub fn budget(model: &Model, spec: &WindowSpec, plan: &Plan) -> Budget {
    let lengths = plan.windows.len().max(1) as u64;
    let evaluations = BUDGET_MINUTES / spec.step_minutes;
    let pages = |subject: &&Subject| !model.unpaged.is_excluded(subject);
    let subjects = model
        .baselines_of(None)
        .map_or(1, |baselines| baselines.judged().filter(pages).count());
    let shares = subjects.max(1) * model.tallies.len().max(1);
    Budget::share(
        plan.detect.false_alarms_per_30_days,
        lengths * evaluations.unsigned_abs(),
        shares as u64,
    )
}
