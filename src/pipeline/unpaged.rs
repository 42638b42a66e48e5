//! Subjects that open no alerts, although they are judged and reported.

use std::fmt;

use crate::detect::FOOLED_BY_GROWTH;

/// Why a subject opens no alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unpaged {
    /// `detect.exclude` names it.
    Excluded,
    /// Its numbers only grew while its reference was learned, and still do. Shifts of its distribution open no alerts; nulls,
    /// missing values and other types do.
    Growing,
}

impl Unpaged {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::Excluded, Self::Growing];

    /// True if findings of `detector` reach no alert.
    #[must_use]
    pub fn silences(self, detector: &str) -> bool {
        match self {
            Self::Excluded => true,
            Self::Growing => FOOLED_BY_GROWTH.contains(&detector),
        }
    }

    /// The value of the label `reason` in metrics, and of `reason` on the status page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Growing => "growing",
        }
    }
}

/// The reason and what would help, for a log line, the status page, and the end of an alert.
impl fmt::Display for Unpaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Excluded => "it is excluded by detect.exclude",
            Self::Growing => {
                "its numbers only grow, as those of a row number or a clock do, so shifts of them open no alerts: send an age or a difference instead, or name it under \
                 detect.exclude"
            }
        })
    }
}
