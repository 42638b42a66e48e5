//! Certainty that a rule on labels requires: the interval's width and the number of labels.

/// Interval half-width of label-based rules, in standard deviations. With hourly evaluations over 30 days, 1–5 % of models exactly at the bound alert.
pub const LABEL_Z: f64 = 3.3;
/// Labels that a label-based rule needs, at least.
pub const LABELS_MIN: i64 = 30;

/// Labels that a rule needs: `events_min` of the objective, but at least [`LABELS_MIN`].
pub(super) fn labels_needed(events_min: u64) -> i64 {
    i64::try_from(events_min)
        .unwrap_or(i64::MAX)
        .max(LABELS_MIN)
}
