//! Panes that are not closed yet, and their copies in the state.
//!
//! Names beyond a limit are dropped as soon as there are many sketches ([`OpenNames`] says which, and why this changes no
//! result). So memory is bounded by the limits and not by the input.

use std::collections::{BTreeMap, BTreeSet};

use super::drop_threshold::DropThreshold;
use super::left_out::LeftOut;
use super::model::Model;
use super::name_limits::NameLimits;
use super::open_names::OpenNames;
use crate::event::Scope;
use crate::pipeline::frame::PanePartial;
use crate::pipeline::outbox::Outbox;
use crate::pipeline::stage::StageError;
use crate::pipeline::state::StateKey;
use crate::sketch::{Monoid, Partial, Subject};
use crate::window::Boundary;

/// Sketches in the open panes of a task below which no name is dropped early: some 15 MB at 450 bytes a sketch. A
/// deployment within its limits should never spend time on it.
const SKETCHES_FREE: usize = 32_768;

/// One pane that is not closed yet.
#[derive(Debug, Default)]
pub struct UnclosedPane {
    /// Partials by scope.
    pub scopes: BTreeMap<Scope, Partial>,
    /// What limits turned away so far.
    pub left_out: LeftOut,
}

/// All panes that are not closed yet.
#[derive(Debug)]
pub struct UnclosedPanes {
    panes: BTreeMap<Boundary, UnclosedPane>,
    /// Number of sketches and scopes in `panes`.
    sketches: usize,
    /// When surplus names are dropped.
    drops: DropThreshold,
    /// Scopes that the last checkpoint has written.
    checkpointed: BTreeSet<(Boundary, Scope)>,
    /// Panes whose `left_out` the last checkpoint has written.
    left_out_checkpointed: BTreeSet<Boundary>,
}

impl Default for UnclosedPanes {
    fn default() -> Self {
        Self {
            panes: BTreeMap::new(),
            sketches: 0,
            drops: DropThreshold::new(SKETCHES_FREE),
            checkpointed: BTreeSet::new(),
            left_out_checkpointed: BTreeSet::new(),
        }
    }
}

impl UnclosedPanes {
    /// Puts back the partial of a scope from the last checkpoint.
    pub fn restore(&mut self, start: Boundary, scope: Scope, partial: Partial) {
        self.checkpointed.insert((start, scope.clone()));
        self.merge(PanePartial {
            scope,
            start,
            partial,
        });
    }

    /// Puts back from the last checkpoint what limits had turned away from a pane.
    pub fn restore_left_out(&mut self, start: Boundary, left_out: LeftOut) {
        self.left_out_checkpointed.insert(start);
        self.panes.entry(start).or_default().left_out = left_out;
    }

    /// Start of the first pane.
    #[must_use]
    pub fn first(&self) -> Option<Boundary> {
        self.panes.first_key_value().map(|(start, _)| *start)
    }

    /// Number of partials.
    #[must_use]
    pub fn len(&self) -> usize {
        self.panes.values().map(|pane| pane.scopes.len()).sum()
    }

    /// Number of sketches and scopes. Memory grows with it.
    #[must_use]
    pub fn sketches(&self) -> usize {
        self.sketches
    }

    /// Merges a partial into its pane.
    pub fn merge(&mut self, piece: PanePartial) {
        let pane = self.panes.entry(piece.start).or_default();
        self.sketches += pane.merge(piece.scope, piece.partial);
    }

    /// Drops names beyond the limits if there are many sketches.
    pub fn keep_within(&mut self, limits: NameLimits, models: &BTreeMap<String, Model>) {
        if !self.drops.is_reached(self.sketches) {
            return;
        }
        for (start, pane) in &mut self.panes {
            pane.drop_surplus(OpenNames::of(limits, models, *start));
        }
        self.sketches = self.panes.values().map(UnclosedPane::sketches).sum();
        self.drops.dropped_to(self.sketches);
    }

    /// Takes the pane that starts at `start`, without names beyond the limits, and forgets its copy in the state.
    ///
    /// # Errors
    /// If a key does not serialise.
    pub fn close(
        &mut self,
        start: Boundary,
        names: OpenNames<'_>,
        outbox: &mut Outbox,
    ) -> Result<UnclosedPane, StageError> {
        let mut pane = self.panes.remove(&start).unwrap_or_default();
        self.sketches = self.sketches.saturating_sub(pane.sketches());
        self.drops.shrank_to(self.sketches);
        pane.drop_surplus(names);
        let later = self
            .checkpointed
            .split_off(&(start.plus_minutes(1), first_scope()));
        for (start, scope) in std::mem::replace(&mut self.checkpointed, later) {
            outbox.remove(&StateKey::Open(scope, start))?;
        }
        if self.left_out_checkpointed.remove(&start) {
            outbox.remove(&StateKey::OpenLeftOut(start))?;
        }
        Ok(pane)
    }

    /// Writes a copy of all panes, and removes the scopes that were dropped since the last one.
    ///
    /// # Errors
    /// If an entry does not serialise.
    pub fn checkpoint(&mut self, outbox: &mut Outbox) -> Result<(), StageError> {
        for (start, scope) in &self.checkpointed {
            let pane = self.panes.get(start);
            if pane.is_none_or(|pane| !pane.scopes.contains_key(scope)) {
                outbox.remove(&StateKey::Open(scope.clone(), *start))?;
            }
        }
        self.checkpointed.clear();
        for (start, pane) in &self.panes {
            for (scope, partial) in &pane.scopes {
                outbox.put(&StateKey::Open(scope.clone(), *start), partial)?;
                self.checkpointed.insert((*start, scope.clone()));
            }
            if !pane.left_out.is_empty() {
                outbox.put(&StateKey::OpenLeftOut(*start), &pane.left_out)?;
                self.left_out_checkpointed.insert(*start);
            }
        }
        Ok(())
    }
}

impl UnclosedPane {
    /// Merges a partial. Returns the number of new sketches and scopes.
    fn merge(&mut self, scope: Scope, partial: Partial) -> usize {
        match self.scopes.get_mut(&scope) {
            Some(own) => {
                let before = own.subjects.len();
                own.merge(&partial);
                own.subjects.len().saturating_sub(before) // evaluations may have been dropped
            }
            None => {
                let sketches = sketches(&partial);
                self.scopes.insert(scope, partial);
                sketches
            }
        }
    }

    fn sketches(&self) -> usize {
        self.scopes.values().map(sketches).sum()
    }

    /// Drops the names that `names` does not keep, and counts what they held.
    fn drop_surplus(&mut self, names: OpenNames<'_>) {
        let predictions = |partial: &Partial| partial.predictions;
        names.drop_surplus(
            &mut self.scopes,
            |scope| scope,
            predictions,
            &mut self.left_out,
        );
        self.drop_features(names);
    }

    /// A segment keeps the features of its whole, which sorts before it.
    fn drop_features(&mut self, names: OpenNames<'_>) {
        let mut surplus = Vec::new();
        for (scope, partial) in &mut self.scopes {
            if scope.segment.is_none() {
                surplus = names.surplus_features(scope, partial);
                let values = values_of(partial, &surplus);
                self.left_out.count_features(scope, values);
            }
            for subject in &surplus {
                partial.subjects.remove(subject);
            }
        }
    }
}

/// Number of values that a pane holds of some subjects.
#[must_use]
pub fn values_of(partial: &Partial, subjects: &[Subject]) -> u64 {
    let sketches = subjects
        .iter()
        .filter_map(|subject| partial.subjects.get(subject));
    sketches.map(|sketch| sketch.types.present()).sum()
}

/// Number of sketches of a scope, and one for the scope itself.
fn sketches(partial: &Partial) -> usize {
    1 + partial.subjects.len()
}

/// The scope that sorts before all others.
fn first_scope() -> Scope {
    Scope {
        model: String::new(),
        version: String::new(),
        segment: None,
    }
}

#[cfg(test)]
mod laws;
