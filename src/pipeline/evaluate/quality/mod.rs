//! Quality of one model against its labels: windows that are measured and reported, shares for objectives, assessments of
//! drift alerts.
//!
//! `model_quality` holds the data and `span` the shared arithmetic. Each other file adds one use of the data.

mod assessment;
mod close;
mod knowledge;
mod maturity;
mod model_quality;
mod report;
mod shares;
mod span;
mod stored;

pub use knowledge::{DriftToAssess, QualityKnowledge};
pub use model_quality::ModelQuality;
