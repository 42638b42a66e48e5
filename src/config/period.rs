//! A length of time as a user writes it: `15m`, `1h30m`, `7d`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A length of time in whole milliseconds, never negative, at most 100 years. A day is 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(i64);

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// Longest period: 100 years. It is far from the overflow of milliseconds.
const MILLIS_MAX: i64 = 36_525 * DAY;

impl Period {
    /// `count` milliseconds.
    #[must_use]
    pub const fn millis(count: u32) -> Self {
        Self(count as i64)
    }

    /// `count` seconds.
    #[must_use]
    pub const fn seconds(count: u32) -> Self {
        Self(count as i64 * 1_000)
    }

    /// `count` minutes.
    #[must_use]
    pub const fn minutes(count: u32) -> Self {
        Self(count as i64 * MINUTE)
    }

    /// `count` hours.
    #[must_use]
    pub const fn hours(count: u32) -> Self {
        Self::minutes(count * 60)
    }

    /// `count` days of 24 hours.
    #[must_use]
    pub const fn days(count: u32) -> Self {
        Self::hours(count * 24)
    }

    /// Whole milliseconds.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole minutes; `None` if the period is not a whole number of minutes.
    #[must_use]
    pub fn as_minutes(self) -> Option<i64> {
        (self.0 % MINUTE == 0).then_some(self.0 / MINUTE)
    }

    /// Period as a duration of the standard library.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        Duration::from_millis(self.0.unsigned_abs())
    }
}

impl std::str::FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let days_are_24_hours = jiff::SpanRelativeTo::days_are_24_hours();
        text.parse::<jiff::Span>()
            .and_then(|span| span.to_duration(days_are_24_hours))
            .ok()
            .and_then(|duration| i64::try_from(duration.as_millis()).ok())
            .filter(|millis| (0..=MILLIS_MAX).contains(millis))
            .map(Self)
            .ok_or_else(|| {
                format!("`{text}` is not a length of time; write it like 30s, 15m, 1h30m or 7d")
            })
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl fmt::Display for Period {
    /// Largest units first; days only from two days on: `24h`, `36h`, `7d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let units = [
            ("d", DAY),
            ("h", 60 * MINUTE),
            ("m", MINUTE),
            ("s", 1_000),
            ("ms", 1),
        ];
        let skipped = usize::from(self.0 < 2 * DAY);
        let mut rest = self.0;
        for (unit, millis) in units.into_iter().skip(skipped) {
            if rest >= millis {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write_and_writes_it_back() {
        for (text, millis, canonical) in [
            ("15m", 900_000, "15m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("1h 30m", 5_400_000, "1h30m"),
            ("7d", 604_800_000, "7d"),
            ("1d", 86_400_000, "24h"),
            ("24h", 86_400_000, "24h"),
            ("1w", 604_800_000, "7d"),
            ("500ms", 500, "500ms"),
            ("0s", 0, "0s"),
            ("2d1h", 176_400_000, "2d1h"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.as_millis(), millis, "{text}");
            assert_eq!(period.to_string(), canonical, "{text}");
            assert_eq!(canonical.parse::<Period>().unwrap(), period, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_length() {
        for text in [
            "",
            "15",
            "-5m",
            "5m ago",
            "1 fortnight",
            "1mo",
            "1y",
            "900000d",
            "∞",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
