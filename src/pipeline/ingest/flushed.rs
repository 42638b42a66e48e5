//! What one flush of a source sends, and the check that nothing of it was lost.

use crate::alert::{Alert, AuditRecord};
use crate::join::Outcomes;
use crate::pipeline::frame::{Frame, Summary};
use crate::pipeline::invariant::{InvariantId, Violation};
use crate::pipeline::observations::{IngestCounts, IngestObservations};

/// What one flush of a source sends.
pub struct Flushed {
    /// One frame for each partition of `panes`, in order; none from a labels topic.
    pub panes: Vec<Frame<Summary>>,
    /// One frame for each partition of `outcomes`, in order; none if no labels are read.
    pub outcomes: Vec<Frame<Outcomes>>,
    /// Alerts about the source itself.
    pub alerts: Vec<Alert>,
    /// Audits of records of the control topic that are no order.
    pub audits: Vec<AuditRecord>,
    /// What metrics show.
    pub observations: IngestObservations,
}

impl Flushed {
    /// Asserts that each record that was read is counted, late or rejected, that each counted record is in the frames,
    /// and that no record was read twice.
    ///
    /// # Errors
    /// When records were lost or doubled: nothing of this flush may be committed.
    pub fn check(&self) -> Result<(), Violation> {
        let IngestObservations { source, counts, .. } = &self.observations;
        let IngestCounts {
            consumed,
            repeated,
            counted,
            late,
            sampled_out,
            ..
        } = *counts;
        let rejected = counts.rejected_total();
        InvariantId::OffsetOrder.check(repeated == 0, || {
            format!("{source}: {repeated} of {consumed} records were read before")
        })?;
        let (sketched, sent) = (self.sketched(), self.sent());
        let is_sketched = self.panes.is_empty() || sketched == counted;
        let is_sent = self.outcomes.is_empty() || sent + sampled_out == counted;
        let is_balanced = consumed == counted + late + rejected && is_sketched && is_sent;
        InvariantId::IngestConservation.check(is_balanced, || {
            format!(
                "{source}: consumed {consumed}, counted {counted}, late {late}, rejected {rejected}, in panes {sketched}, \
                 in outcomes {sent}, sampled out {sampled_out}"
            )
        })
    }

    /// Predictions and orders in the frames to evaluate. Segments are left out, because the whole contains their predictions.
    fn sketched(&self) -> u64 {
        let payloads = self.panes.iter().flat_map(|frame| &frame.payloads);
        let predictions = payloads.map(|payload| match payload {
            Summary::Pane(pane) if pane.scope.segment.is_none() => pane.partial.predictions,
            Summary::Control(_) => 1,
            Summary::Pane(_) | Summary::Quality(_) => 0,
        });
        predictions.sum()
    }

    /// Predictions and labels in the frames to the join.
    fn sent(&self) -> u64 {
        let payloads = self.outcomes.iter().flat_map(|frame| &frame.payloads);
        payloads.map(|outcomes| outcomes.len() as u64).sum()
    }
}
