//! Choice of the positive class: the configured class, or else one with a usual name.

use crate::sketch::Quality;

/// Usual names of a positive class, the most likely first.
pub const POSITIVE_CLASSES: [&str; 4] = ["1", "true", "yes", "positive"];

/// Positive class: the configured one, even if it has not occurred, or else the first of `1`, `true`, `yes` and
/// `positive` that was predicted or true. `None` if there is neither; measures then average over the classes.
#[must_use]
pub fn positive_class(quality: &Quality, configured: Option<&str>) -> Option<String> {
    let usual = || {
        POSITIVE_CLASSES
            .into_iter()
            .find(|name| quality.table.has_class(name))
    };
    configured.or_else(usual).map(str::to_owned)
}
