//! The line that an operator follows in the log about an order.

use crate::pipeline::observations::{AlertNotice, OrderNotice};

/// Logs what became of an order. Its id and the model are fields, so that they are printed with escapes.
pub fn obeyed(notice: &AlertNotice, order: &OrderNotice) {
    let AlertNotice {
        about: model,
        change: outcome,
        cause: action,
        ..
    } = notice;
    let OrderNotice {
        id: order,
        reason,
        learns_from,
        asked_from,
        pinned_id,
    } = order;
    if reason.is_some() {
        tracing::warn!(
            order,
            action,
            model,
            outcome,
            reason,
            "an order was refused; nothing was changed"
        );
    } else if *outcome == "would_apply" {
        tracing::info!(
            order,
            action,
            model,
            outcome,
            learns_from,
            asked_from,
            pinned_id,
            "an order was only asked about; nothing was changed"
        );
    } else if asked_from.is_some() {
        tracing::warn!(
            order,
            action,
            model,
            outcome,
            learns_from,
            asked_from,
            "an order asks to learn from panes that are no longer kept: the model learns from the oldest that is kept"
        );
    } else {
        tracing::info!(
            order,
            action,
            model,
            outcome,
            learns_from,
            pinned_id,
            "an order took effect"
        );
    }
}
