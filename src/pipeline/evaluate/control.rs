//! Orders of operators: when they take effect, and what they do to a model.
//!
//! An order takes effect at the first boundary after the clock, as the frames before it in `panes` say. So the boundary is a
//! function of the log, decided once, and kept in the state until then (ADR 0027).

use super::Evaluate;
use super::former::{self, FormerReference, PinRequest, is_settled};
use super::model::Model;
use super::orders::{NotTaken, WAITING_MAX};
use super::pin;
use super::step::StepContext;
use crate::alert::{
    Audit, AuditRecord, OrderEffect, OrderOutcome, PinnableReference, Pinned, Relearned,
};
use crate::event::EventTime;
use crate::pipeline::control::{ControlAction, ControlOrder};
use crate::pipeline::stage::StageError;
use crate::reference::Reference;
use crate::window::{Boundary, COARSE_MINUTES, Tier};

impl Evaluate {
    /// Keeps an order until its boundary. An order that came before changes nothing.
    pub(super) fn take_order(&mut self, order: ControlOrder) {
        let action = order.action.name();
        match self.orders.take(&order) {
            Ok(()) => {}
            Err(NotTaken::Repeated) => self.observations.count_order(action, "repeated"),
            Err(NotTaken::TooMany) => {
                let why = format!("{WAITING_MAX} orders wait for their boundary already");
                let outcome = OrderOutcome::Refused(why);
                self.observations.count_order(action, outcome.name());
                // Without a clock, no boundary can date the audit; the count shows the order.
                if let Some(at) = self.clock() {
                    let audit = audit(order, outcome);
                    self.outbox.audit(&AuditRecord::of(&audit, at));
                }
            }
        }
    }

    /// Gives orders that came their boundary. Call it once the frame that brought them has moved the clock.
    pub(super) fn date_orders(&mut self) {
        if self.orders.is_any_undated() {
            let clock = self.clock();
            self.orders.date(clock);
        }
    }

    /// Obeys the orders that take effect at `boundary`.
    pub(super) fn obey(&mut self, boundary: Boundary) -> Result<(), StageError> {
        for order in self.orders.due(boundary) {
            let mut step = StepContext {
                at: boundary,
                plan: &self.plan,
                outbox: &mut self.outbox,
                observations: &mut self.observations,
            };
            let outcome = match self.models.get_mut(&order.model) {
                Some(model) => obey(model, &order, &mut step)?,
                None => OrderOutcome::Refused(
                    "no model of this name is known: it sent no prediction, or was silent for long"
                        .to_owned(),
                ),
            };
            step.observations
                .count_order(order.action.name(), outcome.name());
            let audit = audit(order, outcome);
            step.outbox.audit(&AuditRecord::of(&audit, boundary.time()));
        }
        Ok(())
    }
}

fn audit(order: ControlOrder, outcome: OrderOutcome) -> Audit {
    let action = order.action.name();
    let alert = match order.action {
        ControlAction::Approve { alert, .. } => Some(alert),
        ControlAction::Relearn { .. } | ControlAction::Pin { .. } => None,
    };
    Audit {
        order: order.id,
        action: Some(action),
        model: Some(order.model),
        by: order.by,
        note: order.note,
        alert,
        outcome,
    }
}

fn obey(
    model: &mut Model,
    order: &ControlOrder,
    step: &mut StepContext<'_>,
) -> Result<OrderOutcome, StageError> {
    let effect = match effect(model, &order.action, step.at) {
        Ok(effect) => effect,
        Err(why) => return Ok(OrderOutcome::Refused(why)),
    };
    if order.dry_run {
        return Ok(OrderOutcome::WouldApply(effect));
    }
    let effect = match effect {
        OrderEffect::Relearned(relearned) => {
            let why = format!("order {} drops the reference", order.id);
            pin::relearn(model, (relearned.from, &why), step)?;
            OrderEffect::Relearned(relearned)
        }
        OrderEffect::Pinned(pinned) => {
            let why = format!("order {} brings back reference {}", order.id, pinned.id);
            pin::pin(model, &why, step)?;
            OrderEffect::Pinned(pinned)
        }
    };
    Ok(OrderOutcome::Applied(effect))
}

/// What an order does to the model at this boundary, or why it is refused.
fn effect(model: &Model, action: &ControlAction, at: Boundary) -> Result<OrderEffect, String> {
    match action {
        ControlAction::Relearn { since } => {
            let start = relearning_start(model, *since, at)?;
            Ok(relearned(model, start, at))
        }
        ControlAction::Approve { alert, started_at } => {
            let start = approved_start(model, (alert, *started_at), at)?;
            Ok(relearned(model, start, at))
        }
        ControlAction::Pin { reference } => pinned(model, reference, at),
    }
}

fn relearned(model: &Model, start: LearningStart, at: Boundary) -> OrderEffect {
    let earlier = || model.former.as_ref().map(FormerReference::pinnable);
    OrderEffect::Relearned(Relearned {
        from: start.kept.unwrap_or(start.asked),
        asked: start.kept.map(|_| start.asked),
        dropped: in_force(model).map(|reference| reference.id.clone()),
        pinnable: kept_if_dropped(model, at).or_else(earlier),
    })
}

fn pinned(model: &Model, wanted: &str, at: Boundary) -> Result<OrderEffect, String> {
    let in_force = in_force(model).map(|reference| reference.id.as_str());
    let request = PinRequest {
        wanted,
        in_force,
        at,
    };
    let former = former::wanted(model.former.as_ref(), request)?;
    Ok(OrderEffect::Pinned(Pinned {
        wanted: wanted.to_owned(),
        id: former.id_in_force().to_owned(),
        dropped: in_force.map(str::to_owned),
        pinnable: kept_if_dropped(model, at),
    }))
}

fn in_force(model: &Model) -> Option<&Reference> {
    model.reference.as_deref()
}

/// The reference in force, if it is kept when an order drops it at `at`.
fn kept_if_dropped(model: &Model, at: Boundary) -> Option<PinnableReference> {
    let settled = in_force(model).filter(|reference| is_settled(reference))?;
    Some(former::pinnable(&settled.id, at))
}

/// Where learning begins.
struct LearningStart {
    /// First boundary that the order asks for.
    asked: Boundary,
    /// The oldest boundary from which panes are kept, if that is later.
    kept: Option<Boundary>,
}

impl LearningStart {
    fn at(asked: Boundary) -> Self {
        Self { asked, kept: None }
    }
}

/// First boundary from which an order lets the model learn, or why it is refused. Learning reads whole quarters of an hour, and
/// one that began before the asked time is not whole.
fn relearning_start(
    model: &Model,
    since: Option<EventTime>,
    at: Boundary,
) -> Result<LearningStart, String> {
    let Some(since) = since else {
        return Ok(LearningStart::at(next_quarter(at)));
    };
    if since > at.time() {
        let at = instant(at);
        return Err(format!(
            "its time lies after {at}, the boundary at which it takes effect"
        ));
    }
    let oldest = oldest_quarter(model).unwrap_or(at);
    if since < oldest.time() {
        let oldest = instant(oldest);
        return Err(format!(
            "panes to learn from are kept since {oldest}; give the order with `--since {oldest}` before the next quarter of an hour, \
             or with a later time"
        ));
    }
    Ok(LearningStart::at(next_quarter(at_or_after(since))))
}

/// First boundary from which an approval of an alert lets the model learn, or why it is refused.
fn approved_start(
    model: &Model,
    (alert, started_at): (&str, Option<EventTime>),
    at: Boundary,
) -> Result<LearningStart, String> {
    let open = model.knowledge.episodes.open_compared(model.name(), alert);
    let open = open.filter(|start| started_at.is_none_or(|time| time == start.time()));
    let Some(start) = open else {
        return Err(
            "the alert is not open, or is not about drift or data quality of this model".to_owned(),
        );
    };
    let asked = next_quarter(start);
    let oldest = oldest_quarter(model).unwrap_or(at);
    let kept = (oldest > asked).then_some(oldest);
    Ok(LearningStart { asked, kept })
}

fn at_or_after(time: EventTime) -> Boundary {
    let before = Boundary::at_or_before(time);
    if before.time() == time {
        before
    } else {
        before.plus_minutes(1)
    }
}

fn next_quarter(at: Boundary) -> Boundary {
    let floor = at.floor(COARSE_MINUTES);
    if floor == at {
        at
    } else {
        floor.plus_minutes(COARSE_MINUTES)
    }
}

/// Start of the oldest quarter of an hour that is kept as a whole. Minutes of an older one may be kept, but learning does not read
/// minutes. A model that is younger than a quarter of an hour has only minutes.
fn oldest_quarter(model: &Model) -> Option<Boundary> {
    let starts = || model.rings_of(None).flat_map(|(_, ring)| ring.starts());
    let quarters = starts().filter(|(tier, _)| *tier == Tier::Quarter);
    let oldest = quarters.min().or_else(|| starts().min());
    Some(oldest?.1.floor(COARSE_MINUTES))
}

fn instant(at: Boundary) -> String {
    let time = jiff::Timestamp::from_millisecond(at.time().0);
    time.map_or_else(|_| at.0.to_string(), |time| time.to_string())
}
