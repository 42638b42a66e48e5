//! Reads a user's configuration and turns it into a checked plan.
//!
//! The sources are a file (YAML or TOML), the environment (`TIDEGAUGE__SECTION__KEY`) and flags; later ones win. None is required:
//! the defaults watch a topic `predictions`. The steps are
//!
//! 1. `read` merges the sources into one tree (with the `config` crate);
//! 2. `shape` compares the tree with the defaults, and reports and removes all unknown keys and wrong types;
//! 3. `settle` and the `check` of each section check meanings and limits, and report all faults;
//! 4. [`CheckedConfig`] holds the plan of the stages and the settings of what drives them.
//!
//! The doc comment of a field is its reference: `docs/configuration.md` and `tidegauge.example.yaml` are generated from it. A test
//! checks that both are current.

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
mod objective_check;
mod objective_rule;
mod objective_sli;
mod objectives;
mod period;
mod period_range;
mod print;
mod quality;
mod read;
mod reference;
mod runtime;
mod secret;
mod segments;
mod settings;
mod settle;
mod shape;
mod time;
mod topics;
mod volume;
mod windows;
mod words;

pub use alerts::AlertsConfig;
pub use bounds::BoundsConfig;
pub use detect::DetectConfig;
pub use fault::{ConfigFault, ConfigFaults, nearest};
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
pub use reference::{Against, ReferenceConfig};
pub use runtime::{RuntimeConfig, Start};
pub use secret::{MASK, Properties, is_secret};
pub use segments::SegmentsConfig;
pub use settings::{CheckedConfig, Configuration};
pub use time::TimeConfig;
pub use topics::TopicsConfig;
pub use volume::VolumeConfig;
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
        .of_file(sources.file_name())
        .or(checked, |path| sources.origin(path))?
        .ok_or_else(ConfigFaults::default)
}
