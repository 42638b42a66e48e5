//! Faults: what breaks, and from when.

use crate::nulls::Nulls;
use crate::subject::Kind;

/// How a fault changes the values of a subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Shift of the mean, in standard deviations.
    pub shift: f64,
    /// Factor of every number.
    pub scale: f64,
    /// Share of nulls, or of errors, in place of the ordinary share.
    pub null_rate: Option<f64>,
    /// Share of values in a category that was never seen.
    pub unseen: f64,
}

impl Default for Effect {
    fn default() -> Self {
        NO_EFFECT
    }
}

const NO_EFFECT: Effect = Effect {
    shift: 0.0,
    scale: 1.0,
    null_rate: None,
    unseen: 0.0,
};

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// One subject. `nulls` replaces the ordinary share of nulls if it is not `None`.
    Subject {
        kind: Kind,
        nulls: Option<Nulls>,
        effect: Effect,
    },
    /// The traffic of the model, by this factor.
    Traffic(f64),
}

/// A fault of the sensitivity table.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub name: &'static str,
    pub target: Target,
}

const fn on(name: &'static str, kind: Kind, effect: Effect) -> Fault {
    let target = Target::Subject {
        kind,
        nulls: None,
        effect,
    };
    Fault { name, target }
}

const fn shift(name: &'static str, shift: f64) -> Fault {
    on(name, Kind::Number, Effect { shift, ..NO_EFFECT })
}

const fn nulls(name: &'static str, from: f64, to: f64) -> Fault {
    let effect = Effect {
        null_rate: Some(to),
        ..NO_EFFECT
    };
    let target = Target::Subject {
        kind: Kind::Number,
        nulls: Some(Nulls::Steady(from)),
        effect,
    };
    Fault { name, target }
}

/// Every fault of the sensitivity table.
pub const FAULTS: &[Fault] = &[
    shift("shift 0.25 σ", 0.25),
    shift("shift 0.5 σ", 0.5),
    shift("shift 1 σ", 1.0),
    on(
        "scale × 100",
        Kind::Number,
        Effect {
            scale: 100.0,
            ..NO_EFFECT
        },
    ),
    nulls("nulls 0 → 2 %", 0.0, 0.02),
    nulls("nulls 2 → 20 %", 0.02, 0.2),
    on(
        "unseen category 2 %",
        Kind::Category,
        Effect {
            unseen: 0.02,
            ..NO_EFFECT
        },
    ),
    on(
        "score + 0.5 σ",
        Kind::Score,
        Effect {
            shift: 0.5,
            ..NO_EFFECT
        },
    ),
    on(
        "latency + 0.25 σ of its logarithm",
        Kind::Latency,
        Effect {
            shift: 0.25,
            ..NO_EFFECT
        },
    ),
    on(
        "errors 0.1 → 2 %",
        Kind::Errors,
        Effect {
            null_rate: Some(0.02),
            ..NO_EFFECT
        },
    ),
    Fault {
        name: "volume − 20 %",
        target: Target::Traffic(0.8),
    },
];
