//! Orders that were read from the control topic since the last flush, and the audits of records that are no order.

use std::collections::BTreeMap;

use crate::alert::{Audit, AuditRecord, OrderOutcome};
use crate::event::{EventTime, Limits, Record, Reject, Tick};
use crate::pipeline::control::{ControlOrder, OrderRecord};
use crate::pipeline::frame::{SourceId, Summary};
use crate::pipeline::partition::{INTERNAL_PARTITIONS, partition_of_model};

/// Orders that force a flush.
const ORDERS_MAX: usize = 1_000;

/// Orders of the control topic on their way to the tasks of their models.
#[derive(Debug, Default)]
pub struct OrderBuffer {
    orders: Vec<ControlOrder>,
    refused: Vec<RefusedRecord>,
}

/// A record that is no order.
#[derive(Debug)]
struct RefusedRecord {
    offset: i64,
    arrival: Option<EventTime>,
    why: &'static str,
}

impl OrderBuffer {
    /// Takes the record at `offset`.
    ///
    /// # Errors
    /// When it is no order. An audit says so at the next flush.
    pub fn take(
        &mut self,
        offset: i64,
        record: &Record<'_>,
        limits: &Limits,
    ) -> Result<(), Reject> {
        match OrderRecord::decode(record, limits) {
            Ok(order) => {
                self.orders.push(order);
                Ok(())
            }
            Err(bad) => {
                let arrival = record.arrival.map(|arrival| EventTime(arrival.0));
                self.refused.push(RefusedRecord {
                    offset,
                    arrival,
                    why: bad.1,
                });
                Err(bad.0)
            }
        }
    }

    /// True if memory requires a flush now.
    pub fn is_full(&self) -> bool {
        self.orders.len() + self.refused.len() >= ORDERS_MAX
    }

    /// Hands out the payloads for each partition of `panes`, in order.
    pub fn payloads(&mut self) -> Vec<Vec<Summary>> {
        let mut orders: BTreeMap<u32, Vec<Summary>> = BTreeMap::new();
        for order in std::mem::take(&mut self.orders) {
            let partition = partition_of_model(&order.model);
            let payload = Summary::Control(Box::new(order));
            orders.entry(partition).or_default().push(payload);
        }
        (0..INTERNAL_PARTITIONS)
            .map(|partition| orders.remove(&partition).unwrap_or_default())
            .collect()
    }

    /// Hands out the audits of records that are no order. `now` is the wall clock, for records without arrival.
    pub fn audits(&mut self, source: &SourceId, now: Tick) -> Vec<AuditRecord> {
        let audit = |refused: RefusedRecord| {
            let SourceId { topic, partition } = source;
            let audit = Audit {
                order: format!("{topic}/{partition}@{}", refused.offset),
                action: None,
                model: None,
                by: None,
                note: None,
                alert: None,
                outcome: OrderOutcome::Refused(refused.why.to_owned()),
            };
            AuditRecord::of(&audit, refused.arrival.unwrap_or(EventTime(now.0)))
        };
        let refused = std::mem::take(&mut self.refused).into_iter();
        refused.map(audit).collect()
    }
}
