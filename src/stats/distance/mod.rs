//! Distances between a window and its reference. Each distance is one file and two lines here.
//!
//! Detectors, reports, documentation and the property tests derive from [`DISTANCES`]. Detectors decide which distance
//! alerts.

mod definition;
mod js_distance;
mod ks;
mod psi;
mod smoothed;

pub use definition::{About, Distance};
pub use psi::population_stability; // used for alerts; distances are reached through the table

/// Every distance, in the order of the documentation.
pub static DISTANCES: &[&dyn Distance] = &[&psi::Psi, &ks::Ks, &js_distance::JsDistance];
