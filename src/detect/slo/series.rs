//! The counts behind one objective: good and valid by the minute for its windows, by the hour for its period.
//!
//! **Intuition.** A burn window needs its edges to the minute and nothing but sums between; a period of a month needs no minutes at all. So
//! whole hours are kept as totals, and minutes only as far back as the longest window reaches.
//!
//! **Limits.** An hour whose minutes are forgotten counts whole wherever a span touches it. A span within [`Series::detail_minutes`] of the last
//! [`Series::age`] is exact. Counts come in minutes; where only quarters of an hour are looked at, they are kept by the quarter.
//! **Cost.** A sum: one step per full hour and per minute of the two hours at the edges. Memory: 24 bytes per minute with events, some
//! 100 KB for windows of three days on a busy model, and 40 bytes per hour of the period. One hour written out is at most 0.9 KB.
//! **Rejected.** Minutes for the whole period: 1 MB per objective and scope. Prefix sums: a late correction would rewrite them all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::objective::{LAST_WEEK_STEP, Objective, Rule};
use crate::sketch::{Monoid, Share};
use crate::window::{Boundary, Span};

const HOUR: i64 = 60;
const WEEK: i64 = 7 * 1_440;

/// The counts of one hour, as they are kept and as they are written out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hour {
    /// All of the hour.
    total: Share,
    /// By minute of the hour, ascending, those with counts only; empty once the minutes are forgotten.
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

    /// The counts from one minute of the hour up to another; the whole hour where no minutes are known.
    fn part(&self, minutes: std::ops::Range<i64>) -> Share {
        if self.minutes.is_empty() {
            return self.total;
        }
        let inside = |(minute, _): &&(u8, Share)| minutes.contains(&i64::from(*minute));
        sum(self.minutes.iter().filter(inside).map(|(_, share)| share))
    }
}

/// The counts behind one objective in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    hours: BTreeMap<Boundary, Hour>,
    /// Begin of the first hour that still has its minutes.
    detailed_from: Boundary,
    keep: Keep,
}

/// How far back, in minutes, and how finely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Keep {
    grain: i64,
    detail: i64,
    total: i64,
}

impl Keep {
    fn of(objective: &Objective) -> Self {
        let detail = match &objective.rule {
            Rule::Burn { windows, .. } => {
                windows.iter().map(|w| w.long.minutes()).max().unwrap_or(0)
            }
            Rule::Below { .. } => 0,
            Rule::AboveLastWeek { window, .. } => WEEK + window.minutes(),
        };
        let grain = match &objective.rule {
            Rule::AboveLastWeek { .. } => LAST_WEEK_STEP,
            _ => 1,
        };
        Self {
            grain,
            detail: detail + HOUR,
            total: detail.max(objective.rule.period_minutes()) + 2 * HOUR,
        }
    }
}

impl Series {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(objective: &Objective) -> Self {
        Self {
            hours: BTreeMap::new(),
            detailed_from: Boundary(i64::MIN),
            keep: Keep::of(objective),
        }
    }

    /// As it was when its hours were written out; [`Series::age`] then forgets what has become too old.
    #[must_use]
    pub fn restore(
        objective: &Objective,
        hours: impl IntoIterator<Item = (Boundary, Hour)>,
    ) -> Self {
        Self {
            hours: hours.into_iter().collect(),
            ..Self::new(objective)
        }
    }

    /// Counts `share` in the minute that begins at `minute`. Order and grouping do not matter.
    pub fn add(&mut self, minute: Boundary, share: &Share) {
        if share.is_empty() {
            return;
        }
        let of_hour = minute.0.rem_euclid(HOUR);
        let of_hour = of_hour - of_hour % self.keep.grain;
        let hour = self.hours.entry(hour_of(minute)).or_default();
        hour.add(u8::try_from(of_hour).unwrap_or(0), share);
    }

    /// What was counted from the span's start up to its end.
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

    /// How many minutes back, at least, a span is exact.
    #[must_use]
    pub fn detail_minutes(&self) -> i64 {
        self.keep.detail
    }

    /// Forgets what no look at `now` or later can need; the hours that are gone, for whoever wrote them out.
    pub fn age(&mut self, now: Boundary) -> Vec<Boundary> {
        let detailed_from = hour_of(now.plus_minutes(-self.keep.detail)).max(self.detailed_from);
        for (_, hour) in self.hours.range_mut(self.detailed_from..detailed_from) {
            hour.minutes = Vec::new();
        }
        self.detailed_from = detailed_from;
        let kept = self
            .hours
            .split_off(&hour_of(now.plus_minutes(-self.keep.total)));
        std::mem::replace(&mut self.hours, kept)
            .into_keys()
            .collect()
    }

    /// Whether nothing is counted at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }

    /// When each hour that is kept begins.
    pub fn hours(&self) -> impl Iterator<Item = Boundary> + '_ {
        self.hours.keys().copied()
    }

    /// The hour that `at` lies in, to be written out: it changes while `at` moves through it, and by corrections never after.
    #[must_use]
    pub fn hour(&self, at: Boundary) -> Option<(Boundary, &Hour)> {
        let start = hour_of(at);
        self.hours.get(&start).map(|hour| (start, hour))
    }

    /// The minutes of the span in which something valid was counted, ascending.
    pub(super) fn busy_minutes(&self, span: Span) -> impl Iterator<Item = Boundary> + '_ {
        let hours = self.hours.range(hour_of(span.start)..span.end);
        let minutes = hours.flat_map(|(start, hour)| {
            let busy = hour.minutes.iter().filter(|(_, share)| share.valid > 0);
            busy.map(|(minute, _)| start.plus_minutes(i64::from(*minute)))
        });
        minutes.filter(move |minute| (span.start..span.end).contains(minute))
    }
}

/// Begin of the hour that a minute lies in.
fn hour_of(minute: Boundary) -> Boundary {
    Boundary(minute.0 - minute.0.rem_euclid(HOUR))
}

fn sum<'a>(shares: impl Iterator<Item = &'a Share>) -> Share {
    let mut out = Share::default();
    shares.for_each(|share| out.merge(share));
    out
}
