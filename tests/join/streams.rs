//! Random streams for tests of the join. There are few ids, so that all cases of pairs occur. Events are submitted in
//! any order and in pieces.

use tidegauge::event::{EventTime, Variant};
use tidegauge::join::{
    Group, GroupParts, JoinSettings, JoinSink, JoinTimes, LabelParts, Outcomes, OutcomesBuilder,
};
use tidegauge::sketch::{Answered, KnownTruth};
use tidegauge::window::{Boundary, PANE_MILLIS};

pub const SETTINGS: JoinSettings = JoinSettings {
    horizon_minutes: 90,
    lead_minutes: 20,
    bytes_max: usize::MAX,
};

#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    pub id: u64,
    pub time: i64,
    pub model: &'static str,
    pub variant: Variant,
    pub class: Option<&'static str>,
    pub cell: u8,
    pub value: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub id: u64,
    pub arrival: i64,
    pub made: i64,
    pub truth: Option<KnownTruth<'static>>,
    pub evaluation: Option<(&'static str, u8)>,
    pub source: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Predicted(Prediction),
    Labelled(Label),
}

impl Event {
    pub fn time(&self) -> i64 {
        match self {
            Self::Predicted(prediction) => prediction.time,
            Self::Labelled(label) => label.arrival,
        }
    }
}

/// Operation on a join.
#[derive(Debug, Clone)]
pub enum Op {
    Submit(Outcomes),
    Close(Boundary),
}

const MODELS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const CLASSES: [&str; 3] = ["yes", "no", "so"];
const SOURCES: [&str; 3] = ["", "human", "gold"];
const MINUTES: i64 = 600;

fn pick<T: Copy>(random: &mut fastrand::Rng, of: &[T]) -> T {
    of[random.usize(..of.len())]
}

/// Generates `count` random events, some of them repeated. Fewer `ids` mean more events per id.
pub fn events(random: &mut fastrand::Rng, count: usize, ids: u64) -> Vec<Event> {
    let mut events = Vec::new();
    // No two predictions have the same time, because only hashes would decide their order. Labels may have the same
    // time.
    let mut instants = std::collections::BTreeSet::new();
    for _ in 0..count {
        let id = random.u64(..ids) << 40; // equal low bits, as in one partition
        let second = random.i64(0..MINUTES * 60) * 1_000;
        let event = if random.bool() && instants.insert(second) {
            Event::Predicted(prediction(random, id, second))
        } else {
            Event::Labelled(label(random, id, second))
        };
        for _ in 0..[1, 1, 1, 2, 3][random.usize(..5)] {
            events.push(event.clone());
        }
    }
    events
}

fn prediction(random: &mut fastrand::Rng, id: u64, time: i64) -> Prediction {
    let variants = [Variant::Default, Variant::Canary, Variant::Shadow];
    Prediction {
        id,
        time,
        model: pick(random, &MODELS),
        variant: pick(random, &variants),
        class: random.bool().then(|| pick(random, &CLASSES)),
        cell: random.u8(..100),
        value: random.bool().then(|| random.f64()),
    }
}

fn label(random: &mut fastrand::Rng, id: u64, arrival: i64) -> Label {
    let truth = match random.u8(..4) {
        0 => None,
        1 => Some(KnownTruth::Value(f64::from(random.u8(..3)))),
        _ => Some(KnownTruth::Class(pick(random, &CLASSES))),
    };
    let evaluation = (truth.is_none() || random.u8(..3) == 0)
        .then(|| (pick(random, &["tone", "truth"]), random.u8(..3)));
    Label {
        id,
        arrival,
        made: random.i64(0..5),
        truth,
        evaluation,
        source: pick(random, &SOURCES),
    }
}

/// Operations with a clock that jumps. Each event is submitted at a random step before its minute is closed. One in
/// `late_one_in` may be submitted later. In the end everything has expired.
pub fn ops(random: &mut fastrand::Rng, events: &[Event], late_one_in: u32) -> Vec<Op> {
    let mut clocks = vec![0];
    while clocks[clocks.len() - 1] < MINUTES {
        let jump = pick(random, &[1, 1, 2, 5, 30, 200]);
        clocks.push(clocks[clocks.len() - 1] + jump);
    }
    let mut item: Vec<Vec<&Event>> = vec![Vec::new(); clocks.len() + 1];
    for event in events {
        let minute = event.time().div_euclid(PANE_MILLIS);
        let last = clocks.partition_point(|clock| *clock <= minute);
        let step = match random.u32(..late_one_in) {
            0 => random.usize(last..=clocks.len()),
            _ => random.usize(last.saturating_sub(3)..=last),
        };
        item[step].push(event);
    }
    let mut ops = Vec::new();
    clocks.push(MINUTES * 3);
    for (clock, mut events) in clocks.into_iter().zip(item) {
        random.shuffle(&mut events);
        for piece in events.chunks(random.usize(1..40)) {
            ops.extend(pieces(random, outcomes(piece)).into_iter().map(Op::Submit));
        }
        ops.push(Op::Close(Boundary(clock)));
    }
    ops
}

/// Splits outcomes at random and passes each piece through the wire format.
fn pieces(random: &mut fastrand::Rng, outcomes: Outcomes) -> Vec<Outcomes> {
    let pieces = match random.bool() {
        true => vec![outcomes],
        false => <[Outcomes; 2]>::from(outcomes.split()).into(),
    };
    let wired = |piece| postcard::from_bytes(&postcard::to_stdvec(piece).unwrap()).unwrap();
    pieces.iter().map(wired).collect()
}

pub fn outcomes(events: &[&Event]) -> Outcomes {
    let mut builder = OutcomesBuilder::default();
    for event in events {
        match event {
            Event::Predicted(prediction) => {
                let of = GroupParts {
                    model: prediction.model,
                    version: "1",
                    variant: prediction.variant,
                    segments: [("country", "DE")].into_iter(),
                };
                let time = EventTime(prediction.time);
                builder.predict(prediction.id, time, &of, prediction.answer());
            }
            Event::Labelled(label) => builder.label(LabelParts {
                id: label.id,
                arrival: EventTime(label.arrival),
                made: EventTime(label.made),
                truth: label.truth,
                evaluations: label.evaluation.into_iter(),
                source: label.source,
            }),
        }
    }
    builder.take()
}

impl Prediction {
    pub fn answer(&self) -> Answered<'static> {
        Answered {
            class: self.class,
            cell: self.cell,
            value: self.value,
        }
    }
}

/// Sink that records its calls, one line per call.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Recorder(pub Vec<String>);

impl Recorder {
    pub fn say(&mut self, what: String, of: (&str, Variant), times: JoinTimes) {
        let (pt, kt) = (times.predicted_at.0, times.known_at.0);
        self.0.push(format!("{kt:>9} {pt:>9} {of:?}: {what}"));
    }

    pub fn sorted(mut self) -> Vec<String> {
        self.0.sort();
        self.0
    }
}

fn name(of: &Group) -> (&str, Variant) {
    (&of.model, of.variant)
}

impl JoinSink for Recorder {
    fn predicted(&mut self, of: &Group, times: JoinTimes, answer: Answered<'_>) {
        self.say(format!("{answer:?}"), name(of), times);
    }
    fn judged(
        &mut self,
        of: &Group,
        times: JoinTimes,
        answer: Answered<'_>,
        truth: KnownTruth<'_>,
    ) {
        self.say(format!("{answer:?} is {truth:?}"), name(of), times);
    }
    fn corrected(
        &mut self,
        of: &Group,
        times: JoinTimes,
        answer: Answered<'_>,
        old: KnownTruth<'_>,
        new: KnownTruth<'_>,
    ) {
        self.say(
            format!("{answer:?} is {old:?} no, {new:?}"),
            name(of),
            times,
        );
    }
    fn evaluated(&mut self, of: &Group, times: JoinTimes, name_: &str, old: Option<u8>, new: u8) {
        self.say(format!("{name_} {old:?} {new}"), name(of), times);
    }
}
