//! Conservation of a join: each prediction and each label is joined, pending, expired or a duplicate.

use crate::join::Join;
use crate::pipeline::frame::SourceId;
use crate::pipeline::invariant::{InvariantId, Violation};

/// Predictions and labels that the equations of [`InvariantId::JoinConservation`] miss.
///
/// Both are 0 as long as the settings stay the same. After a change of settings a rebuild has other entries than were
/// counted before. So the imbalance after the rebuild is kept, and only a change of it is a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Imbalance {
    predictions: i64,
    labels: i64,
}

impl Imbalance {
    pub fn of(join: &Join) -> Self {
        let counts = join.counts();
        Self {
            predictions: counts.predictions_missing(join.pending()),
            labels: counts.labels_missing(join.waiting()),
        }
    }

    /// Asserts that no prediction and no label was lost or doubled since this imbalance was taken.
    pub fn check(self, source: &SourceId, join: &Join) -> Result<(), Violation> {
        let now = Self::of(join);
        InvariantId::JoinConservation.check(now == self, || {
            let predictions = now.predictions - self.predictions;
            let labels = now.labels - self.labels;
            let (counts, pending, waiting) = (join.counts(), join.pending(), join.waiting());
            format!(
                "{source}: {predictions} predictions and {labels} labels are missing of {counts:?}, \
                 with {pending} predictions pending and {waiting} labels waiting"
            )
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::join::JoinSettings;

    #[test]
    fn a_prediction_that_is_lost_breaks_the_conservation_of_the_join() {
        let source = SourceId {
            topic: "outcomes".into(),
            partition: 5,
        };
        let join = Join::new(JoinSettings {
            horizon_minutes: 60,
            lead_minutes: 1,
            bytes_max: 1 << 20,
        });
        let balanced = Imbalance::of(&join);
        assert_eq!(balanced, Imbalance::default());
        balanced.check(&source, &join).unwrap();
        let rebuilt = Imbalance {
            predictions: -1,
            labels: 0,
        };
        let violation = rebuilt.check(&source, &join).unwrap_err();
        assert_eq!(violation.id, InvariantId::JoinConservation);
        let figures = "outcomes[5]: 1 predictions and 0 labels are missing";
        assert!(violation.figures.starts_with(figures), "{violation}");
    }
}
