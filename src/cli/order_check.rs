//! What the command checks of an order before it gives it, and what it says while it waits.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

use super::Printable;
use crate::config::nearest;
use crate::pipeline::Plan;
use crate::pipeline::control::parse_instant;
use crate::pipeline::evaluate::learnable_minutes;

/// What is known of the model that an order names.
#[derive(Debug, PartialEq, Eq)]
pub enum ModelCheck {
    /// It has a reference, or had one.
    Known,
    /// It never had a reference, and one of a similar name has.
    Mistyped(String),
    /// It never had a reference: it may be learning its first.
    Unknown(String),
}

/// Compares the name of a model with the `names` that have a reference on `topic`.
pub fn model(name: &str, names: &BTreeSet<String>, topic: &str) -> ModelCheck {
    if names.contains(name) {
        return ModelCheck::Known;
    }
    let what = format!(
        "topic {topic} has no reference of model {}",
        Printable(name)
    );
    match nearest(name, names.iter().map(String::as_str)) {
        Some(meant) => ModelCheck::Mistyped(format!(
            "{what}; did you mean {}? For a model that learns its first reference, add --yes",
            Printable(meant)
        )),
        None => ModelCheck::Unknown(format!(
            "{what}: the order is given all the same, and is refused if the model is not known"
        )),
    }
}

/// Names of the models in records of references.
pub fn names(records: &[Vec<u8>]) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Named {
        model: String,
    }
    let named = records.iter();
    let named = named.filter_map(|record| serde_json::from_slice::<Named>(record).ok());
    named.map(|record| record.model).collect()
}

/// Refuses the id of a reference that is published for another model or for a segment. One that is not published, or no longer, is
/// for the task to judge.
pub fn reference(model: &str, id: &str, records: &[Vec<u8>]) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Owned {
        model: String,
        segment: Option<String>,
        id: String,
    }
    let mut owned = records
        .iter()
        .filter_map(|record| serde_json::from_slice::<Owned>(record).ok());
    let Some(found) = owned.find(|record| record.id == id) else {
        return Ok(());
    };
    if found.model != model {
        return Err(format!(
            "reference {} is about {}, not about {}",
            Printable(id),
            Printable(&found.model),
            Printable(model)
        ));
    }
    match found.segment {
        Some(segment) => Err(format!(
            "reference {} is about segment {}: name that of the whole model, with which those of its segments come back",
            Printable(id),
            Printable(&segment)
        )),
        None => Ok(()),
    }
}

/// Refuses a time that lies after `now`: nothing was seen since then.
pub fn past(since: &str, now: Timestamp) -> Result<(), String> {
    let is_future = parse_instant(since).is_some_and(|since| since.0 > now.as_millisecond());
    if is_future {
        return Err(format!(
            "--since {since} lies in the future (it is {now:.0}): leave it out to learn from panes that come"
        ));
    }
    Ok(())
}

/// Text for an order that asks for panes from `since` on, if a model that has learned does not keep them for so long.
pub fn beyond_reach(since: &str, now: Timestamp, plan: &Plan) -> Option<String> {
    let minutes = learnable_minutes(plan);
    let oldest = now.as_millisecond() - minutes * 60_000;
    let is_beyond = parse_instant(since)?.0 < oldest;
    is_beyond.then(|| {
        format!(
            "with these windows, a model that has learned keeps panes to learn from for about {} h, so nothing older than that can be learned \
             from; the audit says from when on it learns",
            minutes / 60
        )
    })
}

/// What an order waits for. `is_read` is true if a process has read it; without `ticks`, only predictions move the clock.
pub fn waits_for(is_read: Option<bool>, ticks: bool) -> &'static str {
    match (is_read, ticks) {
        (Some(true), true) => "it is read and waits for the boundary after the clock",
        (Some(true), false) => {
            "it is read and waits for the boundary after the clock; with time.ticks: false the clock stands still until predictions come"
        }
        (Some(false), _) => "no process has read it yet",
        (None, _) => "no audit yet",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::ConfigSources;

    #[test]
    fn a_mistyped_model_is_told_from_one_that_nobody_knows() {
        let record = |name: &str| format!(r#"{{"model":"{name}","id":"x"}}"#).into_bytes();
        let names = names(&[record("fraud"), record("churn"), b"not json".to_vec()]);
        assert_eq!(names.len(), 2);
        assert_eq!(model("fraud", &names, "refs"), ModelCheck::Known);
        let mistyped = model("fruad", &names, "refs");
        assert!(
            matches!(&mistyped, ModelCheck::Mistyped(why) if why.contains("did you mean fraud?")),
            "{mistyped:?}"
        );
        let unknown = model("uplift", &names, "refs");
        assert!(matches!(unknown, ModelCheck::Unknown(_)), "{unknown:?}");
    }

    #[test]
    fn a_reference_of_another_model_or_of_a_segment_is_refused() {
        let record = |fields: &str| format!(r#"{{"part":1,{fields}}}"#).into_bytes();
        let records = [
            record(r#""model":"fraud","id":"a""#),
            record(r#""model":"churn","id":"b""#),
            record(r#""model":"fraud","segment":"tier=gold","id":"c""#),
        ];
        assert_eq!(reference("fraud", "a", &records), Ok(()));
        assert_eq!(reference("fraud", "x", &records), Ok(()), "no longer there");
        let why = |id| reference("fraud", id, &records).unwrap_err();
        assert!(why("b").contains("is about churn"), "{}", why("b"));
        assert!(why("c").contains("segment tier=gold"), "{}", why("c"));
    }

    #[test]
    fn a_time_in_the_future_is_refused() {
        let now: Timestamp = "2026-05-04T12:00:00Z".parse().unwrap();
        assert_eq!(past("2026-05-04T12:00:00Z", now), Ok(()));
        let why = past("2026-05-04T12:00:01Z", now).unwrap_err();
        assert!(why.contains("lies in the future"), "{why}");
    }

    /// The help, docs/operations.md and docs/statistics.md name this figure.
    #[test]
    fn a_model_that_has_learned_keeps_panes_for_25_hours_with_the_default_windows() {
        let sources = ConfigSources::default().flag("--predictions", "topics.predictions", "in");
        let plan = crate::config::load(&sources).unwrap().plan;
        assert_eq!(learnable_minutes(&plan), 25 * 60);
        let now: Timestamp = "2026-05-04T12:00:00Z".parse().unwrap();
        assert_eq!(beyond_reach("2026-05-03T11:00:00Z", now, &plan), None);
        let note = beyond_reach("2026-05-03T10:59:00Z", now, &plan).unwrap();
        assert!(note.contains("about 25 h"), "{note}");
    }

    #[test]
    fn without_ticks_the_wait_names_the_clock_that_stands_still() {
        assert!(waits_for(Some(true), false).contains("stands still"));
        assert!(!waits_for(Some(true), true).contains("stands still"));
    }
}
