//! Rules of volume: what is compared with what, when a change alarms, and what is published.

use tidegauge::detect::volume::{Slot, VolumeSeries, VolumeSettings, VolumeWindow};
use tidegauge::detect::{Family, Verdict};

use crate::volume_traffic::{DAY, Kind, MONDAY, Noise, Shape, Told, told};

const FLAT: Kind = Kind::of(Shape::Flat, Noise::NONE, 4_000.0);

fn told_of(kind: Kind, days: i64, start: i64, fault: impl Fn(i64) -> f64) -> Told {
    let counts = kind.counts(7, (start, days), fault);
    told(&counts, start, &VolumeSettings::default())
}

/// Factor `factor` in the slots from `from` to `to`, given in quarters of an hour.
fn during(from: i64, to: i64, factor: f64) -> impl Fn(i64) -> f64 {
    move |n| if (from..to).contains(&n) { factor } else { 1.0 }
}

fn last(told: &Told, minutes: i64) -> &VolumeWindow {
    &told.last[&minutes]
}

#[test]
fn steady_traffic_that_stops_on_the_second_day_is_an_outage_while_it_lasts() {
    let stop = DAY + 60;
    let found = told_of(FLAT, 4, MONDAY, during(stop, stop + 40, 0.0));
    assert_eq!(found.episodes.len(), 1);
    let episode = &found.episodes[0];
    assert_eq!((episode.from, episode.began.minutes), (stop, 15));
    let is_over = (stop + 40..stop + 40 + 12).contains(&episode.to);
    assert!(is_over, "{}", episode.to - stop);
    assert!(episode.began.finding.critical_effect);
}

#[test]
fn a_second_outage_of_the_first_week_is_found_too() {
    let fault = |n| {
        if [150, 151, 300, 301].contains(&n) {
            0.0
        } else {
            1.0
        }
    };
    let found = told_of(FLAT, 5, MONDAY, fault);
    let from: Vec<i64> = found.episodes.iter().map(|episode| episode.from).collect();
    assert_eq!(from, [150, 300]);
}

#[test]
fn an_office_that_stops_on_a_weekday_is_found_after_three_hours() {
    let office = Kind::of(Shape::Office, Noise::NONE, 400.0);
    let nine = 2 * DAY + 36;
    let found = told_of(office, 4, MONDAY, during(nine, nine + 30, 0.0));
    let first = &found.episodes[0];
    assert_eq!((first.began.minutes, (first.from - nine + 1) / 4), (60, 3));
}

#[test]
fn first_weekends_are_silent_wherever_they_begin() {
    for shape in [Shape::Office, Shape::FarEast, Shape::Weekend, Shape::Shop] {
        for hourly in [40.0, 400.0, 40_000.0] {
            for weekday in 0..7 {
                let kind = Kind::of(shape, Noise::NONE, hourly);
                let found = told_of(kind, 9, MONDAY + weekday * DAY, |_| 1.0);
                assert!(found.episodes.is_empty(), "{kind:?}: {:#?}", found.episodes);
            }
        }
    }
}

/// Totals of two days: a fall by a fifth is shown, one by 28 % alarms.
#[test]
fn the_total_of_the_second_day_is_compared_with_the_first() {
    let second_day = |factor| told_of(FLAT, 2, MONDAY + 30, during(DAY, 3 * DAY, factor));
    let shown = second_day(0.8);
    assert!(shown.episodes.is_empty());
    let (at, window) = &shown.shown[0];
    assert_eq!(
        (*at, window.minutes, shown.shown.len()),
        (2 * DAY - 1, 1_440, 1)
    );
    assert!((window.finding.value - 0.2).abs() < 0.01, "{window:?}");
    assert_eq!(
        window.detectable_drop.map(|x| (x * 100.0).round()),
        Some(28.0)
    );
    let paged = second_day(0.7);
    let episode = &paged.episodes[0];
    assert_eq!((episode.from, episode.began.minutes), (2 * DAY - 1, 1_440));
    assert!(
        second_day(0.95).shown.is_empty(),
        "5 % is below volume.drop"
    );
}

#[test]
fn a_job_that_does_not_come_is_missed_within_two_hours() {
    let jobs = Kind::of(Shape::Jobs, Noise::of(0.1, 0.0), 100.0);
    let morning = 30 * DAY + 12;
    let found = told_of(jobs, 31, MONDAY, during(morning, morning + 1, 0.05));
    let first = &found.episodes[0];
    assert_eq!(first.began.minutes, 1_440);
    assert!((first.from - morning) <= 8, "{}", first.from - morning);
}

#[test]
fn the_settings_are_the_smallest_changes_that_alarm() {
    let counts = |factor| FLAT.counts(3, (MONDAY, 36), during(32 * DAY, 99 * DAY, factor));
    let set = |drop, rise| VolumeSettings {
        drop,
        rise,
        ..VolumeSettings::default()
    };
    let count = |counts: &[u64], settings| told(counts, MONDAY, &settings).episodes.len();
    assert_eq!(count(&counts(0.7), set(0.2, 0.44)), 1);
    assert_eq!(count(&counts(0.7), set(0.5, 0.44)), 0);
    assert_eq!(count(&counts(1.6), set(0.2, 0.44)), 1);
    assert_eq!(count(&counts(1.6), set(0.2, 1.0)), 0);
}

#[test]
fn the_smallest_change_that_can_be_seen_is_published() {
    let busy = told_of(FLAT, 30, MONDAY, |_| 1.0);
    let quiet = told_of(Kind::of(Shape::Flat, Noise::NONE, 20.0), 30, MONDAY, |_| {
        1.0
    });
    let (hour, week) = (last(&busy, 60), last(&busy, 7 * 1_440));
    assert_eq!(
        week.detectable_drop.map(|x| (x * 100.0).round()),
        Some(14.0)
    );
    assert!(hour.detectable_drop.unwrap() < 0.2 && hour.detectable_rise.unwrap() < 0.5);
    assert!(last(&quiet, 60).detectable_drop.unwrap() > 0.5);
    assert_eq!(
        last(&quiet, 15).detectable_drop,
        None,
        "5 in a quarter of an hour"
    );
    assert_eq!(
        hour.finding.details["detectable_drop"],
        hour.detectable_drop.unwrap()
    );
    assert_eq!(hour.finding.family, Family::Volume);
}

#[test]
fn an_alarm_follows_from_the_numbers_of_its_finding() {
    let found = told_of(FLAT, 33, MONDAY, during(32 * DAY, 99 * DAY, 0.6));
    let finding = &found.episodes[0].began.finding;
    let detail = |name: &str| finding.details[name];
    let distance = 2.0 * (1.0 - (detail("count") / detail("expected")).sqrt());
    assert!((distance - detail("distance")).abs() < 1e-12);
    let threshold = f64::max(detail("floor"), detail("habit") + detail("noise"));
    assert!((finding.threshold - (1.0 - (1.0 - threshold / 2.0).powi(2))).abs() < 1e-12);
    assert!(finding.value >= finding.threshold && finding.statistic >= finding.critical);
    assert_eq!(
        (finding.verdict, detail("direction")),
        (Verdict::Breach, -1.0)
    );
}

/// An outage teaches nothing the first time. A second one becomes ordinary, if the user does not refuse it.
#[test]
fn once_is_an_incident_and_twice_is_ordinary() {
    let outages = |n: i64| [20, 24, 28].map(|day| day * DAY + 40).contains(&n);
    let counts = FLAT.counts(5, (MONDAY, 32), |n| if outages(n) { 0.2 } else { 1.0 });
    let detectable = |learn_repeats| {
        let settings = VolumeSettings {
            learn_repeats,
            ..VolumeSettings::default()
        };
        let found = told(&counts, MONDAY, &settings);
        (
            found.episodes.len(),
            last(&found, 15).detectable_drop.unwrap(),
        )
    };
    let (learned, refused) = (detectable(true), detectable(false));
    assert!(learned.0 < 3 && refused.0 == 3, "{learned:?} {refused:?}");
    assert!(
        learned.1 > 0.7 && refused.1 < 0.3,
        "{learned:?} {refused:?}"
    );
}

#[test]
fn its_state_is_small_and_continues_anywhere() {
    let counts =
        Kind::of(Shape::Daily, Noise::of(0.3, 0.9), 1_000.0).counts(1, (MONDAY, 40), |_| 1.0);
    let (settings, budget) = (VolumeSettings::default(), VolumeSettings::budget(1.0));
    let mut series = VolumeSeries::default();
    for (n, count) in (0..).zip(&counts) {
        series.record(Slot(MONDAY + n), *count);
        let judged = series.judge(Slot(MONDAY + n), &settings, budget);
        if n % 97 == 0 {
            let bytes = postcard::to_stdvec(&series).unwrap();
            assert!(bytes.len() < 8_500, "{}", bytes.len());
            let copy: VolumeSeries = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(copy, series);
            assert!(judged.len() <= 4);
        }
    }
    assert_eq!(series.counts().len(), 35 * 96 + 9);
}

#[test]
fn panes_add_up_to_their_slot_and_slots_without_events_count_as_zero() {
    let (mut panes, mut whole) = (VolumeSeries::default(), VolumeSeries::default());
    (0..15).for_each(|_| panes.record(Slot(5), 2));
    whole.record(Slot(5), 30);
    assert_eq!(panes, whole);
    panes.record(Slot(8), 1);
    whole.record(Slot(6), 0);
    whole.record(Slot(7), 0);
    whole.record(Slot(8), 1);
    assert_eq!(panes, whole);
}
