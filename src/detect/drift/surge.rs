//! `surge`: one category, or one group of hashes, that has become frequent among thousands.
//!
//! **Intuition.** A rare country that grows to 2 % of traffic hardly changes a distribution over 5,000 countries. So
//! each category is tested alone, and the threshold is raised for the number of tests. Common categories move with the
//! time of day, rare ones hardly do: each of three classes has a variability of its own.
//!
//! **Formula.** The classes are categories with at least 10 % of the reference, with 1–10 %, and with less. In each, D is
//! the largest difference of angles of a category that rose. Its floor is 0.08 and one percentage point. α is divided by
//! the number of categories of the class. The rest is that of every [`Shift`].
//!
//! With a reference that moves, the categories of the frozen one are expected in its proportions within their group, and
//! each group in its share of the moving one. All that was new in the moving reference is expected of each category that
//! the frozen one lacks. The class of a category is that of its share in the frozen reference: it must not change by the hour.
//!
//! **Assumptions and limits.** Falling categories are left to `psi`. So is paging at once: a change large enough for that
//! moves a whole group. With thousands of categories that come and go, the variability of the rare class is large, and
//! surges of rare categories are hardly found.
//!
//! **Cost.** One pass over the cells, with two arcsines for each cell of the window. **Source.** Bonferroni; the frame of
//! [`Shift`]. **Rejected.** A variability for each category: too many to learn, and the unluckiest of them pages. One for
//! all categories: the rhythm of a common one hides a rare one.

use std::collections::BTreeMap;

use crate::detect::{
    Case, Counted, Detector, Family, OrdinaryRule, Shift, Sketches, least_rise, scaled,
};
use crate::stats::{Pair, PairedCell, PairedCells, SubjectKind, angle};

/// Rise in share from which a category matters.
const RISE_MIN: f64 = 0.01;
/// Smallest shares of the reference by class; a category of the last class has less than all of them.
const CLASSES: [f64; 3] = [0.1, 0.01, 0.0];

/// Detector of one category that rises among many.
pub struct Surge;

impl Detector for Surge {
    fn name(&self) -> &'static str {
        "surge"
    }

    fn family(&self) -> Family {
        Family::Drift
    }

    fn counted(&self) -> Option<&'static str> {
        Some("one of its categories")
    }

    fn ordinary_rule(&self) -> OrdinaryRule {
        OrdinaryRule::Rate
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Shift> {
        let is_categories = case.baseline.kind == Some(SubjectKind::Categories);
        let sketches = case
            .sketches
            .filter(|_| is_categories && case.subject.drifts());
        let Some(sketches) = sketches else {
            return Vec::new();
        };
        let (reference, window) = (&sketches.reference.words, &sketches.window.words);
        let paired = PairedCells::of(&reference.histogram, &window.histogram);
        let compared = Categories::of(&paired, case);
        let classes = (0..).zip(CLASSES);
        classes
            .filter_map(|(class, _)| shift(class, &compared, sketches, case))
            .collect()
    }
}

/// A category, or a group of hashes.
#[derive(Debug, Clone, Copy)]
struct Category {
    index: u32,
    class: u8,
    counts: Pair,
}

/// The categories of the window and of the reference that it is compared with.
struct Categories {
    level: u8,
    total: Pair,
    all: Vec<Category>,
}

impl Categories {
    fn of(paired: &PairedCells, case: &Case<'_>) -> Self {
        let total = paired.total.reference;
        let category = |cell: &PairedCell| {
            let mut counts = cell.counts;
            let share = counts.reference as f64 / total.max(1) as f64;
            if case.reference.kind.moves() {
                counts.reference = expected(cell.index, counts.reference, paired.level, case);
            }
            Category {
                index: cell.index,
                class: class_of(share),
                counts,
            }
        };
        let reference = if case.reference.kind.moves() {
            case.reference.tally.grouped()
        } else {
            total
        };
        Self {
            level: paired.level,
            total: Pair {
                reference,
                ..paired.total
            },
            all: paired.cells.iter().map(category).collect(),
        }
    }
}

/// Events of a category that the moving reference is expected to hold, if the frozen one holds `frozen` of it.
fn expected(index: u32, frozen: u64, level: u8, case: &Case<'_>) -> u64 {
    let moving = case.reference.tally;
    let group = case.baseline.group_of(index, level);
    let of_group = |groups: &[u64]| groups.get(group).copied().unwrap_or(0);
    let now = of_group(&moving.groups);
    if frozen == 0 {
        return moving.new.min(now);
    }
    let before = of_group(&case.baseline.tally.groups);
    scaled(frozen.min(before), now, before).min(now)
}

/// The class of a category with this share of the reference.
fn class_of(share: f64) -> u8 {
    let of_rarer = CLASSES.iter().take_while(|least| share < **least);
    of_rarer.count() as u8
}

/// The category of a class that rose most; `None` if the class is empty.
fn shift(
    class: u8,
    compared: &Categories,
    sketches: Sketches<'_>,
    case: &Case<'_>,
) -> Option<Shift> {
    let share = |count: u64, of: u64| count as f64 / of.max(1) as f64;
    let total = compared.total;
    let of_class = || compared.all.iter().filter(|own| own.class == class);
    let rise = |own: &Category| {
        let before = share(own.counts.reference, total.reference);
        angle(share(own.counts.window, total.window)) - angle(before)
    };
    let risen = of_class().map(|own| (rise(own), own));
    let (_, most) = risen.reduce(|kept, other| if other.0 > kept.0 { other } else { kept })?;
    let reference = Counted {
        count: most.counts.reference,
        total: total.reference,
    };
    let risen = Counted {
        count: most.counts.window,
        total: total.window,
    };
    let floor = least_rise(reference.rate(), RISE_MIN);
    let mut shift = Shift::of_rate(risen, reference, floor, case).of_rises();
    let names = &sketches.window.words.names;
    shift.channel = class;
    shift.tests = of_class().count() as u64;
    shift.is_enough &= total.reference >= case.settings.events_min;
    shift.category = names
        .get(&most.index)
        .filter(|_| compared.level == 0 && rise(most) > 0.0)
        .cloned();
    shift.details = BTreeMap::from([
        ("cell", f64::from(most.index)),
        ("cells", shift.tests as f64),
        ("level", f64::from(compared.level)),
    ]);
    Some(shift)
}
