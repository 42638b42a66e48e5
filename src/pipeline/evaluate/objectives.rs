//! The objectives of one model: their counts, alerts, reports and readings.
//!
//! Each objective is evaluated by one clock: the clock of predictions if predictions carry the SLI, the clock of the join
//! if labels do. Each objective has its own alerts, so no alert depends on both clocks.

use std::collections::{BTreeMap, BTreeSet};

use super::step::StepContext;
use crate::alert::{
    AlertObjective, Cause, Context, Episodes, ObjectiveReport, RuleTiming, ScopedFinding,
    SegmentShare,
};
use crate::detect::Verdict;
use crate::detect::slo::{Hour, Objective, RuleFinding, RuleInput, Series, budget_status, judge};
use crate::event::Segment;
use crate::pipeline::observations::ObjectiveReading;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::output::{Output, OutputTopic};
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::sketch::{Exemplars, Share};
use crate::window::{Boundary, Span};

/// Minutes between two reports of an objective.
const REPORT_MINUTES: i64 = 60;

/// One objective of a model.
struct Tracked {
    series: Series,
    episodes: Episodes,
}

/// The objectives of one model.
#[derive(Default)]
pub struct Objectives {
    tracked: BTreeMap<String, Tracked>,
    /// Names of those whose positive class has not occurred, as of the last full hour.
    pub without_positive: BTreeSet<String>,
}

/// Shares of good predictions in one span: of the whole and of each segment.
#[derive(Default)]
pub struct SegmentShares {
    /// Share of the whole.
    pub whole: Share,
    /// Share of each segment.
    pub of: Vec<(Segment, Share)>,
}

impl SegmentShares {
    /// Computes the shares of the whole (`share(None)`) and of each of the `segments`.
    pub fn over(segments: BTreeSet<&Segment>, share: impl Fn(Option<&Segment>) -> Share) -> Self {
        let of = |segment: &Segment| (segment.clone(), share(Some(segment)));
        Self {
            whole: share(None),
            of: segments.into_iter().map(of).collect(),
        }
    }
}

/// The model as an objective sees it.
pub struct ObjectiveContext<'a> {
    /// The model.
    pub model: &'a str,
    /// Shares of each segment in a span, as far back as they are retained.
    pub segments: &'a dyn Fn(&Objective, Span) -> SegmentShares,
    /// Share of the latest matured window, for rules that need one.
    pub matured: &'a dyn Fn(&Objective, &Series) -> Option<Share>,
    /// A few predictions in the window of a cause.
    pub exemplars: &'a dyn Fn(&Cause) -> Exemplars,
}

impl Objectives {
    /// Adds the share of one minute to the series of an objective.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn count(
        &mut self,
        model: &str,
        objective: &Objective,
        minute: Boundary,
        share: Share,
        outbox: &mut Outbox,
    ) -> Result<(), StageError> {
        if share.is_empty() {
            return Ok(());
        }
        let tracked = self.tracked(objective);
        tracked.series.add(minute, &share);
        if let Some((start, hour)) = tracked.series.hour(minute) {
            let key = hour_key(model, &objective.name, start);
            outbox.put(&key, hour)?;
        }
        Ok(())
    }

    fn tracked(&mut self, objective: &Objective) -> &mut Tracked {
        self.tracked
            .entry(objective.name.clone())
            .or_insert_with(|| Tracked {
                series: Series::new(objective.retention()),
                episodes: Episodes::default(),
            })
    }

    /// Restores the persisted hours and alerts of an objective.
    pub fn put_back(
        &mut self,
        objective: &Objective,
        hours: Vec<(Boundary, Hour)>,
        episodes: Option<Episodes>,
    ) {
        let tracked = Tracked {
            series: Series::restore(objective.retention(), hours),
            episodes: episodes.unwrap_or_default(),
        };
        self.tracked.insert(objective.name.clone(), tracked);
    }

    /// Evaluates an objective at a boundary: judges, alerts, reports and observes it.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn evaluate(
        &mut self,
        objective: &Objective,
        around: &ObjectiveContext<'_>,
        step: &mut StepContext<'_>,
    ) -> Result<(), StageError> {
        let Some(tracked) = self.tracked.get_mut(&objective.name) else {
            return Ok(()); // nothing was ever counted
        };
        for start in tracked.series.age(step.at) {
            let key = hour_key(around.model, &objective.name, start);
            step.outbox.remove(&key)?;
        }
        // Hours ahead of this clock do not count yet.
        let is_begun = tracked
            .series
            .hours()
            .next()
            .is_some_and(|first| first < step.at);
        // An open alert ends even where all counts behind it have aged out.
        let has_work = is_begun || !tracked.episodes.is_empty();
        if !has_work || !step.at.on_grid(objective.step_minutes()) {
            return Ok(());
        }
        let observed = observe(objective, &tracked.series, around, step);
        tracked.alert(objective, around, &observed, step)?;
        tracked.report(objective, around, step);
        Ok(())
    }

    /// Alerts of each objective, by name.
    pub fn episodes(&self) -> impl Iterator<Item = (&str, &Episodes)> {
        let each = self.tracked.iter();
        each.map(|(name, tracked)| (name.as_str(), &tracked.episodes))
    }

    /// Removes every state entry of the objectives.
    ///
    /// # Errors
    /// When something of ours does not serialise.
    pub fn forget(&self, model: &str, outbox: &mut Outbox) -> Result<(), StageError> {
        for (name, tracked) in &self.tracked {
            for start in tracked.series.hours() {
                outbox.remove(&hour_key(model, name, start))?;
            }
            outbox.remove(&StateKey::Objective(model.to_owned(), name.clone()))?;
        }
        Ok(())
    }
}

fn hour_key(model: &str, objective: &str, start: Boundary) -> StateKey {
    StateKey::ObjectiveHour(model.to_owned(), objective.to_owned(), start)
}

impl Tracked {
    fn alert(
        &mut self,
        objective: &Objective,
        around: &ObjectiveContext<'_>,
        observed: &[ScopedFinding],
        step: &mut StepContext<'_>,
    ) -> Result<(), StageError> {
        let was_empty = self.episodes.is_empty();
        let context = Context {
            model: around.model,
            objective: Some(AlertObjective {
                name: &objective.name,
                sli: Some(objective.sli.name()),
                is_configured: true,
            }),
            settings: &step.plan.alert,
            reference_id: &|_| None,
            exemplars: around.exemplars,
        };
        for alert in step.advance(&mut self.episodes, observed, &context) {
            step.alert(alert);
        }
        let key = StateKey::Objective(around.model.to_owned(), objective.name.clone());
        match (was_empty, self.episodes.is_empty()) {
            (true, true) => Ok(()),
            (false, true) => Ok(step.outbox.remove(&key)?),
            (_, false) => Ok(step.outbox.put(&key, &self.episodes)?),
        }
    }

    fn report(
        &self,
        objective: &Objective,
        around: &ObjectiveContext<'_>,
        step: &mut StepContext<'_>,
    ) {
        let budget = budget_status(objective, &self.series, step.at);
        if step.at.on_grid(REPORT_MINUTES) {
            let report = ObjectiveReport {
                model: around.model,
                objective: &objective.name,
                sli: objective.sli.name(),
                target: objective.target(),
                at: step.at,
                share: budget.share,
                budget_remaining: budget.remaining,
                burn_rates: &budget.burn_rates,
                exhausted_at: budget.exhausted_at,
            };
            let record = report.record();
            let report = Output::plain(OutputTopic::Reports, record.key(), record.value());
            step.outbox.publish(report);
        }
        let whose = (around.model.to_owned(), objective.name.clone());
        let reading = ObjectiveReading {
            target: objective.target(),
            budget,
        };
        step.observations.objectives.insert(whose, reading);
    }
}

/// Findings of the rules, with the segments behind each breach.
fn observe(
    objective: &Objective,
    series: &Series,
    around: &ObjectiveContext<'_>,
    step: &StepContext<'_>,
) -> Vec<ScopedFinding> {
    let input = RuleInput {
        objective,
        series,
        at: step.at,
        matured: (around.matured)(objective, series),
    };
    let observed = |rule_finding: RuleFinding| ScopedFinding {
        lasting: Some(RuleTiming {
            hold_minutes: rule_finding.hold_minutes,
            keep_firing_minutes: rule_finding.keep_firing_minutes,
        }),
        segments: worst_segments(objective, &rule_finding, around, step),
        ..ScopedFinding::whole(String::new(), rule_finding.window, rule_finding.finding)
    };
    judge(&input).into_iter().map(observed).collect()
}

/// Segments with more bad predictions than the objective allows, each with its part of the excess of the whole.
fn worst_segments(
    objective: &Objective,
    rule_finding: &RuleFinding,
    around: &ObjectiveContext<'_>,
    step: &StepContext<'_>,
) -> Vec<SegmentShare> {
    let is_trouble = matches!(
        rule_finding.finding.verdict,
        Verdict::Breach | Verdict::Lingering
    );
    if !is_trouble || step.plan.segments.keys.is_empty() {
        return Vec::new();
    }
    let span = Span::ending_at(step.at, rule_finding.window);
    let excess = |share: Share| share.bad() as f64 - rule_finding.allowed_rate * share.valid as f64;
    let shares = (around.segments)(objective, span);
    let of_whole = excess(shares.whole);
    let behind = shares.of.into_iter();
    behind
        .map(|(segment, share)| SegmentShare {
            segment,
            share,
            excess: excess(share),
            of_excess: (excess(share) / of_whole).clamp(0.0, 1.0),
        })
        .filter(|behind| behind.excess > 0.0 && of_whole > 0.0)
        .collect()
}
