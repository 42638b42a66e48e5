//! Check that the names within one object are distinct. The cost is small for 20 features and stays bounded for 150,000
//! keys.
//!
//! Up to 64 names go into an open-addressing table of 128 slots on the stack. This costs about one hash and one probe
//! per name, no allocation, and at most 2,016 comparisons if someone crafts collisions. More names are sorted, in
//! O(n log n) for any input. A `HashSet` would handle both cases, but at the price of an allocation and a slow keyed
//! hash per event.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

const SLOTS: usize = 128; // a power of two, twice the maximum number of names
const TABLE_NAMES_MAX: usize = SLOTS / 2;
const FREE: u8 = u8::MAX;

/// True if no name occurs twice.
pub(super) fn distinct<T>(members: &[(Cow<'_, str>, T)]) -> bool {
    match members.len() {
        0 | 1 => true,
        2..=TABLE_NAMES_MAX => distinct_by_table(members),
        _ => distinct_by_sort(members),
    }
}

fn distinct_by_table<T>(members: &[(Cow<'_, str>, T)]) -> bool {
    let mut table = [FREE; SLOTS];
    members
        .iter()
        .enumerate()
        .all(|(position, (name, _))| settle(&mut table, members, position, name))
}

/// Puts `position` into the first free slot, starting at the name's hash. Returns false if a slot on the way holds the
/// name.
#[expect(
    clippy::indexing_slicing,
    reason = "slots are masked to the table, which is half empty; positions are below 64"
)]
fn settle<T>(
    table: &mut [u8; SLOTS],
    members: &[(Cow<'_, str>, T)],
    position: usize,
    name: &str,
) -> bool {
    let mut slot = xxh3_64(name.as_bytes()) as usize % SLOTS;
    while table[slot] != FREE {
        if members[usize::from(table[slot])].0 == name {
            return false;
        }
        slot = (slot + 1) % SLOTS;
    }
    table[slot] = position as u8;
    true
}

fn distinct_by_sort<T>(members: &[(Cow<'_, str>, T)]) -> bool {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.is_sorted_by(|left, right| left != right)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<(Cow<'static, str>, ())> {
        (0..count)
            .map(|i| (Cow::Owned(format!("feature_{i}")), ()))
            .collect()
    }

    #[test]
    fn a_repeated_name_is_found_wherever_it_stands_and_nothing_else_is() {
        for count in [2, 3, 20, 63, 64, 65, 66, 200] {
            assert!(distinct(&names(count)), "{count} distinct names");
            for (first, second) in [(0, count - 1), (0, 1), (count / 2, count - 1)] {
                if first != second {
                    let mut twice = names(count);
                    twice.get_mut(second).unwrap().0 = format!("feature_{first}").into();
                    assert!(!distinct(&twice), "{first} again at {second} of {count}");
                }
            }
        }
    }
}
