//! What an order does to a model, and the texts of its audit about that.

use super::wire::instant;
use crate::event::EventTime;
use crate::window::Boundary;

/// What an order does, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderEffect {
    /// The model learns anew.
    Relearned(Relearned),
    /// A reference that an earlier order dropped is in force again.
    Pinned(Pinned),
}

/// How a model learns anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relearned {
    /// First boundary that the model learns from.
    pub from: Boundary,
    /// First boundary that the order asked for, if what came before `from` is no longer kept; `None` otherwise.
    pub asked: Option<Boundary>,
    /// Id of the reference that was dropped; `None` if the model had none.
    pub dropped: Option<String>,
    /// Reference that can be brought back from then on; `None` if none can.
    pub pinnable: Option<PinnableReference>,
}

/// How a reference is brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Id that the order names.
    pub wanted: String,
    /// Id of the reference in force. It differs if subjects that were still learned are left out.
    pub id: String,
    /// Id of the reference that was dropped; `None` if the model had none.
    pub dropped: Option<String>,
    /// Reference that can be brought back from then on; `None` if none can.
    pub pinnable: Option<PinnableReference>,
}

/// A reference that an order can bring back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnableReference {
    /// Id that the order must name.
    pub id: String,
    /// First boundary at which it is no longer kept.
    pub until: Boundary,
}

impl PinnableReference {
    /// `until` in RFC 3339.
    #[must_use]
    pub fn until_text(&self) -> String {
        instant(self.until.time())
    }
}

impl OrderEffect {
    /// Id of the reference that is dropped; `None` if there is none.
    pub(super) fn dropped(&self) -> Option<&String> {
        match self {
            Self::Relearned(own) => own.dropped.as_ref(),
            Self::Pinned(own) => own.dropped.as_ref(),
        }
    }

    /// Reference that can be brought back from then on.
    pub(super) fn pinnable(&self) -> Option<&PinnableReference> {
        match self {
            Self::Relearned(own) => own.pinnable.as_ref(),
            Self::Pinned(own) => own.pinnable.as_ref(),
        }
    }

    /// The model that learns anew; `None` for other effects.
    pub(super) fn relearned(&self) -> Option<&Relearned> {
        match self {
            Self::Relearned(own) => Some(own),
            Self::Pinned(_) => None,
        }
    }

    /// The reference that is brought back; `None` for other effects.
    pub(super) fn pinned(&self) -> Option<&Pinned> {
        match self {
            Self::Relearned(_) => None,
            Self::Pinned(own) => Some(own),
        }
    }

    /// Phrase for a summary.
    pub(super) fn phrase(&self, is_applied: bool) -> String {
        match (self, is_applied) {
            (Self::Relearned(_), true) => "the model learns anew".to_owned(),
            (Self::Relearned(_), false) => "the model would learn anew".to_owned(),
            (Self::Pinned(own), true) => format!("reference {} is in force again", own.id),
            (Self::Pinned(own), false) => format!("reference {} would be in force again", own.id),
        }
    }

    /// Sentences that say what took effect at a boundary, on the word of `by`.
    pub(super) fn applied(&self, by: &str, at: EventTime) -> String {
        let (dropped, at) = (self.dropped_text(), instant(at));
        let what = match self {
            Self::Relearned(own) => format!(
                "On the word of {by}, {dropped} was dropped at {at}. The model learns from {} on; until it has learned, it is not compared with a \
                 reference.{}",
                instant(own.from.time()),
                own.cut()
            ),
            Self::Pinned(own) => format!(
                "On the word of {by}, reference {} is in force again from {at} on, with what was learned with it, and {dropped} was dropped.{} \
                 Windows that begin before {at} are not judged.",
                own.id,
                own.left_out()
            ),
        };
        format!(
            "{what} Alerts about drift and data quality ended. {}",
            self.way_back()
        )
    }

    /// Sentences that say what would take effect.
    pub(super) fn asked(&self, by: &str, at: EventTime) -> String {
        let (dropped, at) = (self.dropped_text(), instant(at));
        let what = match self {
            Self::Relearned(own) => format!(
                "{by} asked what the order would do. At {at} {dropped} would be dropped, and the model would learn from {} on.{}",
                instant(own.from.time()),
                own.cut()
            ),
            Self::Pinned(own) => format!(
                "{by} asked what the order would do. At {at} {dropped} would be dropped, and reference {} would be in force again.{}",
                own.id,
                own.left_out()
            ),
        };
        format!("{what} {} Nothing was changed.", self.way_back())
    }

    fn dropped_text(&self) -> String {
        let id = self.dropped();
        id.map_or_else(|| "no reference".to_owned(), |id| format!("reference {id}"))
    }

    /// What undoes the order, or that nothing does.
    fn way_back(&self) -> String {
        match (self.pinnable(), self.dropped()) {
            (Some(own), _) => format!(
                "Until {}, `tidegauge reference pin` brings back reference {}.",
                own.until_text(),
                own.id
            ),
            (None, Some(dropped)) => {
                format!("Reference {dropped} is provisional: no order brings it back.")
            }
            (None, None) => "No order brings back an earlier reference.".to_owned(),
        }
    }
}

impl Relearned {
    /// Says that the order asked for more than is kept; empty otherwise.
    fn cut(&self) -> String {
        self.asked.map_or_else(String::new, |asked| {
            format!(
                " The order asked for what came from {} on, but {} is the oldest time of which panes to learn from are kept.",
                instant(asked.time()),
                instant(self.from.time())
            )
        })
    }
}

impl Pinned {
    /// Says that something learns anew; empty otherwise.
    fn left_out(&self) -> String {
        if self.id == self.wanted {
            return String::new();
        }
        format!(
            " It is reference {} without the subjects of which it was provisional: they learn anew.",
            self.wanted
        )
    }
}
