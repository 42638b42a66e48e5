//! Moving references: earlier traffic of a segment, counted by the groups of its frozen reference.
//!
//! **Intuition.** The tallies of a model are kept for its long windows. So a window can be compared with the time before it,
//! or with the same hours of earlier days or weeks, without any further state.
//!
//! **Formula.** *Trailing*: the sum of the panes of six hours within `span`, which ends a day before the window. *Seasonal*:
//! for each hour that the window touches, the sum of that hour in the last `periods` periods, times the share of the hour
//! that lies in the window; the largest share counts as 1. Both cover all versions, as the frozen reference does.
//!
//! **What does not count.** Panes from before the frozen reference of the subject, which have other groups. Panes in which
//! the subject was in trouble: otherwise its end would be a drift, and a lasting fault would become the reference.
//!
//! **When there is enough.** Trailing: panes since its start, and at most half of them in trouble. Seasonal: two periods for
//! each share. Both: 300 values, from which on the law of the likelihood ratio holds.
//!
//! **Limits.** Hours are compared whole, so a movement within the hour remains. An hour counts by time, not by its traffic.
//!
//! **Cost.** Adds some 30 panes per version for each length of window and boundary. **Rejected.** Counters for each hour of
//! day and week in the state: one more thing to keep, for what the tallies hold already.

use std::collections::BTreeMap;

use super::model::Model;
use super::tallies::TallyPane;
use super::troubled_times::TroubledTimes;
use crate::detect::{Baseline, ReferenceCounts, ReferenceKind, Tally, scaled};
use crate::event::Segment;
use crate::pipeline::plan::{LearningPlan, ReferencePlan};
use crate::sketch::{Monoid, Subject};
use crate::window::{Boundary, PaneRing, Span, Tier};

/// What the windows of one length are compared with at one boundary.
pub struct MovingReference {
    kind: ReferenceKind,
    /// Counts by place of the subject; `None` if there is not enough.
    subjects: Vec<Option<MovingCounts>>,
}

#[derive(Debug, Default)]
struct MovingCounts {
    tally: Tally,
    predictions: u64,
    errors: u64,
}

impl MovingReference {
    /// The counts of the subject at this place; `None` if there are not enough.
    pub fn counts(&self, place: usize) -> Option<ReferenceCounts<'_>> {
        let counts = self.subjects.get(place)?.as_ref()?;
        Some(ReferenceCounts {
            kind: self.kind,
            tally: &counts.tally,
            predictions: counts.predictions,
            errors: counts.errors,
        })
    }

    /// The reference of the window `span`; `None` if the plan has none for windows of this length.
    pub fn of(
        model: &Model,
        segment: Option<&Segment>,
        plan: ReferencePlan,
        span: Span,
    ) -> Option<Self> {
        let minutes = span.end.0 - span.start.0;
        let kind = plan.kind(minutes);
        if !kind.moves() {
            return None;
        }
        let baselines = model.baselines_of(segment)?;
        if !baselines.iter().any(|(_, own)| plan.moves(own.rhythm)) {
            return None;
        }
        let parts = parts(plan, span);
        let troubled = model
            .habits_of(segment)
            .map(|habits| &habits.troubled_times);
        let rings = model.tallies.iter();
        let rings: Vec<VersionRing<'_>> = rings
            .filter(|(slice, _)| slice.segment.as_ref() == segment)
            .map(|(slice, ring)| (slice.version.as_str(), ring))
            .collect();
        let subjects = baselines.iter().enumerate();
        let subjects = subjects.map(|(place, (subject, baseline))| {
            let panes = SubjectPanes {
                model,
                rings: &rings,
                place,
                subject,
                baseline,
                troubled,
            };
            let moves = plan.moves(baseline.rhythm);
            moves.then(|| panes.counts(&parts)).flatten()
        });
        Some(Self {
            kind,
            subjects: subjects.collect(),
        })
    }
}

/// The moving references at one boundary. All versions of a segment share them.
pub struct MovingReferences<'a> {
    model: &'a Model,
    plan: ReferencePlan,
    known: BTreeMap<(Option<Segment>, Span), Option<MovingReference>>,
}

impl<'a> MovingReferences<'a> {
    /// Those of a model.
    pub fn new(model: &'a Model, plan: ReferencePlan) -> Self {
        Self {
            model,
            plan,
            known: BTreeMap::new(),
        }
    }

    /// The model.
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// What the windows `span` of a segment are compared with.
    pub fn of(&mut self, segment: Option<&Segment>, span: Span) -> Option<&MovingReference> {
        let entry = self.known.entry((segment.cloned(), span));
        let reference =
            entry.or_insert_with(|| MovingReference::of(self.model, segment, self.plan, span));
        reference.as_ref()
    }
}

/// Panes that count alike.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    tier: Tier,
    /// Number of the period of each pane, and its start. A trailing reference has as many periods as panes.
    panes: Vec<(u32, Boundary)>,
    /// Share of the panes, `times` ÷ `of`.
    times: u64,
    of: u64,
    enough: Enough,
}

/// How much of the panes must count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Enough {
    /// At least this many periods.
    Periods(u32),
    /// Panes since this boundary, at least half of those that hold predictions.
    HalfSince(Boundary),
}

fn parts(plan: ReferencePlan, window: Span) -> Vec<Part> {
    match plan {
        ReferencePlan::Fixed => Vec::new(),
        ReferencePlan::Trailing { span_minutes } => {
            let minutes = span_minutes.max(window.end.0 - window.start.0);
            vec![trailing(window, minutes)]
        }
        ReferencePlan::Seasonal {
            period_minutes,
            periods,
            ..
        } => seasonal(window, period_minutes, periods),
    }
}

fn trailing(window: Span, minutes: i64) -> Part {
    let pane = Tier::SixHours.minutes();
    let latest = window.start.plus_minutes(-ReferencePlan::GAP_MINUTES);
    let end = latest.floor(pane);
    let start = end.plus_minutes(-minutes).floor(pane);
    let starts = (0..).map(|nth| (nth, start.plus_minutes(i64::from(nth) * pane)));
    Part {
        tier: Tier::SixHours,
        panes: starts.take_while(|(_, start)| *start < end).collect(),
        times: 1,
        of: 1,
        enough: Enough::HalfSince(start),
    }
}

/// The hours that the window touches, by the minutes of each that lie in it.
fn seasonal(window: Span, period: i64, periods: u32) -> Vec<Part> {
    let hour = Tier::Hour.minutes();
    let mut by_minutes: BTreeMap<i64, Vec<Boundary>> = BTreeMap::new();
    let mut start = window.start.floor(hour);
    while start < window.end {
        let end = start.plus_minutes(hour);
        let within = end.min(window.end).0 - start.max(window.start).0;
        by_minutes.entry(within).or_default().push(start);
        start = end;
    }
    let longest = by_minutes.keys().next_back().copied().unwrap_or(hour);
    let part = |(minutes, hours): (i64, Vec<Boundary>)| {
        let of_period = |nth: u32| {
            let back = -period * i64::from(nth);
            let hours = hours.iter();
            hours.map(move |start| (nth, start.plus_minutes(back)))
        };
        Part {
            tier: Tier::Hour,
            panes: (1..=periods).flat_map(of_period).collect(),
            times: minutes.unsigned_abs(),
            of: longest.unsigned_abs(),
            enough: Enough::Periods(ReferencePlan::PERIODS_MIN),
        }
    };
    by_minutes.into_iter().map(part).collect()
}

/// A version of the segment, and its panes.
type VersionRing<'a> = (&'a str, &'a PaneRing<TallyPane>);

/// The panes of one subject.
struct SubjectPanes<'a> {
    model: &'a Model,
    rings: &'a [VersionRing<'a>],
    place: usize,
    subject: &'a Subject,
    baseline: &'a Baseline,
    troubled: Option<&'a TroubledTimes>,
}

impl SubjectPanes<'_> {
    fn counts(&self, parts: &[Part]) -> Option<MovingCounts> {
        if self.baseline.is_provisional || !self.subject.is_judged() {
            return None;
        }
        let mut counts = MovingCounts::default();
        for part in parts {
            let sum = self.sum(part)?;
            counts.tally.merge(&sum.tally.scaled(part.times, part.of));
            counts.predictions += scaled(sum.predictions, part.times, part.of);
            counts.errors += scaled(sum.errors, part.times, part.of);
        }
        let events = match self.subject {
            Subject::Errors => counts.predictions,
            _ => counts.tally.types.present(),
        };
        (events >= LearningPlan::FEW_EVENTS_MIN).then_some(counts)
    }

    /// The sum of a part; `None` if it is not enough.
    fn sum(&self, part: &Part) -> Option<MovingCounts> {
        let mut sum = MovingCounts::default();
        let (mut seen, mut counted, mut last) = (0_u32, 0_u32, None);
        for (period, start) in &part.panes {
            let pane = Span {
                start: *start,
                end: start.plus_minutes(part.tier.minutes()),
            };
            if !self.holds_predictions(part.tier, *start) {
                continue;
            }
            seen += 1;
            if !self.may_count(pane) {
                continue;
            }
            self.add(part.tier, *start, &mut sum);
            if last != Some(*period) {
                counted += 1;
                last = Some(*period);
            }
        }
        let is_enough = match part.enough {
            Enough::Periods(least) => counted >= least,
            Enough::HalfSince(start) => {
                start >= self.baseline.compared_since && 2 * counted >= seen
            }
        };
        is_enough.then_some(sum)
    }

    /// True unless the pane has the groups of an earlier reference, or the subject was in trouble.
    fn may_count(&self, pane: Span) -> bool {
        let troubled = self.troubled;
        let is_troubled = troubled.is_some_and(|times| times.overlap(self.subject, pane));
        !is_troubled && pane.start >= self.baseline.compared_since
    }

    /// Adds the panes of all versions that begin at `start`.
    fn add(&self, tier: Tier, start: Boundary, sum: &mut MovingCounts) {
        for (version, pane) in self.panes(tier, start) {
            let tally = pane.subjects.get(self.place);
            let tally = tally.filter(|tally| tally.types.present() > 0);
            // A version that never had the subject does not miss it. Each can fail.
            let can_have = *self.subject == Subject::Errors
                || tally.is_some()
                || self.model.knows(version, self.subject);
            if can_have {
                sum.predictions += pane.predictions;
                sum.errors += pane.errors;
            }
            if let Some(tally) = tally {
                sum.tally.merge(tally);
            }
        }
    }

    fn holds_predictions(&self, tier: Tier, start: Boundary) -> bool {
        self.panes(tier, start)
            .any(|(_, pane)| pane.predictions > 0)
    }

    fn panes(&self, tier: Tier, start: Boundary) -> impl Iterator<Item = (&str, &TallyPane)> {
        let rings = self.rings.iter();
        rings.filter_map(move |(version, ring)| Some((*version, ring.pane(tier, start)?)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span {
            start: Boundary(start),
            end: Boundary(end),
        }
    }

    #[test]
    fn a_trailing_reference_ends_a_day_before_its_window() {
        let day = 1_440;
        let part = trailing(span(20 * day + 100, 20 * day + 160), 7 * day);
        let starts: Vec<i64> = part.panes.iter().map(|(_, start)| start.0).collect();
        assert_eq!((starts.len(), starts[0]), (28, 12 * day));
        assert_eq!(starts[27], 19 * day - 360);
        assert_eq!(part.enough, Enough::HalfSince(Boundary(12 * day)));
    }

    #[test]
    fn a_seasonal_reference_weighs_hours_by_their_share_of_the_window() {
        let day = 1_440;
        let parts = seasonal(span(9 * day + 590, 9 * day + 635), day, 2);
        let of = |part: &Part| (part.times, part.of, part.panes.clone());
        let hour = |days: i64, hour: i64| Boundary(days * day + hour * 60);
        let ten = vec![(1, hour(8, 10)), (2, hour(7, 10))];
        let nine = vec![(1, hour(8, 9)), (2, hour(7, 9))];
        assert_eq!(
            parts.iter().map(of).collect::<Vec<_>>(),
            [(10, 35, nine), (35, 35, ten)]
        );
    }
}
