//! Accumulator of the join: counts per scope, quarter of an hour of the prediction and minute of knowledge.

use std::collections::BTreeMap;

use crate::event::Scope;
use crate::join::{Group, JoinSink, JoinTimes};
use crate::pipeline::frame::{QualityPartial, Summary};
use crate::pipeline::partition::{INTERNAL_PARTITIONS, partition_of_model};
use crate::sketch::{Answered, KnownTruth, Quality};
use crate::window::{Boundary, COARSE_MINUTES};

/// Cells that force a flush: labels that are loaded once a night touch each quarter of an hour of a week.
const CELLS_MAX: usize = 20_000;

/// Start of the prediction's quarter of an hour, and start of the minute in which the result became known.
type Cell = (Boundary, Boundary);

/// Counts since the last flush.
#[derive(Default)]
pub struct JoinAccumulator {
    groups: BTreeMap<Group, BTreeMap<Cell, Quality>>,
    cells: usize,
}

impl JoinAccumulator {
    /// True if there are so many cells that a flush must not wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.cells >= CELLS_MAX
    }

    /// Takes all counts, by partition of `panes`.
    pub fn take(&mut self) -> Vec<Vec<Summary>> {
        let mut payloads: Vec<Vec<Summary>> =
            (0..INTERNAL_PARTITIONS).map(|_| Vec::new()).collect();
        self.cells = 0;
        for (group, cells) in std::mem::take(&mut self.groups) {
            if let Some(of_partition) = payloads.get_mut(partition_of_model(&group.model) as usize)
            {
                let partials = |scope| partials(scope, &cells);
                of_partition.extend(scopes(&group).flat_map(partials));
            }
        }
        payloads
    }

    #[expect(clippy::expect_used, reason = "the entry was made on the line before")]
    fn cell(&mut self, group: &Group, times: JoinTimes) -> &mut Quality {
        let quarter = Boundary::at_or_before(times.predicted_at).floor(COARSE_MINUTES);
        if !self.groups.contains_key(group) {
            self.groups.insert(group.clone(), BTreeMap::new());
        }
        let cells = self.groups.get_mut(group).expect("just inserted");
        let known = Boundary::at_or_before(times.known_at);
        cells.entry((quarter, known)).or_insert_with(|| {
            self.cells += 1;
            Quality::default()
        })
    }
}

impl JoinSink for JoinAccumulator {
    fn predicted(&mut self, group: &Group, times: JoinTimes, answer: Answered<'_>) {
        self.cell(group, times).predict(&answer);
    }

    fn judged(
        &mut self,
        group: &Group,
        times: JoinTimes,
        answer: Answered<'_>,
        truth: KnownTruth<'_>,
    ) {
        self.cell(group, times)
            .judge(&answer, truth, times.delay_millis());
    }

    fn corrected(
        &mut self,
        group: &Group,
        times: JoinTimes,
        answer: Answered<'_>,
        old: KnownTruth<'_>,
        new: KnownTruth<'_>,
    ) {
        self.cell(group, times).correct(&answer, old, new);
    }

    fn evaluated(&mut self, group: &Group, times: JoinTimes, name: &str, old: Option<u8>, new: u8) {
        let quality = self.cell(group, times);
        if let Some(old) = old {
            quality.evaluate(name, old, -1);
        }
        quality.evaluate(name, new, 1);
    }
}

/// Scopes that a group counts in: the version as a whole and each of its segments.
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
