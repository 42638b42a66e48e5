//! Quality in a drifted window beside quality before it, as published, and in one sentence.

use serde::{Deserialize, Serialize};

/// What a drift did to quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactVerdict {
    /// The interval of the difference holds 0.
    Unmoved,
    /// Certainly worse.
    Worse,
    /// Certainly better.
    Better,
    /// Too few labels to say.
    Unknown,
}

/// Quality in the drifted window beside quality before it, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// The measure: `accuracy`.
    pub measure: String,
    /// Its value in the drifted window; `null` without labels.
    pub value: Option<f64>,
    /// Lower end of Wilson's interval of `value`, z = 3.3; `null` without labels.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Labels of the drifted window behind it.
    pub count: i64,
    /// Its value before the drift; `null` without labels.
    pub before_value: Option<f64>,
    /// Labels behind `before_value`.
    pub before_count: i64,
    /// What it comes to.
    pub verdict: ImpactVerdict,
}

impl Impact {
    /// `quality unmoved: accuracy 0.947 (0.931–0.960) in the drifted window, 0.950 before`.
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
