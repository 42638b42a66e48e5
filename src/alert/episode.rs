//! Episodes: all causes of one model, family and area, gathered into one alert of which only transitions are published.
//!
//! **Intuition.** When a broken upstream moves 200 features, one page is enough. The first cause that fires opens the
//! episode. Later causes join it under the same fingerprint, so a router knows that it has already paged. When the last
//! cause resolves, the alert resolves. A person sees one alert with ranked causes.
//!
//! A subject that resolves and fires again within an episode does not join again (`listing.rs`). A critical cause that comes long
//! after the alert opens another (`wave.rs`). An alert to which nothing new came for a week says once that it looks permanent.
//!
//! **Limits.** At most [`CAUSES_MAX`] causes are kept per model, the strongest of a boundary first; the others are only
//! counted.
//!
//! **Objectives.** Each objective of a model has `Episodes` of its own ([`Context::objective`]). A page about latency and a
//! ticket about precision are two alerts, and no alert mixes prediction time and label time.
//!
//! **Rejected.** One alert per subject: a storm of alerts. Grouping by the router alone: it would have to wait for the storm.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::alert_builder::AlertBuilder;
use super::alert_change::Alert;
use super::alert_key::AlertKey;
use super::cause::{Cause, Evidence, Machine, ScopedFinding};
use super::cause_summary::CauseSummary;
use super::context::Context;
use super::lifecycle::{Episode, transition};
use super::listing::{CauseTarget, Listings};
use super::machine::{RuleTiming, Signal, State, Timing};
use super::moment::Moment;
use super::place::Place;
use super::settings::AlertSettings;
use super::terms::{AlertStatus, Severity};
use super::transients::{HeldFamily, TransientsByFamily};
use super::transition::Transition;
use crate::detect::Family;
use crate::event::Segment;
use crate::sketch::Subject;
use crate::window::{Boundary, HOUR_MINUTES, WindowLength};

/// A breach that may yet be ordinary must last this many times its window before it fires, at most [`DOUBTFUL_MAX`]: what moves
/// slowly stays for longer than one window.
const DOUBTFUL_WINDOWS: i64 = 2;
const DOUBTFUL_MAX: i64 = 2 * HOUR_MINUTES;
/// Causes kept per model, including those that ended recently: at about 500 bytes each, 5 MB.
pub const CAUSES_MAX: usize = 10_000;

/// Alert that fires.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAlert {
    /// Family, area and wave of the alert.
    pub key: AlertKey,
    /// Highest severity so far.
    pub severity: Severity,
    /// Start of the episode.
    pub since: Boundary,
    /// Firing causes, in a stable order.
    pub causes: Vec<Cause>,
}

/// Alert state of one model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Episodes {
    pub(super) machines: BTreeMap<Cause, Machine>,
    pub(super) open: BTreeMap<AlertKey, Episode>,
    /// What each open alert has listed.
    pub(super) listed: BTreeMap<AlertKey, Listings>,
    /// Last end of a firing cause by place, kept for one window length.
    pub(super) ended: BTreeMap<Place, Boundary>,
    overflow: u64,
    unsound: u64,
    pub(super) transients: TransientsByFamily,
}

impl Episodes {
    /// Processes the findings at `at` and returns the alerts to publish, in order.
    ///
    /// Call it once for every boundary, in ascending order, also when nothing was evaluated: a cause without a finding is
    /// silent, and its time limits still run. The order of the findings does not matter.
    #[must_use]
    pub fn observe(
        &mut self,
        at: Boundary,
        findings: &[ScopedFinding],
        context: &Context<'_>,
    ) -> Vec<Alert> {
        self.transients.forget(at);
        let relevant = self.relevant(findings);
        let ended = self.advance(at, &relevant, context.settings);
        self.admit(at, &relevant, context.settings);
        self.remember(at, &ended);
        let graver = self.begin_waves(at);
        let moment = Moment {
            at,
            findings,
            ended: &ended,
            graver,
            is_order: false,
        };
        self.publish_all(&moment, context)
    }

    /// Start of the open alert (pending or firing) of `model` with this fingerprint, if it compares with a reference.
    #[must_use]
    pub fn open_compared(&self, model: &str, fingerprint: &str) -> Option<Boundary> {
        let mut compared = self.open.iter().filter(|(key, _)| key.is_compared());
        let named = compared.find(|(key, _)| key.fingerprint(model, None) == fingerprint);
        named.map(|(_, episode)| episode.start)
    }

    /// Same as [`Episodes::is_quiet_at`], for a version as a whole.
    #[must_use]
    pub fn is_quiet(
        &self,
        version: &str,
        subject: &Subject,
        length: WindowLength,
        at: Boundary,
    ) -> bool {
        let place = Place {
            version: version.to_owned(),
            segment: None,
            subject: Some(subject.clone()),
            length,
        };
        self.is_quiet_at(place, at)
    }

    /// True if the window of `place` that ends at `at` is ordinary: no cause there is pending or firing, and none ended less
    /// than one window length ago. Causes that page nobody do not count. Call it after [`Episodes::observe`] of that boundary.
    #[must_use]
    pub fn is_quiet_at(&self, place: Place, at: Boundary) -> bool {
        let ended = self.ended.get(&place);
        !ended.is_some_and(|end| remembered(*end, place.length, at)) && !self.is_active(place)
    }

    /// True if `cause` is pending, firing or clearing, and pages.
    #[must_use]
    pub fn fires(&self, cause: &Cause) -> bool {
        let machine = self.machines.get(cause);
        machine.is_some_and(|machine| !machine.evidence.is_provisional)
    }

    /// Subjects with a cause that fires and pages, in a segment or in the whole.
    #[must_use]
    pub fn troubled(&self, segment: Option<&Segment>) -> BTreeSet<Subject> {
        let firing = self.firing().filter(|(cause, evidence)| {
            cause.segment.as_ref() == segment && !evidence.is_provisional
        });
        firing
            .filter_map(|(cause, _)| cause.subject.clone())
            .collect()
    }

    /// Status of the alerts of `family`: firing if one of them is; resolved if none is open.
    #[must_use]
    pub fn status(&self, family: Family) -> AlertStatus {
        let mut of_family = self.open.iter().filter(|(key, _)| key.family == family);
        let Some((_, first)) = of_family.next() else {
            return AlertStatus::Resolved;
        };
        if first.is_firing() || of_family.any(|(_, episode)| episode.is_firing()) {
            AlertStatus::Firing
        } else {
            AlertStatus::Pending
        }
    }

    /// Firing causes with their last evidence, in a stable order.
    pub fn firing(&self) -> impl Iterator<Item = (&Cause, &Evidence)> {
        let firing = self.machines.iter().filter(|(_, m)| m.state.is_firing());
        firing.map(|(cause, machine)| (cause, &machine.evidence))
    }

    /// Alerts that fire.
    pub fn open_alerts(&self) -> impl Iterator<Item = OpenAlert> {
        let firing = self.open.iter().filter(|(_, episode)| episode.is_firing());
        firing.map(|(key, episode)| OpenAlert {
            key: *key,
            severity: episode.severity,
            since: episode.start,
            causes: self.firing_of(*key).cloned().collect(),
        })
    }

    /// Causes that fire in one alert.
    pub(super) fn firing_of(&self, key: AlertKey) -> impl Iterator<Item = &Cause> {
        let firing = self.machines.iter().filter(|(_, m)| m.state.is_firing());
        let of_key = firing.filter(move |(cause, m)| AlertKey::of(cause, m.wave) == key);
        of_key.map(|(cause, _)| cause)
    }

    /// Alerts that are open (pending or firing).
    pub fn open(&self) -> impl Iterator<Item = AlertKey> {
        self.open.keys().copied()
    }

    /// Families whose breaches must last before they fire, because too many alerts came and went by themselves.
    #[must_use]
    pub fn held(&self, settings: &AlertSettings) -> Vec<HeldFamily> {
        self.transients.held(settings.transients_allowed)
    }

    /// True if nothing is kept, so that the model may be forgotten.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.machines.is_empty() && self.ended.is_empty()
    }

    /// Breaches that were not admitted because [`CAUSES_MAX`] was reached, counted again at every boundary.
    #[must_use]
    pub fn overflow(&self) -> u64 {
        self.overflow
    }

    /// Findings that were ignored because a number was NaN, which is a bug of the detector.
    #[must_use]
    pub fn unsound(&self) -> u64 {
        self.unsound
    }

    fn is_active(&self, place: Place) -> bool {
        let target = CauseTarget {
            subject: place.subject,
            segment: place.segment,
            version: place.version,
        };
        let mut of_place =
            (self.machines_from(&target)).filter(|(cause, _)| cause.length == place.length);
        of_place.any(|(_, machine)| !machine.evidence.is_provisional)
    }

    /// Machines of one target, of all families.
    pub(super) fn machines_from<'a>(
        &'a self,
        target: &'a CauseTarget,
    ) -> impl Iterator<Item = (&'a Cause, &'a Machine)> {
        let first = Cause {
            version: target.version.clone(),
            segment: target.segment.clone(),
            subject: target.subject.clone(),
            length: WindowLength::SHORTEST,
            family: Family::Drift, // lowest family and lowest name, so the range starts at the target
            detector: "".into(),
        };
        let from = self.machines.range(first..);
        from.take_while(move |(cause, _)| {
            (&cause.version, &cause.segment) == (&target.version, &target.segment)
                && cause.subject == target.subject
        })
    }

    /// Findings that can change a state: breaches, and all findings on active causes. Keeps the gravest per cause.
    fn relevant<'a>(
        &mut self,
        findings: &'a [ScopedFinding],
    ) -> BTreeMap<Cause, &'a ScopedFinding> {
        let mut relevant: BTreeMap<Cause, &ScopedFinding> = BTreeMap::new();
        for scoped in findings {
            let breach = scoped.signal() == Signal::Breach;
            if !breach && self.machines.is_empty() {
                continue;
            }
            let cause = scoped.cause();
            if breach || self.machines.contains_key(&cause) {
                let kept = relevant.entry(cause).or_insert(scoped);
                if scoped.compare(kept).is_gt() {
                    *kept = scoped;
                }
            }
        }
        let before = relevant.len();
        relevant.retain(|_, scoped| Evidence::of(scoped, Boundary(0)).is_some());
        self.unsound += (before - relevant.len()) as u64;
        relevant
    }

    /// Moves every active cause to its next state and returns the causes that end.
    fn advance(
        &mut self,
        at: Boundary,
        relevant: &BTreeMap<Cause, &ScopedFinding>,
        settings: &AlertSettings,
    ) -> BTreeMap<Cause, Machine> {
        let mut ended = BTreeMap::new();
        for (cause, mut machine) in std::mem::take(&mut self.machines) {
            let scoped = relevant.get(&cause);
            let signal = scoped.map_or(Signal::Silence, |scoped| scoped.signal());
            if signal >= Signal::Lingering {
                let evidence = scoped.and_then(|o| Evidence::of(o, at));
                let was_provisional = machine.evidence.is_provisional;
                machine.evidence = evidence.unwrap_or(machine.evidence);
                // A break that settles stays one, and what only lingers gives no new reason to page.
                let is_new_reason = signal == Signal::Breach && !machine.evidence.is_provisional;
                machine.evidence.is_provisional = was_provisional && !is_new_reason;
            }
            machine.lasting = scoped.map_or(machine.lasting, |o| o.lasting);
            let timing = self.timing(&cause, (machine.lasting, &machine.evidence), settings);
            match State::after(Some(machine.state), signal, at, timing) {
                Some(state) => {
                    machine.state = state;
                    self.machines.insert(cause, machine);
                }
                None => {
                    ended.insert(cause, machine);
                }
            }
        }
        ended
    }

    /// Starts a state machine for each new breach, strongest first, up to the limit.
    fn admit(
        &mut self,
        at: Boundary,
        relevant: &BTreeMap<Cause, &ScopedFinding>,
        settings: &AlertSettings,
    ) {
        let is_new = |(cause, scoped): &(&Cause, &&ScopedFinding)| {
            scoped.signal() == Signal::Breach && !self.machines.contains_key(*cause)
        };
        let mut new: Vec<(&Cause, &&ScopedFinding)> = relevant.iter().filter(is_new).collect();
        new.sort_by(|(_, a), (_, b)| b.finding.effect.total_cmp(&a.finding.effect)); // stable: ties by cause
        for (cause, scoped) in new {
            let Some(evidence) = Evidence::of(scoped, at) else {
                continue;
            };
            if self.machines.len() + self.ended.len() >= CAUSES_MAX {
                self.overflow += 1;
                continue;
            }
            let lasting = scoped.lasting;
            let machine = Machine {
                state: State::begun(at, self.timing(cause, (lasting, &evidence), settings)),
                evidence,
                lasting,
                wave: self.wave_of(cause),
            };
            self.machines.insert(cause.clone(), machine);
        }
    }

    /// Time limits of a cause. Where alerts came and went, and where a breach may yet be ordinary, it must last.
    fn timing(
        &self,
        cause: &Cause,
        (own, evidence): (Option<RuleTiming>, &Evidence),
        settings: &AlertSettings,
    ) -> Timing {
        let jumps = self
            .transients
            .hold_minutes(cause, settings.transients_allowed);
        let doubt = if evidence.must_last {
            (DOUBTFUL_WINDOWS * cause.length.minutes()).min(DOUBTFUL_MAX)
        } else {
            0
        };
        Timing::of(settings, cause.length, own).held_at_least(jumps.max(doubt))
    }

    fn remember(&mut self, at: Boundary, ended: &BTreeMap<Cause, Machine>) {
        let alarmed = |m: &Machine| m.state.is_firing() && !m.evidence.is_provisional;
        for (cause, _) in ended.iter().filter(|(_, m)| alarmed(m)) {
            self.ended.insert(Place::of(cause), at);
        }
        self.ended
            .retain(|place, end| remembered(*end, place.length, at));
    }

    pub(super) fn publish_all(&mut self, moment: &Moment<'_>, context: &Context<'_>) -> Vec<Alert> {
        let concerned = self.machines.iter().chain(moment.ended);
        let keys: BTreeSet<AlertKey> = concerned
            .map(|(cause, machine)| AlertKey::of(cause, machine.wave))
            .collect();
        keys.into_iter()
            .flat_map(|key| self.publish(key, moment, context))
            .collect()
    }

    /// Returns the changes of one alert. If causes are still pending when an episode ends, a new episode begins.
    fn publish(&mut self, key: AlertKey, moment: &Moment<'_>, context: &Context<'_>) -> Vec<Alert> {
        let at = moment.at;
        let of_key =
            |(cause, machine): &(&Cause, &Machine)| AlertKey::of(cause, machine.wave) == key;
        let mut listed = self.listed.remove(&key).unwrap_or_default();
        listed.forget(at);
        let mut summary = CauseSummary::new(
            self.machines.iter().filter(of_key),
            moment.ended.iter().filter(of_key),
            &listed,
        );
        summary.is_graver = moment.graver.contains(&key);
        listed.note(at, &summary.severities);
        let mut alerts = Vec::new();
        let mut episode = self.open.remove(&key);
        while let Some(transition) = transition(episode.as_ref(), &summary, (key, at)) {
            let now = Episode::after(episode, transition, at, summary.severity(transition));
            let builder = AlertBuilder {
                key,
                transition,
                episode: &now,
                at,
                context,
                listed: &listed,
                findings: moment.findings,
            };
            alerts.extend(builder.alert(&summary));
            let ends_by_itself = transition == Transition::Resolved && !moment.is_order;
            if ends_by_itself && now.severity > Severity::Info {
                let breach_minutes = at.0 - now.start.0 - context.settings.keep_firing_minutes;
                self.transients.note(key.family, breach_minutes, at);
            }
            episode = now.next(transition);
            if episode.is_some() {
                break;
            }
        }
        if let Some(episode) = episode {
            if episode.is_firing() {
                self.listed.insert(key, listed);
            }
            self.open.insert(key, episode);
        }
        alerts
    }
}

fn remembered(end: Boundary, length: WindowLength, at: Boundary) -> bool {
    at < end.plus_minutes(length.minutes())
}
