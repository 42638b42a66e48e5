//! What a person reads of an objective at 3 a.m.: what burns, how fast, what remains, and whose it is.

use super::record::CauseRecord;
use super::segment::SegmentShare;
use super::wording::{percent, short, subject, when};

/// What is said of the first cause of an objective's alert.
pub(super) struct ObjectiveTale<'a> {
    pub(super) cause: &'a CauseRecord,
    /// Whether it asks for somebody now.
    pub(super) pages: bool,
    /// The segment that bears more than half of the excess.
    pub(super) segment: Option<&'a SegmentShare>,
}

impl ObjectiveTale<'_> {
    /// `objective precise is not met: burn rate 4.1 over 1d (page from 3); 61 % of the excess is segment country=DE`.
    pub(super) fn line(&self) -> String {
        let name = objective(self.cause);
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
        let name = objective(self.cause);
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
        let floor = self
            .detail("floor")
            .map(|floor| format!(", below the floor of {}", short(floor)));
        format!(
            "{} over {}{}",
            self.good_share(),
            self.length(),
            floor.unwrap_or_default()
        )
    }

    fn above(&self) -> String {
        let bad = self.detail("value").unwrap_or(self.cause.measure.value);
        let week = self
            .detail("last_week")
            .map(|x| format!(", {} in the same window a week ago", short(x)));
        format!(
            "share of bad ones {} over {}{}",
            short(bad),
            self.length(),
            week.unwrap_or_default()
        )
    }

    fn good_share(&self) -> String {
        match self.detail("good").zip(self.detail("valid")) {
            Some((good, valid)) if valid > 0.0 => {
                format!("share of good ones {}", short(good / valid))
            }
            _ => "too few good ones".to_owned(),
        }
    }

    fn short_window(&self) -> Option<String> {
        let rate = self.detail("short_value")?;
        Some(format!(
            "Over the short window it is {}: it goes on.",
            short(rate)
        ))
    }

    fn counts(&self) -> Option<String> {
        let (good, valid) = self.detail("good").zip(self.detail("valid"))?;
        let promised = self
            .detail("target")
            .map(|target| format!(", promised are {}", percent(target)));
        Some(format!(
            "{good} of {valid} are good{}.",
            promised.unwrap_or_default()
        ))
    }

    fn remains(&self) -> Option<String> {
        let left = self.detail("budget_remaining")?;
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

/// The objective's own name.
fn objective(cause: &CauseRecord) -> &str {
    let subject = subject(cause);
    subject.strip_prefix("objective:").unwrap_or(subject)
}
