//! Which class is looked for: the configured one, else one that is usually called so.

use crate::sketch::Quality;

/// Names of a positive class, the likeliest first.
const USUAL: [&str; 4] = ["1", "true", "yes", "positive"];

/// The positive class: the configured one, whether it has occurred or not; else the first of `1`, `true`, `yes` and
/// `positive` that was predicted or true. `None` where neither is known: measures then average over the classes.
#[must_use]
pub fn positive_class(quality: &Quality, configured: Option<&str>) -> Option<String> {
    let usual = || USUAL.into_iter().find(|name| quality.table.has_class(name));
    configured.or_else(usual).map(str::to_owned)
}
