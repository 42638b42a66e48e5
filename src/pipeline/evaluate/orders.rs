//! Orders that wait for their boundary in one evaluate task.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::event::EventTime;
use crate::pipeline::control::ControlOrder;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::window::Boundary;

/// Orders that wait in one task. At a boundary a minute, a person does not give as many.
pub const WAITING_MAX: usize = 1_000;
/// Ids of orders that one task remembers: about 50 KB.
const HANDLED_MAX: usize = 1_000;

/// Orders that wait for their boundary, and the ids of the latest orders. One entry of the state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Orders {
    waiting: Vec<DatedOrder>,
    /// Ids of orders that were taken, oldest first.
    handled: VecDeque<String>,
    #[serde(skip)]
    changed: bool,
}

/// An order and the boundary at which it takes effect; `None` as long as the task has no clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct DatedOrder {
    order: ControlOrder,
    at: Option<Boundary>,
}

/// Why an order does not wait for a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// An order of this id came before.
    Repeated,
    /// Too many orders wait.
    TooMany,
}

impl Orders {
    /// Takes an order that came.
    ///
    /// # Errors
    /// When it does not wait.
    pub fn take(&mut self, order: &ControlOrder) -> Result<(), NotTaken> {
        if self.handled.contains(&order.id) {
            return Err(NotTaken::Repeated);
        }
        if self.waiting.len() >= WAITING_MAX {
            return Err(NotTaken::TooMany);
        }
        self.changed = true;
        if self.handled.len() >= HANDLED_MAX {
            self.handled.pop_front();
        }
        self.handled.push_back(order.id.clone());
        self.waiting.push(DatedOrder {
            order: order.clone(),
            at: None,
        });
        Ok(())
    }

    /// Gives orders without a boundary the first one after `clock`.
    pub fn date(&mut self, clock: Option<EventTime>) {
        let Some(clock) = clock else {
            return;
        };
        let next = Boundary::at_or_before(clock).plus_minutes(1);
        for waiting in self.waiting.iter_mut().filter(|order| order.at.is_none()) {
            waiting.at = Some(next);
            self.changed = true;
        }
    }

    /// True if an order has no boundary yet.
    pub fn is_any_undated(&self) -> bool {
        self.waiting.iter().any(|order| order.at.is_none())
    }

    /// The boundary at which the next order takes effect.
    pub fn next(&self) -> Option<Boundary> {
        self.waiting.iter().filter_map(|order| order.at).min()
    }

    /// Hands out the orders that take effect at `boundary` or before, in the order in which they came.
    pub fn due(&mut self, boundary: Boundary) -> Vec<ControlOrder> {
        let is_due = |waiting: &DatedOrder| waiting.at.is_some_and(|at| at <= boundary);
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (due, rest): (Vec<_>, Vec<_>) = waiting.partition(is_due);
        self.waiting = rest;
        self.changed |= !due.is_empty();
        due.into_iter().map(|dated| dated.order).collect()
    }

    /// Writes the entry if it has changed.
    ///
    /// # Errors
    /// If it does not serialise.
    pub fn write(&mut self, outbox: &mut Outbox) -> Result<(), StageError> {
        if std::mem::take(&mut self.changed) {
            outbox.put(&StateKey::Orders, self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::control::ControlAction;

    fn order(id: usize) -> ControlOrder {
        ControlOrder {
            id: id.to_string(),
            model: "m".to_owned(),
            action: ControlAction::Relearn { since: None },
            dry_run: false,
            by: None,
            note: None,
        }
    }

    #[test]
    fn orders_that_wait_and_ids_that_are_remembered_are_bounded() {
        let mut orders = Orders::default();
        for id in 0..WAITING_MAX {
            assert_eq!(orders.take(&order(id)), Ok(()));
        }
        assert_eq!(orders.take(&order(WAITING_MAX)), Err(NotTaken::TooMany));
        assert_eq!(orders.take(&order(0)), Err(NotTaken::Repeated));
        orders.date(Some(EventTime(60_000)));
        assert_eq!(orders.due(Boundary(1)).len(), 0);
        assert_eq!(orders.due(Boundary(2)).len(), WAITING_MAX);
        for id in WAITING_MAX..WAITING_MAX + 10 {
            assert_eq!(orders.take(&order(id)), Ok(()));
        }
        assert_eq!(orders.handled.len(), HANDLED_MAX);
        assert_eq!(orders.take(&order(0)), Ok(()), "the oldest id is forgotten");
    }

    #[test]
    fn an_order_keeps_the_boundary_that_it_got_first() {
        let mut orders = Orders::default();
        assert_eq!(orders.take(&order(1)), Ok(()));
        orders.date(None);
        assert_eq!(orders.next(), None);
        orders.date(Some(EventTime(60_000)));
        assert_eq!(orders.take(&order(2)), Ok(()));
        orders.date(Some(EventTime(600_000)));
        assert_eq!(orders.next(), Some(Boundary(2)));
        let first: Vec<String> = orders.due(Boundary(5)).into_iter().map(|o| o.id).collect();
        assert_eq!(first, ["1"]);
        assert_eq!(orders.next(), Some(Boundary(11)));
    }
}
