//! Panes, watermarks and windows: event time, driven from outside.

mod pane;
mod ring;
mod rollup;
mod watermark;

pub use pane::{Boundary, PANE_MILLIS, Span, WindowLength, WindowSpec};
pub use ring::{Aged, COARSE_MINUTES, PaneRing, Retention};
pub use rollup::{PaneName, Resolution, RollupRetention, RollupRing};
pub use watermark::{Lateness, SourceClock};
