//! Checks of the list of objectives: its length, the names, and each objective.

use std::collections::BTreeSet;

use super::fault::ConfigFaults;
use super::objective_rule;
use super::objectives::{ObjectiveConfig, ObjectiveLabelsConfig};
use crate::detect::slo;

const OBJECTIVES_MAX: usize = 50;
const NAME_BYTES_MAX: usize = 64;

/// Checked objectives for the stages, without those at fault. An objective that could not be read is not checked.
pub(super) fn check(
    objectives: &[ObjectiveConfig],
    labels: ObjectiveLabelsConfig,
    faults: &mut ConfigFaults,
) -> Vec<slo::Objective> {
    let wrong = format!("{} objectives are listed", objectives.len());
    faults.require(
        objectives.len() <= OBJECTIVES_MAX,
        "objectives",
        wrong,
        "list at most 50",
    );
    let unread = |i: &usize| faults.touch_within(&format!("objectives[{i}]"));
    let read: Vec<usize> = (0..objectives.len()).filter(|i| !unread(i)).collect();
    check_names(objectives, faults);
    let checked = read.into_iter().filter_map(|i| {
        let path = format!("objectives[{i}]");
        objective_rule::checked(&path, objectives.get(i)?, labels, faults)
    });
    checked.collect()
}

fn check_names(objectives: &[ObjectiveConfig], faults: &mut ConfigFaults) {
    let mut seen = BTreeSet::new();
    for (i, ObjectiveConfig { name, model, .. }) in objectives.iter().enumerate() {
        let path = format!("objectives[{i}].name");
        let fix = "use 1 to 64 characters out of a-z, A-Z, 0-9, `.`, `_` and `-`";
        let wrong = format!("`{name}` is not a valid name of an objective");
        faults.require(is_name(name), &path, wrong, fix);
        let wrong = format!("`{name}` is the name of another objective");
        faults.require(
            seen.insert(name),
            &path,
            wrong,
            "give each objective its own name",
        );
        let path = format!("objectives[{i}].model");
        let fix = "set the name of the model, or remove the key to include every model";
        faults.require(model.as_deref() != Some(""), &path, "it is empty", fix);
    }
}

fn is_name(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(letters)
}
