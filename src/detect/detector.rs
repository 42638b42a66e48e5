//! Interface of a detector: it measures how far one subject of one window lies from its reference.

use super::case::Case;
use super::finding::Family;
use super::shift::Shift;
use super::sought::SoughtChange;
use super::variability::OrdinaryRule;

/// Detector of one kind of problem in one subject of one window.
///
/// A detector is a unit struct in its own file, and two lines in `detect/mod.rs`. Documentation, metric labels,
/// property tests and benches derive from the table.
pub trait Detector: Sync {
    /// Stable name in alerts, reports, metrics and the configuration.
    fn name(&self) -> &'static str;

    /// Family of its findings.
    fn family(&self) -> Family;

    /// What the share counts that it judges, for the text of an alert; `None` of a whole distribution.
    fn counted(&self) -> Option<&'static str> {
        None
    }

    /// How the bound of what is ordinary is limited, and what a past alarm teaches.
    fn ordinary_rule(&self) -> OrdinaryRule {
        OrdinaryRule::Distribution
    }

    /// Measures `case`: one shift for each thing that varies by itself, each with a channel of its own. Nothing if the
    /// detector does not apply to the subject (a test of categories and a number, for example).
    fn measure(&self, case: &Case<'_>) -> Vec<Shift>;

    /// The changes whose smallest size that is found can be told. None by default.
    fn sought(&self, _case: &Case<'_>) -> Vec<SoughtChange> {
        Vec::new()
    }
}
