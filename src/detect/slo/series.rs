//! Counts behind one objective: good and valid events by the minute for its windows, and by the hour for its period.
//!
//! **Intuition.** A burn window needs its edges exact to the minute, and between them only sums; a period of a month needs no minutes at all. So
//! whole hours are kept as totals, and minutes only as far back as the longest window reaches.
//!
//! **Limits.** An hour whose minutes are no longer kept counts whole for any span that touches it. A span within [`Series::detail_minutes`] of the last
//! [`Series::age`] is exact. Counts are kept by the minute, or by the quarter of an hour for rules that are evaluated only on quarters.
//! **Cost.** A sum: one step per full hour, and per minute of the two hours at the edges. Memory: 24 bytes per minute with events, about
//! 100 KB for windows of three days on a busy model, and 40 bytes per hour of the period. One hour is at most 0.9 KB when written out.
//! **Rejected.** Minutes for the whole period: 1 MB per objective and scope. Prefix sums: a late correction would rewrite them all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sketch::{Monoid, Share};
use crate::window::{Boundary, Span};

const HOUR: i64 = 60;

/// Counts of one hour, as kept and as written out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hour {
    /// Counts of the whole hour.
    total: Share,
    /// Counts by minute of the hour, ascending, without empty minutes; empty once the minutes are no longer kept.
    minutes: Vec<(u8, Share)>,
}

impl Hour {
    fn add(&mut self, minute: u8, share: &Share) {
        self.total.merge(share);
        match self.minutes.binary_search_by_key(&minute, |(own, _)| *own) {
            Ok(at) => {
                if let Some((_, own)) = self.minutes.get_mut(at) {
                    own.merge(share);
                }
            }
            Err(at) => self.minutes.insert(at, (minute, *share)),
        }
    }

    /// Counts from one minute of the hour up to another; of the whole hour if its minutes are not kept.
    fn part(&self, minutes: std::ops::Range<i64>) -> Share {
        if self.minutes.is_empty() {
            return self.total;
        }
        let inside = |(minute, _): &&(u8, Share)| minutes.contains(&i64::from(*minute));
        sum(self.minutes.iter().filter(inside).map(|(_, share)| share))
    }
}

/// Counts behind one objective in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    hours: BTreeMap<Boundary, Hour>,
    /// Start of the first hour that still has its minutes.
    detailed_from: Boundary,
    keep: SeriesRetention,
}

/// Retention of the counts that a rule needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesRetention {
    /// Resolution of the counts, in minutes.
    step_minutes: i64,
    /// Minutes back for which the sum of a span is exact.
    detail_minutes: i64,
    /// Minutes back for which hours are kept.
    total_minutes: i64,
}

impl SeriesRetention {
    /// Retention by steps of minutes as far back as `window_minutes`, and by the hour as far back as `period_minutes`.
    pub(super) fn new(step_minutes: i64, window_minutes: i64, period_minutes: i64) -> Self {
        Self {
            step_minutes,
            detail_minutes: window_minutes + HOUR,
            total_minutes: window_minutes.max(period_minutes) + 2 * HOUR,
        }
    }
}

impl Series {
    /// Empty series.
    #[must_use]
    pub fn new(keep: SeriesRetention) -> Self {
        Self {
            hours: BTreeMap::new(),
            detailed_from: Boundary(i64::MIN),
            keep,
        }
    }

    /// Series with the hours that were written out. Call [`Series::age`] afterwards to drop hours that have become too old.
    #[must_use]
    pub fn restore(
        keep: SeriesRetention,
        hours: impl IntoIterator<Item = (Boundary, Hour)>,
    ) -> Self {
        Self {
            hours: hours.into_iter().collect(),
            ..Self::new(keep)
        }
    }

    /// Adds `share` to the minute that begins at `minute`. Order and grouping of the calls do not matter.
    pub fn add(&mut self, minute: Boundary, share: &Share) {
        if share.is_empty() {
            return;
        }
        let of_hour = minute.0.rem_euclid(HOUR);
        let of_hour = of_hour - of_hour % self.keep.step_minutes;
        let hour = self.hours.entry(hour_of(minute)).or_default();
        hour.add(u8::try_from(of_hour).unwrap_or(0), share);
    }

    /// Sum of the counts from the span's start up to its end.
    #[must_use]
    pub fn sum(&self, span: Span) -> Share {
        let mut out = Share::default();
        for (start, hour) in self.hours.range(hour_of(span.start)..span.end) {
            let (from, to) = (span.start.0 - start.0, span.end.0 - start.0);
            if from <= 0 && to >= HOUR {
                out.merge(&hour.total);
            } else {
                out.merge(&hour.part(from..to));
            }
        }
        out
    }

    /// Minutes back for which, at least, the sum of a span is exact.
    #[must_use]
    pub fn detail_minutes(&self) -> i64 {
        self.keep.detail_minutes
    }

    /// Drops the counts that no evaluation at `now` or later needs. Returns the dropped hours, so that the caller can delete them where they were written out.
    pub fn age(&mut self, now: Boundary) -> Vec<Boundary> {
        let detailed_from =
            hour_of(now.plus_minutes(-self.keep.detail_minutes)).max(self.detailed_from);
        for (_, hour) in self.hours.range_mut(self.detailed_from..detailed_from) {
            hour.minutes = Vec::new();
        }
        self.detailed_from = detailed_from;
        let kept = self
            .hours
            .split_off(&hour_of(now.plus_minutes(-self.keep.total_minutes)));
        std::mem::replace(&mut self.hours, kept)
            .into_keys()
            .collect()
    }

    /// True if no hour is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }

    /// Starts of the kept hours.
    pub fn hours(&self) -> impl Iterator<Item = Boundary> + '_ {
        self.hours.keys().copied()
    }

    /// Hour that contains `at`, to be written out. It changes only while `at` moves through it; corrections never change it later.
    #[must_use]
    pub fn hour(&self, at: Boundary) -> Option<(Boundary, &Hour)> {
        let start = hour_of(at);
        self.hours.get(&start).map(|hour| (start, hour))
    }

    /// Minutes of the span with valid events, ascending.
    pub(super) fn busy_minutes(&self, span: Span) -> impl Iterator<Item = Boundary> + '_ {
        let hours = self.hours.range(hour_of(span.start)..span.end);
        let minutes = hours.flat_map(|(start, hour)| {
            let busy = hour.minutes.iter().filter(|(_, share)| share.valid > 0);
            busy.map(|(minute, _)| start.plus_minutes(i64::from(*minute)))
        });
        minutes.filter(move |minute| (span.start..span.end).contains(minute))
    }
}

/// Start of the hour that contains `minute`.
fn hour_of(minute: Boundary) -> Boundary {
    minute.floor(HOUR)
}

fn sum<'a>(shares: impl Iterator<Item = &'a Share>) -> Share {
    let mut out = Share::default();
    shares.for_each(|share| out.merge(share));
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const START: i64 = 10_000 * HOUR + 17;

    const DAY: i64 = 1_440;

    /// Retention of a burn rule with windows of up to 3 days.
    fn burn() -> SeriesRetention {
        SeriesRetention::new(1, 3 * DAY, 30 * DAY)
    }

    /// Counts that differ by minute; some are empty and some negative.
    fn share(minute: i64) -> Share {
        let valid = minute % 7 * 1_000 - 1_000;
        Share {
            good: valid - minute % 3,
            valid,
        }
    }

    fn filled(minutes: impl Iterator<Item = i64>) -> Series {
        let mut series = Series::new(burn());
        minutes.for_each(|minute| series.add(Boundary(minute), &share(minute)));
        series
    }

    fn added(minutes: std::ops::Range<i64>) -> Share {
        let shares: Vec<Share> = minutes.map(share).collect();
        sum(shares.iter())
    }

    fn span(start: i64, end: i64) -> Span {
        Span {
            start: Boundary(start),
            end: Boundary(end),
        }
    }

    #[test]
    fn sums_are_exact_to_the_minute() {
        let series = filled(START..START + 5_000);
        for (from, to) in [
            (0, 5_000),
            (0, 1),
            (30, 40),
            (30, 43),
            (43, 103),
            (43, 104),
            (100, 100),
            (1_234, 4_321),
        ] {
            let (from, to) = (START + from, START + to);
            assert_eq!(series.sum(span(from, to)), added(from..to), "{from}..{to}");
        }
        assert_eq!(series.sum(span(START - 900, START)), Share::default());
    }

    #[test]
    fn the_order_of_adding_does_not_matter() {
        let forth = filled(START..START + 500);
        let back = filled((START..START + 500).rev());
        assert_eq!(forth, back);
    }

    #[test]
    fn what_is_old_keeps_its_hours_and_then_nothing() {
        let mut series = filled(START..START + 40 * 1_440);
        let now = START + 40 * 1_440;
        let gone = series.age(Boundary(now));
        assert!(!gone.is_empty() && gone.iter().all(|hour| hour.0 + HOUR <= now - 30 * 1_440));
        let windows = now - series.detail_minutes();
        assert_eq!(
            series.sum(span(windows, now)),
            added(windows..now),
            "exact as far as the windows reach"
        );
        let hour = (windows - 600) / HOUR * HOUR;
        assert_eq!(
            series.sum(span(hour, now)),
            added(hour..now),
            "and from a full hour on"
        );
        assert_eq!(
            series.sum(span(hour + 5, now)),
            added(hour..now),
            "a cut hour counts whole"
        );
        let period = (now - 30 * 1_440) / HOUR * HOUR;
        assert_eq!(series.sum(span(period, now)), added(period..now));
    }

    #[test]
    fn hours_written_out_make_the_same_series() {
        let mut series = filled(START..START + 6_000);
        let now = Boundary(START + 6_000);
        let written = series.hours().map(|at| series.hour(at).unwrap());
        let bytes: Vec<Vec<u8>> = written
            .map(|hour| postcard::to_allocvec(&(hour.0, hour.1)).unwrap())
            .collect();
        let largest = bytes.iter().map(Vec::len).max().unwrap();
        assert!(largest < 1_500, "{largest} bytes");
        let read = bytes
            .iter()
            .map(|bytes| postcard::from_bytes::<(Boundary, Hour)>(bytes).unwrap());
        let mut restored = Series::restore(burn(), read);
        assert_eq!(
            restored.sum(span(START, now.0)),
            series.sum(span(START, now.0))
        );
        restored.age(now);
        series.age(now);
        assert_eq!(restored, series);
    }

    #[test]
    fn an_hour_of_a_million_events_a_minute_is_small() {
        let mut series = Series::new(burn());
        for minute in 0..60 {
            series.add(
                Boundary(minute),
                &Share {
                    good: 999_000_000,
                    valid: 1_000_000_000,
                },
            );
        }
        let bytes = postcard::to_allocvec(series.hour(Boundary(0)).unwrap().1).unwrap();
        assert!(bytes.len() < 900, "{} bytes", bytes.len());
    }

    #[test]
    fn comparing_with_last_week_keeps_quarters_of_an_hour() {
        let mut series = Series::new(SeriesRetention::new(15, 8 * DAY, DAY));
        let start = START - START % 15;
        (start..start + 9 * 1_440).for_each(|minute| series.add(Boundary(minute), &share(minute)));
        series.age(Boundary(start + 9 * 1_440));
        assert!(
            series
                .hours()
                .all(|at| series.hour(at).unwrap().1.minutes.len() <= 4)
        );
        let day = (start + 1_440 + 15, start + 2 * 1_440 + 15);
        assert_eq!(series.sum(span(day.0, day.1)), added(day.0..day.1));
    }
}
