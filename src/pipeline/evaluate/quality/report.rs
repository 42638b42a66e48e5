//! Reports and observations of quality: windows as they end, and days of predictions again as their labels come.

use super::super::slice::Slice;
use super::super::step::StepContext;
use super::model_quality::ModelQuality;
use super::span::DAY;
use crate::alert::{Age, QualityReport, WindowTime};
use crate::pipeline::observations::{QualityKey, QualityObservation};
use crate::pipeline::output::{Output, OutputTopic};
use crate::pipeline::plan::Plan;
use crate::sketch::Quality;
use crate::window::{Boundary, Span, WindowLength};

/// Minutes of the windows that are measured, each with the minutes by which it moves.
const WINDOWS: [(u32, i64); 3] = [(60, 15), (1_440, 60), (10_080, 60)];
/// Ages in days at which a day of predictions is reported again. It is also reported at the label horizon.
const AGES: [(i64, Age); 3] = [(1, Age::OneDay), (3, Age::ThreeDays), (7, Age::SevenDays)];

/// One window of one slice.
struct QualityWindow<'a> {
    slice: &'a Slice,
    by: WindowTime,
    length: WindowLength,
    end: Boundary,
    at: Boundary,
    age: Option<Age>,
}

impl ModelQuality {
    /// Measures the windows that end at this boundary, and reports the tumbling ones.
    pub(super) fn measure(&self, model: &str, step: &mut StepContext<'_>) {
        let at = step.at;
        let lengths = WINDOWS.iter().filter(|(_, every)| at.on_grid(*every));
        for length in lengths.filter_map(|(minutes, _)| WindowLength::from_minutes(*minutes)) {
            for slice in self.panes.keys() {
                for by in [WindowTime::Prediction, WindowTime::Label] {
                    let window = QualityWindow {
                        slice,
                        by,
                        length,
                        end: at,
                        at,
                        age: None,
                    };
                    self.measure_window(model, &window, step);
                }
            }
        }
    }

    fn measure_window(&self, model: &str, window: &QualityWindow<'_>, step: &mut StepContext<'_>) {
        let quality = self.quality_of(window);
        if quality == Quality::default() {
            return;
        }
        // A window of a week tumbles by days.
        if window.end.on_grid(window.length.minutes().min(DAY)) {
            let report = self.report(model, window, &quality, step.plan);
            step.outbox.publish(report);
        }
        let key = QualityKey {
            scope: window.slice.of(model),
            by: window.by,
            length: window.length,
        };
        let observation = QualityObservation {
            end: window.end,
            quality,
            positive: self.positive(model, step.plan).map(str::to_owned),
        };
        step.observations.quality.insert(key, observation);
    }

    /// Reports each day of predictions again when it is 1, 3 and 7 days old and at the label horizon, because labels keep
    /// coming.
    pub(super) fn report_days(&self, model: &str, step: &mut StepContext<'_>) {
        let Some(length) = WindowLength::from_minutes(1_440) else {
            return;
        };
        let (at, plan) = (step.at, step.plan);
        for (days, age) in ages(plan) {
            for slice in self.panes.keys() {
                let window = QualityWindow {
                    slice,
                    by: WindowTime::Prediction,
                    length,
                    end: at.plus_minutes(-days * DAY),
                    at,
                    age: Some(age),
                };
                let quality = self.quality_of(&window);
                if quality != Quality::default() {
                    step.outbox
                        .publish(self.report(model, &window, &quality, plan));
                }
            }
        }
    }

    fn quality_of(&self, window: &QualityWindow<'_>) -> Quality {
        let panes = self.panes.get(window.slice);
        let span = Span::ending_at(window.end, window.length);
        panes
            .map(|panes| panes.get(window.by).merged(span))
            .unwrap_or_default()
    }

    fn report(
        &self,
        model: &str,
        window: &QualityWindow<'_>,
        quality: &Quality,
        plan: &Plan,
    ) -> Output {
        let is_mature = self
            .maturity
            .is_some_and(|usual| window.end <= window.at.plus_minutes(-usual.delay_minutes));
        let record = QualityReport {
            model,
            version: &window.slice.version,
            segment: window.slice.segment.as_ref(),
            by: window.by,
            length: window.length,
            end: window.end,
            as_of: window.at,
            age: window.age,
            immature: window.by == WindowTime::Prediction && !is_mature,
            quality,
            positive: self.positive(model, plan),
        }
        .record();
        Output::plain(OutputTopic::Reports, record.key(), record.value())
    }
}

/// The ages in days at which a day is reported again: those below the label horizon, then the horizon in full days.
fn ages(plan: &Plan) -> impl Iterator<Item = (i64, Age)> {
    let horizon = (plan.join.horizon_minutes + DAY - 1).div_euclid(DAY);
    let at_horizon = (horizon >= 1).then_some((horizon, Age::Horizon));
    let before = AGES.into_iter().filter(move |(days, _)| *days < horizon);
    before.chain(at_horizon)
}
