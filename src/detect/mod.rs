//! Detectors: a window's summary and the reference in, findings out. They never see Kafka and never read a clock.

mod case;
mod finding;
pub mod slo;
pub mod volume;

mod drift {
    //! A distribution moved away from the reference.
    pub(super) mod psi;
    pub(super) mod surge;
}

mod quality {
    //! The data is broken: shares of values that should not be there.
    pub(super) mod missing_rate;
    pub(super) mod new_rate;
    pub(super) mod null_rate;
    pub(super) mod range_rate;
    pub(super) mod rate;
    pub(super) mod type_rate;
}

pub use case::{Budget, Case, DetectorSettings};
pub use finding::{Family, Finding, Verdict};

/// Windows of this many minutes and longer learn no habits, so that what creeps in over weeks is still seen in them.
pub const HABITS_BELOW_MINUTES: i64 = 1_440;

/// One way of seeing trouble in one subject of one window.
///
/// A detector is a unit struct in a file of its own and two lines here; documentation, metric labels,
/// property tests and benches derive from the table.
pub trait Detector: Sync {
    /// Its stable name: in alerts, reports, metrics and the configuration.
    fn name(&self) -> &'static str;

    /// The family under which its findings are gathered.
    fn family(&self) -> Family;

    /// What it says of `case`; `None` when the subject is not of its kind (a numeric test of a category).
    ///
    /// `habit` is the largest value that [`Detector::habit`] gave for ordinary windows of this subject and length; 0 where none was learned.
    fn judge(&self, case: &Case<'_>, habit: f64) -> Option<Finding>;

    /// What one ordinary window adds to the learned habit, which is the maximum over such windows; `None` if the
    /// detector learns nothing of it.
    fn habit(&self, case: &Case<'_>) -> Option<f64>;
}

/// Every detector of one subject in one window, in the order of the documentation.
pub static DETECTORS: &[&dyn Detector] = &[
    &drift::psi::PsiDrift,
    &drift::surge::Surge,
    &quality::null_rate::NullRate,
    &quality::missing_rate::MissingRate,
    &quality::type_rate::TypeRate,
    &quality::new_rate::NewRate,
    &quality::range_rate::RangeRate,
];
