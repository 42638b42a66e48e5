//! P1 in production: a flush that lost or doubled a record is not committed.

use std::sync::Arc;

use tidegauge::event::{ArrivalTime, Record, Tick};
use tidegauge::pipeline::frame::{SourceId, Summary};
use tidegauge::pipeline::ingest::{Flushed, Ingest};
use tidegauge::pipeline::invariant::InvariantId;

use crate::bench::plan;
use crate::traffic::{Event, START};

/// Wall clock later than all events.
const NOW: Tick = Tick(START + 1);

fn source() -> SourceId {
    SourceId {
        topic: "in".into(),
        partition: 2,
    }
}

/// What a source gives that read a prediction at each of these offsets, and one record that is no prediction.
fn flushed(offsets: &[i64]) -> Flushed {
    let mut plan = plan();
    plan.topics.labels = vec!["labels".into()];
    let mut ingest = Ingest::begin(Arc::new(plan), source(), 3, 1, 0);
    let event = Event::bare("fraud", "1", "a", START);
    let record = |payload| Record {
        payload: Some(payload),
        arrival: Some(ArrivalTime(START)),
        traceparent: None,
        headers_readable: true,
    };
    for offset in offsets {
        ingest.submit(*offset, &record(&event.payload), NOW);
    }
    let end = offsets.last().map_or(0, |last| last + 1);
    ingest.submit(end, &record(b"no prediction"), NOW);
    ingest.flush(NOW)
}

#[test]
fn a_record_that_is_lost_or_doubled_breaks_the_conservation_of_its_source() {
    flushed(&[0, 1, 5]).check().unwrap();
    type Hand = fn(&mut Flushed);
    let hands: [(&str, Hand); 5] = [
        ("a record without a fate", |flushed| {
            flushed.observations.counts.consumed += 1
        }),
        ("a record with two", |flushed| {
            flushed.observations.counts.late += 1
        }),
        ("a reject that was forgotten", |flushed| {
            flushed.observations.counts.rejected.clear()
        }),
        ("a pane that was lost", |flushed| {
            for frame in &mut flushed.panes {
                frame
                    .payloads
                    .retain(|load| !matches!(load, Summary::Pane(_)));
            }
        }),
        ("outcomes that were lost", |flushed| {
            for frame in &mut flushed.outcomes {
                frame.payloads.clear();
            }
        }),
    ];
    for (what, hand) in hands {
        let mut flushed = flushed(&[0, 1, 5]);
        hand(&mut flushed);
        let violation = flushed.check().expect_err(what);
        assert_eq!(violation.id, InvariantId::IngestConservation, "{what}");
        let said = violation.to_string();
        assert!(said.contains("in[2]: consumed"), "{said}");
    }
}

#[test]
fn an_offset_that_is_read_twice_breaks_the_order_of_offsets() {
    let violation = flushed(&[0, 1, 1]).check().unwrap_err();
    assert_eq!(violation.id, InvariantId::OffsetOrder);
}
