//! Cases for the detectors: one subject of a window, its reference, and its part of the false-alarm budget.

use std::sync::LazyLock;

use super::model::Model;
use crate::detect::{Budget, Case};
use crate::pipeline::plan::Plan;
use crate::reference::{Reference, SubjectReference};
use crate::sketch::{Partial, Subject, ValueSketch};

/// Minutes in the 30 days of the false-alarm budget.
const BUDGET_MINUTES: i64 = 30 * 1_440;

/// The values of a subject that does not occur in the window.
static NO_VALUES: LazyLock<ValueSketch> = LazyLock::new(ValueSketch::default);

/// A window, and what its subjects are compared with.
#[derive(Clone, Copy)]
pub struct JudgedWindow<'a> {
    /// The window.
    pub window: &'a Partial,
    /// The reference.
    pub reference: &'a Reference,
    /// The part of the false-alarm budget for each subject.
    pub budget: Budget,
    /// True if the window is a part of the learning span.
    pub inside_reference: bool,
    /// The plan.
    pub plan: &'a Plan,
}

impl<'a> JudgedWindow<'a> {
    /// One case for each subject of the reference that can drift.
    pub fn cases(self) -> impl Iterator<Item = Case<'a>> {
        let subjects = self.reference.subjects.iter();
        subjects
            .filter(|(subject, _)| subject.drifts())
            .map(move |(subject, of_reference)| self.case(subject, of_reference))
    }

    fn case(&self, subject: &'a Subject, of_reference: &'a SubjectReference) -> Case<'a> {
        Case {
            subject,
            window: self.window.subjects.get(subject).unwrap_or(&NO_VALUES),
            predictions: self.window.predictions,
            reference: of_reference,
            reference_predictions: self.reference.predictions,
            inside_reference: self.inside_reference,
            budget: self.budget,
            settings: &self.plan.detect,
        }
    }
}

/// The part of the false-alarm budget for one judgement of one subject. All versions and segments share the budget.
pub fn budget(model: &Model, plan: &Plan) -> Budget {
    let evaluations: i64 = plan
        .windows
        .iter()
        .map(|spec| BUDGET_MINUTES / spec.step_minutes)
        .sum();
    let subjects = model.reference.as_ref().map_or(1, |reference| {
        let subjects = reference.subjects.keys();
        subjects.filter(|subject| subject.drifts()).count()
    });
    let shares = subjects.max(1) * model.rings.len().max(1);
    Budget::share(
        plan.detect.false_alarms_per_30_days,
        evaluations.unsigned_abs(),
        shares as u64,
    )
}
