//! A model: its subjects, its traffic, and the faults that begin on one day.

use std::sync::Arc;

use tidegauge::pipeline::Plan;
use tidegauge::pipeline::output::Output;
use tidegauge::sketch::{Partial, Subject};
use tidegauge::window::COARSE_MINUTES;

use crate::draws::Draws;
use crate::episodes::Episodes;
use crate::fault::{Effect, Fault, Target};
use crate::stream::{Quarter, Stream};
use crate::subject::{Behaviour, Generator, Kind};
use crate::traffic::{Counter, Traffic};
use crate::world::World;

/// Size of a simulation.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub subjects: usize,
    pub days: i64,
    pub per_minute: f64,
    /// Minutes that are fed at once: a divisor of 15.
    pub pane_minutes: i64,
}

/// A simulated model.
pub struct Model {
    generators: Vec<Generator>,
    counter: Counter,
    draws: Draws,
    /// Faults by place of their subject; `None` is the traffic.
    faults: Vec<(Option<usize>, Effect)>,
    traffic_share: f64,
    size: Size,
}

impl Model {
    /// A model in an ordinary world.
    pub fn new(world: &World, size: Size, seed: u64) -> Self {
        let generator = |at: usize| {
            let kind = world.kind(at, size.subjects);
            let behaviour = world.behaviour(at, size.subjects);
            Generator::new(kind, &feature(at), behaviour, seed)
        };
        let generators = (0..size.subjects).map(generator).collect();
        Self::with(generators, world.traffic, size, seed)
    }

    /// A model whose subjects are all alike, with the same number of predictions in every quarter.
    pub fn uniform(kind: Kind, behaviour: &Behaviour, size: Size, seed: u64) -> Self {
        let generator = |at: usize| Generator::new(kind, &feature(at), behaviour, seed);
        let generators = (0..size.subjects).map(generator).collect();
        Self::with(generators, Traffic::Exact, size, seed)
    }

    fn with(generators: Vec<Generator>, traffic: Traffic, size: Size, seed: u64) -> Self {
        let mut draws = Draws::of(seed, "traffic");
        Self {
            generators,
            counter: Counter::new(traffic, size.per_minute, &mut draws),
            draws,
            faults: Vec::new(),
            traffic_share: 1.0,
            size,
        }
    }

    /// Prepares a fault. A fault of a subject gets a subject of its own, with the world's behaviour; a fault of the score
    /// concerns the score that the model has. Returns the published name of what breaks.
    pub fn prepare(&mut self, fault: &Fault, world: &World, seed: u64) -> String {
        let (kind, nulls, effect) = match fault.target {
            Target::Traffic(share) => {
                self.traffic_share = share;
                self.faults.push((None, Effect::default()));
                return String::new();
            }
            Target::Subject {
                kind,
                nulls,
                effect,
            } => (kind, nulls, effect),
        };
        let behaviour = world.behaviour(self.generators.len(), 100);
        let behaviour = Behaviour {
            nulls: nulls.unwrap_or(behaviour.nulls),
            ..*behaviour
        };
        let fresh = Generator::new(kind, fault.name, &behaviour, seed);
        let same = self
            .generators
            .iter()
            .position(|g| g.subject == fresh.subject);
        let place = same.unwrap_or_else(|| {
            self.generators.push(fresh);
            self.generators.len() - 1
        });
        self.faults.push((Some(place), effect));
        self.generators[place].subject.name()
    }

    /// Runs the model, breaks what is prepared at the start of `fault_day`, and gives `look` what each quarter published.
    pub fn run(mut self, plan: &Arc<Plan>, fault_day: i64, mut look: impl FnMut(&[Output])) {
        let mut stream = Stream::new(plan);
        let mut share = 1.0;
        for quarter in (0..Quarter::of_start(self.size.days).0).map(Quarter) {
            if quarter == Quarter::of_start(fault_day) {
                share = self.break_now();
            }
            let predictions = self.counter.next(quarter, share, &mut self.draws);
            let parts = (COARSE_MINUTES / self.size.pane_minutes) as usize;
            let predictions = self.draws.spread(predictions, parts);
            look(&stream.feed(quarter, self.partials(quarter, &predictions)));
        }
    }

    fn partials(&mut self, quarter: Quarter, predictions: &[u64]) -> Vec<Partial> {
        let partial = |predictions: &u64| Partial {
            predictions: *predictions,
            ..Partial::default()
        };
        let mut partials: Vec<Partial> = predictions.iter().map(partial).collect();
        for generator in &mut self.generators {
            let sketches = generator.panes(quarter, predictions);
            for (partial, sketch) in partials.iter_mut().zip(sketches) {
                if generator.subject == Subject::Errors {
                    partial.errors = sketch.types.boolean;
                } else if sketch.types.present() > 0 {
                    partial.subjects.insert(generator.subject.clone(), sketch);
                }
            }
        }
        partials
    }

    /// Runs the model to its end and returns its episodes.
    pub fn episodes(self, plan: &Arc<Plan>, fault_day: i64) -> Episodes {
        let mut episodes = Episodes::default();
        self.run(plan, fault_day, |outputs| episodes.read(outputs));
        episodes
    }

    fn break_now(&mut self) -> f64 {
        for (place, effect) in &self.faults {
            if let Some(generator) = place.and_then(|place| self.generators.get_mut(place)) {
                generator.break_by(*effect);
            }
        }
        self.traffic_share
    }
}

/// Name of the feature at this place.
fn feature(at: usize) -> String {
    format!("f{at:03}")
}
