//! Remarks on a model: what cannot be judged yet or at all, why, and what would help. Each is said once in the log, and stands
//! on the status page as long as it holds.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::alert::HeldFamily;
use crate::detect::ReferenceKind;
use crate::sketch::Subject;
use crate::window::{Boundary, WeekDays, WindowLength};

/// Something that an operator should know of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The reference is being learned.
    Learning(AwaitedReference),
    /// Short windows hold too few predictions; longer ones judge.
    ThinWindows(ThinWindows),
    /// The reference lacks days of the week.
    MissingDays(MissingDays),
    /// Subjects are compared with earlier traffic, or will be.
    MovingReference(MovingSubjects),
    /// Late subjects were given up.
    GivenUp {
        /// Subjects that stayed too rare for 30 days.
        rare: u64,
        /// Subjects for which the reference has no place.
        no_room: u64,
    },
    /// Breaches must last before they fire, because alerts came and went.
    HeldAlerts(HeldFamily),
    /// Subjects whose reference holds nothing but nulls.
    OnlyNulls(NamedSubjects),
    /// Subjects whose own movement within a day hides every shift of less than two standard deviations.
    StrongRhythm(NamedSubjects),
}

/// Subjects, of which a remark names some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSubjects {
    /// Number of them.
    pub total: usize,
    /// The first of them, by name.
    pub names: Vec<String>,
}

impl NamedSubjects {
    /// Subjects that are named, at most.
    pub const NAMES_MAX: usize = 5;

    /// These subjects; `None` if there is none.
    #[must_use]
    pub fn of<'a>(subjects: impl Iterator<Item = &'a Subject>) -> Option<Self> {
        let mut names: Vec<String> = subjects.map(Subject::name).collect();
        let total = names.len();
        names.truncate(Self::NAMES_MAX);
        (total > 0).then_some(Self { total, names })
    }
}

impl fmt::Display for NamedSubjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = if self.total > self.names.len() {
            " and others"
        } else {
            ""
        };
        write!(f, "{}{others}", self.names.join(", "))
    }
}

/// What a reference waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwaitedReference {
    /// No window is judged before.
    pub not_before: Boundary,
    /// Hours with predictions that are missing.
    pub hours: u64,
    /// Predictions that are missing.
    pub events: u64,
    /// True if the time has passed at which steady traffic would have been enough.
    pub is_late: bool,
    /// Boundary from which an order lets the model learn anew; `None` if it learns for the first time.
    pub ordered_from: Option<Boundary>,
}

/// The windows that are too short for the traffic of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThinWindows {
    /// The longest window that is too short.
    pub thin: WindowLength,
    /// Most predictions of a version that such a window held.
    pub predictions: u64,
    /// The shortest window that holds enough.
    pub judging: WindowLength,
    /// Predictions that a judgement needs.
    pub needed: u64,
}

/// The days of the week that a reference lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingDays {
    /// Days of the week that it has.
    pub known: WeekDays,
    /// Why it lacks the others.
    pub why: ShortReference,
}

/// The subjects that are compared with earlier traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovingSubjects {
    /// What they are compared with.
    pub kind: ReferenceKind,
    /// Number of them.
    pub count: u64,
    /// Those of them that the frozen reference still judges.
    pub waiting: u64,
    /// Number of all judged subjects.
    pub of: u64,
    /// The last of them waits until then at least; `None` if none does.
    pub not_before: Option<Boundary>,
}

/// Why a reference lacks days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShortReference {
    /// It is provisional. It is not taken again before this boundary.
    Provisional(Boundary),
    /// The configuration asks for a reference of less than a week, of this many hours.
    Configured(i64),
    /// On the other days no prediction came while it was learned.
    NoTraffic,
}

/// The days that are missing: `weekends`, or their names.
fn missing(known: WeekDays) -> String {
    let missing: Vec<&str> = known.missing().collect();
    match missing.as_slice() {
        ["Sat", "Sun"] => "weekends".to_owned(),
        days @ [.., "Sat", "Sun"] => format!("weekends and further days ({})", days.join(", ")),
        days => days.join(", "),
    }
}

impl Remark {
    /// The remark in one word, for the status page.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Learning(_) => "learning",
            Self::ThinWindows(_) => "thin_windows",
            Self::MissingDays(_) => "missing_days",
            Self::MovingReference(_) => "moving_reference",
            Self::GivenUp { .. } => "given_up",
            Self::HeldAlerts(_) => "held_alerts",
            Self::OnlyNulls(_) => "only_nulls",
            Self::StrongRhythm(_) => "strong_rhythm",
        }
    }

    /// What it says, without numbers that move: a remark with the key of an earlier one is not logged again. `None` if it is
    /// not logged at all, because somebody wanted it so, or because lines of its own say it.
    #[must_use]
    pub fn log_key(&self) -> Option<String> {
        match self {
            Self::Learning(awaited) if awaited.is_late => Some("learning late".to_owned()),
            Self::Learning(_) => Some("learning".to_owned()),
            Self::ThinWindows(windows) => Some(format!("thin below {}", windows.judging.name())),
            Self::MissingDays(days) => match days.why {
                ShortReference::Provisional(_) => Some("days of a provisional one".to_owned()),
                ShortReference::NoTraffic => Some("days without traffic".to_owned()),
                ShortReference::Configured(_) => None,
            },
            Self::MovingReference(subjects) => Some(match subjects.not_before {
                Some(_) => "moving reference ahead".to_owned(),
                None => "moving reference".to_owned(),
            }),
            Self::GivenUp { .. } => None,
            Self::HeldAlerts(held) => Some(format!("held {} {}", held.kind(), held.factor)),
            Self::OnlyNulls(subjects) => Some(format!("only nulls {}", subjects.total)),
            Self::StrongRhythm(_) => Some("strong rhythm".to_owned()),
        }
    }
}

/// A sentence with the reason and what would help.
impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Learning(awaited) => awaited.fmt(f),
            Self::ThinWindows(windows) => windows.fmt(f),
            Self::MissingDays(days) => days.fmt(f),
            Self::MovingReference(subjects) => subjects.fmt(f),
            Self::GivenUp { rare, no_room } => write!(
                f,
                "{} subjects that came after the reference are not judged: {rare} stayed rarer than 300 values in 30 days, {no_room} found no \
                 place in the reference; an order to learn anew takes them in, and a larger bounds.features makes room",
                rare + no_room
            ),
            Self::HeldAlerts(held) => held.fmt(f),
            Self::OnlyNulls(subjects) => write!(
                f,
                "{} of its subjects held nothing but nulls while the reference was learned, so only the rate of nulls is judged: {subjects}; \
                 check what the producer writes into them, or name them under detect.exclude",
                subjects.total
            ),
            Self::StrongRhythm(subjects) => write!(
                f,
                "{} of its subjects move so far within a day that no shift of less than two standard deviations is found: {subjects}; with \
                 reference.kind auto or seasonal they are compared with the same hours of earlier days, once these are known; name what \
                 only tells the time under detect.exclude",
                subjects.total
            ),
        }
    }
}

impl fmt::Display for AwaitedReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pace = if self.is_late && self.events > 0 {
            " at its pace so far"
        } else {
            ""
        };
        let not_before = instant(self.not_before);
        write!(f, "it cannot be judged before {not_before}{pace}")?;
        let hours = (self.hours > 0).then(|| format!("{} hours with predictions", self.hours));
        let events = (self.events > 0).then(|| format!("{} predictions", self.events));
        let lacks: Vec<String> = hours.into_iter().chain(events).collect();
        if !lacks.is_empty() {
            write!(f, ", because its reference lacks {}", lacks.join(" and "))?;
        }
        if let Some(from) = self.ordered_from {
            write!(f, "; an order lets it learn anew from {} on", instant(from))?;
        } else if self.is_late {
            write!(
                f,
                "; a shorter learning.provisional or a smaller learning.events_min judges sooner, and finds larger shifts only"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for ThinWindows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            thin,
            predictions,
            judging,
            needed,
        } = self;
        write!(
            f,
            "its drift is judged by windows of {} and more: those of {} hold at most {predictions} predictions of a version, and a judgement \
             needs {needed}",
            judging.name(),
            thin.name()
        )
    }
}

impl fmt::Display for MissingDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = missing(self.known);
        match self.why {
            ShortReference::Provisional(until) => write!(
                f,
                "its reference lacks {missing}: a shift smaller than a break is shown and pages nobody until the reference is taken again, not \
                 before {}",
                instant(until)
            ),
            ShortReference::Configured(hours) => write!(
                f,
                "its reference lacks {missing}, because learning.span is {hours}h: days that differ are found as drift"
            ),
            ShortReference::NoTraffic => write!(
                f,
                "its reference lacks {missing}, because no prediction came then: the first that do may be found as drift; let the model learn \
                 anew once there are some"
            ),
        }
    }
}

impl fmt::Display for MovingSubjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, of, .. } = self;
        let with = match self.kind {
            ReferenceKind::Fixed => "the frozen reference",
            ReferenceKind::Trailing => "the traffic before each window",
            ReferenceKind::Seasonal => "the same hours of earlier periods",
        };
        let tense = if self.waiting == *count {
            "will be"
        } else {
            "are"
        };
        write!(
            f,
            "{count} of its {of} subjects {tense} compared with {with}"
        )?;
        match self.not_before {
            None => Ok(()),
            Some(at) if self.waiting == *count => write!(
                f,
                ", not before {}: that needs earlier traffic, and seven days that say what is ordinary; until then the frozen reference judges",
                instant(at)
            ),
            Some(at) => write!(
                f,
                "; {} of them still wait for it, until {} at least, and are compared with the frozen reference",
                self.waiting,
                instant(at)
            ),
        }
    }
}

/// A boundary as text, to the minute.
pub(super) fn instant(at: Boundary) -> String {
    let time = jiff::Timestamp::from_millisecond(at.time().0);
    time.map_or_else(
        |_| at.0.to_string(),
        |time| time.strftime("%FT%RZ").to_string(),
    )
}

/// Why a late subject is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GivenUp {
    /// It has had fewer than 300 values in 30 days.
    Rare,
    /// The reference holds as many subjects as it may.
    NoRoom,
}

impl GivenUp {
    /// The value of the label `reason` in metrics and in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rare => "rare",
            Self::NoRoom => "no_room",
        }
    }
}

/// What became of a subject that came after the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateSubject {
    /// The model.
    pub model: String,
    /// Name of the subject.
    pub subject: String,
    /// Why it is given up; `None` if it has learned.
    pub given_up: Option<GivenUp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::DAY_MINUTES;

    fn days(nths: impl IntoIterator<Item = i64>) -> WeekDays {
        let mut days = WeekDays::default();
        // 1970-01-05 was a Monday.
        let starts = nths
            .into_iter()
            .map(|nth| Boundary((4 + nth) * DAY_MINUTES));
        starts.for_each(|start| days.add(start));
        days
    }

    #[test]
    fn missing_days_are_named_and_weekends_as_such() {
        assert_eq!(missing(days(0..5)), "weekends");
        assert_eq!(missing(days(0..6)), "Sun");
        assert_eq!(missing(days([0, 5, 6])), "Tue, Wed, Thu, Fri");
        assert_eq!(
            missing(days(0..3)),
            "weekends and further days (Thu, Fri, Sat, Sun)"
        );
        assert!(days(0..7).is_whole() && !days(1..7).is_whole());
    }

    #[test]
    fn what_a_reference_waits_for_is_named_with_a_time() {
        let awaited = AwaitedReference {
            not_before: Boundary(29_000_000),
            hours: 3,
            events: 200,
            is_late: false,
            ordered_from: None,
        };
        let text = Remark::Learning(awaited).to_string();
        assert_eq!(
            text,
            "it cannot be judged before 2025-02-19T21:20Z, because its reference lacks 3 hours with predictions and 200 predictions"
        );
    }

    /// Whoever ordered the model to learn needs no advice to lower the settings of learning.
    #[test]
    fn advice_about_learning_is_given_only_where_nobody_ordered_it() {
        let late = |ordered_from| {
            let awaited = AwaitedReference {
                not_before: Boundary(29_000_000),
                hours: 3,
                events: 200,
                is_late: true,
                ordered_from,
            };
            Remark::Learning(awaited).to_string()
        };
        assert!(late(None).contains("learning.provisional"));
        let ordered = late(Some(Boundary(28_999_000)));
        assert!(!ordered.contains("learning."), "{ordered}");
        assert!(ordered.contains("an order lets it learn anew from 2025-02-19T04:40Z on"));
    }
}
