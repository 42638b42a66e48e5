//! Panes, watermarks and windows: event time, driven from outside.

mod pane;
mod watermark;

pub use pane::{Boundary, PANE_MILLIS, Span, WindowLength, WindowSpec};
pub use watermark::{Lateness, SourceClock};
