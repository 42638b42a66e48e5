//! Volume compared with earlier days: outages are detected, nights and noise are not.

use tidegauge::detect::volume::{SLOTS_MAX, Slot, VolumeHistory};
use tidegauge::detect::{Finding, Verdict};

use crate::stage::{normal, usual_budget};

/// Ordinary traffic of one slot: low at night, lower at weekends, with more noise than a Poisson process.
fn traffic(rng: &mut fastrand::Rng, slot: i64) -> u64 {
    let day = libm::sin(std::f64::consts::TAU * slot as f64 / 96.0);
    let weekend = if slot.div_euclid(96).rem_euclid(7) >= 5 {
        0.5
    } else {
        1.0
    };
    let mean = 400.0 * weekend * libm::exp(1.2 * day);
    (mean * libm::exp(0.1 * normal(rng))) as u64
}

fn filled(slots: i64) -> VolumeHistory {
    let mut history = VolumeHistory::default();
    (0..slots).for_each(|slot| history.record(Slot(slot), 100));
    history
}

fn judged(slots: i64, count: u64) -> Option<Finding> {
    let mut history = filled(slots);
    history.record(Slot(slots), count);
    history.judge(Slot(slots), usual_budget())
}

#[test]
fn ordinary_weeks_are_quiet_and_an_outage_is_found() {
    let rng = &mut fastrand::Rng::with_seed(31);
    let mut history = VolumeHistory::default();
    for slot in 0..28 * 96 {
        let count = traffic(rng, slot);
        history.record(Slot(slot), count);
        let verdict = history.judge(Slot(slot), usual_budget()).map(|f| f.verdict);
        assert!(
            !matches!(verdict, Some(Verdict::Breach)),
            "slot {slot}: {count}"
        );
    }
    let slot = Slot(28 * 96);
    history.record(slot, 0);
    let outage = history.judge(slot, usual_budget()).unwrap();
    assert_eq!(
        (outage.verdict, outage.effect > 1.0),
        (Verdict::Breach, true)
    );
    assert!(outage.critical_effect);
}

#[test]
fn the_first_week_asks_for_more() {
    assert_eq!(judged(96, 0), None, "yesterday is not whole yet");
    assert_eq!(judged(97, 9).unwrap().verdict, Verdict::Breach);
    assert_eq!(
        judged(97, 10).unwrap().verdict,
        Verdict::Lingering,
        "not below a tenth"
    );
    assert_eq!(judged(97, 30).unwrap().verdict, Verdict::Quiet);
    assert_eq!(judged(673, 34).unwrap().verdict, Verdict::Breach);
    assert_eq!(
        judged(673, 35).unwrap().verdict,
        Verdict::Lingering,
        "not below 0.35"
    );
}

#[test]
fn thin_traffic_is_insufficient_data() {
    let mut history = VolumeHistory::default();
    (0..97).for_each(|slot| history.record(Slot(slot), 29));
    history.record(Slot(97), 0);
    let verdict = history.judge(Slot(97), usual_budget()).unwrap().verdict;
    assert_eq!(verdict, Verdict::InsufficientData);
}

#[test]
fn the_smallest_neighbour_of_both_days_counts() {
    let mut history = filled(97 + 576); // slot 577 is yesterday, slot 1 is last week
    history.record(Slot(578), 100);
    let expected = |history: &VolumeHistory| {
        let mut history = history.clone();
        history.record(Slot(673), 0);
        history
            .judge(Slot(673), usual_budget())
            .unwrap()
            .reference_events
    };
    assert_eq!(expected(&history), 100);
    let mut low = VolumeHistory::default();
    (0..673).for_each(|slot| low.record(Slot(slot), if slot == 0 { 60 } else { 100 }));
    assert_eq!(
        expected(&low),
        60,
        "last week, a quarter of an hour earlier"
    );
}

#[test]
fn it_forgets_what_it_no_longer_needs() {
    let history = filled(5_000);
    let kept = serde_json::to_value(&history).unwrap()["counts"]
        .as_object()
        .unwrap()
        .len();
    assert_eq!(kept, SLOTS_MAX);
}

#[test]
fn panes_add_up_to_their_slot() {
    let (mut panes, mut whole) = (VolumeHistory::default(), VolumeHistory::default());
    (0..15).for_each(|_| panes.record(Slot(5), 2));
    whole.record(Slot(5), 30);
    assert_eq!(panes, whole);
}
