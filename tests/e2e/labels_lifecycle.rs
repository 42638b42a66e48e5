//! Labels over restarts.
