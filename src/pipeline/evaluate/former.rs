//! Former reference: what a model compared with before an order dropped it, kept so that another order can bring it back.
//!
//! It is kept for [`KEPT_MINUTES`], one for each model. Only a settled reference is kept: panes of the days that a provisional
//! one still waits for would be those of the state that is given up. For the same reason what is provisional in it is left
//! out, such as a subject that came later: it learns anew once the reference is back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::habits::SegmentHabits;
use crate::alert::PinnableReference;
use crate::detect::FeatureGrowth;
use crate::event::Segment;
use crate::pipeline::remarks::GivenUp;
use crate::reference::Reference;
use crate::sketch::Subject;
use crate::window::{Boundary, DAY_MINUTES, WeekDays};

/// Minutes for which a former reference is kept.
const KEPT_MINUTES: i64 = 30 * DAY_MINUTES;

/// What was learned of a segment, or of the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnedSegment {
    /// The reference.
    pub reference: Reference,
    /// What is ordinary against it.
    pub habits: SegmentHabits,
}

/// What a model has learned: its references, and what belongs to them. An order drops it as one, or brings it back as one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LearnedModel {
    /// The whole (`None`) and the segments.
    pub segments: BTreeMap<Option<Segment>, LearnedSegment>,
    /// Days of the week that the reference covers.
    pub days: WeekDays,
    /// Subjects that came after the reference and were given up.
    pub given_up: BTreeMap<Subject, GivenUp>,
    /// How each feature of numbers grew. A row number that grew while the reference was learned did not begin to grow since.
    pub growth: BTreeMap<Subject, FeatureGrowth>,
    /// First boundary from which an order said to learn it; `None` without such an order.
    pub relearned_from: Option<Boundary>,
    /// Minutes for which it was not in force since it was learned.
    pub away_minutes: i64,
}

/// A reference that an order dropped, with what was learned with it. One entry of the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormerReference {
    /// Id of the reference of the whole, as it was published last. What is left out changes the id of what comes back.
    id: String,
    /// Boundary at which the order dropped it.
    dropped_at: Boundary,
    learned: LearnedModel,
}

impl FormerReference {
    /// What is worth keeping of `learned`, which an order drops at `at`; `None` if it is provisional, or nothing was learned.
    pub fn of(mut learned: LearnedModel, at: Boundary) -> Option<Self> {
        let whole = learned.segments.get(&None)?;
        let id = whole.reference.id.clone();
        let segments = std::mem::take(&mut learned.segments).into_iter();
        let settled = segments.filter_map(|(segment, own)| Some((segment, settled(own)?)));
        learned.segments = settled.collect();
        learned.segments.contains_key(&None).then_some(Self {
            id,
            dropped_at: at,
            learned,
        })
    }

    /// How an order names it.
    pub fn pinnable(&self) -> PinnableReference {
        pinnable(&self.id, self.dropped_at)
    }

    /// Id of the reference that comes back.
    pub fn id_in_force(&self) -> &str {
        let whole = self.learned.segments.get(&None);
        whole.map_or(&self.id, |whole| &whole.reference.id)
    }

    /// True once it is no longer kept.
    pub fn is_over(&self, at: Boundary) -> bool {
        at >= self.dropped_at.plus_minutes(KEPT_MINUTES)
    }

    /// What was learned, to be in force again from `at` on. Segments that were forgotten since are left out, also if they came back:
    /// `first_seen` gives the quarter of an hour in which a segment that is known was first seen.
    pub fn into_learned(
        self,
        at: Boundary,
        first_seen: impl Fn(&Segment) -> Option<Boundary>,
    ) -> LearnedModel {
        let mut learned = self.learned;
        learned.segments.retain(|segment, _| {
            let first = segment.as_ref().map(&first_seen);
            first.is_none_or(|first| first.is_some_and(|first| first <= self.dropped_at))
        });
        learned.away_minutes += at.0 - self.dropped_at.0;
        learned
    }
}

/// How an order names a settled reference that is dropped at `at`.
pub fn pinnable(id: &str, at: Boundary) -> PinnableReference {
    PinnableReference {
        id: id.to_owned(),
        until: at.plus_minutes(KEPT_MINUTES),
    }
}

/// True unless subjects that were there from the start are provisional. Those that came later have a span of their own.
pub fn is_settled(reference: &Reference) -> bool {
    let mut subjects = reference.subjects.values();
    !subjects.any(|own| own.is_provisional && own.span.start <= reference.span.start)
}

/// What is left without what was half learned; `None` if the reference is provisional.
fn settled(own: LearnedSegment) -> Option<LearnedSegment> {
    let LearnedSegment {
        mut reference,
        mut habits,
    } = own;
    if !is_settled(&reference) {
        return None;
    }
    let provisional = reference
        .subjects
        .extract_if(.., |_, own| own.is_provisional);
    let provisional: BTreeSet<Subject> = provisional.map(|(subject, _)| subject).collect();
    if !provisional.is_empty() {
        reference = reference.with_content_id();
    }
    habits.settle(&provisional);
    Some(LearnedSegment { reference, habits })
}

/// What an order to bring back a reference asks for.
#[derive(Debug, Clone, Copy)]
pub struct PinRequest<'a> {
    /// Id of the reference that is wanted.
    pub wanted: &'a str,
    /// Id of the reference in force; `None` without one.
    pub in_force: Option<&'a str>,
    /// Boundary at which the order takes effect.
    pub at: Boundary,
}

/// The reference that can be brought back.
///
/// # Errors
/// Why the wanted one cannot, and which can.
pub fn wanted<'a>(
    former: Option<&'a FormerReference>,
    request: PinRequest<'_>,
) -> Result<&'a FormerReference, String> {
    let PinRequest {
        wanted,
        in_force,
        at,
    } = request;
    let kept = former.filter(|former| !former.is_over(at));
    if let Some(former) = kept.filter(|former| former.id == wanted) {
        return Ok(former);
    }
    let why = if in_force == Some(wanted) {
        format!("reference {wanted} is in force")
    } else {
        format!("reference {wanted} is not kept")
    };
    let what = match kept.map(FormerReference::pinnable) {
        Some(own) => format!("what can be pinned is reference {}, until {}", own.id, own.until_text()),
        None => "the model has none that can be pinned: one that an order drops is kept for 30 days, unless it is provisional"
            .to_owned(),
    };
    Err(format!("{why}; {what}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::detect::{DETECTORS, OrdinaryRule, ReferenceKind};
    use crate::pipeline::evaluate::variability::Thing;
    use crate::reference::SubjectReference;
    use crate::sketch::ValueSketch;
    use crate::window::{Span, WindowLength};

    fn subject(place: u32, start: i64, is_provisional: bool) -> SubjectReference {
        SubjectReference {
            place,
            span: Span {
                start: Boundary(start),
                end: Boundary(start + 100),
            },
            predictions: 10,
            errors: 0,
            is_provisional,
            sketch: ValueSketch::default(),
            lone_events: 0,
            rhythm: None,
        }
    }

    fn feature(name: &str) -> Subject {
        Subject::Feature(name.into())
    }

    /// A reference from boundary 0 on, and a subject that came at 500.
    fn learned(segment: Option<Segment>, first: bool, late: bool) -> LearnedSegment {
        let subjects = [
            (feature("amount"), subject(0, 0, first)),
            (feature("late"), subject(1, 500, late)),
        ];
        let reference = Reference {
            id: String::new(),
            model: "fraud".to_owned(),
            segment,
            span: Span {
                start: Boundary(0),
                end: Boundary(100),
            },
            predictions: 10,
            subjects: subjects.into(),
        };
        let mut habits = SegmentHabits::default();
        habits.troubled_times.add(&Subject::Score, AT);
        LearnedSegment {
            reference: reference.with_content_id(),
            habits,
        }
    }

    fn segment(value: &str) -> Segment {
        Segment {
            key: "tier".into(),
            value: value.into(),
        }
    }

    fn model(whole: LearnedSegment, segments: Vec<LearnedSegment>) -> LearnedModel {
        let all = [whole].into_iter().chain(segments);
        LearnedModel {
            segments: all
                .map(|own| (own.reference.segment.clone(), own))
                .collect(),
            ..LearnedModel::default()
        }
    }

    const AT: Boundary = Boundary(10_000);

    fn former() -> FormerReference {
        FormerReference::of(model(learned(None, false, false), Vec::new()), AT).unwrap()
    }

    fn request(wanted: &str) -> PinRequest<'_> {
        PinRequest {
            wanted,
            in_force: Some("b"),
            at: AT,
        }
    }

    #[test]
    fn the_reference_that_was_dropped_last_can_be_pinned_for_30_days() {
        let former = former();
        let id = former.id.clone();
        let last = AT.plus_minutes(KEPT_MINUTES - 1);
        for at in [AT, last] {
            let own = PinRequest { at, ..request(&id) };
            assert_eq!(super::wanted(Some(&former), own), Ok(&former));
        }
        let at = last.plus_minutes(1);
        let why = wanted(Some(&former), PinRequest { at, ..request(&id) }).unwrap_err();
        assert!(
            why.contains("is not kept") && why.contains("has none"),
            "{why}"
        );
    }

    #[test]
    fn what_cannot_be_pinned_is_refused_with_what_can() {
        let former = former();
        let why = |former, id| wanted(former, request(id)).unwrap_err();
        let unknown = why(Some(&former), "x");
        assert!(unknown.contains("reference x is not kept"), "{unknown}");
        let named = format!("what can be pinned is reference {}, until", former.id);
        assert!(unknown.contains(&named), "{unknown}");
        let in_force = why(Some(&former), "b");
        assert!(in_force.contains("reference b is in force"), "{in_force}");
        assert!(in_force.contains(&named), "{in_force}");
        let none = why(None, "x");
        assert!(none.contains("unless it is provisional"), "{none}");
    }

    #[test]
    fn a_provisional_reference_is_not_kept() {
        assert_eq!(FormerReference::of(LearnedModel::default(), AT), None);
        let provisional = model(learned(None, true, false), Vec::new());
        assert_eq!(FormerReference::of(provisional, AT), None);
    }

    #[test]
    fn what_is_provisional_is_left_out_and_the_id_is_the_one_that_was_published() {
        let of_tier = |name: &str, first| learned(Some(segment(name)), first, false);
        let segments = vec![of_tier("a", false), of_tier("b", true)];
        let whole = learned(None, false, true);
        let id = whole.reference.id.clone();
        let former = FormerReference::of(model(whole, segments), AT).unwrap();
        assert_eq!(former.pinnable().id, id);
        let back = former.into_learned(AT.plus_minutes(60), |_| Some(AT));
        assert_eq!(back.away_minutes, 60);
        let segments: Vec<_> = back.segments.keys().cloned().collect();
        assert_eq!(segments, [None, Some(segment("a"))]);
        let whole = &back.segments[&None].reference;
        assert!(!whole.subjects.contains_key(&feature("late")));
        assert_ne!(whole.id, id, "it is another reference");
        let habits = &back.segments[&None].habits;
        assert_eq!(habits, &SegmentHabits::default(), "nothing half learned");
        let of_a = &back.segments[&Some(segment("a"))].reference;
        assert_eq!(of_a.subjects.len(), 2, "what is settled stays");
    }

    #[test]
    fn what_is_ordinary_goes_with_the_subjects_that_are_left_out() {
        let length = WindowLength::from_minutes(60).unwrap();
        let (kind, thing) = (ReferenceKind::Fixed, Thing::of(DETECTORS[0], 0));
        let day = ["amount", "late"].map(|name| ((feature(name), thing.clone()), 0.2));
        let mut whole = learned(None, false, true);
        whole
            .habits
            .against_mut(kind)
            .learn_day(length, &day.into());
        let former = FormerReference::of(model(whole, Vec::new()), AT).unwrap();
        let back = former.into_learned(AT, |_| Some(AT));
        let habits = &back.segments[&None].habits;
        let distance = |name| {
            let of = (length, &feature(name));
            let bound = habits.bound(kind, of, &thing, OrdinaryRule::Distribution);
            bound.distance
        };
        assert!(distance("amount") > 0.0);
        assert!(distance("late").abs() < f64::EPSILON);
    }

    #[test]
    fn segments_that_were_forgotten_do_not_come_back() {
        let of_tier = |name: &str| learned(Some(segment(name)), false, false);
        let segments = vec![of_tier("gone"), of_tier("here"), of_tier("new")];
        let learned = model(learned(None, false, false), segments);
        let former = FormerReference::of(learned, AT).unwrap();
        let back = former.into_learned(AT, |segment| match &*segment.value {
            "here" => Some(AT),
            "new" => Some(AT.plus_minutes(15)), // forgotten, and there again
            _ => None,
        });
        let segments: Vec<_> = back.segments.into_keys().collect();
        assert_eq!(segments, [None, Some(segment("here"))]);
    }
}
