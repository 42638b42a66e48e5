//! What happens to the alerts of a model at one boundary.

use std::collections::{BTreeMap, BTreeSet};

use super::alert_key::AlertKey;
use super::cause::{Cause, Machine, ScopedFinding};
use crate::window::Boundary;

/// Events of one boundary.
pub(super) struct Moment<'a> {
    pub(super) at: Boundary,
    pub(super) findings: &'a [ScopedFinding],
    pub(super) ended: &'a BTreeMap<Cause, Machine>,
    /// Alerts that a late critical cause escalates.
    pub(super) graver: BTreeSet<AlertKey>,
    /// True if causes end because nothing evaluates them any longer.
    pub(super) is_order: bool,
}

impl<'a> Moment<'a> {
    /// Boundary at which causes end because nothing evaluates them any longer.
    pub(super) fn of_end(at: Boundary, ended: &'a BTreeMap<Cause, Machine>) -> Self {
        Self {
            at,
            findings: &[],
            ended,
            graver: BTreeSet::new(),
            is_order: true,
        }
    }
}
