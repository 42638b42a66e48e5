//! Orders: the word of an operator about the reference of one model, as records of the control topic.
//!
//! An order is one JSON object; the contract is `schemas/order.schema.json`. It has an id and is obeyed once. The reader of
//! the topic passes it on in a frame to the task that evaluates its model, so the order of records in `panes` decides at
//! which boundary it takes effect (ADR 0027).

use serde::{Deserialize, Serialize};

use crate::event::{EventTime, Limits, Record, Reject};

/// Name and version of the schema of orders.
pub const ORDER_SCHEMA: &str = "tidegauge.order/1";

/// An order, as it travels in frames and waits in the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlOrder {
    /// Id: an order is obeyed once, however often its record is read.
    pub id: String,
    /// Name of the model.
    pub model: String,
    /// What to do.
    pub action: ControlAction,
    /// True if the order only asks what it would do.
    pub dry_run: bool,
    /// Operator, as the operator wrote it.
    pub by: Option<String>,
    /// Reason of the operator.
    pub note: Option<String>,
}

/// What an order wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlAction {
    /// Drop the reference and learn anew.
    Relearn {
        /// Learn from panes that are kept since this time; `None` to learn from panes that come.
        since: Option<EventTime>,
    },
    /// Accept the state that an open alert tells of: learn anew from its start on.
    Approve {
        /// Fingerprint of the alert.
        alert: String,
        /// Start of its episode; `None` for whichever episode is open.
        started_at: Option<EventTime>,
    },
    /// Bring back the reference that the last relearn or approval dropped, with what was learned with it.
    Pin {
        /// Id of the reference.
        reference: String,
    },
}

impl ControlAction {
    /// Name as published.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Relearn { .. } => "relearn",
            Self::Approve { .. } => "approve",
            Self::Pin { .. } => "pin",
        }
    }
}

/// An order as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRecord {
    /// [`ORDER_SCHEMA`].
    pub schema: String,
    /// Id of the order.
    pub id: String,
    /// `relearn`, `approve` or `pin`.
    pub action: String,
    /// Name of the model.
    pub model: String,
    /// For `relearn`: learn from panes that are kept since this time, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// For `approve`: fingerprint of the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// For `approve`: start of the alert's episode, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// For `pin`: id of the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// True if the order only asks what it would do.
    #[serde(default)]
    pub dry_run: bool,
    /// Operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Reason of the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl OrderRecord {
    /// The order that a record holds.
    ///
    /// # Errors
    /// What is wrong with the record, as a phrase without values.
    pub fn decode(record: &Record<'_>, limits: &Limits) -> Result<ControlOrder, BadOrder> {
        let payload = record
            .payload
            .ok_or(BadOrder(Reject::EmptyPayload, EMPTY))?;
        if !record.headers_readable {
            return Err(BadOrder(Reject::HeaderNotUtf8, "a header key is not UTF-8"));
        }
        if payload.len() > limits.payload_bytes_max {
            return Err(BadOrder(
                Reject::PayloadTooLarge,
                "the payload is too large",
            ));
        }
        let read: Result<Self, _> = serde_json::from_slice(payload);
        let order = read.map_err(|_| BadOrder(Reject::BadOrder, NO_ORDER))?;
        order.checked(limits)
    }

    fn checked(self, limits: &Limits) -> Result<ControlOrder, BadOrder> {
        let wrong = |why| BadOrder(Reject::BadOrder, why);
        if self.schema != ORDER_SCHEMA {
            return Err(wrong(NO_ORDER));
        }
        let names = [Some(&self.id), Some(&self.model), self.by.as_ref()];
        let is_name = |name: &&String| (1..=limits.name_bytes_max).contains(&name.len());
        if !names.iter().flatten().all(is_name) {
            return Err(wrong(
                "its id, its model or its operator is empty or too long",
            ));
        }
        let texts = [&self.note, &self.alert, &self.reference];
        if texts
            .into_iter()
            .flatten()
            .any(|text| text.len() > limits.text_bytes_max)
        {
            return Err(wrong("a text is too long"));
        }
        let time = |text: &Option<String>| match text {
            Some(text) => parse_instant(text)
                .map(Some)
                .ok_or(wrong("a time is not RFC 3339")),
            None => Ok(None),
        };
        let (since, started_at) = (time(&self.since)?, time(&self.started_at)?);
        let action = match (
            self.action.as_str(),
            (since, self.alert, started_at),
            self.reference,
        ) {
            ("relearn", (since, None, None), None) => ControlAction::Relearn { since },
            ("approve", (None, Some(alert), started_at), None) => {
                ControlAction::Approve { alert, started_at }
            }
            ("pin", (None, None, None), Some(reference)) => ControlAction::Pin { reference },
            _ => {
                return Err(wrong(
                    "its action is unknown, or its fields do not fit the action",
                ));
            }
        };
        Ok(ControlOrder {
            id: self.id,
            model: self.model,
            action,
            dry_run: self.dry_run,
            by: self.by,
            note: self.note,
        })
    }
}

const EMPTY: &str = "the record has no payload";
const NO_ORDER: &str = "the record is no order of this version";

/// Why a record of the control topic is no order: the reason of its dead letter, and a phrase for its audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadOrder(pub Reject, pub &'static str);

/// Event time of an RFC 3339 text.
#[must_use]
pub fn parse_instant(text: &str) -> Option<EventTime> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(EventTime(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(json: &str) -> Result<ControlOrder, BadOrder> {
        let record = Record {
            payload: Some(json.as_bytes()),
            arrival: None,
            traceparent: None,
            headers_readable: true,
        };
        OrderRecord::decode(&record, &Limits::default())
    }

    fn with(fields: &str) -> String {
        format!(r#"{{"schema":"tidegauge.order/1","id":"a1","model":"fraud",{fields}}}"#)
    }

    #[test]
    fn an_order_is_read_with_its_times() {
        let order = decoded(&with(
            r#""action":"relearn","since":"1970-01-01T00:01:00Z","by":"ann""#,
        ));
        let since = Some(EventTime(60_000));
        assert_eq!(
            order.map(|order| (order.action, order.by, order.dry_run)),
            Ok((
                ControlAction::Relearn { since },
                Some("ann".to_owned()),
                false
            ))
        );
    }

    #[test]
    fn what_is_no_order_is_refused() {
        let bad = [
            "not json".to_owned(),
            r#"{"id":"x"}"#.to_owned(),
            with(r#""action":"forget""#),
            with(r#""action":"relearn","since":"tomorrow""#),
            with(r#""action":"relearn","alert":"x""#),
            with(r#""action":"approve""#),
            with(r#""action":"approve","alert":"x","since":"1970-01-01T00:01:00Z""#),
            with(r#""action":"relearn","pin":"x""#),
            with(r#""action":"pin""#),
            with(r#""action":"pin","reference":"x","since":"1970-01-01T00:01:00Z""#),
            with(r#""action":"relearn","reference":"x""#),
            with(r#""action":"relearn","by":"""#),
            with(r#""action":"relearn""#).replace("order/1", "order/2"),
            with(r#""action":"relearn""#).replace("fraud", &"m".repeat(300)),
        ];
        for json in bad {
            let refused = decoded(&json).map_err(|bad| bad.0);
            assert_eq!(refused, Err(Reject::BadOrder), "{json}");
        }
    }
}
