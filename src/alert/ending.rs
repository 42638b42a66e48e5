//! Ends of causes that do not resolve by themselves: nothing evaluates them any longer, or an order says so.

use std::collections::BTreeMap;

use super::alert_change::Alert;
use super::alert_key::COMPARED;
use super::cause::{Cause, Machine};
use super::context::Context;
use super::episode::Episodes;
use super::moment::Moment;
use super::terms::AlertStatus;
use super::transients::TransientsByFamily;
use crate::window::Boundary;

impl Episodes {
    /// Ends every cause at `at`, because nothing evaluates it any longer, and returns the alerts to publish.
    #[must_use]
    pub fn end(&mut self, at: Boundary, context: &Context<'_>) -> Vec<Alert> {
        let ended = std::mem::take(&mut self.machines);
        self.publish_all(&Moment::of_end(at, &ended), context)
    }

    /// Ends every cause that was found by comparison with a reference, because the reference is dropped at `at`, and returns the
    /// alerts to publish. `why` says so in their texts. Causes of volume stay: they are compared with earlier days.
    #[must_use]
    pub fn drop_compared(&mut self, at: Boundary, why: &str, context: &Context<'_>) -> Vec<Alert> {
        let machines = std::mem::take(&mut self.machines).into_iter();
        let (ended, kept): (_, BTreeMap<_, _>) =
            machines.partition(|(cause, _)| COMPARED.contains(&cause.family));
        self.ended.retain(|place, _| place.subject.is_none());
        self.transients = TransientsByFamily::default(); // they came of a reference that is gone
        let alerts = self.end_causes((at, &ended), why, context);
        self.machines = kept;
        alerts
    }

    /// Ends every cause that `concerns` says at `at`, because its subject opens no alerts from now on, and returns the alerts to
    /// publish. `why` says so in the text of an alert that ends.
    #[must_use]
    pub fn drop_causes(
        &mut self,
        (at, concerns): (Boundary, &dyn Fn(&Cause) -> bool),
        why: &str,
        context: &Context<'_>,
    ) -> Vec<Alert> {
        let machines = std::mem::take(&mut self.machines).into_iter();
        let (ended, kept): (BTreeMap<_, _>, _) = machines.partition(|(cause, _)| concerns(cause));
        self.machines = kept;
        if ended.is_empty() {
            return Vec::new();
        }
        self.end_causes((at, &ended), why, context)
    }

    fn end_causes(
        &mut self,
        (at, ended): (Boundary, &BTreeMap<Cause, Machine>),
        why: &str,
        context: &Context<'_>,
    ) -> Vec<Alert> {
        let mut alerts = self.publish_all(&Moment::of_end(at, ended), context);
        let ended = alerts.iter_mut();
        let ended = ended.filter(|alert| alert.status == AlertStatus::Resolved);
        ended.for_each(|alert| alert.end_because(why));
        alerts
    }
}
