//! A stream: one model, the real evaluate stage, and what it publishes.

use std::sync::Arc;

use tidegauge::config::{ConfigSources, load};
use tidegauge::event::{EventTime, Scope, Tick};
use tidegauge::pipeline::Plan;
use tidegauge::pipeline::evaluate::Evaluate;
use tidegauge::pipeline::frame::{Frame, FrameLink, PanePartial, SourceId, Summary, pack};
use tidegauge::pipeline::output::Output;
use tidegauge::pipeline::stage::Stage;
use tidegauge::sketch::Partial;
use tidegauge::window::{Boundary, COARSE_MINUTES};

pub const QUARTERS_PER_DAY: i64 = 96;
/// Monday, 5 January 2026, 00:00 UTC, in minutes since 1970.
const START: i64 = 29_459_520;
const MODEL: &str = "simulated";

/// A quarter of an hour, counted from the start of the simulation, a Monday at midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter(pub i64);

impl Quarter {
    /// First quarter of a day; days count from 0.
    pub fn of_start(day: i64) -> Self {
        Self(day * QUARTERS_PER_DAY)
    }

    /// Quarters since midnight.
    pub fn of_day(self) -> i64 {
        self.0.rem_euclid(QUARTERS_PER_DAY)
    }

    pub fn is_weekend(self) -> bool {
        self.0.div_euclid(QUARTERS_PER_DAY).rem_euclid(7) >= 5
    }

    fn start(self) -> Boundary {
        Boundary(START + self.0 * COARSE_MINUTES)
    }

    /// Minutes from the start of the simulation to `instant`, as records write it.
    pub fn minutes_of(instant: &str) -> i64 {
        let instant: jiff::Timestamp = instant.parse().unwrap();
        instant.as_second() / 60 - START
    }
}

/// Plan of the product's defaults and `settings`, each a path and a text, as flags would set them. Windows move by a pane or
/// more, because a pane is fed at once.
pub fn plan(settings: &[(String, String)], pane_minutes: i64) -> Arc<Plan> {
    let mut sources = ConfigSources::default();
    for (path, text) in settings {
        sources = sources.flag("the simulation", path, text);
    }
    let mut plan = load(&sources).unwrap().plan;
    for window in &mut plan.windows {
        window.step_minutes = window.step_minutes.max(pane_minutes);
    }
    Arc::new(plan)
}

/// The evaluate stage with one source that feeds one model.
pub struct Stream {
    evaluate: Evaluate,
    topic: String,
    frames: u64,
}

impl Stream {
    pub fn new(plan: &Arc<Plan>) -> Self {
        Self {
            evaluate: Evaluate::begin(plan, 0, 1, 0),
            topic: plan.topics.predictions[0].clone(),
            frames: 0,
        }
    }

    /// Feeds what came in each of the equal parts of a quarter of an hour, judges all windows that end with one, and returns
    /// what was published.
    pub fn feed(&mut self, at: Quarter, parts: Vec<Partial>) -> Vec<Output> {
        let length = COARSE_MINUTES / parts.len() as i64;
        let starts = (0..).map(|part| at.start().plus_minutes(part * length));
        let fed = starts
            .zip(parts)
            .flat_map(|(start, partial)| self.feed_pane(start, length, partial));
        fed.collect()
    }

    fn feed_pane(&mut self, start: Boundary, length: i64, partial: Partial) -> Vec<Output> {
        let end = start.plus_minutes(length).time();
        let payloads = match partial.predictions {
            0 => Vec::new(),
            _ => vec![Summary::Pane(pane(start, partial))],
        };
        let frame = self.frame(end, payloads);
        let offset = self.evaluate.intake().next_offset();
        for (record, offset) in pack(vec![frame]).unwrap().iter().zip(offset..) {
            self.evaluate.submit(offset, record).unwrap();
        }
        while self.evaluate.has_work() {
            self.evaluate.step().unwrap();
        }
        let flush = self.evaluate.flush(Tick(end.0)).unwrap();
        flush.map_or_else(Vec::new, |flush| flush.writes.outputs)
    }

    fn frame(&mut self, watermark: EventTime, payloads: Vec<Summary>) -> Frame<Summary> {
        let offset = self.frames as i64;
        self.frames += 1;
        Frame {
            source: SourceId {
                topic: self.topic.clone(),
                partition: 0,
            },
            incarnation: 1,
            seq: self.frames,
            link: match offset {
                0 => FrameLink::First,
                _ => FrameLink::Next,
            },
            start: offset,
            end: offset + 1,
            watermark: Some(watermark),
            topic_partitions: 1,
            payloads,
            piece: 0,
            more: false,
        }
    }
}

fn pane(start: Boundary, partial: Partial) -> PanePartial {
    PanePartial {
        scope: Scope {
            model: MODEL.to_owned(),
            version: "1".to_owned(),
            segment: None,
        },
        start,
        partial,
    }
}

#[test]
fn the_first_day_is_a_monday() {
    let start = jiff::Timestamp::from_millisecond(START * 60_000).unwrap();
    let start = start.to_zoned(jiff::tz::TimeZone::UTC);
    assert_eq!(start.weekday(), jiff::civil::Weekday::Monday);
    assert_eq!((start.hour(), start.minute()), (0, 0));
    assert!(!Quarter::of_start(4).is_weekend() && Quarter::of_start(5).is_weekend());
}
