//! Text of an alert about an objective: the rule's phrases, the counts, the remaining budget, and the worst segment.

use super::objective::ObjectiveFacts;
use super::segment::SegmentShare;
use crate::detect::percent;
use crate::detect::slo::RuleStatement;

/// Inputs of the text about an objective.
pub(super) struct ObjectiveText<'a> {
    pub(super) facts: &'a ObjectiveFacts,
    /// Segment that bears more than half of the excess, if one does.
    pub(super) segment: Option<&'a SegmentShare>,
}

impl ObjectiveText<'_> {
    /// One line: `objective precise is not met: burn rate 4.1 over 1d (page from 3); 61 % of the excess is segment country=DE`.
    pub(super) fn line(&self) -> String {
        let what = self.statement().map_or("is not met", |s| &s.summary);
        let whose = self.segment.map(|s| format!("; {}", excess(s)));
        format!(
            "objective {} {what}{}",
            self.facts.name,
            whose.unwrap_or_default()
        )
    }

    /// One line: `objective precise is no longer configured`.
    pub(super) fn removed(&self) -> String {
        format!("objective {} is no longer configured", self.facts.name)
    }

    /// Sentences: the rule, the counts, the remaining budget, the segment. The first one follows "In the 1d up to …, ".
    pub(super) fn sentences(&self, whose: &str) -> String {
        let what = self.statement().map_or("is not met", |s| &s.sentence);
        let first = format!("objective {} of {whose} {what}.", self.facts.name);
        let rest = [
            self.statement().and_then(|s| s.further.clone()),
            self.statement().map(counts),
            self.facts.budget_remaining.map(remains),
            self.segment.map(worst),
        ];
        let all: Vec<String> = std::iter::once(first)
            .chain(rest.into_iter().flatten())
            .collect();
        all.join(" ")
    }

    fn statement(&self) -> Option<&RuleStatement> {
        self.facts.statement.as_ref()
    }
}

fn counts(statement: &RuleStatement) -> String {
    let promised = statement.target;
    let promised = promised.map(|target| format!(", {} are promised", percent(target)));
    format!(
        "{} of {} are good{}.",
        statement.good,
        statement.valid,
        promised.unwrap_or_default()
    )
}

fn remains(left: f64) -> String {
    if left > 0.0 {
        format!("{} of the error budget remain.", percent(left))
    } else {
        format!("The error budget is overdrawn by {}.", percent(-left))
    }
}

fn worst(worst: &SegmentShare) -> String {
    format!(
        "{}: {} of its {} are good.",
        excess(worst),
        worst.share.good,
        worst.share.valid
    )
}

fn excess(worst: &SegmentShare) -> String {
    format!(
        "{} of the excess is segment {}",
        percent(worst.of_excess),
        worst.segment
    )
}
