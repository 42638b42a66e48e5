//! Learned variability: what the windows of ordinary days teach about each subject, day by day.
//!
//! **Days.** Days are counted from the start of the reference, so that those of the learning span are whole. A learning
//! span of less than a day has shorter days: a seventh of it. Learning ends `learning.habit_span` after the reference.
//!
//! **Which windows count.** Each quarter of an hour, every window of at most a day offers its distance beyond noise. A
//! window that overlaps one that fires, on its own length or a longer one, does not count; those of the last day that
//! overlap it are taken back. So a day enters when the next one has closed. What fires is held back; see
//! [`OrdinaryRule`].
//!
//! **Windows of several days** have too few windows of their own. They use the days of the longest shorter window, entered
//! a week late: a lasting shift must not become ordinary before they have judged it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::days::Days;
use super::slice::Slice;
use crate::detect::{Detector, Ordinary, OrdinaryRule, ReferenceKind, Variability};
use crate::sketch::Subject;
use crate::window::{Boundary, DAY_MINUTES, WindowLength};

/// Days by which what windows of several days learn is late.
const DAYS_LATE: i64 = 7;

/// One thing that varies by itself: a channel of a detector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Thing {
    detector: Cow<'static, str>,
    channel: u8,
}

impl Thing {
    /// A channel of `detector`.
    #[must_use]
    pub fn of(detector: &dyn Detector, channel: u8) -> Self {
        Self {
            detector: Cow::Borrowed(detector.name()),
            channel,
        }
    }

    /// Name of the detector.
    #[must_use]
    pub fn detector(&self) -> &str {
        &self.detector
    }
}

/// How far a window lies from its reference, beyond noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Excess {
    /// Version and segment of the window.
    pub slice: Slice,
    /// Length of the window.
    pub length: WindowLength,
    /// The subject.
    pub subject: Subject,
    /// What was measured.
    pub thing: Thing,
    /// What the window was compared with.
    pub reference: ReferenceKind,
    /// The distance beyond noise, at least 0.
    pub distance: f64,
}

/// Whether a window may teach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Teaching {
    /// It is ordinary.
    Ordinary,
    /// It overlaps a window of this length that fires, or fired less than that length ago.
    Overlaps {
        /// The longest such window.
        longest: WindowLength,
        /// True if the thing itself fires in windows of this length.
        fires: bool,
    },
}

/// What was learned of one segment, or of the whole, by length of window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SegmentVariability(BTreeMap<WindowLength, LengthVariability>);

/// What was learned in windows of one length. A thing without an entry never left its noise.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct LengthVariability {
    /// Days that have entered.
    days: u32,
    /// Days that have entered for windows of several days.
    days_late: u32,
    /// Recent days on which windows were judged.
    judged: BTreeSet<i64>,
    /// Days that wait to enter late.
    waiting: BTreeSet<i64>,
    /// For subjects that came later, the days that had entered before them.
    starts: BTreeMap<Subject, u32>,
    things: BTreeMap<Subject, BTreeMap<Thing, Learned>>,
}

/// What was learned of one thing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Learned {
    entered: Variability,
    /// The same days for windows of several days, a week late.
    entered_late: Variability,
    /// Largest distance of each recent block that has not entered, by its start.
    recent: BTreeMap<Boundary, f32>,
    /// Recent days of which windows were taken back.
    taken_back: BTreeSet<i64>,
    /// Days that wait to enter late.
    waiting: BTreeMap<i64, f32>,
    /// Largest distance while it fires.
    held: f32,
    alarms: u32,
    fires: bool,
}

impl SegmentVariability {
    /// What is ordinary in a window of `length`.
    #[must_use]
    pub fn bound(
        &self,
        length: WindowLength,
        subject: &Subject,
        thing: &Thing,
        rule: OrdinaryRule,
    ) -> Ordinary {
        let Some((own, learned)) = self.of_length(length) else {
            return Variability::default().ordinary(rule);
        };
        let is_of_days = length.minutes() > DAY_MINUTES && *own < length;
        let entry = learned.things.get(subject).and_then(|of| of.get(thing));
        let ordinary = match entry {
            Some(entry) if is_of_days => entry.entered_late.ordinary_of_days(rule),
            Some(entry) => entry.entered.ordinary(rule),
            None => Ordinary::known(0.0),
        };
        let before = learned.starts.get(subject).copied().unwrap_or(0);
        Ordinary {
            days: learned.days.saturating_sub(before),
            ..ordinary
        }
    }

    /// Days from which it is known what is ordinary for a subject in windows of `length`.
    #[must_use]
    pub fn days_of(&self, length: WindowLength, subject: &Subject) -> u32 {
        let Some((own, learned)) = self.of_length(length) else {
            return 0;
        };
        let before = learned.starts.get(subject).copied().unwrap_or(0);
        let is_of_days = length.minutes() > DAY_MINUTES && *own < length;
        let days = if is_of_days {
            learned.days_late
        } else {
            learned.days
        };
        days.saturating_sub(before)
    }

    /// Counts the days of a subject from now on, if none of them was counted before.
    pub fn begin(&mut self, length: WindowLength, subject: &Subject) {
        let of_length = self.0.entry(length).or_default();
        if !of_length.starts.contains_key(subject) {
            of_length.starts.insert(subject.clone(), of_length.days);
        }
    }

    /// What was learned in windows of `length`; where nothing was, in the longest shorter ones, else in the shortest
    /// longer ones.
    fn of_length(&self, length: WindowLength) -> Option<(&WindowLength, &LengthVariability)> {
        let known = |(_, learned): &(&WindowLength, &LengthVariability)| learned.days > 0;
        let shorter = self.0.range(..=length).rev().find(known);
        shorter.or_else(|| self.0.range(length..).find(known))
    }

    /// Learns a whole day of the learning span: the largest distance of each thing that left its noise.
    pub fn learn_day(&mut self, length: WindowLength, day: &BTreeMap<(Subject, Thing), f64>) {
        let of_length = self.0.entry(length).or_default();
        for (subject, thing) in day.keys() {
            of_length.entry(subject.clone(), thing.clone());
        }
        of_length.days += 1;
        of_length.days_late += 1;
        for (subject, things) in &mut of_length.things {
            enter_day(subject, things, day);
        }
    }

    /// Replaces what was learned of a thing by these days where they make more ordinary.
    pub fn learn_again(&mut self, days: &[BTreeMap<(Subject, Thing), f64>]) {
        let things: BTreeSet<&(Subject, Thing)> = days.iter().flat_map(BTreeMap::keys).collect();
        for (subject, thing) in things {
            let mut again = Variability::default();
            for day in days {
                let distance = day.get(&(subject.clone(), thing.clone()));
                again.learn(distance.copied().unwrap_or(0.0));
            }
            for of_length in self.0.values_mut() {
                let learned = of_length.entry(subject.clone(), thing.clone());
                learned.entered = learned.entered.or_wider(again);
                learned.entered_late = learned.entered_late.or_wider(again);
            }
        }
    }

    /// Learns a whole day of the learning span of a subject that came later.
    pub fn learn_late_day(
        &mut self,
        length: WindowLength,
        subject: &Subject,
        day: &BTreeMap<(Subject, Thing), f64>,
    ) {
        let of_length = self.0.entry(length).or_default();
        // Its own days count: the first of them is entered here.
        let before = of_length.days.saturating_sub(1);
        of_length.starts.entry(subject.clone()).or_insert(before);
        for (_, thing) in day.keys().filter(|(own, _)| own == subject) {
            of_length.entry(subject.clone(), thing.clone());
        }
        if let Some(things) = of_length.things.get_mut(subject) {
            enter_day(subject, things, day);
        }
    }

    /// Notes that windows of `length` were judged at `at`.
    pub fn note(&mut self, length: WindowLength, at: Boundary, days: Days) -> bool {
        let of_length = self.0.entry(length).or_default();
        of_length.judged.insert(days.day(at))
    }

    /// Offers a window that ends at `at`. Returns true if anything changed.
    pub fn offer(
        &mut self,
        excess: Excess,
        teaching: Teaching,
        rule: OrdinaryRule,
        (at, days): (Boundary, Days),
    ) -> bool {
        let of_length = self.0.entry(excess.length).or_default();
        let is_known = of_length.knows(&excess.subject, &excess.thing);
        if excess.distance <= 0.0 && !is_known {
            return false;
        }
        let learned = of_length.entry(excess.subject, excess.thing);
        match teaching {
            Teaching::Ordinary => {
                let has_ended = learned.end_alarm(at, rule, days);
                learned.raise(at, excess.distance, days) || has_ended
            }
            Teaching::Overlaps { longest, fires } => {
                let reach = longest.minutes() + excess.length.minutes();
                learned.take_back(at.plus_minutes(-reach), days);
                if excess.length.minutes() >= DAY_MINUTES || longest.minutes() >= DAY_MINUTES {
                    learned.waiting.clear();
                }
                if fires {
                    learned.alarms += u32::from(!learned.fires);
                    learned.fires = true;
                    learned.held = learned.held.max(excess.distance as f32);
                }
                true
            }
        }
    }

    /// Forgets days that have not entered, alarms that are going on, and all of `subjects`.
    pub fn settle(&mut self, subjects: &BTreeSet<Subject>) {
        for of_length in self.0.values_mut() {
            of_length.judged.clear();
            of_length.waiting.clear();
            of_length
                .starts
                .retain(|subject, _| !subjects.contains(subject));
            of_length
                .things
                .retain(|subject, _| !subjects.contains(subject));
            of_length.all().for_each(Learned::settle);
        }
    }

    /// Enters the day before the one that ends at `at`. Returns true if anything changed.
    pub fn close_day(&mut self, at: Boundary, days: Days) -> bool {
        let Some(closed) = days.closed_at(at) else {
            return false;
        };
        for of_length in self.0.values_mut() {
            of_length.enter(closed - 1, days);
        }
        true
    }
}

/// Enters a day of the learning span for all things of a subject; those without a distance stayed in their noise.
fn enter_day(
    subject: &Subject,
    things: &mut BTreeMap<Thing, Learned>,
    day: &BTreeMap<(Subject, Thing), f64>,
) {
    for (thing, learned) in things {
        let distance = day.get(&(subject.clone(), thing.clone()));
        let distance = distance.copied().unwrap_or(0.0);
        learned.entered.learn(distance);
        learned.entered_late.learn(distance);
    }
}

impl LengthVariability {
    fn knows(&self, subject: &Subject, thing: &Thing) -> bool {
        let things = self.things.get(subject);
        things.is_some_and(|things| things.contains_key(thing))
    }

    fn entry(&mut self, subject: Subject, thing: Thing) -> &mut Learned {
        let before = self.starts.get(&subject).copied().unwrap_or(0);
        let days = self.days.saturating_sub(before);
        let days_late = self.days_late.saturating_sub(before);
        let things = self.things.entry(subject).or_default();
        things.entry(thing).or_insert_with(|| Learned {
            entered: Variability::of_still_days(days),
            entered_late: Variability::of_still_days(days_late),
            ..Learned::default()
        })
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Learned> {
        self.things.values_mut().flat_map(BTreeMap::values_mut)
    }

    /// Enters `day`, if windows were judged on it.
    fn enter(&mut self, day: i64, days: Days) {
        let was_judged = self.judged.remove(&day);
        self.judged = self.judged.split_off(&day);
        let late = day - DAYS_LATE;
        self.days += u32::from(was_judged);
        let enters_late = self.waiting.remove(&late);
        self.waiting = self.waiting.split_off(&late);
        self.days_late += u32::from(enters_late);
        if was_judged {
            self.waiting.insert(day);
        }
        for learned in self.all() {
            if let Some(distance) = learned.take_day(day, days).filter(|_| was_judged) {
                learned.entered.learn(f64::from(distance));
                learned.waiting.insert(day, distance);
            }
            let due = learned.waiting.split_off(&(late + 1));
            let entered = std::mem::replace(&mut learned.waiting, due);
            for distance in entered.into_values() {
                learned.entered_late.learn(f64::from(distance));
            }
        }
    }
}

impl Learned {
    fn settle(&mut self) {
        self.recent.clear();
        self.taken_back.clear();
        self.waiting.clear();
        self.held = 0.0;
        self.fires = false;
    }

    fn raise(&mut self, at: Boundary, distance: f64, days: Days) -> bool {
        let distance = distance as f32;
        let block = days.block(at);
        let known = self.recent.get(&block).copied();
        self.recent
            .insert(block, known.map_or(distance, |known| known.max(distance)));
        known.is_none_or(|known| distance > known)
    }

    /// Takes back the blocks that end after `since`.
    fn take_back(&mut self, since: Boundary, days: Days) {
        let overlap = |start: &Boundary| days.block_end(*start) > since;
        for (start, _) in self.recent.extract_if(.., |start, _| overlap(start)) {
            self.taken_back.insert(days.day(days.block_end(start)));
        }
    }

    /// Ends an alarm. From the second one on, what fired is ordinary.
    fn end_alarm(&mut self, at: Boundary, rule: OrdinaryRule, days: Days) -> bool {
        if !std::mem::take(&mut self.fires) {
            return false;
        }
        let held = std::mem::take(&mut self.held);
        if rule == OrdinaryRule::Rate && self.alarms > 1 {
            self.raise(at, f64::from(held), days);
        }
        true
    }

    /// Takes the largest distance of `day`, and forgets what is older; `None` if nothing ordinary is left of the day.
    fn take_day(&mut self, day: i64, days: Days) -> Option<f32> {
        let was_taken_back = self.taken_back.remove(&day);
        let is_over = |start: &Boundary| days.day(days.block_end(*start)) <= day;
        let blocks = self.recent.extract_if(.., |start, _| is_over(start));
        let blocks: Vec<(Boundary, f32)> = blocks.collect();
        self.taken_back = self.taken_back.split_off(&day);
        let of_day = blocks
            .iter()
            .filter(|(start, _)| days.day(days.block_end(*start)) == day);
        let largest = of_day.map(|(_, distance)| *distance).reduce(f32::max);
        largest.or((!was_taken_back).then_some(0.0))
    }
}
