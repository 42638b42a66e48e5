//! The order `pin`: how long a reference is kept that an order dropped, and what it lacks once it is back.

use std::sync::Arc;

use serde_json::Value;

use crate::bench::{Bench, Setup, plan};
use crate::pinning::{
    AGAIN, APPROVED, PINNED, give, held, in_force, minute, names, order, pin, split, traffic,
};
use crate::published::values;
use crate::traffic::{Event, MINUTE, START};

/// A feature and a segment come while another reference is in force. Panes of that time must not teach them.
#[test]
fn what_the_reference_lacks_is_not_learned_from_the_time_that_was_given_up() {
    let event = |nth: i64| {
        let at = START + nth * MINUTE / 40;
        let is_new = nth >= (PINNED - 30) * 40;
        let tier = if is_new && nth % 2 == 0 { "b" } else { "a" };
        let new = if is_new {
            format!(r#","new":{}"#, nth % 40)
        } else {
            String::new()
        };
        let json = format!(
            r#"{{"id":"{nth}","model":"fraud","version":"1","timestamp":{at},"segments":{{"tier":"{tier}"}},"features":{{"age":{}{new}}},"prediction":{{"score":0.5}}}}"#,
            nth % 50
        );
        Event::at(at, json)
    };
    let end = 600;
    let (before, rest) = split((0..end * 40).map(event).collect(), APPROVED);
    let mut plan = plan();
    plan.segments.keys = vec!["tier".into()];
    let mut bench = Bench::new(Setup {
        plan: Arc::new(plan),
        ..Setup::default()
    });
    bench.produce(&before);
    bench.settle().unwrap();
    let former = in_force(&bench).0;
    give(&bench, &order("r1", "fraud", r#""action":"relearn""#));
    bench.settle().unwrap();
    let (meanwhile, rest) = split(rest, PINNED);
    bench.produce(&meanwhile);
    bench.settle().unwrap();
    give(&bench, &pin("o2", &former));
    bench.settle().unwrap();
    bench.produce(&rest);
    bench.close_at(START + (end + 20) * MINUTE);
    bench.settle().unwrap();
    let all = values(&bench, "references");
    let starts = |segment: Value, subject: &str| -> Vec<i64> {
        let own = all.iter().filter(|r| r["segment"] == segment);
        let own = own.filter_map(|r| r["subjects"].get(subject));
        own.map(|own| minute(&own["span"]["start"])).collect()
    };
    let quarter = PINNED - 2 + 7; // the first after the boundary of the pin
    assert_eq!(starts(Value::Null, "feature:new"), [quarter]);
    assert_eq!(starts("tier=b".into(), "feature:age"), [quarter]);
}

/// A model whose reference an order dropped at minute [`APPROVED`], and who then has one prediction every six hours for some days.
fn slow(days: i64) -> Bench {
    let (before, _) = split(traffic(1, 300, AGAIN), APPROVED);
    let mut bench = Bench::new(Setup::default());
    bench.produce(&before);
    bench.settle().unwrap();
    give(&bench, &order("r1", "fraud", r#""action":"relearn""#));
    bench.settle().unwrap();
    for n in 1..=days * 4 {
        let at = START + (APPROVED + n * 360) * MINUTE;
        bench.produce(&[Event::bare("fraud", "1", &format!("slow-{n}"), at)]);
        bench.close_at(at);
    }
    bench.settle().unwrap();
    bench
}

#[test]
fn a_former_reference_is_kept_for_30_days() {
    assert_eq!(names(&held(&slow(29)), "Former"), 1);
    let over = held(&slow(31));
    assert_eq!(names(&over, "Former"), 0);
    assert_eq!(names(&over, "Model"), 1, "the model is still known");
}

#[test]
fn a_former_reference_goes_with_its_model() {
    let mut bench = slow(1);
    assert_eq!(names(&held(&bench), "Former"), 1);
    // A model that is silent for a week is forgotten.
    bench.close_at(START + (APPROVED + 9 * 1_440) * MINUTE);
    bench.settle().unwrap();
    let kept = held(&bench);
    assert!(kept.is_empty(), "{:?}", kept.keys());
}
