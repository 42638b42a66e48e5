//! What a user may write → a checked plan.
//!
//! A file (YAML or TOML), over it the environment (`TIDEGAUGE__SECTION__KEY`), over it flags. Nothing of it is required: the defaults
//! watch a topic `predictions`. The way is
//!
//! 1. `read`: the sources merged into one tree (the `config` crate);
//! 2. `shape`: the tree laid beside the defaults: unknown keys and wrong types, all of them, reported and taken out;
//! 3. `settle`, and each section's `check`: meaning and limits, again all of them;
//! 4. [`CheckedConfig`]: the plan of the stages, and the settings of what drives them.
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

pub use alerts::AlertsConfig;
pub use bounds::BoundsConfig;
pub use detect::DetectConfig;
pub use fault::{ConfigFault, ConfigFaults};
pub use http::HttpConfig;
pub use join::{JoinConfig, Key};
pub use kafka::{KafkaConfig, REFUSED};
pub use learning::LearningConfig;
pub use limits::LimitsConfig;
pub use log::{Format, Level, LogConfig};
pub use objectives::{
    AtLeast, AtMost, BoundedSliConfig, BurnConfig, BurnWindowConfig, ObjectiveConfig, SliConfig,
};
pub use period::Period;
pub use print::yaml;
pub use quality::{QualityConfig, Score};
pub use read::ConfigSources;
pub use runtime::{RuntimeConfig, Start};
pub use secret::{MASK, Properties, is_secret};
pub use segments::SegmentsConfig;
pub use settings::{CheckedConfig, Configuration};
pub use time::TimeConfig;
pub use topics::TopicsConfig;
pub use windows::WindowConfig;

/// Reads and checks a configuration.
///
/// # Errors
/// Every fault of it, by path.
pub fn load(sources: &ConfigSources) -> Result<CheckedConfig, ConfigFaults> {
    let tree = sources.merged()?;
    let mut faults = ConfigFaults::default();
    let settings = settle::settle(tree, &mut faults);
    let plan = settings.check(&mut faults);
    let checked = plan.map(|plan| CheckedConfig { plan, settings });
    faults
        .or(checked, |path| sources.origin(path))?
        .ok_or_else(ConfigFaults::default)
}
