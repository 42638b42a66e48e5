//! Ends of causes that do not resolve by themselves: nothing evaluates them any longer, or an order says so.

use std::collections::{BTreeMap, BTreeSet};

use super::alert_change::Alert;
use super::alert_key::COMPARED;
use super::cause::{Cause, Machine};
use super::context::Context;
use super::episode::Episodes;
use super::moment::Moment;
use super::terms::AlertStatus;
use crate::sketch::Subject;
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
        let alerts = self.end_causes((at, &ended), why, context);
        self.machines = kept;
        alerts
    }

    /// Ends every cause on `subjects` at `at`, because they open no alerts from now on, and returns the alerts to publish. `why`
    /// says so in the text of an alert that ends.
    #[must_use]
    pub fn drop_subjects(
        &mut self,
        at: Boundary,
        subjects: &BTreeSet<Subject>,
        why: &str,
        context: &Context<'_>,
    ) -> Vec<Alert> {
        let concerns =
            |own: &Option<Subject>| own.as_ref().is_some_and(|own| subjects.contains(own));
        let machines = std::mem::take(&mut self.machines).into_iter();
        let (ended, kept): (BTreeMap<_, _>, _) =
            machines.partition(|(cause, _)| concerns(&cause.subject));
        self.machines = kept;
        self.ended.retain(|place, _| !concerns(&place.subject));
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
