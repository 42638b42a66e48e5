//! Detectors: they take a window's summary and a reference and return findings. They use neither Kafka nor a clock.

mod baseline;
mod case;
mod days;
mod detectable;
mod detector;
mod direction;
mod doubt;
mod finding;
mod gravest;
mod growth;
mod number_text;
mod reference_counts;
mod shift;
pub mod slo;
mod sought;
mod subject_pattern;
mod tally;
mod variability;
pub mod volume;

mod drift {
    //! Detectors for a distribution that has moved away from the reference.
    pub(super) mod psi;
    pub(super) mod range_rate;
    pub(super) mod surge;
}

mod quality {
    //! Detectors for broken data: shares of values that should not occur.
    pub(super) mod error_rate;
    pub(super) mod missing_rate;
    pub(super) mod new_rate;
    pub(super) mod null_rate;
    pub(super) mod rate;
    pub(super) mod type_rate;
}

pub use baseline::Baseline;
pub use case::{Budget, Case, DetectorSettings, Sketches};
pub use detectable::{RequiredPoints, detectable};
pub use detector::Detector;
pub use direction::SHIFT_MAX;
pub use doubt::{doubt_parts, may_be_ordinary};
pub use finding::{Family, Finding, Verdict};
pub use gravest::gravest;
pub use growth::{FOOLED_BY_GROWTH, FeatureGrowth, Quartiles};
pub use number_text::{percent, short_number};
use quality::rate::least_rise;
pub use reference_counts::{ReferenceCounts, ReferenceKind};
pub use shift::{Compared, Counted, Shift};
pub use sought::{Alternative, RequiredShift, SoughtChange};
pub use subject_pattern::SubjectPattern;
pub use tally::{Tally, scaled};
pub use variability::{DAYS_OF_A_WEEK, Ordinary, OrdinaryRule, Variability};

/// Every detector of one subject in one window, in the order of the documentation.
pub static DETECTORS: &[&dyn Detector] = &[
    &drift::psi::PsiDrift,
    &drift::surge::Surge,
    &drift::range_rate::RangeRate,
    &quality::error_rate::ErrorRate,
    &quality::null_rate::NullRate,
    &quality::missing_rate::MissingRate,
    &quality::type_rate::TypeRate,
    &quality::new_rate::NewRate,
];
