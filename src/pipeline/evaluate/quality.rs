//! The quality of one model, against the labels that have become known: panes by the time of the prediction and by the time
//! of knowing, the windows that are reported, and what a drift turned out to have done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Stop;
use super::objectives::SegmentShares;
use super::slice::Slice;
use super::step::StepContext;
use crate::alert::{Age, Alert, Assessed, By, QualityReport, Severity};
use crate::detect::slo::Objective;
use crate::event::{Scope, Segment};
use crate::pipeline::observations::{QualityKey, QualityObservation};
use crate::pipeline::outbox::Outbox;
use crate::pipeline::output::{Output, OutputTopic};
use crate::pipeline::plan::Plan;
use crate::pipeline::state::{QualityPane, StateKey};
use crate::sketch::{Monoid, Quality, Share};
use crate::stats::{POSITIVE_CLASSES, Proportion, proportion};
use crate::window::{
    Boundary, PaneName, Resolution, RollupRetention, RollupRing, Span, WindowLength,
};

/// Minutes of the windows that are measured, each with the step by which it moves.
const WINDOWS: [(u32, i64); 3] = [(60, 15), (1_440, 60), (10_080, 60)];
/// Days after which a day of predictions is reported again; the horizon is one more.
const AGES: [(i64, Age); 3] = [(1, Age::OneDay), (3, Age::ThreeDays), (7, Age::SevenDays)];
const DAY: i64 = 1_440;
/// Labels that the delay must be known from.
const DELAYS_MIN: i64 = 30;
/// Days of matured predictions from which the usual delay and coverage are taken.
const MATURED_DAYS: i64 = 7;
/// Drifts that wait to be assessed; beyond it the oldest are let go.
const DRIFTS_MAX: usize = 100;

/// Both layouts of one slice.
#[derive(Default)]
struct Panes {
    by_prediction: RollupRing<Quality>,
    by_label: RollupRing<Quality>,
}

/// What is known of a model's quality beside its panes: one entry of the state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct QualityKnowledge {
    /// The positive class, once a usual one has occurred.
    pub positive: Option<String>,
    /// Drifts whose labels are still to come.
    pub drifts: Vec<Drift>,
}

/// A drift that was alerted, and waits for the labels of its window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The version of the first cause.
    pub version: String,
    /// The segment of the first cause.
    pub segment: Option<Segment>,
    /// When the episode began.
    pub start: Boundary,
    /// When its alert ended.
    pub ended: Option<Boundary>,
    /// How urgent it was.
    pub severity: Severity,
    /// The window that drifted.
    pub window: Span,
}

/// The quality of one model.
#[derive(Default)]
pub struct ModelQuality {
    panes: BTreeMap<Slice, Panes>,
    knowledge: QualityKnowledge,
    /// As it was at the last full hour; what it is taken from lies beyond the reach of labels, so it can be taken again.
    maturity: Option<Maturity>,
    maturity_at: Option<Boundary>,
    changed: bool,
}

impl ModelQuality {
    /// Puts back what is known beside panes.
    pub fn put_back(&mut self, knowledge: QualityKnowledge) {
        self.knowledge = knowledge;
    }

    /// Puts back a pane.
    pub fn put_back_pane(&mut self, slice: Slice, pane: QualityPane, quality: Quality) {
        let panes = self.panes.entry(slice).or_default();
        let ring = match pane.by {
            By::Prediction => &mut panes.by_prediction,
            By::Label => &mut panes.by_label,
        };
        ring.insert((pane.resolution, pane.start), quality);
    }

    /// Counts what became known in the minute before `now` of predictions in the quarter of an hour from `predicted` on.
    pub fn add(
        &mut self,
        slice: Slice,
        predicted: Boundary,
        now: Boundary,
        known: &Quality,
        plan: &Plan,
    ) {
        self.note_positive(known);
        let panes = self.panes.entry(slice).or_default();
        let kept = kept(plan);
        panes.by_prediction.add(predicted, known, now, kept);
        panes.by_label.add(now.plus_minutes(-1), known, now, kept);
    }

    /// The likeliest of the usual names that has occurred.
    fn note_positive(&mut self, known: &Quality) {
        let rank = |class: &str| POSITIVE_CLASSES.iter().position(|usual| *usual == class);
        let own = self.knowledge.positive.as_deref().and_then(rank);
        let mut better = POSITIVE_CLASSES
            .iter()
            .take(own.unwrap_or(POSITIVE_CLASSES.len()));
        if let Some(class) = better.find(|class| known.table.has_class(class)) {
            self.knowledge.positive = Some((*class).to_owned());
            self.changed = true;
        }
    }

    /// The positive class: the configured one, else a usual one that has occurred.
    #[must_use]
    pub fn positive<'a>(&'a self, model: &str, plan: &'a Plan) -> Option<&'a str> {
        let configured = plan.quality.positive.get(model);
        configured
            .or(self.knowledge.positive.as_ref())
            .map(String::as_str)
    }

    /// A drift whose alert has opened is assessed once its labels are there.
    pub fn expect(&mut self, drift: Option<Drift>) {
        self.knowledge.drifts.extend(drift);
        if self.knowledge.drifts.len() > DRIFTS_MAX {
            self.knowledge.drifts.remove(0);
        }
        self.changed = true;
    }

    /// The drift alert that stood has ended.
    pub fn end_drift(&mut self, at: Boundary) {
        let standing = self.knowledge.drifts.iter_mut();
        for drift in standing.filter(|drift| drift.ended.is_none()) {
            drift.ended = Some(at);
            self.changed = true;
        }
    }

    /// Everything that happens at a boundary, its minute being in: age, measure, report, assess.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn step(&mut self, model: &str, step: &mut StepContext<'_>) -> Result<(), Stop> {
        let (at, plan) = (step.at, step.plan);
        let hour = Resolution::Hour.start(at);
        if self.maturity_at != Some(hour) {
            self.maturity = self.maturity_of(hour, plan);
            self.maturity_at = Some(hour);
        }
        self.age(model, step)?;
        self.measure(model, step);
        if at.on_grid(DAY) {
            self.report_days(model, step);
        }
        if at.on_grid(Resolution::Quarter.minutes()) {
            self.assess(model, step);
        }
        self.write_knowledge(model, step.outbox)
    }

    /// Writes what is known beside panes, if it has changed.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn write_knowledge(&mut self, model: &str, outbox: &mut Outbox) -> Result<(), Stop> {
        if std::mem::take(&mut self.changed) {
            outbox.put(&StateKey::ModelQuality(model.to_owned()), &self.knowledge)?;
        }
        Ok(())
    }

    fn age(&mut self, model: &str, step: &mut StepContext<'_>) -> Result<(), Stop> {
        let (at, plan) = (step.at, step.plan);
        if !at.on_grid(Resolution::Quarter.minutes()) {
            return Ok(());
        }
        let kept = kept(plan);
        for (slice, panes) in &mut self.panes {
            let scope = slice.of(model);
            for (by, ring) in panes.both() {
                for old in ring.age(at, kept) {
                    step.outbox.remove(&key(&scope, by, old))?;
                }
            }
        }
        self.panes
            .retain(|_, panes| !panes.by_prediction.is_empty() || !panes.by_label.is_empty());
        Ok(())
    }

    /// Writes the panes that have changed since the last checkpoint.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn checkpoint(&mut self, model: &str, outbox: &mut Outbox) -> Result<(), Stop> {
        for (slice, panes) in &mut self.panes {
            let scope = slice.of(model);
            for (by, ring) in panes.both() {
                for (name, quality) in ring.take_changed() {
                    outbox.put(&key(&scope, by, name), quality)?;
                }
            }
        }
        Ok(())
    }

    /// Forgets everything that was written.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn forget(&mut self, model: &str, outbox: &mut Outbox) -> Result<(), Stop> {
        for (slice, panes) in &mut self.panes {
            let scope = slice.of(model);
            for (by, ring) in panes.both() {
                for name in ring.names() {
                    outbox.remove(&key(&scope, by, name))?;
                }
            }
        }
        Ok(outbox.remove(&StateKey::ModelQuality(model.to_owned()))?)
    }

    /// Measures the windows that end here; those that begin where the one before them ended are reported.
    fn measure(&self, model: &str, step: &mut StepContext<'_>) {
        let (at, plan) = (step.at, step.plan);
        for (minutes, every) in WINDOWS {
            let Some(length) = WindowLength::from_minutes(minutes).filter(|_| at.on_grid(every))
            else {
                continue;
            };
            let is_reported = at.on_grid(length.minutes().min(DAY));
            for (slice, panes) in &self.panes {
                for by in [By::Prediction, By::Label] {
                    let quality = panes.get(by).merged(Span::ending_at(at, length));
                    if quality == Quality::default() {
                        continue;
                    }
                    let window = Measured {
                        slice,
                        by,
                        length,
                        end: at,
                        at,
                        age: None,
                    };
                    if is_reported {
                        step.outbox
                            .publish(self.report(model, &window, &quality, plan));
                    }
                    let whose = QualityKey {
                        scope: slice.of(model),
                        by,
                        length,
                    };
                    step.observations.quality.insert(
                        whose,
                        QualityObservation {
                            end: at,
                            positive: self.positive(model, plan).map(str::to_owned),
                            quality,
                        },
                    );
                }
            }
        }
    }

    /// Each day of predictions again when it is 1, 3 and 7 days and the horizon old: labels go on coming.
    fn report_days(&self, model: &str, step: &mut StepContext<'_>) {
        let Some(day) = WindowLength::from_minutes(1_440) else {
            return;
        };
        let (at, plan) = (step.at, step.plan);
        for (days, age) in ages(plan) {
            let end = at.plus_minutes(-days * DAY);
            for (slice, panes) in &self.panes {
                let quality = panes.by_prediction.merged(Span::ending_at(end, day));
                if quality != Quality::default() {
                    let window = Measured {
                        slice,
                        by: By::Prediction,
                        length: day,
                        end,
                        at,
                        age: Some(age),
                    };
                    let report = self.report(model, &window, &quality, plan);
                    step.outbox.publish(report);
                }
            }
        }
    }

    fn report(&self, model: &str, window: &Measured<'_>, quality: &Quality, plan: &Plan) -> Output {
        let matured_to = |m: Maturity| window.at.plus_minutes(-m.delay_minutes);
        let is_mature = self.maturity.is_some_and(|m| window.end <= matured_to(m));
        let record = QualityReport {
            model,
            version: &window.slice.version,
            segment: window.slice.segment.as_ref(),
            by: window.by,
            length: window.length,
            end: window.end,
            as_of: window.at,
            age: window.age,
            immature: window.by == By::Prediction && !is_mature,
            quality,
            positive: self.positive(model, plan),
        }
        .record();
        Output::plain(OutputTopic::Reports, record.key(), record.value())
    }

    /// The share of an objective in a span of one layout, over all versions.
    fn share(
        &self,
        objective: &Objective,
        by: By,
        segment: Option<&Segment>,
        span: Span,
        positive: Option<&str>,
    ) -> Share {
        let quality = self.merged(by, segment, span);
        objective.sli.share_of_quality(&quality, positive)
    }

    /// What is known in a span of one layout, over all versions.
    fn merged(&self, by: By, segment: Option<&Segment>, span: Span) -> Quality {
        let mut quality = Quality::default();
        for (slice, panes) in &self.panes {
            if slice.segment.as_ref() == segment {
                quality.merge(&panes.get(by).merged(span));
            }
        }
        quality
    }

    /// The shares of all segments in a window that ends at `at`, as the objective's rule looks at it.
    #[must_use]
    pub fn segment_shares(
        &self,
        model: &str,
        objective: &Objective,
        span: Span,
        plan: &Plan,
    ) -> SegmentShares {
        let positive = self.positive(model, plan);
        let (by, span) = match objective.matured_window() {
            Some(window) if objective.sli.needs_truth() => {
                (By::Prediction, self.matured_window(window, span.end))
            }
            _ => (
                By::Label,
                Some(last_week(widened(span, Resolution::Quarter))),
            ),
        };
        let Some(span) = span else {
            return SegmentShares::default();
        };
        let segments = self.panes.keys().filter_map(|slice| slice.segment.as_ref());
        SegmentShares::over(segments.collect(), |segment| {
            self.share(objective, by, segment, span, positive)
        })
    }

    /// The share of the last window whose labels have come, for rules that ask for it.
    #[must_use]
    pub fn matured(
        &self,
        model: &str,
        objective: &Objective,
        at: Boundary,
        plan: &Plan,
    ) -> Option<Share> {
        let window = objective.matured_window()?;
        let positive = self.positive(model, plan);
        if !objective.sli.needs_truth() {
            // A judge's score says nothing of when a truth comes: it is judged when it is known.
            let span = widened(Span::ending_at(at, window), Resolution::Quarter);
            return Some(self.share(objective, By::Label, None, span, positive));
        }
        let span = self.matured_window(window, at)?;
        Some(self.share(objective, By::Prediction, None, span, positive))
    }

    /// The window of predictions of which nine tenths of the labels have come, if as many came as usually do.
    fn matured_window(&self, window: WindowLength, at: Boundary) -> Option<Span> {
        let maturity = self.maturity?;
        let end = at.plus_minutes(-maturity.delay_minutes);
        let span = Span::ending_at(Resolution::Hour.start(end), window);
        (coverage(&self.whole(span)) >= maturity.coverage / 2.0).then_some(span)
    }

    /// How long labels usually take and how many ever come, from predictions that no label can reach any more.
    fn maturity_of(&self, at: Boundary, plan: &Plan) -> Option<Maturity> {
        let end = Resolution::Day.start(at.plus_minutes(-plan.join.horizon_minutes));
        let span = Span {
            start: end.plus_minutes(-MATURED_DAYS * DAY),
            end,
        };
        let old = self.whole_or_younger(span, at, plan);
        if old.labelled < DELAYS_MIN {
            return None;
        }
        let delay_millis = old.delay.quantile(0.9)?;
        Some(Maturity {
            delay_minutes: libm::ceil(delay_millis / 60_000.0) as i64,
            coverage: coverage(&old),
        })
    }

    /// Short horizons have no whole day behind them at first: then the hours behind them are taken.
    fn whole_or_younger(&self, days: Span, at: Boundary, plan: &Plan) -> Quality {
        let mut old = self.whole(days);
        if old.labelled < DELAYS_MIN {
            let end = Resolution::Hour.start(at.plus_minutes(-plan.join.horizon_minutes));
            old = self.whole(Span {
                start: end.plus_minutes(-DAY),
                end,
            });
        }
        old
    }

    fn whole(&self, span: Span) -> Quality {
        self.merged(By::Prediction, None, span)
    }

    /// Says of drifts whose labels have come what they did to the quality.
    fn assess(&mut self, model: &str, step: &mut StepContext<'_>) {
        let Some(maturity) = self.maturity else {
            return;
        };
        let (at, plan) = (step.at, step.plan);
        let drifts = std::mem::take(&mut self.knowledge.drifts);
        let (ripe, waiting): (Vec<Drift>, Vec<Drift>) = drifts
            .into_iter()
            .partition(|drift| drift.window.end.plus_minutes(maturity.delay_minutes) <= at);
        self.knowledge.drifts = waiting;
        for drift in ripe {
            self.changed = true;
            if let Some(alert) = self.assessed(model, &drift, at, plan) {
                step.alert(alert);
            }
        }
    }

    /// What a drift did to the accuracy; `None` of a model without classes.
    fn assessed(&self, model: &str, drift: &Drift, at: Boundary, plan: &Plan) -> Option<Alert> {
        let slice = Slice {
            version: drift.version.clone(),
            segment: drift.segment.clone(),
        };
        let window = widened(drift.window, still_kept(drift.window, at, plan));
        let before = Span {
            start: window.start.plus_minutes(-MATURED_DAYS * DAY),
            end: window.start,
        };
        let accuracy = |span| {
            let panes = self.panes.get(&slice);
            let quality = panes
                .map(|panes| panes.by_prediction.merged(span))
                .unwrap_or_default();
            proportion(Proportion::Accuracy, &quality, None).unwrap_or_default()
        };
        let assessed = Assessed {
            model,
            version: &drift.version,
            segment: drift.segment.as_ref(),
            start: drift.start,
            // The predictions may have been judged far beyond this boundary.
            ended: drift.ended.filter(|end| *end <= at),
            severity: drift.severity,
            at,
            window,
            measure: "accuracy",
            now: accuracy(window),
            before: accuracy(before),
        };
        let has_classes = assessed.now.valid > 0 || assessed.before.valid > 0;
        has_classes.then(|| Alert::assessment(&assessed, &plan.alert))
    }
}

/// One window of one slice that is reported.
struct Measured<'a> {
    slice: &'a Slice,
    by: By,
    length: WindowLength,
    end: Boundary,
    at: Boundary,
    age: Option<Age>,
}

/// What is usual of labels.
#[derive(Debug, Clone, Copy)]
struct Maturity {
    /// Within it nine tenths of the labels have come.
    delay_minutes: i64,
    /// Share of predictions that are ever labelled.
    coverage: f64,
}

/// Labelled ones among predictions.
fn coverage(quality: &Quality) -> f64 {
    quality.labelled as f64 / quality.predicted.max(1) as f64
}

impl Panes {
    fn both(&mut self) -> [(By, &mut RollupRing<Quality>); 2] {
        [
            (By::Prediction, &mut self.by_prediction),
            (By::Label, &mut self.by_label),
        ]
    }

    fn get(&self, by: By) -> &RollupRing<Quality> {
        match by {
            By::Prediction => &self.by_prediction,
            By::Label => &self.by_label,
        }
    }
}

/// The ages at which a day is reported again, in days: those within the horizon, and the horizon.
fn ages(plan: &Plan) -> impl Iterator<Item = (i64, Age)> {
    let horizon = (plan.join.horizon_minutes + DAY - 1).div_euclid(DAY); // final at its end
    let further = (horizon >= 1).then_some((horizon, Age::Horizon));
    let before = AGES.into_iter().filter(move |(days, _)| *days < horizon);
    before.chain(further)
}

/// At most the last week of a span: hours are kept no longer of every segment.
fn last_week(span: Span) -> Span {
    let start = span.end.plus_minutes(-MATURED_DAYS * DAY);
    Span {
        start: span.start.max(start),
        end: span.end,
    }
}

/// The span of whole panes that holds `span`.
fn widened(span: Span, resolution: Resolution) -> Span {
    Span {
        start: resolution.start(span.start),
        end: resolution.start(span.end.plus_minutes(resolution.minutes() - 1)),
    }
}

/// The shortest panes of a span that are still there at `at`.
fn still_kept(span: Span, at: Boundary, plan: &Plan) -> Resolution {
    let (kept, age) = (kept(plan), at.0 - span.start.0);
    if age < kept.quarter_minutes {
        Resolution::Quarter
    } else if age < kept.hour_minutes {
        Resolution::Hour
    } else {
        Resolution::Day
    }
}

/// How long panes are needed: quarters for the day, hours for a week that ends as long ago as labels take, days until the
/// horizon and the week before it from which the usual delay is taken.
fn kept(plan: &Plan) -> RollupRetention {
    let horizon = plan.join.horizon_minutes;
    let windows = plan.objectives.iter().filter_map(Objective::matured_window);
    let longest = windows.map(WindowLength::minutes).max().unwrap_or(0);
    let matured = if longest > 0 {
        longest + DAY + horizon
    } else {
        0
    };
    RollupRetention {
        quarter_minutes: DAY + 2 * 60,
        hour_minutes: matured.max((MATURED_DAYS + 1) * DAY),
        day_minutes: matured.max(horizon + (MATURED_DAYS + 2) * DAY),
    }
}

fn key(scope: &Scope, by: By, (resolution, start): PaneName) -> StateKey {
    StateKey::Quality(
        scope.clone(),
        QualityPane {
            by,
            resolution,
            start,
        },
    )
}
