//! From findings to published alerts: the state machine, the gathering of causes, the record.

mod settings;

pub use settings::Settings;

