//! What a person reads of an objective at 3 a.m.: what burns, how fast, what remains, and whose it is.

use super::objective::ObjectivePart;
use super::record::CauseRecord;
use super::segment::SegmentShare;
use super::text::{percent, short, when};
use crate::window::WindowLength;

/// What is said of the first cause of an objective's alert.
pub(super) struct ObjectiveText<'a> {
    pub(super) cause: &'a CauseRecord,
    pub(super) objective: &'a ObjectivePart,
    /// Whether it asks for somebody now.
    pub(super) pages: bool,
    /// The segment that bears more than half of the excess.
    pub(super) segment: Option<&'a SegmentShare>,
}

impl ObjectiveText<'_> {
    /// `objective precise is not met: burn rate 4.1 over 1d (page from 3); 61 % of the excess is segment country=DE`.
    pub(super) fn line(&self) -> String {
        let name = &self.objective.name;
        let what = match self.cause.measure.detector.as_str() {
            "budget_exhausted" => format!("objective {name} has spent its error budget"),
            "burn_rate" => format!("objective {name} is not met: {}", self.burn()),
            "below_floor" => format!("objective {name} is not met: {}", self.below()),
            "above_last_week" => format!("objective {name} is not met: {}", self.above()),
            _ => format!("objective {name} is not met"),
        };
        let whose = self.segment.map(|s| format!("; {}", excess(s)));
        what + &whose.unwrap_or_default()
    }

    /// Plain sentences: the rule, the counts, what remains, the segment.
    pub(super) fn sentences(&self, whose: &str) -> String {
        let name = &self.objective.name;
        let when = when(&self.cause.measure);
        let what = match self.cause.measure.detector.as_str() {
            "budget_exhausted" => "has spent its error budget".to_owned(),
            "burn_rate" => format!("spends its error budget too fast: {}", self.burn()),
            "below_floor" => format!("is not met: {}", self.below()),
            "above_last_week" => format!("is not met: {}", self.above()),
            _ => "is not met".to_owned(),
        };
        let first = format!("{when}objective {name} of {whose} {what}.");
        let rest = [
            self.short_window(),
            self.counts(),
            self.remains(),
            self.worst(),
        ];
        let all: Vec<String> = std::iter::once(first)
            .chain(rest.into_iter().flatten())
            .collect();
        all.join(" ")
    }

    fn detail(&self, name: &str) -> Option<f64> {
        self.cause.measure.details.get(name).copied()
    }

    fn length(&self) -> &str {
        let window = self.cause.measure.window.as_ref();
        window.map_or("its window", |window| &window.length)
    }

    fn burn(&self) -> String {
        let measure = &self.cause.measure;
        let road = if self.pages { "page" } else { "ticket" };
        let (rate, factor) = (short(measure.value), short(measure.threshold));
        format!(
            "burn rate {rate} over {} ({road} from {factor})",
            self.length()
        )
    }

    fn below(&self) -> String {
        let (share, floor) = (
            short(self.cause.measure.value),
            short(self.cause.measure.threshold),
        );
        format!(
            "{} {share} over {}, below the floor of {floor}",
            self.sli(),
            self.length()
        )
    }

    fn above(&self) -> String {
        let measure = &self.cause.measure;
        let (rise, margin) = (short(measure.value), short(measure.threshold));
        format!(
            "the share of bad ones is {rise} above last week's over {} (margin {margin})",
            self.length()
        )
    }

    fn sli(&self) -> &str {
        self.objective
            .sli
            .as_deref()
            .unwrap_or("share of good ones")
    }

    fn short_window(&self) -> Option<String> {
        let (rate, minutes) = (self.detail("short_burn")?, self.detail("short_minutes")?);
        let minutes = WindowLength::from_minutes(minutes as u32)?;
        Some(format!(
            "Over the last {} it is {}.",
            minutes.name(),
            short(rate)
        ))
    }

    fn counts(&self) -> Option<String> {
        let (good, valid) = self.objective.good.zip(self.objective.valid)?;
        let promised = self
            .objective
            .target
            .map(|target| format!(", {} are promised", percent(target)));
        Some(format!(
            "{good} of {valid} are good{}.",
            promised.unwrap_or_default()
        ))
    }

    fn remains(&self) -> Option<String> {
        let left = self.objective.budget_remaining?;
        Some(if left > 0.0 {
            format!("{} of the error budget remain.", percent(left))
        } else {
            format!("The error budget is overdrawn by {}.", percent(-left))
        })
    }

    fn worst(&self) -> Option<String> {
        let worst = self.segment?;
        let share = worst.share;
        Some(format!(
            "{}: {} of its {} are good.",
            excess(worst),
            share.good,
            share.valid
        ))
    }
}

fn excess(worst: &SegmentShare) -> String {
    format!(
        "{} of the excess is segment {}",
        percent(worst.of_excess),
        worst.segment
    )
}
