//! The book of the join: every pair becomes counts of its scopes, its quarter of prediction and its minute of knowing.

use std::collections::BTreeMap;

use super::frame::{QualityPartial, Summary};
use super::ingest::panes_partition;
use super::plan::PANES_PARTITIONS;
use crate::event::Scope;
use crate::join::{Group, JoinSink, JoinTimes};
use crate::sketch::{Answered, KnownTruth, Quality};
use crate::window::{Boundary, COARSE_MINUTES};

/// Cells that force a flush: a nightly load of labels touches every quarter of an hour of a week.
const CELLS_MAX: usize = 20_000;

/// The beginnings of the quarter of prediction and of the minute of knowing.
type Cell = (Boundary, Boundary);

/// What became known since the last flush.
#[derive(Default)]
pub struct JoinAccumulator {
    groups: BTreeMap<Group, BTreeMap<Cell, Quality>>,
    cells: usize,
}

impl JoinAccumulator {
    /// Whether memory asks for a flush before its time.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.cells >= CELLS_MAX
    }

    /// Everything, by partition of `panes`; the book is empty afterwards.
    pub fn take(&mut self) -> Vec<Vec<Summary>> {
        let mut payloads: Vec<Vec<Summary>> = (0..PANES_PARTITIONS).map(|_| Vec::new()).collect();
        self.cells = 0;
        for (group, cells) in std::mem::take(&mut self.groups) {
            if let Some(of_partition) = payloads.get_mut(panes_partition(&group.model) as usize) {
                let partials = |scope| partials(scope, &cells);
                of_partition.extend(scopes(&group).flat_map(partials));
            }
        }
        payloads
    }

    #[expect(clippy::expect_used, reason = "the entry was made on the line before")]
    fn cell(&mut self, of: &Group, pair: JoinTimes) -> &mut Quality {
        let quarter = Boundary::at_or_before(pair.predicted_at).floor(COARSE_MINUTES);
        if !self.groups.contains_key(of) {
            self.groups.insert(of.clone(), BTreeMap::new());
        }
        let cells = self.groups.get_mut(of).expect("just inserted");
        let known = Boundary::at_or_before(pair.known_at);
        cells.entry((quarter, known)).or_insert_with(|| {
            self.cells += 1;
            Quality::default()
        })
    }
}

impl JoinSink for JoinAccumulator {
    fn predicted(&mut self, of: &Group, pair: JoinTimes, answer: Answered<'_>) {
        self.cell(of, pair).predict(&answer);
    }

    fn judged(&mut self, of: &Group, pair: JoinTimes, answer: Answered<'_>, truth: KnownTruth<'_>) {
        self.cell(of, pair)
            .judge(&answer, truth, pair.delay_millis());
    }

    fn corrected(
        &mut self,
        of: &Group,
        pair: JoinTimes,
        answer: Answered<'_>,
        old: KnownTruth<'_>,
        new: KnownTruth<'_>,
    ) {
        self.cell(of, pair).correct(&answer, old, new);
    }

    fn evaluated(&mut self, of: &Group, pair: JoinTimes, name: &str, old: Option<u8>, new: u8) {
        let quality = self.cell(of, pair);
        if let Some(old) = old {
            quality.evaluate(name, old, -1);
        }
        quality.evaluate(name, new, 1);
    }
}

/// The scopes a group counts in: its version as a whole, and each of its segments.
fn scopes(group: &Group) -> impl Iterator<Item = Scope> {
    let segments = group.segments.iter().cloned().map(Some);
    std::iter::once(None).chain(segments).map(|segment| Scope {
        model: group.model.clone(),
        version: group.version.clone(),
        segment,
    })
}

fn partials(scope: Scope, cells: &BTreeMap<Cell, Quality>) -> impl Iterator<Item = Summary> {
    cells.iter().map(move |(&(predicted, known), quality)| {
        Summary::Quality(Box::new(QualityPartial {
            scope: scope.clone(),
            predicted,
            known,
            quality: quality.clone(),
        }))
    })
}
