//! Bad labels.
