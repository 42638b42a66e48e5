//! The incidents: what goes wrong, when in event time, and which alert must say so.

use super::record::PublishedKind;
use crate::event::EventTime;
use crate::window::{Boundary, Span};

/// What goes wrong with the stream. Of predictions only what is logged breaks: the model itself still sees the right values,
/// so one incident has one cause. The last two touch no prediction at all: only labels can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentKind {
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
    /// Fraud moves to prepaid cards and looks like nothing the model knows; what it suspects there is honest.
    FraudMoves,
    /// Payments of the evening before, first labelled honest, turn out to be fraud.
    Chargebacks,
}

/// What must be said of an incident beside the alert that finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Nothing.
    Alert,
    /// The drift's follow-up record, once its labels have come, with this verdict.
    Assessed(&'static str),
    /// No alert at all: the day's next report counts every correction.
    Report,
}

/// The alert that must be raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expect {
    /// Kinds of alert of which one must name the subject.
    pub kinds: &'static [PublishedKind],
    /// The subject; `None` for the model as a whole.
    pub subject: Option<&'static str>,
    /// The segment that the alert must name; `None` where it need not.
    pub segment: Option<&'static str>,
    /// What must be said beside it, or instead of it.
    pub sign: Sign,
    /// Subjects that the incident moves as well: their alerts are explained by it, but not asked for.
    pub also: &'static [&'static str],
}

/// Something that goes wrong over a span of event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// Its name for people.
    pub name: &'static str,
    /// What goes wrong.
    pub mishap: IncidentKind,
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
const DATA_OR_DRIFT: &[PublishedKind] = &[PublishedKind::DataQuality, PublishedKind::Drift];

/// Minutes from the start, minutes of duration. Two hours are enough for the 15-minute and the 1-hour window, and what predictions
/// show is over for at least two hours before they show the next thing.
const PLAN: [(&str, IncidentKind, i64, i64, Expect); 7] = [
    (
        "amount in cents",
        IncidentKind::AmountInCents,
        27 * HOUR,
        2 * HOUR,
        Expect {
            sign: Sign::Assessed("unmoved"),
            ..about(&[PublishedKind::Drift], Some("feature:amount"))
        },
    ),
    (
        "unseen country, 2 %",
        IncidentKind::UnseenCountry,
        31 * HOUR + 30,
        2 * HOUR,
        about(DATA_OR_DRIFT, Some("feature:country")),
    ),
    (
        "fraud goes prepaid",
        IncidentKind::FraudMoves,
        33 * HOUR + 45,
        2 * HOUR,
        Expect {
            segment: Some("card=prepaid"),
            ..about(&[PublishedKind::Slo], Some(PRECISE))
        },
    ),
    (
        "age null, 2 → 20 %",
        IncidentKind::AgeNulls,
        36 * HOUR,
        2 * HOUR,
        about(&[PublishedKind::DataQuality], Some("feature:age")),
    ),
    (
        "traffic stops",
        IncidentKind::Silence,
        40 * HOUR + 30,
        45,
        about(&[PublishedKind::Volume], None),
    ),
    (
        "late chargebacks",
        IncidentKind::Chargebacks,
        42 * HOUR,
        HOUR,
        Expect {
            sign: Sign::Report,
            ..about(&[], None)
        },
    ),
    (
        "score up by ½ σ",
        IncidentKind::ScoreShift,
        43 * HOUR + 30,
        2 * HOUR,
        Expect {
            sign: Sign::Assessed("worse"),
            also: &["label", PRECISE],
            ..about(&[PublishedKind::Drift], Some("score"))
        },
    ),
];

/// The demo's objective, as alerts name it.
const PRECISE: &str = "objective:precise";

const fn about(kinds: &'static [PublishedKind], subject: Option<&'static str>) -> Expect {
    Expect {
        kinds,
        subject,
        segment: None,
        sign: Sign::Alert,
        also: &[],
    }
}

impl Timeline {
    /// Two days from `day` (rounded down to midnight UTC): a day to learn from, then a day on which things go wrong, and half an
    /// hour to report on it.
    #[must_use]
    pub fn from_day(day: EventTime, incidents: bool) -> Self {
        let minutes = Boundary::at_or_before(day).0;
        let start = Boundary(minutes - minutes.rem_euclid(24 * HOUR));
        let plan = if incidents { &PLAN[..] } else { &[] };
        Self {
            start,
            learned: start.plus_minutes(24 * HOUR),
            end: start.plus_minutes(48 * HOUR + 30),
            incidents: plan
                .iter()
                .map(|planned| incident(start, *planned))
                .collect(),
        }
    }

    /// What goes wrong at `time`.
    #[must_use]
    pub fn mishap(&self, time: EventTime) -> Option<IncidentKind> {
        self.incidents
            .iter()
            .find(|incident| incident.is_active(time))
            .map(|incident| incident.mishap)
    }

    /// When `mishap` goes on.
    #[must_use]
    pub fn span_of(&self, mishap: IncidentKind) -> Option<Span> {
        let found = self.incidents.iter().find(|own| own.mishap == mishap)?;
        Some(found.span)
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
    (name, mishap, at, minutes, expects): (&'static str, IncidentKind, i64, i64, Expect),
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
        assert_eq!(timeline.incidents.len(), 7);
        let (shown, hidden): (Vec<&Incident>, Vec<&Incident>) =
            timeline.incidents.iter().partition(|i| {
                !matches!(
                    i.mishap,
                    IncidentKind::FraudMoves | IncidentKind::Chargebacks
                )
            });
        assert!(shown[0].span.start >= timeline.learned.plus_minutes(2 * HOUR));
        for (next, before) in shown.iter().skip(1).zip(&shown) {
            assert!(
                next.span.start >= before.span.end.plus_minutes(2 * HOUR),
                "{} needs a calm before it",
                next.name
            );
        }
        assert_eq!(hidden.len(), 2);
        let pairs = timeline.incidents.iter().skip(1).zip(&timeline.incidents);
        assert!(
            pairs
                .into_iter()
                .all(|(next, one)| next.span.start >= one.span.end),
            "never two at once"
        );
        assert!(timeline.incidents[6].span.end < timeline.end);
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
