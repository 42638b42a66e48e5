//! Formulas: groups, distances, tests, intervals.
