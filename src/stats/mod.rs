//! Statistics: paired cells and groups, distances, the likelihood ratio and its distribution, rates and their
//! intervals, and measures of quality.
//!
//! Everything here is a pure function of integer counts and exact sums. Logarithms and exponentials come from `libm`,
//! one implementation in Rust, so two platforms give the same bits. `f64::ln` and `f64::exp` would call the system's
//! library.

mod angle;
mod bernoulli;
mod cells;
mod chi_square;
mod comparison;
mod difference;
mod distance;
mod gamma;
mod groups;
mod interval;
mod likelihood;
mod likelihood_interval;
mod power;
mod quality;
mod subject_kind;

pub use angle::{angle, share_at};
pub use bernoulli::bernoulli_divergence;
pub use cells::{Pair, PairedCell, PairedCells};
pub use chi_square::ChiSquare;
pub use comparison::{Comparison, is_coarse, is_crowded, pairs};
pub use difference::Difference;
pub use distance::{About, DISTANCES, Distance, population_stability};
pub use gamma::ln_gamma_upper;
pub use groups::{Grouping, fewer};
pub use interval::{Interval, wilson};
pub use likelihood::{LikelihoodRatio, likelihood_ratio};
pub use likelihood_interval::likelihood_interval;
pub use power::{
    Scatter, likelihood_scatter, normal_point, normal_share_below, spread_of, stability_scatter,
};
pub use quality::{
    Better, MEASURES, Measure, MeasureAbout, Measured, POSITIVE_CLASSES, Proportion, Selection,
    SelectionTest, evaluation_share, positive_class, proportion, selection,
};
pub use subject_kind::SubjectKind;
