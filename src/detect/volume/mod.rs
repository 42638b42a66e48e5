//! `volume`: traffic that falls or rises, compared with the same time of earlier weeks.
//!
//! **Intuition.** Traffic has a daily and a weekly shape, and it strays from that shape by an amount that can be learned.
//! Windows of 15 minutes, an hour, a day and a week are compared with the same time of the last four weeks at the level
//! of today. A change is an alarm if it is larger than the habit of ordinary days and the noise of counts together.
//!
//! **Counts.** All predictions of the model that come, also those of versions that a limit turned away.
//!
//! **Formula.** D = 2(√(x/b) − 1), b from `expected`. Alarm when D ≥ max(floor, B + noise(α)), on each side: B from
//! `habit`, noise(α) = z(1−α)·√f with f the variance of D, α = budget ÷ (8 × judgements of a window in 30 days), the
//! floors from the settings. A day alarms if all its windows of the past hour do. In the first two weeks `early` finds
//! full stops and days that fall by 28 %. From day 10, windows up to a day alarm at a fall by 75 %, until seven days are
//! learned.
//! Published with each window: the smallest fall and rise that alarm now, as shares of what is expected.
//!
//! **Assumptions and limits.** Traffic repeats weekly. A holiday is a finding. After four days at a new level the day
//! expects it, and the week tells it for four more. Rises need two weeks, and are not judged in the first. A weekend is
//! Saturday and Sunday.
//!
//! **Cost.** About 40 µs per model and quarter of an hour. State: 35 days of counts and 28 days of habit, 7 to 14 KB.
//! **Source.** Own simulation; its figures are in `docs/statistics.md`. **Rejected.** A Poisson test against the mean of
//! the past, because it fires every night. Yesterday alone, because it pages on the first Saturday.

mod counts;
mod early;
mod expected;
mod habit;
mod noise;
mod reading;
mod rung;
mod series;
mod side;
mod slot;
mod week;

pub use self::counts::SlotCounts;
pub use self::series::{NAME, VolumeSeries, VolumeSettings, VolumeWindow};
pub use self::slot::{SLOT_MINUTES, Slot};
