//! The incidents: what goes wrong, when in event time, and which alert must say so.

use super::record::AlertKind;
use crate::event::EventTime;
use crate::window::{Boundary, Span};

/// What goes wrong with the stream. Only what is logged breaks: the model itself still sees the right values, so one
/// incident has one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The amount is logged in cents.
    AmountInCents,
    /// 2 % of payments come from a country that was never seen.
    UnseenCountry,
    /// The age is null in 20 % of events instead of 2 %.
    AgeNulls,
    /// The score's logit is half of its standard deviation higher.
    ScoreShift,
    /// Nothing comes any more.
    Silence,
}

/// The alert that must be raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expect {
    /// Kinds of alert of which one must name the subject.
    pub kinds: &'static [AlertKind],
    /// The subject; `None` for the model as a whole.
    pub subject: Option<&'static str>,
    /// Subjects that the incident moves as well: their alerts are explained by it, but not asked for.
    pub also: &'static [&'static str],
}

/// Something that goes wrong over a span of event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// Its name for people.
    pub name: &'static str,
    /// What goes wrong.
    pub mishap: Mishap,
    /// When.
    pub span: Span,
    /// What must be said about it.
    pub expects: Expect,
}

impl Incident {
    /// Whether it is going on at `time`.
    #[must_use]
    pub fn is_active(&self, time: EventTime) -> bool {
        self.span.start.time() <= time && time < self.span.end.time()
    }
}

/// The course of the demo in event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The first minute; on a grid of whole days, so that the daily season has its place.
    pub start: Boundary,
    /// Where the reference should be learned.
    pub learned: Boundary,
    /// After the last minute.
    pub end: Boundary,
    /// What goes wrong, in order; never overlapping.
    pub incidents: Vec<Incident>,
}

const HOUR: i64 = 60;
const DATA_OR_DRIFT: &[AlertKind] = &[AlertKind::DataQuality, AlertKind::Drift];

/// Minutes from the start, minutes of duration. Two hours are enough for the 15-minute and the 1-hour window, and each
/// incident is over for at least two hours before the next one.
const PLAN: [(&str, Mishap, i64, i64, Expect); 5] = [
    (
        "amount in cents",
        Mishap::AmountInCents,
        27 * HOUR,
        2 * HOUR,
        Expect {
            kinds: &[AlertKind::Drift],
            subject: Some("feature:amount"),
            also: &[],
        },
    ),
    (
        "unseen country, 2 %",
        Mishap::UnseenCountry,
        31 * HOUR + 30,
        2 * HOUR,
        Expect {
            kinds: DATA_OR_DRIFT,
            subject: Some("feature:country"),
            also: &[],
        },
    ),
    (
        "age null, 2 → 20 %",
        Mishap::AgeNulls,
        36 * HOUR,
        2 * HOUR,
        Expect {
            kinds: &[AlertKind::DataQuality],
            subject: Some("feature:age"),
            also: &[],
        },
    ),
    (
        "traffic stops",
        Mishap::Silence,
        40 * HOUR + 30,
        45,
        Expect {
            kinds: &[AlertKind::Volume],
            subject: None,
            also: &[],
        },
    ),
    (
        "score up by ½ σ",
        Mishap::ScoreShift,
        43 * HOUR + 30,
        2 * HOUR,
        Expect {
            kinds: &[AlertKind::Drift],
            subject: Some("score"),
            also: &["label"],
        },
    ),
];

impl Timeline {
    /// Two days from `day` (rounded down to midnight UTC): a day to learn from, then a day on which things go wrong.
    #[must_use]
    pub fn from_day(day: EventTime, incidents: bool) -> Self {
        let minutes = Boundary::at_or_before(day).0;
        let start = Boundary(minutes - minutes.rem_euclid(24 * HOUR));
        let plan = if incidents { &PLAN[..] } else { &[] };
        Self {
            start,
            learned: start.plus_minutes(24 * HOUR),
            end: start.plus_minutes(48 * HOUR),
            incidents: plan
                .iter()
                .map(|planned| incident(start, *planned))
                .collect(),
        }
    }

    /// What goes wrong at `time`.
    #[must_use]
    pub fn mishap(&self, time: EventTime) -> Option<Mishap> {
        self.incidents
            .iter()
            .find(|incident| incident.is_active(time))
            .map(|incident| incident.mishap)
    }

    /// How far `time` lies between start and end, 0..=1.
    #[must_use]
    pub fn share(&self, time: EventTime) -> f64 {
        let whole = (self.end.time().0 - self.start.time().0).max(1) as f64;
        ((time.0 - self.start.time().0) as f64 / whole).clamp(0.0, 1.0)
    }
}

fn incident(
    start: Boundary,
    (name, mishap, at, minutes, expects): (&'static str, Mishap, i64, i64, Expect),
) -> Incident {
    let begin = start.plus_minutes(at);
    let span = Span {
        start: begin,
        end: begin.plus_minutes(minutes),
    };
    Incident {
        name,
        mishap,
        span,
        expects,
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn incidents_come_one_by_one_after_learning() {
        let timeline = Timeline::from_day(EventTime(1_777_939_261_000), true);
        assert!(timeline.start.on_grid(24 * HOUR));
        assert_eq!(timeline.incidents.len(), 5);
        let ends: Vec<Boundary> = timeline.incidents.iter().map(|i| i.span.end).collect();
        assert!(timeline.incidents[0].span.start >= timeline.learned.plus_minutes(2 * HOUR));
        for (next, end) in timeline.incidents.iter().skip(1).zip(&ends) {
            assert!(
                next.span.start >= end.plus_minutes(2 * HOUR),
                "{} needs a calm before it",
                next.name
            );
        }
        assert!(ends[4] < timeline.end);
    }

    #[test]
    fn without_incidents_nothing_goes_wrong() {
        let timeline = Timeline::from_day(EventTime(0), false);
        assert!((0..48 * 60).all(|m| {
            timeline
                .mishap(timeline.start.plus_minutes(m).time())
                .is_none()
        }));
    }
}
