//! Incidents of the demo: what breaks, when in event time, and which alert is expected.

use super::record::PublishedKind;
use crate::event::EventTime;
use crate::window::{Boundary, Span};

/// Kind of incident. Only the logged features break; the model itself still gets correct values, so one incident has one
/// cause. The last two kinds change no prediction: only labels show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentKind {
    /// Amounts are logged in cents.
    AmountInCents,
    /// 2 % of payments come from a new country.
    UnseenCountry,
    /// Age is null in 20 % of events instead of 2 %.
    AgeNulls,
    /// The logit of the score is higher by half of its standard deviation.
    ScoreShift,
    /// No events arrive.
    Silence,
    /// Fraud moves to prepaid cards. The model does not recognise it, and what it suspects there is honest.
    FraudMoves,
    /// Payments of the previous evening, first labelled honest, turn out to be fraud.
    Chargebacks,
}

/// Record that is required in addition to an alert, or instead of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Only the alert.
    Alert,
    /// Alert, and later a follow-up record with this verdict.
    Assessed(&'static str),
    /// No alert. The next report on the day must count every correction.
    Report,
}

/// Expected alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expect {
    /// Kinds of alert; one of them must name the subject.
    pub kinds: &'static [PublishedKind],
    /// Subject; `None` for the whole model.
    pub subject: Option<&'static str>,
    /// Segment that the alert must name, if any.
    pub segment: Option<&'static str>,
    /// Record that is required in addition, or instead.
    pub sign: Sign,
    /// Other subjects that the incident moves. Their alerts are explained but not required.
    pub also: &'static [&'static str],
}

/// Incident over a span of event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// Name for people.
    pub name: &'static str,
    /// Kind of the incident.
    pub kind: IncidentKind,
    /// Span of event time.
    pub span: Span,
    /// Expected alert.
    pub expects: Expect,
}

impl Incident {
    /// True while the incident is in progress.
    #[must_use]
    pub fn is_active(&self, time: EventTime) -> bool {
        self.span.start.time() <= time && time < self.span.end.time()
    }
}

/// Timeline of the demo in event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// First minute: midnight UTC, so that the daily rhythm has its place.
    pub start: Boundary,
    /// Time at which the reference should be learned.
    pub learned: Boundary,
    /// End of the last minute.
    pub end: Boundary,
    /// Incidents in order. They do not overlap.
    pub incidents: Vec<Incident>,
}

const HOUR: i64 = 60;
const DATA_OR_DRIFT: &[PublishedKind] = &[PublishedKind::DataQuality, PublishedKind::Drift];

/// Name, kind, begin and duration (both in minutes) and expected alert of each incident. Two hours are enough for the
/// 15-minute and the 1-hour window. Incidents that predictions show are at least two hours apart.
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

/// Subject under which alerts name the objective.
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
    /// Timeline that begins on `day`, rounded down to midnight UTC: a day to learn from, a day with incidents, and half an
    /// hour for the reports.
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

    /// Kind of the incident at `time`, if there is one.
    #[must_use]
    pub fn kind_at(&self, time: EventTime) -> Option<IncidentKind> {
        self.incidents
            .iter()
            .find(|incident| incident.is_active(time))
            .map(|incident| incident.kind)
    }

    /// Span of the incident of this kind.
    #[must_use]
    pub fn span_of(&self, kind: IncidentKind) -> Option<Span> {
        let found = self.incidents.iter().find(|own| own.kind == kind)?;
        Some(found.span)
    }

    /// Position of `time` between start and end, from 0 to 1.
    #[must_use]
    pub fn share(&self, time: EventTime) -> f64 {
        let whole = (self.end.time().0 - self.start.time().0).max(1) as f64;
        ((time.0 - self.start.time().0) as f64 / whole).clamp(0.0, 1.0)
    }
}

fn incident(
    start: Boundary,
    (name, kind, at, minutes, expects): (&'static str, IncidentKind, i64, i64, Expect),
) -> Incident {
    let begin = start.plus_minutes(at);
    let span = Span {
        start: begin,
        end: begin.plus_minutes(minutes),
    };
    Incident {
        name,
        kind,
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
        let (shown, hidden): (Vec<&Incident>, Vec<&Incident>) = timeline
            .incidents
            .iter()
            .partition(|i| !matches!(i.kind, IncidentKind::FraudMoves | IncidentKind::Chargebacks));
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
                .kind_at(timeline.start.plus_minutes(m).time())
                .is_none()
        }));
    }
}
