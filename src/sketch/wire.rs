//! Serialized form of the adaptive histogram: versioned, compact as varints, and accepted only if it is canonical.
//!
//! Decoded histograms are merged with counts of our own. So a histogram that no set of keys can produce is rejected:
//! cells out of order, empty or beyond the level, another limit, a level that is not the smallest, or a total that is
//! too large to add.

use serde::{Deserialize, Serialize};

use super::histogram::{Cell, Histogram, LEVEL_MAX};

/// Version of the serialized form.
const FORMAT: u8 = 1;
/// Largest total accepted. Above it, doubles no longer count exactly. No stream reaches it, and merging cannot
/// overflow.
const TOTAL_MAX: u64 = 1 << 53;

/// Serialized form. Each index is stored as the difference to the previous one; the first is stored as it is.
#[derive(Serialize, Deserialize)]
pub(super) struct Wire {
    format: u8,
    limit: u16,
    level: u8,
    cells: Vec<(u32, u64)>,
}

/// Error: the bytes are not a valid histogram of this kind.
#[derive(Debug, thiserror::Error)]
#[error("the bytes are not a valid histogram: {0}")]
pub struct BadHistogram(&'static str);

impl<const LIMIT: usize> From<Histogram<LIMIT>> for Wire {
    fn from(histogram: Histogram<LIMIT>) -> Self {
        let mut last = 0;
        let step = |cell: Cell| {
            let delta = cell.index - last;
            last = cell.index;
            (delta, cell.count)
        };
        Self {
            format: FORMAT,
            limit: LIMIT as u16,
            level: histogram.level,
            cells: histogram.cells.into_iter().map(step).collect(),
        }
    }
}

impl<const LIMIT: usize> TryFrom<Wire> for Histogram<LIMIT> {
    type Error = BadHistogram;

    fn try_from(wire: Wire) -> Result<Self, BadHistogram> {
        if wire.format != FORMAT {
            return Err(BadHistogram("unknown format"));
        }
        if usize::from(wire.limit) != LIMIT || wire.cells.len() > LIMIT {
            return Err(BadHistogram("the limit of cells differs"));
        }
        // One level lower there are at most twice as many cells. If those had fitted, that level would have been used.
        if wire.level > LEVEL_MAX || (wire.level > 0 && wire.cells.len() * 2 <= LIMIT) {
            return Err(BadHistogram("the level does not fit the cells"));
        }
        Ok(Self {
            level: wire.level,
            cells: cells(wire.level, wire.cells)?,
        })
    }
}

fn cells(level: u8, steps: Vec<(u32, u64)>) -> Result<Vec<Cell>, BadHistogram> {
    let index_max = u32::MAX.checked_shr(u32::from(level)).unwrap_or(0);
    let mut cells: Vec<Cell> = Vec::with_capacity(steps.len());
    let mut total = 0_u64;
    for (delta, count) in steps {
        let index = match cells.last() {
            None => Some(delta),
            Some(last) => last.index.checked_add(delta).filter(|_| delta > 0),
        };
        let index = index
            .filter(|index| *index <= index_max)
            .ok_or(BadHistogram("cells are out of order or out of range"))?;
        if count == 0 {
            return Err(BadHistogram("a cell is empty"));
        }
        total = total.saturating_add(count);
        cells.push(Cell { index, count });
    }
    if total > TOTAL_MAX {
        return Err(BadHistogram("the sum of the counts is too large"));
    }
    Ok(cells)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
mod tests {
    use super::*;
    use crate::sketch::HistogramBuffer;

    fn decode(wire: (u8, u16, u8, Vec<(u32, u64)>)) -> Result<Histogram<4>, postcard::Error> {
        postcard::from_bytes(&postcard::to_stdvec(&wire).unwrap())
    }

    #[test]
    fn what_is_written_is_read() {
        let mut buffer = HistogramBuffer::<4>::default();
        for spread in [0_u32, 1, 1 << 20, u32::MAX] {
            (0..10).for_each(|i: u32| buffer.push(i.wrapping_mul(spread)));
            let histogram = buffer.freeze();
            let bytes = postcard::to_stdvec(&histogram).unwrap();
            assert_eq!(
                postcard::from_bytes::<Histogram<4>>(&bytes).unwrap(),
                histogram
            );
        }
    }

    #[test]
    fn a_canonical_histogram_is_believed() {
        let histogram = decode((1, 4, 30, vec![(0, 1), (1, 2), (2, 3)])).unwrap();
        assert_eq!(histogram.level(), 30);
        let indices: Vec<u32> = histogram.cells().iter().map(|c| c.index).collect();
        assert_eq!(indices, [0, 1, 3]);
        assert!(decode((1, 4, 0, vec![])).is_ok());
    }

    #[test]
    fn what_no_set_of_keys_gives_is_refused() {
        let refused = [
            ("format", (2, 4, 0, vec![(1, 1)])),
            ("limit", (1, 5, 0, vec![(1, 1)])),
            ("too many cells", (1, 4, 0, vec![(1, 1); 5])),
            ("level", (1, 4, 33, vec![(0, 1)])),
            ("level of an empty one", (1, 4, 1, vec![])),
            ("level not the smallest", (1, 4, 3, vec![(0, 1), (1, 1)])),
            ("same index twice", (1, 4, 0, vec![(1, 1), (0, 1)])),
            (
                "index beyond 32 bits",
                (1, 4, 0, vec![(u32::MAX, 1), (1, 1)]),
            ),
            (
                "index beyond the level",
                (1, 4, 30, vec![(0, 1), (1, 1), (3, 1)]),
            ),
            ("count 0", (1, 4, 0, vec![(1, 0)])),
            ("total", (1, 4, 0, vec![(1, u64::MAX), (1, u64::MAX)])),
        ];
        for (why, wire) in refused {
            assert!(decode(wire).is_err(), "{why}");
        }
    }
}
