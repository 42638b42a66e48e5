//! Interface of a detector: it judges one subject of one window and returns at most one finding.

use super::case::Case;
use super::finding::{Family, Finding};

/// Detector of one kind of problem in one subject of one window.
///
/// A detector is a unit struct in its own file, and two lines in `detect/mod.rs`. Documentation, metric labels,
/// property tests and benches derive from the table.
pub trait Detector: Sync {
    /// Stable name in alerts, reports, metrics and the configuration.
    fn name(&self) -> &'static str;

    /// Family of its findings.
    fn family(&self) -> Family;

    /// Judges `case`; `None` if the detector does not apply to the subject (a numeric test of a category, for example).
    ///
    /// `variability` is the learned variability: the largest value that [`Detector::variability`] returned for ordinary windows of
    /// this subject and length, or 0 if none was learned.
    fn judge(&self, case: &Case<'_>, variability: f64) -> Option<Finding>;

    /// Contribution of one ordinary window to the learned variability, which is the maximum over such windows. `None`
    /// if the detector learns nothing from the window.
    fn variability(&self, case: &Case<'_>) -> Option<f64>;
}
