//! Text of an alert about a model: one line, then sentences. It has names and numbers of the monitor, never feature values.

use super::cause::{Cause, Evidence};
use super::gathered::GatheredCauses;
use super::manner::manner;
use super::objective_text::ObjectiveText;
use super::terms::AlertStatus;
use super::wire::instant;
use crate::detect::{Family, percent, short_number};
use crate::event::EventTime;

/// Further causes that a description names, at most.
const NAMES_MAX: usize = 5;
/// Text for a cause without a subject.
const ALL: &str = "all traffic";

/// Inputs of the text of an alert about a model.
pub(super) struct AlertText<'a> {
    pub(super) causes: &'a GatheredCauses,
    pub(super) status: AlertStatus,
    pub(super) ended_at: Option<EventTime>,
    /// Start of the alert, if the record says that it looks permanent.
    pub(super) permanent_since: Option<EventTime>,
    /// True if the record opens the alert.
    pub(super) is_opening: bool,
}

impl AlertText<'_> {
    /// Summary in one line.
    pub(super) fn summary(&self) -> String {
        let (first, evidence) = &self.causes.first;
        let subject = place(first);
        let manner =
            manner(first, evidence).map_or_else(String::new, |manner| format!(" ({manner})"));
        let what = match (self.causes.key.family, self.causes.total) {
            (Family::Drift, 0 | 1) => format!("{subject} drifts{manner}"),
            (Family::Drift, n) => format!("{n} subjects drift, {subject} most{manner}"),
            (Family::DataQuality, 0 | 1) => format!("bad data in {subject}{manner}"),
            (Family::DataQuality, n) => format!("bad data in {n} subjects, {subject} most{manner}"),
            (Family::Volume, _) => traffic(evidence),
            (Family::Objective, _) => match self.objective() {
                Some(objective) if self.is_removed() => objective.removed(),
                Some(objective) => objective.line(),
                None => format!("{subject} is not met"),
            },
        };
        let model = &self.causes.model;
        match self.status {
            AlertStatus::Pending => format!("{model}: {what} (not firing yet)"),
            AlertStatus::Firing if self.permanent_since.is_some() => {
                format!("{model}: {what} (looks permanent)")
            }
            AlertStatus::Firing => format!("{model}: {what}"),
            AlertStatus::Resolved => format!("{model}: resolved: {what}"),
        }
    }

    /// Description in full sentences.
    pub(super) fn description(&self) -> String {
        let ended = self.ended_at.map(instant);
        let why = match &self.causes.ended_because {
            _ if self.is_removed() => {
                ": the objective is no longer configured, so nothing evaluates it".to_owned()
            }
            Some(why) => format!(": {why}"),
            None => String::new(),
        };
        let ended =
            ended.map(|at| format!("It ended at {at}{why}. This was the last trouble seen."));
        let sentences = [
            ended,
            Some(self.sentence()),
            self.others(),
            self.returned(),
            self.caveat(),
            self.advice(),
            self.first_advice(),
        ];
        let kept: Vec<String> = sentences.into_iter().flatten().collect();
        kept.join(" ")
    }

    /// True if the alert ended because its objective was removed from the configuration.
    fn is_removed(&self) -> bool {
        let objective = self.causes.objective.as_ref();
        self.ended_at.is_some() && objective.is_some_and(|facts| !facts.is_configured)
    }

    fn objective(&self) -> Option<ObjectiveText<'_>> {
        Some(ObjectiveText {
            facts: self.causes.objective.as_ref()?,
            segment: self.causes.naming_segment(),
        })
    }

    fn sentence(&self) -> String {
        let (cause, evidence) = &self.causes.first;
        let model = &self.causes.model;
        let whose = match cause.version.as_str() {
            "" => format!("model {model}"),
            version => format!("model {model}, version {version},"),
        };
        let when = when(cause, evidence);
        if let Some(objective) = self.objective() {
            return when + &objective.sentences(&whose);
        }
        let subject = place(cause);
        let what = match cause.family {
            Family::Drift => format!("{subject} of {whose} is distributed unlike its reference"),
            Family::DataQuality => {
                format!("the data in {subject} of {whose} is not what it used to be")
            }
            Family::Objective => format!("{subject} of {whose} is not met"),
            Family::Volume => {
                let more = if is_rise(evidence) { "more" } else { "less" };
                format!(
                    "{whose} got {} {more} traffic than expected",
                    percent(evidence.value)
                )
            }
        };
        let manner =
            manner(cause, evidence).map_or_else(String::new, |manner| format!("{manner}; "));
        format!("{when}{what}: {manner}{}.", numbers(cause, evidence))
    }

    /// What a provisional reference cannot know.
    fn caveat(&self) -> Option<String> {
        let (_, evidence) = &self.causes.first;
        evidence.is_provisional.then(|| {
            "The reference is provisional, so this may be a weekday: it pages nobody before the learning span is over.".to_owned()
        })
    }

    /// How often subjects came back since the alert opened.
    fn returned(&self) -> Option<String> {
        let returns: u64 = (self.causes.returns.values()).map(|n| u64::from(*n)).sum();
        match (returns, self.causes.returns.len()) {
            (0, _) => None,
            (1, _) => Some("One of the subjects had resolved and fired again.".to_owned()),
            (_, 1) => Some(format!(
                "One of the subjects had resolved and fired again {returns} times."
            )),
            (_, subjects) => Some(format!(
                "{subjects} of the subjects had resolved and fired again, {returns} times in all."
            )),
        }
    }

    /// What to do about an alert that looks permanent.
    fn advice(&self) -> Option<String> {
        let since = instant(self.permanent_since?);
        let model = quoted(&self.causes.model);
        let fingerprint = self.causes.key.fingerprint(&self.causes.model, None);
        Some(format!(
            "The alert has fired since {since}, and for a week nothing new was found: it looks permanent. If this is how the model is now, \
             accept it with `tidegauge reference approve {model} {fingerprint}`, which learns from what is kept since then, or with \
             `tidegauge reference relearn {model}`, which learns from now on. Add the --config of your deployment."
        ))
    }

    /// What to do about an alert that opens. What a provisional reference finds needs no order: the reference is taken again.
    fn first_advice(&self) -> Option<String> {
        let key = &self.causes.key;
        let (_, evidence) = &self.causes.first;
        let look = match key.family {
            Family::Drift => {
                "Compare it with what the producer sends and with recent changes of the model"
            }
            Family::DataQuality => "Look at what writes it",
            Family::Volume | Family::Objective => return None,
        };
        (self.is_opening && !evidence.is_provisional).then(|| {
            let model = quoted(&self.causes.model);
            let fingerprint = key.fingerprint(&self.causes.model, None);
            format!("{look}; if it is right, `tidegauge reference approve {model} {fingerprint}` with the --config of this deployment accepts it.")
        })
    }

    fn others(&self) -> Option<String> {
        let more = self.causes.total.checked_sub(1).filter(|more| *more > 0)?;
        let (first, _) = &self.causes.first;
        let name = |(cause, _): &(Cause, Evidence)| match cause.version.as_str() {
            version if !version.is_empty() && version != first.version => {
                format!("{} (version {version})", place(cause))
            }
            _ => place(cause),
        };
        let names: Vec<String> = self.causes.rest.iter().take(NAMES_MAX).map(name).collect();
        let open = if more > names.len() as u64 {
            " and others"
        } else {
            ""
        };
        Some(format!("{more} more: {}{open}.", names.join(", ")))
    }
}

/// Name as one word of a shell.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.chars().all(is_plain) && !name.starts_with('-') {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

/// What the traffic did, and by how much: `traffic fell by 35 %`.
fn traffic(evidence: &Evidence) -> String {
    match (is_rise(evidence), evidence.window_events) {
        (false, 0) => "traffic stopped".to_owned(),
        (false, _) => format!("traffic fell by {}", percent(evidence.value)),
        (true, _) => format!("traffic rose by {}", percent(evidence.value)),
    }
}

/// True if there was more traffic than expected. The direction of a week is that of its median day, not of its sum.
fn is_rise(evidence: &Evidence) -> bool {
    let direction = evidence.details.get("direction");
    direction.map_or(
        evidence.window_events > evidence.reference_events,
        |direction| *direction > 0.0,
    )
}

/// Name of the cause's subject, and of its segment if it has one.
fn place(cause: &Cause) -> String {
    let subject = cause.subject_name();
    let subject = subject.as_deref().unwrap_or(ALL);
    match &cause.segment {
        Some(segment) => format!("{subject} in {segment}"),
        None => subject.to_owned(),
    }
}

fn when(cause: &Cause, evidence: &Evidence) -> String {
    let end = instant(evidence.at.time());
    format!("In the {} up to {end}, ", cause.length.name())
}

fn numbers(cause: &Cause, evidence: &Evidence) -> String {
    let (value, threshold) = (
        short_number(evidence.value),
        short_number(evidence.threshold),
    );
    let (n, m) = (evidence.window_events, evidence.reference_events);
    let judged = match cause.family {
        Family::Volume => format!("{n} came where {m} were expected"),
        Family::Objective => format!("{n} events"),
        Family::Drift | Family::DataQuality => {
            format!("{n} events, compared with {m} of the reference")
        }
    };
    format!(
        "{} is {value} and matters from {threshold} ({judged})",
        cause.detector
    )
}
