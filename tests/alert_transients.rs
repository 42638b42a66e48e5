//! Alerts that come and go by themselves: from the third in 30 days on, a breach must last before it fires.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod alert_fixtures;

use alert_fixtures::{NOON, context, finding, observe, observed, records};
use tidegauge::alert::{AlertSettings, Change, Episodes, ScopedFinding};
use tidegauge::detect::{Family, Verdict};
use tidegauge::window::{Boundary, DAY_MINUTES};

/// Changes of one model, by minute.
struct Model {
    episodes: Episodes,
    settings: AlertSettings,
    /// Makes a finding from a verdict.
    finding: fn(Verdict) -> ScopedFinding,
    changes: Vec<(i64, Change)>,
}

fn drift(verdict: Verdict) -> ScopedFinding {
    observed(
        "",
        15,
        finding(
            "amount",
            verdict,
            if verdict == Verdict::Breach { 2.0 } else { 0.1 },
        ),
    )
}

fn provisional(verdict: Verdict) -> ScopedFinding {
    let mut scoped = drift(verdict);
    scoped.finding.is_provisional = true;
    scoped
}

fn volume(verdict: Verdict) -> ScopedFinding {
    let mut scoped = drift(verdict);
    scoped.finding.family = Family::Volume;
    scoped
}

impl Model {
    fn of(finding: fn(Verdict) -> ScopedFinding) -> Self {
        Self {
            episodes: Episodes::default(),
            settings: AlertSettings::default(),
            finding,
            changes: Vec::new(),
        }
    }

    /// A breach of this many minutes, and quiet for an hour.
    fn breach(&mut self, start: i64, minutes: i64) {
        for minute in start..start + minutes + 60 {
            let verdict = if minute < start + minutes {
                Verdict::Breach
            } else {
                Verdict::Quiet
            };
            let findings = [(self.finding)(verdict)];
            let published = observe(&mut self.episodes, minute, &findings, &self.settings);
            self.changes.extend(
                published
                    .iter()
                    .map(|record| (minute - start, record.change.unwrap())),
            );
        }
    }

    fn last_changes(&self) -> &[(i64, Change)] {
        &self.changes[self.changes.len() - 2..]
    }

    /// `count` spikes of ten minutes, a day apart; returns the time after them.
    fn spikes(&mut self, count: i64) -> i64 {
        (0..count).for_each(|day| self.breach(day * DAY_MINUTES, 10));
        count * DAY_MINUTES
    }
}

const PAGED: [(i64, Change); 2] = [(0, Change::Opened), (25, Change::Resolved)];
const WITHDRAWN: [(i64, Change); 2] = [(0, Change::Held), (10, Change::Withdrawn)];

#[test]
fn the_fourth_spike_pages_nobody_and_a_fault_pages_a_window_later() {
    let mut model = Model::of(drift);
    let mut at = 0;
    for _ in 0..3 {
        model.breach(at, 10);
        assert_eq!(model.last_changes(), PAGED);
        at += DAY_MINUTES;
    }
    model.breach(at, 10);
    assert_eq!(model.last_changes(), WITHDRAWN);
    assert_eq!(model.episodes.held(&model.settings)[0].transients, 3);
    model.breach(at + DAY_MINUTES, 300);
    let fault = &model.changes[model.changes.len() - 3..];
    assert_eq!(
        fault,
        [
            (0, Change::Held),
            (15, Change::Opened),
            (315, Change::Resolved)
        ]
    );
}

#[test]
fn a_spike_that_outlasts_the_hold_doubles_it() {
    let mut model = Model::of(drift);
    let at = model.spikes(3);
    model.breach(at, 40);
    assert!(model.last_changes().contains(&(55, Change::Resolved)));
    assert_eq!(model.episodes.held(&model.settings)[0].factor, 2);
    model.breach(at + DAY_MINUTES, 25);
    let withdrawn = [(0, Change::Held), (25, Change::Withdrawn)];
    assert_eq!(model.last_changes(), withdrawn);
}

#[test]
fn a_month_without_spikes_forgives() {
    let mut model = Model::of(drift);
    let at = model.spikes(3);
    model.breach(at + 31 * DAY_MINUTES, 10);
    assert_eq!(model.last_changes(), PAGED);
    assert!(model.episodes.held(&model.settings).is_empty());
}

#[test]
fn long_alerts_provisional_ones_and_volume_hold_nothing() {
    let mut long = Model::of(drift);
    for day in 0..5 {
        long.breach(day * DAY_MINUTES, 150);
        assert_eq!(
            long.last_changes(),
            [(0, Change::Opened), (165, Change::Resolved)]
        );
    }
    for finding in [provisional, volume] {
        let mut model = Model::of(finding);
        model.spikes(5);
        assert_eq!(model.last_changes(), PAGED);
    }
}

#[test]
fn alerts_that_an_order_ended_did_not_end_by_themselves() {
    let mut model = Model::of(drift);
    for day in 0..5 {
        let at = day * DAY_MINUTES;
        let opened = observe(
            &mut model.episodes,
            at,
            &[drift(Verdict::Breach)],
            &model.settings,
        );
        assert_eq!(opened[0].change, Some(Change::Opened));
        let context = context(&model.settings);
        let ended = model
            .episodes
            .drop_compared(Boundary(NOON + at + 5), "an order", &context);
        assert_eq!(records(ended, &model.settings).len(), 1);
    }
}

#[test]
fn an_order_to_learn_anew_forgets_what_came_of_the_old_reference() {
    let mut model = Model::of(drift);
    let at = model.spikes(3);
    assert_eq!(model.episodes.held(&model.settings).len(), 1);
    let context = context(&model.settings);
    let ended = model
        .episodes
        .drop_compared(Boundary(NOON + at), "an order", &context);
    assert!(ended.is_empty());
    model.breach(at + DAY_MINUTES, 10);
    assert_eq!(model.last_changes(), PAGED);
}

#[test]
fn any_number_is_allowed_where_the_settings_say_so() {
    let mut model = Model::of(drift);
    model.settings.transients_allowed = 0;
    model.spikes(8);
    assert_eq!(model.last_changes(), PAGED);
}

#[test]
fn a_restart_remembers() {
    let mut model = Model::of(drift);
    let at = model.spikes(3);
    let bytes = postcard::to_stdvec(&model.episodes).unwrap();
    model.episodes = postcard::from_bytes(&bytes).unwrap();
    model.breach(at, 10);
    assert_eq!(model.last_changes(), WITHDRAWN);
}

fn doubtful(verdict: Verdict) -> ScopedFinding {
    let mut scoped = drift(verdict);
    scoped.finding.must_last = true;
    scoped
}

#[test]
fn a_breach_that_may_be_ordinary_must_last_twice_its_window() {
    let mut model = Model::of(doubtful);
    model.breach(0, 29);
    assert_eq!(
        model.last_changes(),
        [(0, Change::Held), (29, Change::Withdrawn)]
    );
    model.breach(DAY_MINUTES, 60);
    let fault = &model.changes[model.changes.len() - 3..];
    assert_eq!(
        fault,
        [
            (0, Change::Held),
            (30, Change::Opened),
            (75, Change::Resolved)
        ]
    );
}

/// What goes beyond every doubt waits no longer.
#[test]
fn a_held_breach_that_grows_beyond_doubt_fires_at_once() {
    let mut model = Model::of(doubtful);
    let settings = model.settings.clone();
    let mut at = |minute, scoped: ScopedFinding| {
        let records = observe(&mut model.episodes, minute, &[scoped], &settings);
        records.iter().filter_map(|r| r.change).collect::<Vec<_>>()
    };
    assert_eq!(at(0, doubtful(Verdict::Breach)), [Change::Held]);
    assert_eq!(at(1, doubtful(Verdict::Breach)), []);
    assert_eq!(at(2, drift(Verdict::Breach)), [Change::Opened]);
}
