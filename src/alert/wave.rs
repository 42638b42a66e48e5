//! Waves: a critical cause that comes long after the open alert pages by an alert of its own.
//!
//! **Intuition.** One page is enough for one incident, however many subjects it moves. But an alert that is open for weeks, such as
//! that of a row number among the features, must not hide that another feature is all null since today. So causes gather in the open
//! alert only as long as they may be the same incident.
//!
//! **Rule.** While an alert about drift or data is open and critical, a subject that becomes critical starts a new alert, the next
//! wave, if
//!
//! 1. its window began at least [`GATHER_MINUTES`] after the last page of the open alert, so both cannot be one event that was
//!    found in windows of different length;
//! 2. the cause did not end less than one window length ago: its window would still overlap trouble that was paged; and
//! 3. no open alert of the area lists the subject as critical, in the same segment or in the whole, whatever the version. A new
//!    version with the same trouble joins, and so does a segment of a subject that is broken as a whole.
//!
//! What is not critical joins the latest wave. A critical cause escalates an alert that is not critical yet: no wave is needed.
//!
//! **Limits.** At most [`WAVES_MAX`] alerts of one family and area are open at once. Beyond that, and where the open alert has no
//! other cause, the alert escalates again instead. A subject that breaks within a day after a page only joins.
//!
//! **Rejected.** Another severity above critical: routers know no such severity. A record with `escalated` alone: a router that holds
//! one incident per fingerprint notifies nobody, and the end of the second trouble would be hidden by the first.

use std::collections::{BTreeMap, BTreeSet};

use super::alert_key::{AlertKey, FIRST_WAVE};
use super::cause::{Cause, Machine};
use super::cause_summary::severity;
use super::episode::Episodes;
use super::lifecycle::Episode;
use super::listing::CauseTarget;
use super::place::Place;
use super::terms::Severity;
use crate::detect::Family;
use crate::window::{Boundary, DAY_MINUTES};

/// Alerts of one family and area that may be open at once.
pub const WAVES_MAX: u8 = 8;
/// Minutes for which causes gather in an alert after it paged.
const GATHER_MINUTES: i64 = DAY_MINUTES;

impl Episodes {
    /// Wave that a new cause joins: that of its subject, or the latest.
    pub(super) fn wave_of(&self, cause: &Cause) -> u8 {
        let key = AlertKey::of(cause, FIRST_WAVE);
        let target = CauseTarget::of(cause);
        let beside = self.machines_of(&target, cause.family).next();
        let listed = || {
            let mut open = self.listed.iter().filter(|(own, _)| key.is_beside(**own));
            open.find(|(_, listings)| listings.has(&target))
        };
        let latest = || {
            let open = self.open.iter().filter(|(own, _)| key.is_beside(**own));
            open.max_by_key(|(own, episode)| (episode.start, own.wave))
        };
        let wave = beside.map(|(_, machine)| machine.wave);
        let wave = wave.or_else(|| listed().map(|(own, _)| own.wave));
        let wave = wave.or_else(|| latest().map(|(own, _)| own.wave));
        wave.unwrap_or(FIRST_WAVE)
    }

    /// Moves late critical causes to a new wave. Returns the alerts that must escalate instead.
    pub(super) fn begin_waves(&mut self, at: Boundary) -> BTreeSet<AlertKey> {
        let mut late: BTreeMap<AlertKey, BTreeSet<CauseTarget>> = BTreeMap::new();
        for (cause, machine) in &self.machines {
            let key = AlertKey::of(cause, machine.wave);
            if self.is_late(key, cause, machine, at) {
                late.entry(key).or_default().insert(CauseTarget::of(cause));
            }
        }
        let mut begun: Vec<AlertKey> = Vec::new();
        let mut escalated = BTreeSet::new();
        for (key, targets) in late {
            let wave = begun.iter().copied().find(|own| own.is_beside(key));
            let wave = wave.or_else(|| self.gathering(key, at));
            let wave = wave.or_else(|| self.free_wave(key));
            match wave.filter(|_| self.keeps_a_cause(key, &targets)) {
                Some(wave) => {
                    begun.push(wave);
                    self.move_to(wave, &targets);
                }
                None => {
                    escalated.insert(key);
                }
            }
        }
        escalated
    }

    /// True if a critical cause is not part of the open alert `key`, and none of its area lists its subject as critical.
    fn is_late(&self, key: AlertKey, cause: &Cause, machine: &Machine, at: Boundary) -> bool {
        let evidence = &machine.evidence;
        if !machine.state.is_firing()
            || evidence.at != at
            || severity(evidence) != Severity::Critical
            || !key.is_compared()
        {
            return false;
        }
        let open = self.open.get(&key);
        let Some(open) =
            open.filter(|open| open.is_firing() && open.severity == Severity::Critical)
        else {
            return false;
        };
        let window_start = at.plus_minutes(-cause.length.minutes());
        if window_start < open.paged.plus_minutes(GATHER_MINUTES) {
            return false;
        }
        if self.ended.contains_key(&Place::of(cause)) {
            return false;
        }
        let target = CauseTarget::of(cause);
        let mut beside = self.listed.iter().filter(|(own, _)| own.is_beside(key));
        !beside.any(|(_, listings)| listings.has_critical(&target))
    }

    /// Another wave of the area that paged less than [`GATHER_MINUTES`] ago.
    fn gathering(&self, key: AlertKey, at: Boundary) -> Option<AlertKey> {
        let mut others = (self.open.iter()).filter(|(own, _)| **own != key && own.is_beside(key));
        let gathers =
            |open: &Episode| open.is_firing() && at < open.paged.plus_minutes(GATHER_MINUTES);
        let other = others.find(|(_, open)| gathers(open));
        other.map(|(own, _)| *own)
    }

    /// Lowest number of which no alert is open.
    fn free_wave(&self, key: AlertKey) -> Option<AlertKey> {
        let mut waves = (FIRST_WAVE..=WAVES_MAX).map(|wave| AlertKey { wave, ..key });
        waves.find(|wave| !self.open.contains_key(wave))
    }

    /// True if a cause of `key` fires whose target is not among `leaving`.
    fn keeps_a_cause(&self, key: AlertKey, leaving: &BTreeSet<CauseTarget>) -> bool {
        let mut firing = self.firing_of(key);
        firing.any(|cause| !leaving.contains(&CauseTarget::of(cause)))
    }

    fn move_to(&mut self, to: AlertKey, targets: &BTreeSet<CauseTarget>) {
        for (cause, machine) in &mut self.machines {
            if cause.family == to.family && targets.contains(&CauseTarget::of(cause)) {
                machine.wave = to.wave;
            }
        }
    }

    fn machines_of<'a>(
        &'a self,
        target: &'a CauseTarget,
        family: Family,
    ) -> impl Iterator<Item = (&'a Cause, &'a Machine)> {
        let of_target = self.machines_from(target);
        of_target.filter(move |(cause, _)| cause.family == family)
    }
}
