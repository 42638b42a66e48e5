//! Integrity alerts on sources: an accepted loss is reported as what it is, with a real time, and nothing is reported of
//! nothing.

use std::time::Duration;

use serde_json::Value;
use tidegauge::event::EventTime;
use tidegauge::pipeline::frame::FrameLink;
use tidegauge::pipeline::ingest::Position;
use tidegauge::runtime::{Committed, Fault, TopicPartition, encode_metadata};

use crate::bench::{Bench, Setup};
use crate::memory_log::StoredRecord;
use crate::published::values;
use crate::traffic::{MINUTE, START, Traffic};

/// Wall clock of the tests: later than any event.
const NOW: i64 = START + 90 * MINUTE;

fn worked() -> Bench {
    let events = Traffic {
        minutes: 20,
        incident: None,
        bad_in: None,
        ..Traffic::of_five_hours(5)
    }
    .events();
    let mut bench = Bench::new(Setup::default());
    bench.clock.set_wall(NOW);
    bench.produce(&events);
    bench.close_at(START + 25 * MINUTE);
    bench.settle().unwrap();
    bench
}

fn source() -> TopicPartition {
    TopicPartition::of("in", 1)
}

/// Where partition 1 was read to, and its watermark.
fn stands(bench: &Bench) -> (i64, Option<EventTime>) {
    let committed = bench.log.committed_at(&source()).unwrap();
    let position: Position = serde_json::from_str(&committed.metadata.unwrap()).unwrap();
    (committed.offset, position.watermark)
}

/// Does what `offsets reset` does with partition 1: it continues at `to` in a new incarnation.
fn reset(bench: &mut Bench, lost_from: i64, to: i64, lost_since: Option<EventTime>) {
    let position = Position {
        lost_from: Some(lost_from),
        lost_since,
        ..Position::beginning(99)
    };
    let committed = Committed {
        offset: to,
        metadata: Some(encode_metadata(&position)),
    };
    bench.log.move_offset(source(), Some(committed));
    bench.take_over_all();
    bench.settle().unwrap();
}

fn integrity(bench: &Bench) -> Vec<Value> {
    let mut alerts = values(bench, "anomaly");
    alerts.retain(|alert| alert["detector"] != "late_flood" && alert["kind"] == "integrity");
    alerts
}

fn instant(millis: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(millis).unwrap();
    at.to_string()
}

#[test]
fn an_accepted_loss_is_reported_once_at_the_watermark_where_it_begins() {
    let mut bench = worked();
    let (read_to, watermark) = stands(&bench);
    bench.produce(&Traffic::of_five_hours(6).events()[..300]);
    reset(&mut bench, read_to, read_to + 40, watermark);
    bench.take_over_all();
    bench.settle().unwrap();
    let alerts = integrity(&bench);
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    let lost = &alerts[0];
    assert_eq!(lost["detector"], "lost_records");
    assert_eq!(
        (&lost["value"], &lost["severity"]),
        (&40.0.into(), &"critical".into())
    );
    assert_eq!(lost["details"]["from_offset"], read_to as f64);
    assert_eq!(lost["details"]["to_offset"], (read_to + 40) as f64);
    let began = instant(watermark.unwrap().0);
    assert_eq!(lost["started_at"], began.as_str());
    let text = lost["annotations"]["summary"].as_str().unwrap();
    assert!(text.contains("up to 40 records"), "{text}");
}

#[test]
fn a_loss_without_an_event_time_is_dated_by_the_wall_clock() {
    let mut bench = worked();
    let (read_to, _) = stands(&bench);
    bench.produce(&Traffic::of_five_hours(6).events()[..300]);
    reset(&mut bench, read_to, read_to + 1, None);
    let alerts = integrity(&bench);
    assert_eq!(
        alerts[0]["started_at"],
        instant(NOW).as_str(),
        "{alerts:#?}"
    );
}

#[test]
fn nothing_is_reported_where_nothing_lay_between() {
    let mut bench = worked();
    let (read_to, watermark) = stands(&bench);
    // The reset at the end of the log, and the one over a marker: the operator's command has seen that no record lies there.
    reset(&mut bench, read_to, read_to, watermark);
    assert_eq!(integrity(&bench), [] as [Value; 0]);
}

#[test]
fn where_the_operator_did_not_know_how_far_was_read_the_last_frame_says_it() {
    let mut bench = worked();
    let (read_to, watermark) = stands(&bench);
    bench.produce(&Traffic::of_five_hours(6).events()[..300]);
    reset(&mut bench, FrameLink::UNKNOWN, read_to + 7, None);
    let alerts = integrity(&bench);
    assert_eq!(alerts.len(), 1, "one partition reports it: {alerts:#?}");
    assert_eq!(alerts[0]["details"]["from_offset"], read_to as f64);
    assert_eq!(alerts[0]["value"], 7.0);
    assert_eq!(
        alerts[0]["started_at"],
        instant(watermark.unwrap().0).as_str()
    );
    let mut bench = worked();
    reset(&mut bench, FrameLink::UNKNOWN, read_to, None);
    assert_eq!(
        integrity(&bench),
        [] as [Value; 0],
        "it was put where it was"
    );
}

fn refusal(bench: &mut Bench) -> String {
    bench.take_over_all();
    match bench.settle() {
        Err(Fault::Fatal(why)) => why,
        other => panic!("should have stopped: {other:?}"),
    }
}

#[test]
fn a_position_before_the_log_stops_it_with_an_upper_bound_on_the_loss() {
    let mut bench = worked();
    let (read_to, _) = stands(&bench);
    bench.produce(&Traffic::of_five_hours(6).events()[..300]);
    bench.log.delete_before(source(), read_to + 3);
    let why = refusal(&mut bench);
    assert!(
        why.contains("up to 3 records were deleted") && why.contains("in[1]"),
        "{why}"
    );
    assert!(why.contains("tidegauge offsets reset --topic in"), "{why}");
    let mut bench = worked();
    bench.log.delete_before(source(), read_to);
    bench.take_over_all();
    bench.settle().unwrap();
    assert_eq!(
        integrity(&bench),
        [] as [Value; 0],
        "everything was read before"
    );
}

/// A stop passes markers at the end of a log, and nothing else.
#[test]
fn a_stop_does_not_pass_over_records_that_were_deleted_unread() {
    let mut bench = worked();
    let (read_to, _) = stands(&bench);
    bench.log.tamper("in", |partition, records| {
        if partition == 1 {
            records.resize(read_to as usize + 3, Some(StoredRecord::default()));
        }
    });
    bench.log.delete_before(source(), read_to + 3);
    bench.stop();
    assert_eq!(stands(&bench).0, read_to);
    assert!(refusal(&mut bench).contains("were deleted"));
}

#[test]
fn a_position_beyond_the_log_is_named_as_a_topic_that_was_created_again() {
    let mut bench = worked();
    let committed = bench.log.committed_at(&source()).unwrap();
    let beyond = Committed {
        offset: committed.offset + 1_000,
        ..committed
    };
    bench.log.move_offset(source(), Some(beyond));
    let why = refusal(&mut bench);
    assert!(why.contains("created again under its name"), "{why}");
}

#[test]
fn frames_that_were_deleted_unread_stop_it_with_the_way_out() {
    let mut bench = worked();
    let panes = TopicPartition::of("panes", 3);
    bench.log.delete_before(panes, 1_000_000);
    let why = refusal(&mut bench);
    assert!(
        why.contains("frames were deleted") && why.contains("Start anew"),
        "{why}"
    );
}

/// A source that was read to its end is committed at the end, so that its log may be emptied behind it.
#[test]
fn markers_at_the_end_are_passed_by_a_quiet_source() {
    let mut bench = worked();
    let (read_to, _) = stands(&bench);
    bench.log.tamper("in", |partition, records| {
        if partition == 1 {
            records.push(None); // the marker of a transaction
        }
    });
    for _ in 0..4 {
        bench.clock.pass(Duration::from_secs(6));
        bench.turn().unwrap();
    }
    bench.settle().unwrap();
    assert_eq!(stands(&bench).0, read_to + 1);
    bench.log.delete_before(source(), read_to + 1);
    bench.take_over_all();
    bench.settle().unwrap();
    assert_eq!(integrity(&bench), [] as [Value; 0]);
}

/// A topic without timestamps whose records are all garbage has no event time at all.
#[test]
fn a_flood_without_any_time_is_dated_by_the_wall_clock() {
    let mut bench = Bench::new(Setup::default());
    bench.clock.set_wall(NOW);
    for _ in 0..150 {
        let record = StoredRecord {
            value: Some(b"garbage".to_vec()),
            arrival: None,
            ..StoredRecord::default()
        };
        bench.log.produce("in", 0, record);
    }
    bench.settle().unwrap();
    let alerts = integrity(&bench);
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!(alerts[0]["detector"], "reject_flood");
    assert_eq!(alerts[0]["started_at"], instant(NOW).as_str());
}
