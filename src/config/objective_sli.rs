//! SLI of an objective: checks the configured word or bound.

use super::fault::{ConfigFaults, nearest};
use super::objectives::{AtLeast, AtMost, BoundedSliConfig, ObjectiveLabelsConfig, SliConfig};
use crate::detect::slo::Sli;

const BOUNDED: [&str; 3] = ["latency_ms", "cost_usd", "evaluation"];
/// Evaluations are counted in hundredths.
const HUNDREDTHS: f64 = 100.0;
/// Largest accepted bound.
const BOUND_MAX: f64 = 1e12;

/// SLI at `path`; `None` if it has a fault.
pub(super) fn checked(
    path: &str,
    asked: &SliConfig,
    labels: ObjectiveLabelsConfig,
    faults: &mut ConfigFaults,
) -> Option<Sli> {
    let sli = match asked {
        SliConfig::Word(word) => of_word(path, word, faults),
        SliConfig::Bound(bounded) => of_bound(path, bounded, faults),
    }?;
    if sli.needs_truth() && !labels.are_read {
        let wrong = format!("`{}` needs labels, but no labels topic is set", sli.name());
        faults.add(path, wrong, "list the topics of labels in topics.labels");
        return None;
    }
    Some(sli)
}

fn of_word(path: &str, word: &str, faults: &mut ConfigFaults) -> Option<Sli> {
    let found = Sli::WORDS.into_iter().find(|sli| sli.name() == word);
    if found.is_none() {
        let wrong = match word {
            "" => "it is missing".to_owned(),
            _ if BOUNDED.contains(&word) => format!("`{word}` needs a bound"),
            _ => format!("`{word}` is not an SLI"),
        };
        faults.add(path, wrong, meant(word));
    }
    found
}

/// SLIs that are configured by one word.
fn words() -> Vec<&'static str> {
    Sli::WORDS.iter().map(Sli::name).collect()
}

fn meant(word: &str) -> String {
    match nearest(word, words().into_iter().chain(BOUNDED)) {
        Some("latency_ms") => "write {latency_ms: {at_most: 100}}".to_owned(),
        Some("cost_usd") => "write {cost_usd: {at_most: 0.02}}".to_owned(),
        Some("evaluation") => "write {evaluation: {name: faithfulness, at_least: 0.7}}".to_owned(),
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "use {}, or a bound on {}",
            words().join(", "),
            BOUNDED.join(", ")
        ),
    }
}

fn of_bound(path: &str, bounded: &BoundedSliConfig, faults: &mut ConfigFaults) -> Option<Sli> {
    match bounded {
        BoundedSliConfig {
            latency_ms: Some(bound),
            cost_usd: None,
            evaluation: None,
        } => Some(Sli::Latency {
            at_most_ms: at_most(&format!("{path}.latency_ms.at_most"), bound, faults)?,
        }),
        BoundedSliConfig {
            latency_ms: None,
            cost_usd: Some(bound),
            evaluation: None,
        } => Some(Sli::Cost {
            at_most_usd: at_most(&format!("{path}.cost_usd.at_most"), bound, faults)?,
        }),
        BoundedSliConfig {
            latency_ms: None,
            cost_usd: None,
            evaluation: Some(bound),
        } => evaluation(&format!("{path}.evaluation"), bound, faults),
        _ => {
            let fix = format!("set exactly one of {}", BOUNDED.join(", "));
            faults.add(path, "it does not have exactly one bound", fix);
            None
        }
    }
}

fn at_most(path: &str, bound: &AtMost, faults: &mut ConfigFaults) -> Option<f64> {
    let given = bound.at_most.filter(|x| *x > 0.0 && *x <= BOUND_MAX);
    let wrong = bound.at_most.map_or("it is missing".to_owned(), |x| {
        format!("{x} is out of range")
    });
    faults.require(given.is_some(), path, wrong, "use a number above 0");
    given
}

fn evaluation(path: &str, bound: &AtLeast, faults: &mut ConfigFaults) -> Option<Sli> {
    let named = !bound.name.is_empty();
    let fix = "set the name of the evaluation as predictions or labels carry it";
    faults.require(named, &format!("{path}.name"), "it is missing", fix);
    let at_least_hundredths = hundredths(&format!("{path}.at_least"), bound.at_least, faults)?;
    named.then(|| Sli::Evaluation {
        name: bound.name.clone(),
        at_least_hundredths,
    })
}

/// Bound in whole hundredths, 1..=100.
fn hundredths(path: &str, bound: Option<f64>, faults: &mut ConfigFaults) -> Option<u8> {
    let Some(bound) = bound else {
        faults.add(path, "it is missing", "write it like 0.7");
        return None;
    };
    let whole = (bound * HUNDREDTHS).round();
    let is_whole = (bound * HUNDREDTHS - whole).abs() < 1e-9;
    let wrong = format!("{bound} is not allowed");
    let fits = is_whole && (1.0..=HUNDREDTHS).contains(&whole);
    faults.require(
        fits,
        path,
        wrong,
        "use a number from 0.01 to 1 with at most two decimals, such as 0.7 or 0.85",
    );
    fits.then_some(whole as u8)
}
