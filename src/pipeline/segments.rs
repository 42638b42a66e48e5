//! Segments of a prediction, and the open buffers that count it: one for the whole and one for each segment.
//!
//! A prediction counts in the whole, and once more for each configured key that it carries. Keys are not combined:
//! `country=DE` and `variant=canary` are counted, but canaries in Germany are not. So the work grows with the number of
//! keys, not with the number of their combinations.

use std::collections::BTreeMap;

use super::plan::SegmentsPlan;
use crate::detect::slo::Objective;
use crate::event::{Prediction, Segment, Variant};
use crate::sketch::{Partial, PartialBuffer, RecordPosition, Share};
use crate::window::Boundary;

/// The segment key that reads the variant of the event instead of its segments.
pub const VARIANT_KEY: &str = "variant";

/// The configured keys that a prediction carries, each with its value, in the order of the configuration.
pub fn segments_of<'a>(
    prediction: &'a Prediction<'_>,
    plan: &'a SegmentsPlan,
) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
    let value = |key: &str| match key {
        VARIANT_KEY => Some(variant_name(prediction.variant)),
        _ => prediction
            .segments
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_ref()),
    };
    plan.keys
        .iter()
        .filter_map(move |key| Some((key.as_str(), value(key)?)))
}

/// The value of the key [`VARIANT_KEY`].
#[must_use]
pub fn variant_name(variant: Variant) -> &'static str {
    match variant {
        Variant::Default => "default",
        Variant::Canary => "canary",
        Variant::Shadow => "shadow",
    }
}

/// Growth of the open buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Growth {
    /// Buffers.
    pub buffers: usize,
    /// Features in buffers.
    pub features: usize,
    /// Values pushed.
    pub values: u64,
}

impl std::ops::AddAssign for Growth {
    fn add_assign(&mut self, other: Self) {
        self.buffers += other.buffers;
        self.features += other.features;
        self.values += other.values;
    }
}

/// The share of one prediction in each objective of its model.
#[derive(Clone, Copy)]
pub(super) struct ObjectiveShares<'a> {
    /// All objectives of the plan.
    pub objectives: &'a [Objective],
    /// Index of the objective, and its share.
    pub shares: &'a [(usize, Share)],
}

impl ObjectiveShares<'_> {
    fn count(self, buffer: &mut PartialBuffer) {
        for (at, share) in self.shares {
            if let Some(objective) = self.objectives.get(*at) {
                buffer.count(&objective.name, *share);
            }
        }
    }
}

/// The open buffers of one scope, by pane.
#[derive(Default)]
pub(super) struct OpenPanes(BTreeMap<Boundary, PartialBuffer>);

impl OpenPanes {
    /// Counts a prediction in the pane that begins at `start`.
    pub fn push(
        &mut self,
        prediction: &Prediction<'_>,
        asked: ObjectiveShares<'_>,
        start: Boundary,
        whereabouts: impl FnOnce() -> RecordPosition,
    ) -> Growth {
        let mut growth = Growth {
            values: prediction.features.len() as u64 + 1,
            ..Growth::default()
        };
        let buffer = self.0.entry(start).or_insert_with(|| {
            growth.buffers = 1;
            PartialBuffer::default()
        });
        let before = buffer.features();
        buffer.push(prediction, whereabouts);
        asked.count(buffer);
        growth.features = buffer.features() - before;
        growth
    }

    /// Hands out the partials, by pane.
    fn freeze(&mut self) -> impl Iterator<Item = (Boundary, Partial)> {
        self.0
            .iter_mut()
            .filter_map(|(start, buffer)| Some((*start, buffer.freeze()?)))
    }
}

/// The open buffers of one version: of the whole, and of its segments by key and value.
#[derive(Default)]
pub(super) struct OpenVersion {
    /// Buffers of the whole.
    pub whole: OpenPanes,
    segments: BTreeMap<String, BTreeMap<String, OpenPanes>>,
}

impl OpenVersion {
    /// Counts a prediction in each of its segments.
    pub fn push_segments(
        &mut self,
        prediction: &Prediction<'_>,
        asked: ObjectiveShares<'_>,
        start: Boundary,
        plan: &SegmentsPlan,
        whereabouts: impl Fn() -> RecordPosition,
    ) -> Growth {
        let mut growth = Growth::default();
        for (key, value) in segments_of(prediction, plan) {
            let panes = entry(entry(&mut self.segments, key), value);
            growth += panes.push(prediction, asked, start, &whereabouts);
        }
        growth
    }

    /// Calls `take` with each partial, the whole first.
    pub fn freeze(&mut self, mut take: impl FnMut(Option<Segment>, Boundary, Partial)) {
        for (start, partial) in self.whole.freeze() {
            take(None, start, partial);
        }
        for (key, values) in &mut self.segments {
            for (value, panes) in values {
                let segment = Segment {
                    key: key.clone(),
                    value: value.clone(),
                };
                for (start, partial) in panes.freeze() {
                    take(Some(segment.clone()), start, partial);
                }
            }
        }
    }
}

/// The value at `name`, created if missing. The name is copied only if it is new.
#[expect(clippy::expect_used, reason = "the entry was made on the line before")]
pub(super) fn entry<'a, V: Default>(map: &'a mut BTreeMap<String, V>, name: &str) -> &'a mut V {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), V::default());
    }
    map.get_mut(name).expect("just inserted")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plan(keys: &[&str]) -> SegmentsPlan {
        SegmentsPlan {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            ..SegmentsPlan::default()
        }
    }

    fn canary_in_germany<'a>() -> Prediction<'a> {
        Prediction {
            segments: vec![
                ("tier".into(), "gold".into()),
                ("country".into(), "DE".into()),
                ("variant".into(), "mine".into()),
            ],
            variant: Variant::Canary,
            ..Prediction::default()
        }
    }

    #[test]
    fn only_configured_keys_count_and_variant_reads_the_event() {
        let prediction = canary_in_germany();
        let plan = plan(&["country", "plan", "variant"]);
        let found: Vec<_> = segments_of(&prediction, &plan).collect();
        assert_eq!(found, [("country", "DE"), ("variant", "canary")]);
    }

    #[test]
    fn a_prediction_counts_in_the_whole_and_once_in_each_segment() {
        let (mut version, prediction) = (OpenVersion::default(), canary_in_germany());
        let plan = plan(&["country", "variant"]);
        let nothing = ObjectiveShares {
            objectives: &[],
            shares: &[],
        };
        let nowhere = || RecordPosition {
            topic: String::new(),
            partition: 0,
            offset: 0,
        };
        for start in [Boundary(3), Boundary(3), Boundary(4)] {
            version.whole.push(&prediction, nothing, start, nowhere);
            version.push_segments(&prediction, nothing, start, &plan, nowhere);
        }
        let mut counted = Vec::new();
        version.freeze(|segment, start, partial| {
            let name = segment.map_or("whole".to_owned(), |segment| segment.to_string());
            counted.push((name, start.0, partial.predictions));
        });
        let wanted = ["whole", "country=DE", "variant=canary"]
            .into_iter()
            .flat_map(|name| [(name.to_owned(), 3, 2), (name.to_owned(), 4, 1)]);
        assert_eq!(counted, wanted.collect::<Vec<_>>());
    }
}
