//! Audit record: what became of one order of an operator, published beside the anomaly alerts.
//!
//! It is not an alert and needs no action: it says `resolved` and severity `none`, so a router pages nobody. The fields that a
//! router reads have the names that they have in an alert. The contract is `schemas/audit.schema.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::envelope;
use super::identity::{order_fingerprint, record_id};
use super::order_effect::{OrderEffect, PinnableReference};
use super::wire::{instant, json};
use crate::event::EventTime;

/// Name and version of the record's schema.
pub const AUDIT_SCHEMA: &str = "tidegauge.audit/1";

/// Kind of an audit record, beside the kinds of alerts.
const KIND: &str = "control";

/// An order and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Id of the order. A record that is no order has the id of its place: `topic/partition@offset`.
    pub order: String,
    /// Name of the action; `None` if the record is no order.
    pub action: Option<&'static str>,
    /// Model that the order names.
    pub model: Option<String>,
    /// Operator who gave the order, as the operator wrote it.
    pub by: Option<String>,
    /// Reason of the operator.
    pub note: Option<String>,
    /// Fingerprint of the alert that the order accepts.
    pub alert: Option<String>,
    /// What became of the order.
    pub outcome: OrderOutcome,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderOutcome {
    /// It took effect.
    Applied(OrderEffect),
    /// A question: what it would do. Nothing changed.
    WouldApply(OrderEffect),
    /// Nothing changed, for this reason.
    Refused(String),
}

impl OrderOutcome {
    /// Name as published.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::WouldApply(_) => "would_apply",
            Self::Refused(_) => "refused",
        }
    }

    fn effect(&self) -> Option<&OrderEffect> {
        match self {
            Self::Applied(effect) | Self::WouldApply(effect) => Some(effect),
            Self::Refused(_) => None,
        }
    }
}

/// Published form of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// [`AUDIT_SCHEMA`].
    pub schema: String,
    /// Id of the record.
    pub id: String,
    /// Id of the order, in the form of an alert's fingerprint; the Kafka key.
    pub fingerprint: String,
    /// `control`.
    pub kind: String,
    /// `resolved`: nobody must act.
    pub status: String,
    /// `none`.
    pub severity: String,
    /// Model that the order names; `null` if the record is no order.
    pub model: Option<String>,
    /// Id of the order, or the place of a record that is no order.
    pub order: String,
    /// Name of the action; `null` if the record is no order.
    pub action: Option<String>,
    /// `applied`, `would_apply` or `refused`.
    pub outcome: String,
    /// Reason of a refusal; `null` otherwise.
    pub reason: Option<String>,
    /// Operator who gave the order, as the operator wrote it.
    pub by: Option<String>,
    /// Reason of the operator.
    pub note: Option<String>,
    /// Fingerprint of the alert that the order accepts.
    pub alert: Option<String>,
    /// Boundary from which the model learns, RFC 3339; `null` if it does not learn anew.
    pub learns_from: Option<String>,
    /// Boundary from which the order asked to learn, RFC 3339, if panes are kept from `learns_from` on only; `null` otherwise.
    pub asked_from: Option<String>,
    /// Id of the reference that is dropped; `null` if there is none.
    pub reference_id: Option<String>,
    /// Id of the reference that is brought back; `null` if none is.
    pub pinned_id: Option<String>,
    /// Id of the reference that `tidegauge reference pin` can bring back from then on; `null` if none, or if refused.
    pub pinnable_id: Option<String>,
    /// Boundary from which that reference is no longer kept, RFC 3339; `null` without one.
    pub pinnable_until: Option<String>,
    /// Labels that an Alertmanager routes by.
    pub labels: BTreeMap<String, String>,
    /// Texts for a person: summary and description.
    pub annotations: BTreeMap<String, String>,
    /// Boundary at which the order took effect or was refused, RFC 3339. For a record that is no order, its arrival.
    pub at: String,
    /// Same as `at`.
    pub started_at: String,
    /// Same as `at`.
    pub ended_at: String,
}

impl AuditRecord {
    /// The record of an audit; `at` is the boundary at which the order took effect or was refused.
    #[must_use]
    pub fn of(audit: &Audit, at: EventTime) -> Self {
        let fingerprint = order_fingerprint(&audit.order);
        let effect = audit.outcome.effect();
        let relearned = effect.and_then(OrderEffect::relearned);
        let pinned = effect.and_then(OrderEffect::pinned);
        let pinnable = effect.and_then(OrderEffect::pinnable);
        let reason = match &audit.outcome {
            OrderOutcome::Refused(why) => Some(why.clone()),
            OrderOutcome::Applied(_) | OrderOutcome::WouldApply(_) => None,
        };
        let time = instant(at);
        Self {
            schema: AUDIT_SCHEMA.to_owned(),
            id: record_id(&fingerprint, at, at, 0),
            fingerprint,
            kind: KIND.to_owned(),
            status: "resolved".to_owned(),
            severity: "none".to_owned(),
            model: audit.model.clone(),
            order: audit.order.clone(),
            action: audit.action.map(str::to_owned),
            outcome: audit.outcome.name().to_owned(),
            reason,
            by: audit.by.clone(),
            note: audit.note.clone(),
            alert: audit.alert.clone(),
            learns_from: relearned.map(|relearned| instant(relearned.from.time())),
            asked_from: relearned.and_then(|relearned| Some(instant(relearned.asked?.time()))),
            reference_id: effect.and_then(|effect| effect.dropped().cloned()),
            pinned_id: pinned.map(|pinned| pinned.id.clone()),
            pinnable_id: pinnable.map(|own| own.id.clone()),
            pinnable_until: pinnable.map(PinnableReference::until_text),
            labels: audit.labels(),
            annotations: audit.annotations(at),
            at: time.clone(),
            started_at: time.clone(),
            ended_at: time,
        }
    }

    /// Kafka key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.fingerprint
    }

    /// Kafka value: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        json(self)
    }

    /// Kafka headers, in order, as those of an alert.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let model = self.model.as_deref();
        let ce_type = format!("io.tidegauge.audit.{}", self.outcome);
        envelope(&self.id, &ce_type, model, model.unwrap_or(KIND), &self.at)
    }
}

impl Audit {
    fn labels(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("alertname", Some("TidegaugeControl")),
            ("kind", Some(KIND)),
            ("model", self.model.as_deref()),
            ("severity", Some("none")),
            ("action", self.action),
            ("outcome", Some(self.outcome.name())),
        ];
        let set = pairs.into_iter().filter_map(|(name, text)| {
            let text = text?;
            Some((name.to_owned(), text.to_owned()))
        });
        set.collect()
    }

    fn annotations(&self, at: EventTime) -> BTreeMap<String, String> {
        let texts = [
            ("summary", self.summary()),
            ("description", self.description(at)),
        ];
        texts.map(|(name, text)| (name.to_owned(), text)).into()
    }

    fn summary(&self) -> String {
        let what = self.action.unwrap_or("a record that is no order");
        let whose = self.model.as_deref().unwrap_or("tidegauge");
        match &self.outcome {
            OrderOutcome::Applied(effect) => format!("{whose}: {what}: {}", effect.phrase(true)),
            OrderOutcome::WouldApply(effect) => {
                format!("{whose}: {what}: {}", effect.phrase(false))
            }
            OrderOutcome::Refused(_) => format!("{whose}: {what} was refused"),
        }
    }

    fn description(&self, at: EventTime) -> String {
        let by = self.by.as_deref().unwrap_or("an operator");
        match &self.outcome {
            OrderOutcome::Refused(why) => format!("Nothing was changed: {why}."),
            OrderOutcome::WouldApply(effect) => effect.asked(by, at),
            OrderOutcome::Applied(effect) => effect.applied(by, at),
        }
    }
}
