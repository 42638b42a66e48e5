//! The demo: a broker inside the process, a seeded stream with incidents at known moments, and a reckoning at the end.

mod chance;
mod draw;
mod encode;
#[cfg(test)]
mod fake;
mod features;
mod incident;
mod plain;
mod produce;
mod record;
mod scene;
mod score;
mod traffic;
mod view;

pub use encode::encode;
pub use incident::{Expect, Incident, Mishap, Timeline};
pub use produce::{ProduceError, ProduceOptions, Produced, produce};
pub use record::{AlertKind, AlertRecord, AlertStatus, CauseRecord, NewCause, WindowRecord};
pub use scene::Scene;
pub use score::{FalseAlarm, Found, Outcome, Reckoning, reckon};
pub use traffic::{Event, MODEL, Traffic, VERSION};
pub use view::{Flow, View, ViewError};

use std::net::SocketAddr;

/// What the user may say to the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// Seed of the stream: the same seed gives the same events and, up to the last bit, the same alerts.
    pub seed: u64,
    /// Whether anything goes wrong; without it no alert may fire.
    pub incidents: bool,
    /// Go on after the table, until interrupted.
    pub keep_running: bool,
    /// One line per event of interest instead of the live view; also chosen when standard output is no terminal.
    pub plain: bool,
    /// Where `/metrics` answers; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl Default for Demo {
    fn default() -> Self {
        Self {
            seed: 1,
            incidents: true,
            keep_running: false,
            plain: false,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }
}
