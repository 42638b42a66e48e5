//! Well-known sets of burn windows, scaled to the period of an objective.
//!
//! **Intuition.** A factor says how much too fast the budget is spent, whatever the period. So for another period the windows stretch and the factors
//! stay, and an alert means the same share of the budget: 14.4 over 1 h is 2 % of 30 days. Scaled lengths are rounded to whole minutes, at least one.
//!
//! **Source.** `sre-workbook`: The Site Reliability Workbook, chapter 5, table 5-8, for 30 days. `pyrra`: its `slo/slo.go`, written for 28 days, with its
//! `for`. **Rejected.** Scaled factors: for 7 days they fall below 1, and a budget that will last would page.

use super::burn::{BurnWindow, Urgency};
use crate::window::WindowLength;

/// Named set of burn windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// 14.4 over 1h and 5m, 6 over 6h and 30m (pages), 3 over 1d and 2h, 1 over 3d and 6h (tickets); at once.
    SreWorkbook,
    /// 14 over 1h and 5m held 2m, 7 over 6h and 30m held 15m (pages), 2 over 1d and 2h held 1h, 1 over 4d and 6h held 3h (tickets).
    Pyrra,
    /// For labels: 3 over 1d and 1 over 3d (tickets). From a target of 99 % also 14.4 over 1h and 6 over 6h (pages); below that target they would fire
    /// only if nearly all labels proved the model wrong.
    Labels,
}

/// Long window, short window and hold (in minutes, for the preset's own period), factor, and urgency.
type Row = (i64, i64, i64, f64, Urgency);

const DAY: i64 = 1_440;
/// Target from which labels may page by the shortest windows.
const PAGING_LABELS_TARGET: f64 = 0.99;

const SRE_WORKBOOK: [Row; 4] = [
    (60, 5, 0, 14.4, Urgency::Page),
    (360, 30, 0, 6.0, Urgency::Page),
    (DAY, 120, 0, 3.0, Urgency::Ticket),
    (3 * DAY, 360, 0, 1.0, Urgency::Ticket),
];
const PYRRA: [Row; 4] = [
    (60, 5, 2, 14.0, Urgency::Page),
    (360, 30, 15, 7.0, Urgency::Page),
    (DAY, 120, 60, 2.0, Urgency::Ticket),
    (4 * DAY, 360, 180, 1.0, Urgency::Ticket),
];

impl Preset {
    /// Presets that a configuration may name, with their names.
    pub const NAMED: [(&'static str, Self); 2] =
        [("sre-workbook", Self::SreWorkbook), ("pyrra", Self::Pyrra)];

    /// Windows for an objective with this period (in minutes) and target. A window whose scaled length is not valid is left out.
    #[must_use]
    pub fn windows(self, period_minutes: i64, target: f64) -> Vec<BurnWindow> {
        let (own_period, rows) = match self {
            Self::SreWorkbook | Self::Labels => (30 * DAY, &SRE_WORKBOOK),
            Self::Pyrra => (28 * DAY, &PYRRA),
        };
        let fits = |row: &&Row| {
            self != Self::Labels || row.4 == Urgency::Ticket || target >= PAGING_LABELS_TARGET
        };
        let scaled = |row: &Row| {
            scaled(
                *row,
                Scale {
                    period_minutes,
                    own_period,
                },
            )
        };
        rows.iter().filter(fits).filter_map(scaled).collect()
    }
}

struct Scale {
    period_minutes: i64,
    own_period: i64,
}

impl Scale {
    /// Scales a number of minutes. Half a minute rounds up, as in Go.
    fn of(&self, minutes: i64) -> i64 {
        (2 * minutes * self.period_minutes + self.own_period) / (2 * self.own_period)
    }

    fn length(&self, minutes: i64) -> Option<WindowLength> {
        WindowLength::from_minutes(u32::try_from(self.of(minutes).max(1)).ok()?)
    }
}

fn scaled((long, short, hold, factor, severity): Row, scale: Scale) -> Option<BurnWindow> {
    Some(BurnWindow {
        long: scale.length(long)?,
        short: scale.length(short)?,
        factor,
        severity,
        hold_minutes: scale.of(hold),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(preset: Preset, period_days: i64, target: f64) -> Vec<(i64, i64, i64)> {
        let windows = preset.windows(period_days * DAY, target);
        let row = |w: &BurnWindow| (w.long.minutes(), w.short.minutes(), w.hold_minutes);
        windows.iter().map(row).collect()
    }

    #[test]
    fn thirty_days_are_the_workbook_and_twenty_eight_are_pyrra() {
        let workbook = [(60, 5, 0), (360, 30, 0), (1_440, 120, 0), (4_320, 360, 0)];
        assert_eq!(lengths(Preset::SreWorkbook, 30, 0.999), workbook);
        let pyrra = [
            (60, 5, 2),
            (360, 30, 15),
            (1_440, 120, 60),
            (5_760, 360, 180),
        ];
        assert_eq!(lengths(Preset::Pyrra, 28, 0.999), pyrra);
    }

    #[test]
    fn other_periods_stretch_the_windows() {
        let week = [(14, 1, 0), (84, 7, 0), (336, 28, 0), (1_008, 84, 0)];
        assert_eq!(lengths(Preset::SreWorkbook, 7, 0.999), week);
        let quarter = [
            (180, 15, 0),
            (1_080, 90, 0),
            (4_320, 360, 0),
            (12_960, 1_080, 0),
        ];
        assert_eq!(lengths(Preset::SreWorkbook, 90, 0.999), quarter);
    }

    #[test]
    fn few_labels_do_not_page_by_the_hour() {
        assert_eq!(
            lengths(Preset::Labels, 30, 0.95),
            [(1_440, 120, 0), (4_320, 360, 0)]
        );
        assert_eq!(lengths(Preset::Labels, 30, 0.99).len(), 4);
    }
}
