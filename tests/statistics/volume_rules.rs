//! Single rules of volume, each by the traffic that it is made for.

use tidegauge::detect::volume::VolumeSettings;

use crate::volume_traffic::{DAY, Kind, MONDAY, Noise, Shape, Told, told};

const FLAT: Kind = Kind::of(Shape::Flat, Noise::NONE, 4_000.0);

fn flat(days: i64, settings: VolumeSettings, fault: impl Fn(i64) -> f64) -> Told {
    told(&FLAT.counts(7, (MONDAY, days), fault), MONDAY, &settings)
}

fn usual(days: i64, fault: impl Fn(i64) -> f64) -> Told {
    flat(days, VolumeSettings::default(), fault)
}

/// Slot of the first breach in windows of `minutes`.
fn first(told: &Told, minutes: i64) -> i64 {
    let mut breaches = told.breaches.iter();
    breaches.find(|(_, own)| *own == minutes).unwrap().0
}

#[test]
fn a_job_that_ran_once_is_not_missed_on_the_second_day() {
    let counts: Vec<u64> = (0..3 * DAY)
        .map(|n| if n == 30 { 5_000 } else { 1 })
        .collect();
    let found = told(&counts, MONDAY, &VolumeSettings::default());
    assert!(found.episodes.is_empty(), "{:#?}", found.episodes);
}

#[test]
fn another_shape_of_the_day_is_no_lower_level() {
    let morning = |n: i64| if n >= DAY && n % DAY < 48 { 0.3 } else { 1.0 };
    let found = usual(2, morning);
    assert!(found.episodes.is_empty(), "{:#?}", found.episodes);
}

#[test]
fn a_day_alarms_if_all_its_windows_of_the_past_hour_do() {
    let burst = 29 * DAY;
    let found = usual(30, |n| if n == burst { 90.0 } else { 1.0 });
    assert_eq!(
        (first(&found, 15), first(&found, 1_440)),
        (burst, burst + 3)
    );
}

#[test]
fn a_handful_where_nothing_was_expected_is_no_rise() {
    let rare = |events: u64| {
        let count = |n: i64| match n % DAY {
            40 if n / DAY == 29 => events,
            0 => 5,
            _ => 0,
        };
        let counts: Vec<u64> = (0..30 * DAY).map(count).collect();
        told(&counts, MONDAY, &VolumeSettings::default())
            .episodes
            .len()
    };
    assert_eq!((rare(25), rare(250)), (0, 1));
}

#[test]
fn steady_growth_is_not_news_every_week() {
    let found = usual(40, |n| 1.05_f64.powf(n as f64 / DAY as f64));
    assert!(found.episodes.is_empty(), "{:#?}", found.episodes);
}

#[test]
fn seven_days_alarm_after_a_day_of_lower_medians() {
    let step = 29 * DAY;
    let found = usual(36, |n| if n >= step { 0.7 } else { 1.0 });
    let days = (first(&found, 7 * 1_440) - step) as f64 / DAY as f64;
    assert!((4.4..5.5).contains(&days), "{days}");
}

#[test]
fn the_day_before_an_alarm_teaches_nothing() {
    let fault = |n: i64| match n / DAY {
        28 => 0.75,
        29 => 0.3,
        _ => 1.0,
    };
    let settings = VolumeSettings {
        drop: 0.5,
        ..VolumeSettings::default()
    };
    let found = flat(33, settings, fault);
    assert_eq!(found.episodes.len(), 1);
    let hour = &found.last[&60];
    // The threshold of a fall is the floor unless the habit holds the day before.
    assert!(hour.detectable_drop.unwrap() < 0.51, "{hour:?}");
    let habit = told(
        &FLAT.counts(7, (MONDAY, 33), fault),
        MONDAY,
        &VolumeSettings {
            drop: 0.05,
            ..settings
        },
    );
    assert!(
        habit.last[&60].detectable_drop.unwrap() < 0.15,
        "{:?}",
        habit.last[&60]
    );
}
