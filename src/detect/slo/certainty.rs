//! How sure a rule on labels must be, and how many labels it needs.

/// Standard deviations that a label-based rule asks for: on hourly looks for 30 days, 1–5 % of models exactly at the bound alert.
pub const LABEL_Z: f64 = 3.3;
/// Labels that a label-based rule asks for.
pub const LABELS_MIN: i64 = 30;

/// Labels that a rule needs: what the objective asks for, at least [`LABELS_MIN`].
pub(super) fn labels_needed(events_min: u64) -> i64 {
    i64::try_from(events_min)
        .unwrap_or(i64::MAX)
        .max(LABELS_MIN)
}
