//! Quality in a drifted window compared with quality before it, as published and as one sentence.

use serde::{Deserialize, Serialize};

/// Verdict on the effect of a drift on quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactVerdict {
    /// The interval of the difference contains 0.
    Unmoved,
    /// The interval of the difference lies below 0.
    Worse,
    /// The interval of the difference lies above 0.
    Better,
    /// Too few labels for a verdict.
    Unknown,
}

/// Quality in the drifted window and before it, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// Name of the measure: `accuracy`.
    pub measure: String,
    /// Value of the measure in the drifted window; `null` without labels.
    pub value: Option<f64>,
    /// Lower end of Wilson's interval of `value`, z = 3.3; `null` without labels.
    pub low: Option<f64>,
    /// Upper end of the interval of `value`; `null` without labels.
    pub high: Option<f64>,
    /// Labels behind `value`.
    pub count: i64,
    /// Value of the measure before the drift; `null` without labels.
    pub before_value: Option<f64>,
    /// Labels behind `before_value`.
    pub before_count: i64,
    /// Verdict on the difference.
    pub verdict: ImpactVerdict,
}

impl Impact {
    /// One sentence: `quality unmoved: accuracy 0.947 (0.931–0.960) in the drifted window, 0.950 before`.
    pub(super) fn sentence(&self) -> String {
        let verdict = match self.verdict {
            ImpactVerdict::Unmoved => "quality unmoved",
            ImpactVerdict::Worse => "quality worse",
            ImpactVerdict::Better => "quality better",
            ImpactVerdict::Unknown => "quality not known, too few labels",
        };
        let measured = match (self.value, self.low, self.high) {
            (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3}–{high:.3})"),
            _ => "without a label".to_owned(),
        };
        let before = match self.before_value {
            Some(before) => format!("{before:.3}"),
            None => "without a label".to_owned(),
        };
        let measure = &self.measure;
        format!("{verdict}: {measure} {measured} in the drifted window, {before} before")
    }
}
