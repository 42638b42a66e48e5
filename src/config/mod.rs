//! What a user may write → a checked plan.
//!
//! A file (YAML or TOML), over it the environment (`TIDEGAUGE__SECTION__KEY`), over it flags. Nothing of it is required: the defaults
//! watch a topic `predictions`. The way is
//!
//! 1. `read`: the sources merged into one tree (the `config` crate);
//! 2. `shape`: the tree laid beside the defaults: unknown keys and wrong types, all of them, reported and taken out;
//! 3. `settle`, and each section's `check`: meaning and limits, again all of them;
//! 4. [`Checked`]: the plan of the stages, and the settings of what drives them.
//!
//! The doc comment of a field is its reference: `docs/configuration.md` and `tidegauge.example.yaml` are made of it, and a test
//! checks that they are current.

mod alerts;
mod bounds;
mod detect;
mod fault;
mod http;
mod join;
mod kafka;
mod learning;
mod limits;
mod log;
mod objective_burn;
mod objective_rule;
mod objective_sli;
mod objectives;
mod period;
mod print;
mod quality;
mod read;
mod runtime;
mod secret;
mod segments;
mod settings;
mod settle;
mod shape;
mod time;
mod topics;
mod windows;
mod words;

pub use alerts::Alerts;
pub use bounds::Bounds;
pub use detect::Detect;
pub use fault::{Fault, Faults};
pub use http::Http;
pub use join::{Join, Key};
pub use kafka::{Kafka, REFUSED};
pub use learning::Learning;
pub use limits::Limits;
pub use log::{Format, Level, Log};
pub use objectives::{Asked, AtLeast, AtMost, Bounded, Burn, BurnWindow, Objective};
pub use period::Period;
pub use print::yaml;
pub use quality::{Quality, Score};
pub use read::Sources;
pub use runtime::{Runtime, Start};
pub use secret::{MASK, Properties, is_secret};
pub use segments::Segments;
pub use settings::{Checked, Settings};
pub use time::Time;
pub use topics::Topics;
pub use windows::Window;

/// Reads and checks a configuration.
///
/// # Errors
/// Every fault of it, by path.
pub fn load(sources: &Sources) -> Result<Checked, Faults> {
    let tree = sources.merged()?;
    let mut faults = Faults::default();
    let settings = settle::settle(tree, &mut faults);
    let plan = settings.check(&mut faults);
    let checked = plan.map(|plan| Checked { plan, settings });
    faults
        .or(checked, |path| sources.origin(path))?
        .ok_or_else(Faults::default)
}
