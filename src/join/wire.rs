//! The serialised form of outcomes: versioned, ids as eight bytes, times as differences to the one before, and believed
//! only where every index points at something and every number is finite.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::outcomes::{Group, LabelTruth, Labelled, Outcomes, Predicted};
use crate::event::EventTime;

/// Version of the serialised form.
const FORMAT: u8 = 1;

/// Bytes that are no outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not outcomes of this kind: {0}")]
pub struct BadOutcomes(&'static str);

/// The serialised form while it is written: texts are borrowed.
#[derive(Serialize)]
struct Writing<'a> {
    format: u8,
    groups: &'a [Group],
    words: &'a [String],
    predicted: Vec<WirePredicted>,
    labelled: Vec<WireLabelled>,
}

/// The serialised form while it is read.
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

/// Times as differences, both ways.
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
    for predicted in &outcomes.predicted {
        if !is_group(predicted.group) || !predicted.class.is_none_or(is_word) {
            return Err(BadOutcomes("a prediction of no group or class"));
        }
        if !predicted.value.is_none_or(f64::is_finite) {
            return Err(BadOutcomes("a predicted value that is no number"));
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
            return Err(BadOutcomes("a label of no class, source or evaluation"));
        }
    }
    Ok(())
}
