//! Edge cases of objective rules: counts computed by hand, and Newcombe's interval from statsmodels.

use serde::Deserialize;
use tidegauge::alert::{Evidence, ScopedFinding, Signal, State, Timing};
use tidegauge::detect::slo::{
    AboveLastWeekRule, BelowRule, BudgetStatus, BurnRule, BurnWindow, KeptFinding, Objective, Rule,
    RuleFinding, RuleInput, Series, Sli, Urgency, budget_status, judge, statement,
};
use tidegauge::detect::{Family, Verdict};
use tidegauge::sketch::{Share, Subject};
use tidegauge::stats::{Difference, likelihood_interval, wilson};
use tidegauge::window::{Boundary, WindowLength};

const DAY: i64 = 1_440;
const NOW: Boundary = Boundary(100 * DAY);

#[derive(Deserialize)]
struct Newcombe {
    of: (i64, i64),
    from: (i64, i64),
    z: f64,
    low: f64,
    high: f64,
}

#[test]
fn the_interval_of_a_difference_is_statsmodels() {
    let rows: Vec<Newcombe> =
        serde_json::from_str(include_str!("../golden/slo_difference.json")).unwrap();
    assert!(rows.len() > 100);
    for row in rows {
        let share = |(good, valid)| Share { good, valid };
        let interval = Difference {
            of: share(row.of),
            from: share(row.from),
        }
        .interval(row.z);
        let close = |ours: f64, theirs: f64| (ours - theirs).abs() < 1e-12;
        let (of, from) = (row.of, row.from);
        assert!(
            close(interval.low, row.low),
            "{of:?} − {from:?}: {interval:?}, {}",
            row.low
        );
        assert!(
            close(interval.high, row.high),
            "{of:?} − {from:?}: {interval:?}, {}",
            row.high
        );
    }
}

#[derive(Deserialize)]
struct Likely {
    good: u64,
    valid: u64,
    z: f64,
    low: f64,
    high: f64,
}

#[test]
fn the_likelihood_interval_is_scipys() {
    let rows: Vec<Likely> =
        serde_json::from_str(include_str!("../golden/slo_likelihood.json")).unwrap();
    assert!(rows.len() > 10);
    for Likely {
        good,
        valid,
        z,
        low,
        high,
    } in rows
    {
        let ours = likelihood_interval(good, valid, z);
        let close = |ours: f64, theirs: f64| (ours - theirs).abs() < 1e-9;
        assert!(
            close(ours.low, low) && close(ours.high, high),
            "{good}/{valid}: {ours:?}, {low}..{high}"
        );
    }
    assert_eq!(likelihood_interval(0, 0, 3.3), wilson(0, 0, 3.3));
}

fn length(minutes: i64) -> WindowLength {
    WindowLength::from_minutes(minutes as u32).unwrap()
}

fn objective(sli: Sli, rule: Rule) -> Objective {
    Objective {
        name: "o".into(),
        model: None,
        sli,
        rule,
        events_min: 0,
    }
}

fn burn(target: f64, factor: f64) -> Rule {
    Rule::Burn(BurnRule {
        target,
        period_minutes: 30 * DAY,
        windows: vec![BurnWindow {
            long: length(DAY),
            short: length(120),
            factor,
            severity: Urgency::Page,
            hold_minutes: 0,
        }],
    })
}

/// Minutes since the counted minute began, bad events, valid events.
type Count = (i64, i64, i64);

fn series(objective: &Objective, counts: &[Count]) -> Series {
    let mut series = Series::new(objective.retention());
    for (ago, bad, valid) in counts {
        let share = Share {
            good: valid - bad,
            valid: *valid,
        };
        series.add(NOW.plus_minutes(-ago), &share);
    }
    series
}

fn said(objective: &Objective, counts: &[Count], matured: Option<Share>) -> Vec<RuleFinding> {
    let series = series(objective, counts);
    judge(&RuleInput {
        objective,
        series: &series,
        at: NOW,
        matured,
    })
}

#[track_caller]
fn of(detector: &str, said: &[RuleFinding]) -> RuleFinding {
    let found = said.iter().find(|o| o.finding.detector == detector);
    found.unwrap().clone()
}

#[track_caller]
fn verdict(detector: &str, objective: &Objective, counts: &[Count]) -> Verdict {
    of(detector, &said(objective, counts, None)).finding.verdict
}

#[test]
fn a_finding_can_be_recomputed() {
    let objective = objective(Sli::Success, burn(0.99, 6.0));
    let said = said(&objective, &[(1_000, 5, 300), (10, 20, 100)], None);
    let observation = of("burn_rate", &said);
    let finding = &observation.finding;
    assert_eq!(finding.verdict, Verdict::Breach);
    assert_eq!(
        (finding.family, &finding.subject),
        (Family::Objective, &Some(Subject::Objective("o".into())))
    );
    let detail = |name: &str| finding.details[name];
    assert_eq!((detail("bad"), detail("valid")), (25.0, 400.0));
    assert_eq!((detail("short_bad"), detail("short_valid")), (20.0, 100.0));
    let rate = (detail("bad") / detail("valid")) / (1.0 - detail("target"));
    assert!((finding.value - rate).abs() < 1e-9 && finding.threshold == detail("factor"));
    assert!(finding.critical_effect, "its severity is page");
    assert_eq!(
        (observation.window, observation.keep_firing_minutes),
        (length(DAY), 0)
    );
}

#[test]
fn silence_is_quiet_as_in_prometheus_unless_events_are_asked_for() {
    let mut objective = objective(Sli::Success, burn(0.99, 6.0));
    assert_eq!(verdict("burn_rate", &objective, &[]), Verdict::Quiet);
    assert_eq!(
        verdict("burn_rate", &objective, &[(200, 50, 50)]),
        Verdict::Quiet,
        "the short window is empty"
    );
    assert_eq!(
        verdict("burn_rate", &objective, &[(10, 5, 5)]),
        Verdict::Breach,
        "five events are enough for Prometheus"
    );
    objective.events_min = 6;
    assert_eq!(
        verdict("burn_rate", &objective, &[(10, 5, 5)]),
        Verdict::InsufficientData
    );
    assert_eq!(
        verdict("burn_rate", &objective, &[(10, 6, 6)]),
        Verdict::Breach
    );
}

#[test]
fn every_number_is_one_that_evidence_can_carry() {
    let rules = [
        burn(0.99, 6.0),
        Rule::Below(BelowRule {
            target: 0.95,
            floor: 0.93,
            window: length(7 * DAY),
            evaluations: 2,
        }),
        Rule::AboveLastWeek(AboveLastWeekRule {
            margin: 0.0,
            window: length(DAY),
            hold_minutes: 0,
        }),
    ];
    let odd: [&[Count]; 4] = [
        &[],
        &[(10, 3, 0)],
        &[(10, -4, -3)],
        &[(10, 7 * 64, 64), (8 * DAY - 10, 0, 64)],
    ];
    for rule in rules {
        for sli in [Sli::Success, Sli::Precision] {
            for counts in odd {
                let objective = objective(sli.clone(), rule.clone());
                for observation in said(&objective, counts, Some(Share { good: -1, valid: 0 })) {
                    let told = observation.finding.details.len();
                    let observed = ScopedFinding::whole(
                        String::new(),
                        observation.window,
                        observation.finding,
                    );
                    let evidence = Evidence::of(&observed, NOW).unwrap();
                    assert_eq!(evidence.details.len(), told, "{observed:?}");
                    let kept = KeptFinding {
                        value: evidence.value,
                        threshold: evidence.threshold,
                        pages: evidence.critical_effect,
                        window: observed.window,
                        sli: objective.sli.name(),
                        number: &|name| evidence.details.get(name).copied(),
                    };
                    let stated = statement(observed.finding.detector, &kept);
                    assert!(stated.is_some(), "a fact is missing: {observed:?}");
                }
            }
        }
    }
}

#[test]
fn labels_must_prove_that_the_budget_burns() {
    let objective = objective(Sli::Precision, burn(0.95, 3.0));
    let verdict = |counts: &[Count]| verdict("burn_rate", &objective, counts);
    assert_eq!(
        verdict(&[(10, 12, 60)]),
        Verdict::Lingering,
        "20 % is more than 15 %, but 60 labels do not prove it"
    );
    assert_eq!(verdict(&[(10, 130, 600)]), Verdict::Breach, "600 do");
    assert_eq!(verdict(&[(10, 29, 29)]), Verdict::InsufficientData);
    assert_eq!(verdict(&[(10, 30, 30)]), Verdict::Breach);
    let every_minute = (1..300).map(|ago| (ago, 0, 1));
    let over: Vec<Count> = every_minute.chain([(1_000, 600, 600)]).collect();
    assert_eq!(verdict(&over), Verdict::Quiet, "it is over");
}

/// Labels that arrive in batches far apart: a window of two hours is empty most of the time.
#[test]
fn the_short_window_stretches_with_the_gaps_between_labels() {
    let objective = objective(Sli::Precision, burn(0.95, 3.0));
    let every_nine_hours = [(180, 40, 100), (720, 40, 100), (1_260, 40, 100)];
    let observation = of("burn_rate", &said(&objective, &every_nine_hours, None));
    assert_eq!(observation.finding.details["short_minutes"], 1_080.0);
    assert_eq!(observation.finding.verdict, Verdict::Breach);
    let one_batch = of("burn_rate", &said(&objective, &[(180, 40, 100)], None));
    assert_eq!(
        one_batch.finding.verdict,
        Verdict::InsufficientData,
        "no gap is known yet"
    );
    let far_apart = of(
        "burn_rate",
        &said(&objective, &[(100, 40, 100), (1_300, 40, 100)], None),
    );
    assert_eq!(
        far_apart.finding.details["short_minutes"], 1_440.0,
        "at most the long window"
    );
}

fn below() -> Objective {
    objective(
        Sli::Precision,
        Rule::Below(BelowRule {
            target: 0.95,
            floor: 0.93,
            window: length(7 * DAY),
            evaluations: 3,
        }),
    )
}

#[test]
fn a_floor_is_broken_when_the_whole_interval_is_below_it() {
    let verdict = |good, valid| {
        let said = said(&below(), &[], Some(Share { good, valid }));
        of("below_floor", &said).finding.verdict
    };
    assert_eq!(verdict(950, 1_000), Verdict::Quiet);
    assert_eq!(verdict(929, 1_000), Verdict::Lingering);
    assert_eq!(verdict(900, 1_000), Verdict::Breach);
    assert_eq!(verdict(0, 29), Verdict::InsufficientData);
    assert_eq!(verdict(0, 30), Verdict::Breach);
    let unknown = of("below_floor", &said(&below(), &[], None));
    assert_eq!(unknown.finding.verdict, Verdict::InsufficientData);
    assert_eq!(unknown.hold_minutes, 120, "three hourly looks");
}

#[test]
fn far_below_the_floor_pages() {
    let pages = |good| {
        of(
            "below_floor",
            &said(
                &below(),
                &[],
                Some(Share {
                    good,
                    valid: 10_000,
                }),
            ),
        )
        .finding
        .critical_effect
    };
    assert!(
        pages(8_900) && !pages(9_150),
        "91 % is as far below 93 % as that is below 95 %"
    );
}

fn above(margin: f64) -> Objective {
    objective(
        Sli::FalsePositiveRate,
        Rule::AboveLastWeek(AboveLastWeekRule {
            margin,
            window: length(DAY),
            hold_minutes: 15,
        }),
    )
}

#[test]
fn a_rise_since_last_week_must_be_sure() {
    let verdict = |bad, bad_before| {
        let counts = [(100, bad, 10_000), (7 * DAY + 100, bad_before, 10_000)];
        verdict("above_last_week", &above(0.005), &counts)
    };
    assert_eq!(verdict(100, 100), Verdict::Quiet);
    assert_eq!(
        verdict(149, 100),
        Verdict::Quiet,
        "half a point is tolerated"
    );
    assert_eq!(
        verdict(160, 100),
        Verdict::Lingering,
        "more than half a point, but not surely"
    );
    assert_eq!(verdict(260, 100), Verdict::Breach);
    assert_eq!(verdict(100, 260), Verdict::Quiet, "it fell");
}

#[test]
fn a_rise_needs_both_weeks() {
    let verdict = |counts: &[Count]| verdict("above_last_week", &above(0.005), counts);
    assert_eq!(verdict(&[(100, 90, 100)]), Verdict::InsufficientData);
    let beside = |ago, valid| verdict(&[(100, 90, 100), (ago, 0, valid)]);
    assert_eq!(beside(7 * DAY + 1, 29), Verdict::InsufficientData);
    assert_eq!(beside(7 * DAY + 1, 30), Verdict::Breach);
    assert_eq!(beside(8 * DAY, 30), Verdict::Breach);
    assert_eq!(beside(7 * DAY, 30), Verdict::InsufficientData, "after it");
    assert_eq!(
        beside(8 * DAY + 1, 30),
        Verdict::InsufficientData,
        "before it"
    );
}

#[test]
fn each_rule_is_asked_on_its_grid_only() {
    for (objective, step) in [
        (objective(Sli::Success, burn(0.99, 6.0)), 1),
        (objective(Sli::Precision, burn(0.99, 6.0)), 5),
        (above(0.0), 15),
        (below(), 60),
    ] {
        assert_eq!(objective.step_minutes(), step);
        let series = Series::new(objective.retention());
        let asked = (0..DAY).filter(|minute| {
            let at = NOW.plus_minutes(*minute);
            !judge(&RuleInput {
                objective: &objective,
                series: &series,
                at,
                matured: None,
            })
            .is_empty()
        });
        assert_eq!(asked.count() as i64, DAY / step);
    }
}

#[test]
fn a_label_alert_goes_on_until_the_point_value_is_good_again() {
    let objective = objective(Sli::Precision, burn(0.95, 3.0));
    let timing = |o: &RuleFinding| Timing {
        hold_minutes: o.hold_minutes,
        keep_firing_minutes: o.keep_firing_minutes,
        silence_minutes: o.window.minutes() + o.keep_firing_minutes,
    };
    let lingering = of("burn_rate", &said(&objective, &[(10, 12, 60)], None));
    assert_eq!(lingering.finding.verdict, Verdict::Lingering);
    let firing = State::begun(NOW, timing(&lingering));
    assert!(firing.is_firing());
    let later = NOW.plus_minutes(600);
    assert!(State::after(Some(firing), Signal::Lingering, later, timing(&lingering)).is_some());
    let quiet = State::after(Some(firing), Signal::Quiet, later, timing(&lingering));
    assert!(quiet.is_some_and(State::is_firing), "for three looks more");
    assert_eq!(
        State::after(
            quiet,
            Signal::Quiet,
            later.plus_minutes(15),
            timing(&lingering)
        ),
        None
    );
}

fn stands(counts: &[Count]) -> BudgetStatus {
    let objective = objective(Sli::Success, burn(0.99, 6.0));
    budget_status(&objective, &series(&objective, counts), NOW)
}

#[test]
fn a_budget_is_what_the_period_may_lose() {
    let untouched = stands(&[(10, 0, 1_000)]);
    assert_eq!(
        (untouched.remaining, untouched.exhausted_at),
        (Some(1.0), None)
    );
    let half = stands(&[(10, 5, 1_000)]);
    assert!((half.remaining.unwrap() - 0.5).abs() < 1e-9);
    assert_eq!(half.burn_rates.len(), 1);
    // at half of the allowed rate, the remaining half of the budget lasts for one more period
    assert_eq!(half.exhausted_at, Some(NOW.plus_minutes(30 * DAY)));
    let gone = stands(&[(10, 20, 1_000)]);
    assert!(gone.remaining.unwrap() < -0.99 && gone.exhausted_at == Some(NOW));
    assert_eq!(stands(&[]).remaining, None);
}

#[test]
fn a_budget_burns_down_at_the_rate_of_the_longest_window() {
    // a month without bad events, then one day at five times the allowed rate
    let stands = stands(&[(20 * DAY, 0, 9_000), (10, 50, 1_000)]);
    assert!((stands.remaining.unwrap() - 0.5).abs() < 1e-9);
    assert_eq!(stands.burn_rates[0].1.map(|rate| rate.round()), Some(5.0));
    assert_eq!(
        stands.exhausted_at,
        Some(NOW.plus_minutes(3 * DAY)),
        "half of 30 days at five times the rate"
    );
}

/// The status says nothing where the rule says "insufficient data": one failure of three is no overdrawn budget.
#[test]
fn the_status_is_absent_where_too_few_events_are_judged() {
    let status = |objective: &Objective, counts: &[Count]| {
        let found = budget_status(objective, &series(objective, counts), NOW);
        (found.remaining, found.burn_rates[0].1, found.exhausted_at)
    };
    let mut own = objective(Sli::Success, burn(0.99, 6.0));
    let (remaining, rate, ends) = status(&own, &[(10, 1, 3)]);
    assert_eq!(
        (remaining, ends),
        (None, None),
        "a budget of no event was earned"
    );
    assert_eq!(rate.map(f64::round), Some(33.0), "a rate needs one event");
    own.events_min = 400;
    assert_eq!(status(&own, &[(10, 4, 399)]), (None, None, None));
    let (remaining, rate, _) = status(&own, &[(10, 4, 400)]);
    assert_eq!((remaining, rate), (Some(0.0), Some(1.0)));
    let exhausted = |counts: &[Count]| verdict("budget_exhausted", &own, counts);
    assert_eq!(exhausted(&[(10, 4, 399)]), Verdict::InsufficientData);
    assert_eq!(exhausted(&[(10, 4, 400)]), Verdict::Breach);
    let on_labels = objective(Sli::Precision, burn(0.5, 1.0));
    assert_eq!(status(&on_labels, &[(10, 29, 29)]), (None, None, None));
}

#[test]
fn an_exhausted_budget_is_a_ticket() {
    let objective = objective(Sli::Success, burn(0.99, 6.0));
    let budget = |counts: &[Count]| of("budget_exhausted", &said(&objective, counts, None));
    let gone = budget(&[(20 * DAY, 100, 10_000)]);
    assert_eq!(
        (gone.finding.verdict, gone.finding.critical_effect),
        (Verdict::Breach, false)
    );
    assert_eq!(gone.window, length(30 * DAY));
    assert_eq!(
        budget(&[(20 * DAY, 99, 10_000)]).finding.verdict,
        Verdict::Quiet
    );
    assert_eq!(
        budget(&[(20 * DAY, 1, 99)]).finding.verdict,
        Verdict::InsufficientData,
        "not one bad event was earned"
    );
    assert_eq!(
        budget(&[(31 * DAY, 100, 10_000), (5, 1, 10_000)])
            .finding
            .verdict,
        Verdict::Quiet,
        "it is long ago"
    );
}

/// With point values alone, a model exactly at its objective would exhaust its budget half of the time.
#[test]
fn on_labels_an_exhausted_budget_must_be_proved() {
    let objective = objective(Sli::Precision, burn(0.95, 3.0));
    let verdict = |counts: &[Count]| verdict("budget_exhausted", &objective, counts);
    assert_eq!(verdict(&[(10 * DAY, 55, 1_000)]), Verdict::Lingering);
    assert_eq!(verdict(&[(10 * DAY, 100, 1_000)]), Verdict::Breach);
    assert_eq!(verdict(&[(10 * DAY, 10, 1_000)]), Verdict::Quiet);
}
