//! References: the frozen distributions with which windows of a model are compared.

mod frozen;
mod learn;
mod rhythm;

pub use frozen::{Reference, SubjectReference};
pub use learn::{Learned, LearnedSubject, learn, learn_subjects};
pub use rhythm::{PhasedCounts, Rhythm};
