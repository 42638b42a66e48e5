//! Serialized form of outcomes. It is versioned, ids take eight bytes, and times are differences to the previous one.
//! Decoding checks that every index is valid and every number is finite.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::outcomes::{Group, LabelTruth, Labelled, Outcomes, Predicted};
use crate::event::EventTime;

/// Version of the serialized form.
const FORMAT: u8 = 1;
/// Largest distance of a time from the Unix epoch, in milliseconds. Sums of times within this range cannot overflow.
const TIME_MAX: i64 = 1 << 53;

/// Error: the bytes are not valid outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not valid outcomes: {0}")]
pub struct BadOutcomes(&'static str);

/// Serialized form for writing, with borrowed texts.
#[derive(Serialize)]
struct Writing<'a> {
    format: u8,
    groups: &'a [Group],
    words: &'a [String],
    predicted: Vec<WirePredicted>,
    labelled: Vec<WireLabelled>,
}

/// Serialized form for reading.
#[derive(Deserialize)]
struct Reading {
    format: u8,
    groups: Vec<Group>,
    words: Vec<String>,
    predicted: Vec<WirePredicted>,
    labelled: Vec<WireLabelled>,
}

#[derive(Serialize, Deserialize)]
struct WirePredicted {
    id: [u8; 8],
    step: i64,
    group: u32,
    class: Option<u32>,
    cell: u8,
    value: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct WireLabelled {
    id: [u8; 8],
    step: i64,
    /// `arrival` − `made`.
    age: i64,
    truth: Option<LabelTruth>,
    evaluations: Vec<(u32, u8)>,
    source: u32,
}

/// Conversion between times and differences, in both directions.
#[derive(Default)]
struct Steps(i64);

impl Steps {
    fn step_to(&mut self, time: EventTime) -> i64 {
        let step = time.0.wrapping_sub(self.0);
        self.0 = time.0;
        step
    }

    fn time_after(&mut self, step: i64) -> EventTime {
        self.0 = self.0.wrapping_add(step);
        EventTime(self.0)
    }
}

impl Serialize for Outcomes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut predicted, mut labelled) = (Steps::default(), Steps::default());
        let wire = Writing {
            format: FORMAT,
            groups: &self.groups,
            words: &self.words,
            predicted: self
                .predicted
                .iter()
                .map(|p| write_prediction(p, &mut predicted))
                .collect(),
            labelled: self
                .labelled
                .iter()
                .map(|l| write_label(l, &mut labelled))
                .collect(),
        };
        wire.serialize(serializer)
    }
}

fn write_prediction(predicted: &Predicted, steps: &mut Steps) -> WirePredicted {
    WirePredicted {
        id: predicted.id.to_le_bytes(),
        step: steps.step_to(predicted.time),
        group: predicted.group,
        class: predicted.class,
        cell: predicted.cell,
        value: predicted.value,
    }
}

fn write_label(labelled: &Labelled, steps: &mut Steps) -> WireLabelled {
    WireLabelled {
        id: labelled.id.to_le_bytes(),
        step: steps.step_to(labelled.arrival),
        age: labelled.arrival.0.wrapping_sub(labelled.made.0),
        truth: labelled.truth,
        evaluations: labelled.evaluations.clone(),
        source: labelled.source,
    }
}

impl<'de> Deserialize<'de> for Outcomes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Reading::deserialize(deserializer)?;
        read(wire).map_err(serde::de::Error::custom)
    }
}

fn read(wire: Reading) -> Result<Outcomes, BadOutcomes> {
    if wire.format != FORMAT {
        return Err(BadOutcomes("unknown format"));
    }
    let (mut predicted, mut labelled) = (Steps::default(), Steps::default());
    let predicted = wire
        .predicted
        .into_iter()
        .map(|p| read_prediction(&p, &mut predicted));
    let labelled = wire
        .labelled
        .into_iter()
        .map(|l| read_label(l, &mut labelled));
    let outcomes = Outcomes {
        groups: wire.groups,
        words: wire.words,
        predicted: predicted.collect(),
        labelled: labelled.collect(),
    };
    check(&outcomes)?;
    Ok(outcomes)
}

fn read_prediction(wire: &WirePredicted, steps: &mut Steps) -> Predicted {
    Predicted {
        id: u64::from_le_bytes(wire.id),
        time: steps.time_after(wire.step),
        group: wire.group,
        class: wire.class,
        cell: wire.cell,
        value: wire.value,
    }
}

fn read_label(wire: WireLabelled, steps: &mut Steps) -> Labelled {
    let arrival = steps.time_after(wire.step);
    Labelled {
        id: u64::from_le_bytes(wire.id),
        arrival,
        made: EventTime(arrival.0.wrapping_sub(wire.age)),
        truth: wire.truth,
        evaluations: wire.evaluations,
        source: wire.source,
    }
}

fn check(outcomes: &Outcomes) -> Result<(), BadOutcomes> {
    let is_word = |index: u32| (index as usize) < outcomes.words.len();
    let is_group = |index: u32| (index as usize) < outcomes.groups.len();
    let is_time = |time: EventTime| (-TIME_MAX..=TIME_MAX).contains(&time.0);
    for predicted in &outcomes.predicted {
        if !is_group(predicted.group) || !predicted.class.is_none_or(is_word) {
            return Err(BadOutcomes(
                "a prediction refers to an unknown group or class",
            ));
        }
        if !predicted.value.is_none_or(f64::is_finite) || !is_time(predicted.time) {
            return Err(BadOutcomes(
                "a predicted value is not finite, or a time is out of range",
            ));
        }
    }
    for labelled in &outcomes.labelled {
        let named = labelled.evaluations.iter().all(|(name, _)| is_word(*name));
        let sound = match labelled.truth {
            Some(LabelTruth::Class(class)) => is_word(class),
            Some(LabelTruth::Value(value)) => value.is_finite(),
            None => true,
        };
        if !named || !sound || !is_word(labelled.source) {
            return Err(BadOutcomes(
                "a label refers to an unknown class, source or evaluation",
            ));
        }
        if !is_time(labelled.arrival) || !is_time(labelled.made) {
            return Err(BadOutcomes("a time of a label is out of range"));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::event::{Segment, Variant};

    fn outcomes() -> Outcomes {
        let group = |country: &str| Group {
            model: "fraud".to_owned(),
            version: "7".to_owned(),
            variant: Variant::Canary,
            segments: vec![Segment {
                key: "country".to_owned(),
                value: country.to_owned(),
            }],
        };
        let predicted = |serial: i64| Predicted {
            id: u64::MAX - serial as u64,
            time: EventTime(1_762_164_931_000 - serial * 7_919),
            group: (serial % 2) as u32,
            class: (serial % 3 > 0).then_some((serial % 3) as u32),
            cell: (serial % 256) as u8,
            value: (serial % 3 == 0).then_some(-0.5 * serial as f64),
        };
        let truths = [
            None,
            Some(LabelTruth::Class(2)),
            Some(LabelTruth::Value(f64::MIN)),
        ];
        let labelled = |serial: i64| Labelled {
            id: serial as u64,
            arrival: EventTime(1_762_164_931_000 + serial % 5),
            made: EventTime(-serial),
            truth: truths[serial as usize % 3],
            evaluations: vec![(1, 100); serial as usize % 4],
            source: 0,
        };
        Outcomes {
            groups: ["DE", "FR"].map(group).into(),
            words: ["", "no", "yes"].map(str::to_owned).into(),
            predicted: (0..301).map(predicted).collect(),
            labelled: (0..200).map(labelled).collect(),
        }
    }

    fn decode(outcomes: &Outcomes) -> Result<Outcomes, postcard::Error> {
        postcard::from_bytes(&postcard::to_stdvec(outcomes).unwrap())
    }

    #[test]
    fn what_is_written_is_read() {
        for outcomes in [Outcomes::default(), outcomes()] {
            assert_eq!(decode(&outcomes).unwrap(), outcomes);
        }
        assert_eq!(postcard::to_stdvec(&Outcomes::default()).unwrap().len(), 5);
    }

    #[test]
    fn a_prediction_takes_some_twenty_bytes() {
        let mut outcomes = outcomes();
        outcomes.labelled.clear();
        let bytes = postcard::to_stdvec(&outcomes).unwrap().len();
        assert!(bytes < 301 * 20, "{bytes}");
    }

    #[test]
    fn two_halves_say_what_the_whole_says() {
        let whole = outcomes();
        let (first, second) = whole.clone().split();
        assert!(first.len().abs_diff(second.len()) <= 1);
        assert_eq!(first.len() + second.len(), whole.len());
        // Each half has the texts that it refers to, in its own order.
        let spoken = |outcomes: &Outcomes| {
            let word = |at: u32| outcomes.words[at as usize].clone();
            let group = |at: u32| outcomes.groups[at as usize].clone();
            let predicted = outcomes.predicted.iter();
            let predicted = predicted.map(|p| (p.id, group(p.group), p.class.map(word)));
            let labelled = outcomes.labelled.iter();
            let labelled = labelled.map(|l| (l.id, word(l.source), l.evaluations.len()));
            (predicted.collect::<Vec<_>>(), labelled.collect::<Vec<_>>())
        };
        let (first, second, whole) = (spoken(&first), spoken(&second), spoken(&whole));
        assert_eq!([first.0, second.0].concat(), whole.0);
        assert_eq!([first.1, second.1].concat(), whole.1);
        let (one, mut none) = outcomes().split().0.split();
        none.predicted.truncate(1);
        none.labelled.clear();
        let (a, b) = none.split();
        assert_eq!(a.len() + b.len(), 1);
        assert!(!one.is_empty());
    }

    #[test]
    fn what_points_at_nothing_is_refused() {
        type Spoil = fn(&mut Outcomes);
        let refused: [(&str, Spoil); 12] = [
            ("group", |o| o.predicted[3].group = 2),
            ("no groups", |o| o.groups.clear()),
            ("class", |o| o.predicted[300].class = Some(3)),
            ("value", |o| o.predicted[0].value = Some(f64::NAN)),
            ("time", |o| o.predicted[9].time = EventTime(i64::MIN)),
            ("truth", |o| {
                o.labelled[1].truth = Some(LabelTruth::Class(3))
            }),
            ("true value", |o| {
                o.labelled[1].truth = Some(LabelTruth::Value(f64::INFINITY))
            }),
            ("evaluation", |o| o.labelled[0].evaluations = vec![(3, 0)]),
            ("source", |o| o.labelled[199].source = u32::MAX),
            ("arrival", |o| o.labelled[199].arrival = EventTime(i64::MAX)),
            ("made", |o| o.labelled[199].made = EventTime(i64::MIN)),
            ("words", |o| o.words.truncate(2)),
        ];
        for (why, break_it) in refused {
            let mut outcomes = outcomes();
            break_it(&mut outcomes);
            assert!(decode(&outcomes).is_err(), "{why}");
        }
        let mut bytes = postcard::to_stdvec(&outcomes()).unwrap();
        bytes[0] = 2;
        assert!(postcard::from_bytes::<Outcomes>(&bytes).is_err(), "format");
    }
}
