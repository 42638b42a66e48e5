//! The view: the live screen where there is a terminal, lines where there is none; the terminal is always given back.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::draw::draw;
use super::plain::Plain;
use super::scene::Scene;

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// The user wants to leave.
    Quit,
}

/// The terminal does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the terminal cannot be drawn on: {0}; use --plain")]
pub struct ViewError(#[from] io::Error);

/// Where the demo is shown.
pub struct View(Kind);

enum Kind {
    Live(Box<DefaultTerminal>),
    Plain(Plain),
}

impl View {
    /// The live screen, or lines if `plain` or if standard output is no terminal.
    ///
    /// # Errors
    /// When the terminal refuses raw mode.
    pub fn open(plain: bool) -> Result<Self, ViewError> {
        if plain || !io::stdout().is_terminal() {
            return Ok(Self(Kind::Plain(Plain::default())));
        }
        // Also installs a panic hook that gives the terminal back before the message is printed.
        let terminal = ratatui::try_init().inspect_err(|_| ratatui::restore())?;
        Ok(Self(Kind::Live(Box::new(terminal))))
    }

    /// Whether it writes lines.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.0, Kind::Plain(_))
    }

    /// Draws `scene` and looks for a key; meant to be called some ten times a second.
    ///
    /// # Errors
    /// When the terminal or standard output cannot be written.
    pub fn show(&mut self, scene: &Scene<'_>) -> Result<Flow, ViewError> {
        match &mut self.0 {
            Kind::Live(terminal) => {
                terminal.draw(|frame| draw(frame, scene))?;
                Ok(keys()?)
            }
            Kind::Plain(plain) => {
                let mut out = io::stdout().lock();
                for line in plain.lines(scene) {
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

/// Everything that was typed since the last look.
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

/// Raw mode takes Ctrl-C away from the system, so it is ours to honour.
fn wants_out(key: KeyEvent) -> bool {
    let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && (interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc))
}
