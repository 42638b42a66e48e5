//! What `offsets reset` does with one partition, and what that skips, repeats, or finds deleted.
//!
//! **What can be known.** The group's committed offset says how far a source was read, unless somebody else has written it. The
//! log says which offsets it still holds. Whether a record lies between two offsets that the log holds is known by reading
//! there: markers of transactions and records of aborted ones take offsets and are no records. Whether a record lay at an
//! offset that was deleted is known to nobody, so the number of deleted offsets is an upper bound on the loss.

use std::fmt;

use crate::event::EventTime;
use crate::pipeline::frame::FrameLink;
use crate::pipeline::ingest::Position;
use crate::runtime::Fault;

/// Position at which reading continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetTo {
    /// Oldest record that is left.
    Earliest,
    /// End of the log.
    Latest,
    /// The group's committed offset, or the oldest record that is left where that offset lies outside the log.
    Committed,
}

/// Offset that the group holds for a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupOffset {
    /// We wrote it.
    Ours {
        /// The next offset to read.
        offset: i64,
        /// Offset up to which the source was read. An earlier reset may have moved `offset` away from it.
        read_to: i64,
        /// Watermark of the source when it was read up to there.
        watermark: Option<EventTime>,
    },
    /// It was set by hand: how far the source was read is not known here.
    Foreign {
        /// The next offset to read.
        offset: i64,
    },
    /// There is none.
    Missing,
}

/// Offsets that the log of a partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLog {
    /// First offset.
    pub first: i64,
    /// Offset after the last committed record or marker.
    pub end: i64,
}

/// What a reset means for the records of a partition. Counts are upper bounds: some offsets may be no records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetEffect {
    /// The partition stands where it would continue; nothing is written.
    Unchanged,
    /// Offsets are deleted, skipped or read again.
    Moves {
        /// Offsets that were deleted before they were read.
        deleted: u64,
        /// Offsets of records that are left and will not be read.
        skipped: u64,
        /// Offsets of records that will be read a second time.
        repeated: u64,
    },
    /// The committed offset lies beyond the log: the topic was created again under its name.
    Recreated {
        /// Offsets of records that will not be read.
        skipped: u64,
    },
    /// Nobody here knows how far the source was read.
    Unknown,
}

/// Reset of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionReset {
    /// Number of the partition.
    pub partition: i32,
    /// Offset of the group.
    pub held: GroupOffset,
    /// Offsets of the log.
    pub log: HeldLog,
    /// Offset at which reading continues.
    pub next: i64,
    /// What this means.
    pub effect: ResetEffect,
    /// True if the operator must confirm: records may be skipped or read twice by this reset.
    pub needs_consent: bool,
}

/// First committed record at or after an offset of the partition; `None` if there is none.
pub type RecordAt<'a> = dyn FnMut(i64) -> Result<Option<i64>, Fault> + 'a;

impl PartitionReset {
    /// Decides on one partition.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn plan(
        partition: i32,
        held: GroupOffset,
        log: HeldLog,
        to: ResetTo,
        record_at: &mut RecordAt<'_>,
    ) -> Result<Self, Fault> {
        let next = match (to, held) {
            (ResetTo::Latest, _) => log.end,
            (ResetTo::Committed, GroupOffset::Ours { offset, .. }) if offset <= log.end => {
                offset.max(log.first)
            }
            (ResetTo::Committed, GroupOffset::Foreign { offset }) => {
                offset.max(log.first).min(log.end)
            }
            _ => log.first,
        };
        let effect = match held {
            GroupOffset::Ours { offset, .. } if offset > log.end => ResetEffect::Recreated {
                skipped: span_with_records(log.first, next, record_at)?,
            },
            GroupOffset::Ours { offset, .. } if offset == next => ResetEffect::Unchanged,
            GroupOffset::Ours { read_to, .. } => moves(read_to, next, log, record_at)?,
            GroupOffset::Foreign { .. } | GroupOffset::Missing => ResetEffect::Unknown,
        };
        let is_moved_by_hand = matches!(held, GroupOffset::Foreign { .. });
        let needs_consent = match effect {
            ResetEffect::Unchanged => false,
            ResetEffect::Moves {
                skipped, repeated, ..
            } => skipped > 0 || repeated > 0,
            ResetEffect::Recreated { skipped } => skipped > 0,
            // Whoever moved the offset by hand has decided already.
            ResetEffect::Unknown => !(is_moved_by_hand && to == ResetTo::Committed),
        };
        Ok(Self {
            partition,
            held,
            log,
            next,
            effect,
            needs_consent,
        })
    }

    /// Position to commit beside the offset: the beginning of a new incarnation. `None` if nothing changes.
    #[must_use]
    pub fn position(&self, incarnation: u64) -> Option<Position> {
        let (lost_from, lost_since) = match (self.effect, self.held) {
            (ResetEffect::Unchanged, _) => return None,
            (
                ResetEffect::Moves { .. },
                GroupOffset::Ours {
                    read_to, watermark, ..
                },
            ) => (read_to, watermark),
            // Offsets of the old topic and of the new one cannot be compared: no loss is claimed.
            (ResetEffect::Recreated { .. }, _) => (self.next, None),
            _ => (FrameLink::UNKNOWN, None),
        };
        Some(Position {
            lost_from: Some(lost_from),
            lost_since,
            ..Position::beginning(incarnation)
        })
    }
}

fn moves(
    read_to: i64,
    next: i64,
    log: HeldLog,
    record_at: &mut RecordAt<'_>,
) -> Result<ResetEffect, Fault> {
    let oldest_unread = read_to.max(log.first);
    let deleted = (oldest_unread - read_to).unsigned_abs();
    let skipped = span_with_records(oldest_unread, next, record_at)?;
    let repeated = span_with_records(next, read_to, record_at)?;
    Ok(if deleted + skipped + repeated == 0 {
        ResetEffect::Unchanged
    } else {
        ResetEffect::Moves {
            deleted,
            skipped,
            repeated,
        }
    })
}

/// Offsets of `from..to` from the first record on; 0 if no record lies there, or the span is empty.
fn span_with_records(from: i64, to: i64, record_at: &mut RecordAt<'_>) -> Result<u64, Fault> {
    if from >= to {
        return Ok(0);
    }
    let first = record_at(from)?.filter(|offset| *offset < to);
    Ok(first.map_or(0, |offset| (to - offset).unsigned_abs()))
}

/// One line for people, without the name of the topic.
impl fmt::Display for PartitionReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HeldLog { first, end } = self.log;
        match self.held {
            GroupOffset::Ours { offset, .. } => write!(f, "group at {offset}")?,
            GroupOffset::Foreign { offset } => write!(f, "group at {offset}, set by hand")?,
            GroupOffset::Missing => write!(f, "group has no offset")?,
        }
        write!(f, ", log {first} to {end}: ")?;
        if self.effect == ResetEffect::Unchanged {
            return write!(f, "stays");
        }
        write!(f, "continues at {}", self.next)?;
        match self.effect {
            ResetEffect::Unchanged => Ok(()),
            ResetEffect::Moves {
                deleted,
                skipped,
                repeated,
            } => {
                let parts = [
                    (deleted, "were deleted before they were read"),
                    (skipped, "will not be read"),
                    (repeated, "will be read twice"),
                ];
                for (count, what) in parts.iter().filter(|(count, _)| *count > 0) {
                    write!(f, "; up to {count} records {what}")?;
                }
                Ok(())
            }
            ResetEffect::Recreated { skipped } => {
                write!(f, "; the topic was created again under its name")?;
                if skipped > 0 {
                    write!(f, "; up to {skipped} records will not be read")?;
                }
                Ok(())
            }
            ResetEffect::Unknown => write!(
                f,
                "; how far it was read is not known here, so records may be skipped or read twice"
            ),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OURS: fn(i64) -> GroupOffset = |offset| GroupOffset::Ours {
        offset,
        read_to: offset,
        watermark: Some(EventTime(60_000)),
    };

    /// Plan for a log that holds `first..end`, with records at `records` and markers elsewhere.
    fn plan(
        held: GroupOffset,
        (first, end): (i64, i64),
        records: &[i64],
        to: ResetTo,
    ) -> PartitionReset {
        let mut record_at = |from: i64| Ok(records.iter().copied().find(|at| *at >= from));
        PartitionReset::plan(0, held, HeldLog { first, end }, to, &mut record_at).unwrap()
    }

    fn moves(deleted: u64, skipped: u64, repeated: u64) -> ResetEffect {
        ResetEffect::Moves {
            deleted,
            skipped,
            repeated,
        }
    }

    #[test]
    fn the_end_of_the_log_and_markers_are_nothing_to_skip() {
        for to in [ResetTo::Latest, ResetTo::Committed] {
            let at_end = plan(OURS(10), (0, 10), &[0, 9], to);
            assert_eq!(at_end.effect, ResetEffect::Unchanged, "{to:?}");
            assert_eq!(at_end.position(7), None);
        }
        let one_before = plan(OURS(9), (0, 10), &[0, 8], ResetTo::Latest);
        assert_eq!(
            one_before.effect,
            ResetEffect::Unchanged,
            "only a marker lies between"
        );
        let marker_first = plan(OURS(5), (5, 9), &[6, 7], ResetTo::Earliest);
        assert_eq!(marker_first.effect, ResetEffect::Unchanged);
    }

    #[test]
    fn what_is_left_and_skipped_or_read_again_needs_consent() {
        let skip = plan(OURS(4), (0, 10), &[0, 3, 6, 8], ResetTo::Latest);
        assert_eq!(
            (skip.effect, skip.next, skip.needs_consent),
            (moves(0, 4, 0), 10, true)
        );
        let again = plan(OURS(4), (0, 10), &[0, 3, 6, 8], ResetTo::Earliest);
        assert_eq!(
            (again.effect, again.next, again.needs_consent),
            (moves(0, 0, 4), 0, true)
        );
        let position = again.position(7).unwrap();
        assert_eq!(
            (position.lost_from, position.lost_since),
            (Some(4), Some(EventTime(60_000)))
        );
        assert_eq!(position.incarnation, 7);
    }

    #[test]
    fn a_second_reset_counts_from_where_the_source_was_read_to() {
        let held = GroupOffset::Ours {
            offset: 10,
            read_to: 4,
            watermark: Some(EventTime(60_000)),
        };
        let again = plan(held, (0, 10), &[0, 3, 6, 8], ResetTo::Earliest);
        assert_eq!((again.effect, again.next), (moves(0, 0, 4), 0));
        assert_eq!(again.position(7).unwrap().lost_from, Some(4));
        let stays = plan(held, (0, 10), &[0, 3, 6, 8], ResetTo::Latest);
        assert_eq!(
            (stays.effect, stays.position(7)),
            (ResetEffect::Unchanged, None)
        );
        let deleted = plan(held, (12, 20), &[12, 18], ResetTo::Earliest);
        assert_eq!(deleted.effect, moves(8, 0, 0), "the first loss counts, too");
    }

    #[test]
    fn what_was_deleted_is_at_most_a_loss_and_needs_no_consent() {
        for to in [ResetTo::Committed, ResetTo::Earliest] {
            let deleted = plan(OURS(99), (100, 120), &[100, 118], to);
            assert_eq!(
                (deleted.effect, deleted.next),
                (moves(1, 0, 0), 100),
                "{to:?}"
            );
            assert!(!deleted.needs_consent, "it is lost whatever is chosen");
            assert!(
                deleted.to_string().contains("up to 1 records were deleted"),
                "{deleted}"
            );
        }
        let both = plan(OURS(90), (100, 120), &[100, 118], ResetTo::Latest);
        assert_eq!((both.effect, both.needs_consent), (moves(10, 20, 0), true));
    }

    #[test]
    fn an_offset_beyond_the_log_is_named_as_a_topic_that_was_created_again() {
        for to in [ResetTo::Committed, ResetTo::Earliest] {
            let recreated = plan(OURS(1_000), (0, 20), &[0, 19], to);
            assert_eq!(
                (recreated.effect, recreated.next),
                (ResetEffect::Recreated { skipped: 0 }, 0)
            );
            assert!(!recreated.needs_consent, "{to:?}");
            assert!(
                recreated
                    .to_string()
                    .contains("created again under its name")
            );
            assert_eq!(
                recreated.position(1).unwrap().lost_from,
                Some(0),
                "no loss is claimed"
            );
        }
        let skips = plan(OURS(1_000), (0, 20), &[0, 19], ResetTo::Latest);
        assert!(skips.needs_consent);
    }

    #[test]
    fn where_nobody_knows_how_far_was_read_the_frames_must_say_it() {
        let by_hand = plan(
            GroupOffset::Foreign { offset: 15 },
            (0, 20),
            &[0],
            ResetTo::Committed,
        );
        assert_eq!((by_hand.next, by_hand.needs_consent), (15, false));
        assert_eq!(
            by_hand.position(1).unwrap().lost_from,
            Some(FrameLink::UNKNOWN)
        );
        let far = plan(
            GroupOffset::Foreign { offset: 99 },
            (0, 20),
            &[0],
            ResetTo::Committed,
        );
        assert_eq!(far.next, 20, "no offset outside the log is written");
        let missing = plan(GroupOffset::Missing, (3, 20), &[3], ResetTo::Committed);
        assert_eq!((missing.next, missing.needs_consent), (3, true));
        let by_hand = plan(
            GroupOffset::Foreign { offset: 15 },
            (0, 20),
            &[0],
            ResetTo::Earliest,
        );
        assert!(by_hand.needs_consent);
    }
}
