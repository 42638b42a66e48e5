//! Colour of secondary text and frame of an area, shared by all parts of the live screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::widgets::{Block, Borders};

/// Style of secondary text.
pub(super) const QUIET: Style = Style::new().fg(Color::DarkGray);

/// Draws a title line and returns the area below it. There are no side borders, so that the content keeps all columns.
pub(super) fn titled(frame: &mut Frame<'_>, area: Rect, title: &str) -> Rect {
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(QUIET)
        .title(format!(" {title} ").bold());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}
