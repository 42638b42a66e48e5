//! Panes, watermarks and windows in event time. The caller passes in the time; nothing here reads a clock.

mod pane;
mod ring;
mod rollup;
mod watermark;
mod week_days;

pub use pane::{Boundary, DAY_MINUTES, HOUR_MINUTES, PANE_MILLIS, Span, WindowLength, WindowSpec};
pub use ring::{Aged, COARSE_MINUTES, PaneRing, Retention, TIERS, Tier};
pub use rollup::{PaneName, Resolution, RollupRetention, RollupRing};
pub use watermark::{Lateness, SourceClock};
pub use week_days::WeekDays;
