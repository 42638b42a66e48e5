//! Panes, watermarks and windows: event time, driven from outside.

mod grains;
mod pane;
mod ring;
mod watermark;

pub use grains::{Grain, GrainRing, Kept, PaneName};
pub use pane::{Boundary, PANE_MILLIS, Span, WindowLength, WindowSpec};
pub use ring::{Aged, COARSE_MINUTES, PaneRing, Retention};
pub use watermark::{Lateness, SourceClock};
