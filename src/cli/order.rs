//! `tidegauge reference relearn`, `approve` and `pin`: give an order about the reference of a model, and wait for its audit.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::args::{ApproveArgs, OrderArgs, PinArgs, RelearnArgs};
use super::order_check::{self, ModelCheck};
use super::{Error, Printable, connect, print};
use crate::alert::{AlertKind, AlertRecord, AlertStatus, AuditRecord, order_fingerprint};
use crate::config::CheckedConfig;
use crate::kafka::{self, OrderDesk};
use crate::pipeline::control::{ORDER_SCHEMA, OrderRecord};

/// Time between two lines of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// Runs `reference relearn`.
///
/// # Errors
/// When the cluster does not answer, the order is refused, or nobody obeys it in time.
pub fn relearn(args: &RelearnArgs) -> Result<ExitCode, Error> {
    let checked = args.order.settings.load()?;
    if let Some(since) = &args.since {
        order_check::past(since, Timestamp::now()).map_err(Error::Usage)?;
        note_reach(&checked, since);
    }
    let records = references(&checked)?;
    check_model(&checked, &args.model, &args.order, records.as_deref())?;
    let record = OrderRecord {
        since: args.since.clone(),
        ..order("relearn", &args.model, &args.order)
    };
    give(&checked, &record, &args.order)
}

/// Runs `reference approve`.
///
/// # Errors
/// Those of [`relearn`], and when no open alert about drift or data quality of the model has the id.
pub fn approve(args: &ApproveArgs) -> Result<ExitCode, Error> {
    let checked = args.order.settings.load()?;
    let alert = open_alert(alerts(&checked)?, &args.model, &args.alert).map_err(Error::Usage)?;
    note_reach(&checked, &alert.started_at);
    let record = OrderRecord {
        alert: Some(alert.fingerprint),
        started_at: Some(alert.started_at),
        ..order("approve", &args.model, &args.order)
    };
    give(&checked, &record, &args.order)
}

/// Runs `reference pin`.
///
/// # Errors
/// Those of [`relearn`], and when the id is that of another model or of a segment.
pub fn pin(args: &PinArgs) -> Result<ExitCode, Error> {
    let checked = args.order.settings.load()?;
    let records = references(&checked)?;
    check_model(&checked, &args.model, &args.order, records.as_deref())?;
    if let Some(records) = &records {
        order_check::reference(&args.model, &args.reference, records).map_err(Error::Usage)?;
    }
    let record = OrderRecord {
        reference: Some(args.reference.clone()),
        ..order("pin", &args.model, &args.order)
    };
    give(&checked, &record, &args.order)
}

/// Says that an order that asks for what came from `since` on may reach back further than panes are kept. The clock is not known
/// here, so the task decides.
fn note_reach(checked: &CheckedConfig, since: &str) {
    if let Some(note) = order_check::beyond_reach(since, Timestamp::now(), &checked.plan) {
        eprintln!("{note}");
    }
}

/// Published references; `None` without the right to read their topic. An order is then given unchecked: the task refuses what it
/// does not know.
fn references(checked: &CheckedConfig) -> Result<Option<Vec<Vec<u8>>>, Error> {
    let topic = &checked.plan.topics.references;
    match kafka::read_all(&connect::kafka(checked, 0)?, topic) {
        Ok(records) => Ok(Some(records)),
        Err(fault) => {
            eprintln!("the name of the model is not checked: {fault}");
            Ok(None)
        }
    }
}

/// Compares the name of the model with those that have a reference in `records`.
fn check_model(
    checked: &CheckedConfig,
    model: &str,
    args: &OrderArgs,
    records: Option<&[Vec<u8>]>,
) -> Result<(), Error> {
    let Some(records) = records else {
        return Ok(());
    };
    let topic = &checked.plan.topics.references;
    let names = order_check::names(records);
    match order_check::model(model, &names, topic) {
        ModelCheck::Known => Ok(()),
        ModelCheck::Mistyped(why) if !args.yes && !args.dry_run => Err(Error::Usage(why)),
        ModelCheck::Mistyped(why) | ModelCheck::Unknown(why) => {
            eprintln!("{why}");
            Ok(())
        }
    }
}

fn order(action: &str, model: &str, args: &OrderArgs) -> OrderRecord {
    let user = || std::env::var("USER").ok().filter(|user| !user.is_empty());
    OrderRecord {
        schema: ORDER_SCHEMA.to_owned(),
        id: format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)),
        action: action.to_owned(),
        model: model.to_owned(),
        since: None,
        alert: None,
        started_at: None,
        reference: None,
        dry_run: args.dry_run,
        by: args.by.clone().or_else(user),
        note: args.note.clone(),
    }
}

/// Records of all alerts about drift and data, oldest first by topic.
fn alerts(checked: &CheckedConfig) -> Result<Vec<AlertRecord>, Error> {
    let topics = &checked.plan.topics;
    let settings = connect::kafka(checked, 0)?;
    let mut names = vec![&topics.alerts_drift, &topics.alerts_anomaly];
    names.dedup();
    let mut records = Vec::new();
    for topic in names {
        let values = kafka::read_all(&settings, topic).map_err(Error::failed)?;
        let alerts = values
            .iter()
            .filter_map(|value| serde_json::from_slice(value).ok());
        records.extend(alerts);
    }
    Ok(records)
}

/// The latest record of the alert that `id` names: by its fingerprint, or by the id of one of its records.
fn open_alert(records: Vec<AlertRecord>, model: &str, id: &str) -> Result<AlertRecord, String> {
    let named = records.iter().rfind(|r| r.fingerprint == id || r.id == id);
    let Some(named) = named else {
        return Err(format!(
            "no alert about drift or data has the id or fingerprint {id}: copy one of the two from a record of the alert"
        ));
    };
    if named.model.as_deref() != Some(model) {
        let other = named.model.as_deref().unwrap_or("no model");
        return Err(format!("alert {id} is about {other}, not about {model}"));
    }
    if !matches!(named.kind, AlertKind::Drift | AlertKind::DataQuality) {
        let kind = named.kind.name();
        return Err(format!(
            "alert {id} is of kind {kind}: only alerts about drift and data quality compare with a reference"
        ));
    }
    let (fingerprint, started_at) = (named.fingerprint.clone(), named.started_at.clone());
    let mut of_alert = records
        .into_iter()
        .filter(|r| r.fingerprint == fingerprint && r.impact.is_none());
    let latest = of_alert
        .next_back()
        .filter(|latest| latest.started_at == started_at);
    match latest {
        Some(latest) if latest.status != AlertStatus::Resolved => Ok(latest),
        _ => Err(format!(
            "alert {id} is no longer open: there is nothing to approve"
        )),
    }
}

fn give(
    checked: &CheckedConfig,
    record: &OrderRecord,
    args: &OrderArgs,
) -> Result<ExitCode, Error> {
    let topics = &checked.plan.topics;
    let settings = connect::kafka(checked, 0)?;
    let value = serde_json::to_vec(record).map_err(Error::failed)?;
    let mut desk = OrderDesk::open(&settings, &topics.control, &topics.alerts_anomaly)
        .map_err(Error::failed)?;
    desk.give(&key(record), &value).map_err(Error::failed)?;
    let timeout = args.timeout.as_duration();
    eprintln!(
        "order {} to {} {} is given: waiting for its audit, at most {}",
        record.id,
        record.action,
        Printable(&record.model),
        args.timeout
    );
    match await_audit(&desk, &record.id, timeout, checked.plan.ticks)? {
        Some(audit) => told(&audit),
        None => Err(Error::Failed(unanswered(checked, &desk, record, args))),
    }
}

/// Compaction keeps the latest order of a kind for each model. A question does not replace an order.
fn key(record: &OrderRecord) -> String {
    let kind = if record.dry_run { "question" } else { "order" };
    format!("{kind}/{}/{}", record.action, record.model)
}

fn await_audit(
    desk: &OrderDesk<'_>,
    id: &str,
    timeout: Duration,
    ticks: bool,
) -> Result<Option<AuditRecord>, Error> {
    let key = order_fingerprint(id);
    let begun = Instant::now();
    loop {
        let left = timeout.saturating_sub(begun.elapsed());
        let found = desk.audit(&key, left.min(PROGRESS_INTERVAL));
        if let Some(value) = found.map_err(Error::failed)? {
            return serde_json::from_slice(&value)
                .map(Some)
                .map_err(Error::failed);
        }
        if begun.elapsed() >= timeout {
            return Ok(None);
        }
        let waits_for = order_check::waits_for(desk.is_read(), ticks);
        eprintln!("{:>4} s: {waits_for}", begun.elapsed().as_secs());
    }
}

fn told(audit: &AuditRecord) -> Result<ExitCode, Error> {
    let text = |name: &str| audit.annotations.get(name).map_or("", String::as_str);
    let model = audit.model.as_deref().unwrap_or_default();
    let next = match audit.outcome.as_str() {
        "applied" if audit.pinned_id.is_some() => {
            format!("next: `tidegauge reference show {model}` shows the reference in force")
        }
        "applied" => format!(
            "next: `tidegauge reference show {model}` shows the new reference once it is learned; `/status` shows the progress"
        ),
        "would_apply" => "next: give the order without --dry-run".to_owned(),
        _ => {
            let reason = audit.reason.as_deref().unwrap_or("no reason was given");
            return Err(Error::Failed(format!(
                "the order was refused at {}: {reason}",
                audit.at
            )));
        }
    };
    let lines = [text("summary"), text("description"), &next];
    print(&lines.map(|line| format!("{}\n", Printable(line))).concat())
}

fn unanswered(
    checked: &CheckedConfig,
    desk: &OrderDesk<'_>,
    record: &OrderRecord,
    args: &OrderArgs,
) -> String {
    let (topics, group) = (&checked.plan.topics, &checked.settings.kafka.group);
    let why = match desk.is_read() {
        Some(true) if !checked.plan.ticks => "a process has read it, but with time.ticks: false the clock moves with predictions only, and its \
            boundary comes with the next ones"
            .to_owned(),
        Some(true) => "a process has read it, but its boundary has not come: look at `/status` for what holds the clock".to_owned(),
        _ => format!("no process of group {group} has read it: check that processes run with this configuration"),
    };
    format!(
        "order {} was not obeyed within {}: {why}. The order stays on topic {} and takes effect later; do not give it again. Its audit will be \
         on topic {}",
        record.id, args.timeout, topics.control, topics.alerts_anomaly
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::alert::{Alert, AlertSettings, Integrity, SourceName};
    use crate::event::EventTime;

    /// Record of an alert with a fingerprint of its own.
    fn record(name: &str, status: AlertStatus, started_at: &str) -> AlertRecord {
        let source = SourceName {
            topic: name,
            partition: 0,
        };
        let what = Integrity::DuplicateFrame { seq: 1 };
        let alert = Alert::integrity(what, source, EventTime(0), &AlertSettings::default());
        AlertRecord {
            id: format!("{name}-{started_at}-{}", status.name()),
            fingerprint: name.to_owned(),
            kind: AlertKind::Drift,
            model: Some("fraud".to_owned()),
            status,
            started_at: started_at.to_owned(),
            ..AlertRecord::of(&alert, &AlertSettings::default())
        }
    }

    #[test]
    fn only_an_open_alert_of_the_model_is_approved() {
        use AlertStatus::{Firing, Resolved};
        let records = || {
            let integrity = AlertRecord {
                kind: AlertKind::Integrity,
                ..record("i", Firing, "1")
            };
            vec![
                record("a", Firing, "1"),
                record("a", Resolved, "1"),
                record("a", Firing, "2"),
                record("b", Firing, "1"),
                record("b", Resolved, "1"),
                integrity,
            ]
        };
        let found = |model: &str, id: &str| {
            open_alert(records(), model, id).map(|alert| (alert.fingerprint, alert.started_at))
        };
        let open = Ok(("a".to_owned(), "2".to_owned()));
        assert_eq!(found("fraud", "a"), open);
        assert_eq!(found("fraud", "a-2-firing"), open);
        for (model, id, why) in [
            ("fraud", "a-1-firing", "no longer open"),
            ("fraud", "b", "no longer open"),
            ("churn", "a", "is about fraud"),
            ("fraud", "i", "kind integrity"),
            ("fraud", "x", "no alert"),
        ] {
            let refused = found(model, id).unwrap_err();
            assert!(refused.contains(why), "{id}: {refused}");
        }
    }
}
