//! View of the demo: the live screen, or lines if there is no terminal. The terminal is always restored.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::draw::draw;
use super::plain::PlainView;
use super::snapshot::Snapshot;

/// Decision of the user after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Continue.
    Continue,
    /// Quit.
    Quit,
}

/// Error of the terminal or of standard output.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw on the terminal: {0}; use --plain")]
pub struct ViewError(#[from] io::Error);

/// Live screen, or lines.
pub struct View(Kind);

enum Kind {
    Live(Box<DefaultTerminal>),
    Plain(PlainView),
}

impl View {
    /// Opens the live screen, or lines if `plain` is set or standard output is no terminal.
    ///
    /// # Errors
    /// When the terminal refuses raw mode.
    pub fn open(plain: bool) -> Result<Self, ViewError> {
        if plain || !io::stdout().is_terminal() {
            return Ok(Self(Kind::Plain(PlainView::default())));
        }
        // This also installs a panic hook that restores the terminal before the message is printed.
        let terminal = ratatui::try_init().inspect_err(|_| ratatui::restore())?;
        Ok(Self(Kind::Live(Box::new(terminal))))
    }

    /// True if the view prints lines.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.0, Kind::Plain(_))
    }

    /// Draws `snapshot` and reads the keyboard. Call it about ten times a second.
    ///
    /// # Errors
    /// When the terminal or standard output cannot be written.
    pub fn show(&mut self, snapshot: &Snapshot<'_>) -> Result<Flow, ViewError> {
        match &mut self.0 {
            Kind::Live(terminal) => {
                terminal.draw(|frame| draw(frame, snapshot))?;
                Ok(keys()?)
            }
            Kind::Plain(plain) => {
                let mut out = io::stdout().lock();
                for line in plain.lines(snapshot) {
                    writeln!(out, "{line}")?;
                }
                out.flush()?;
                Ok(Flow::Continue)
            }
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if matches!(self.0, Kind::Live(_)) {
            ratatui::restore();
        }
    }
}

/// Reads the keys that were typed since the last call.
fn keys() -> io::Result<Flow> {
    while event::poll(Duration::ZERO)? {
        if let Event::Key(key) = event::read()?
            && wants_out(key)
        {
            return Ok(Flow::Quit);
        }
    }
    Ok(Flow::Continue)
}

/// True for q, Esc and Ctrl-C. In raw mode the system does not handle Ctrl-C.
fn wants_out(key: KeyEvent) -> bool {
    let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && (interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc))
}
