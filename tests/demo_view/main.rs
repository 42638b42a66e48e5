//! Views of the demo: the live screen against stored screens, and the lines printed without a terminal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod sample;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tidegauge::cli::demo::{PlainView, draw};

use sample::{Sample, learning, watching};

fn screen(sample: &Sample, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| draw(frame, &sample.snapshot()))
        .unwrap();
    let buffer = terminal.backend().buffer().clone();
    let rows = buffer.content().chunks(usize::from(width));
    let row = |cells: &[ratatui::buffer::Cell]| {
        let text: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned() + "\n"
    };
    rows.map(row).collect()
}

/// The screens are stored beside this file. `UPDATE_SCREENS=1 cargo test --test demo_view` writes them again; then a person
/// must look at them.
#[test]
fn the_screens_match_the_stored_ones() {
    let screens = [
        ("learning_80x24", screen(&learning(), 80, 24)),
        ("watching_80x24", screen(&watching(), 80, 24)),
        ("watching_200x50", screen(&watching(), 200, 50)),
    ];
    for (name, drawn) in screens {
        let path = format!(
            "{}/tests/demo_view/screens/{name}.txt",
            env!("CARGO_MANIFEST_DIR")
        );
        if std::env::var_os("UPDATE_SCREENS").is_some() {
            std::fs::write(&path, &drawn).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(drawn == stored, "{name} changed:\n{drawn}");
    }
}

#[test]
fn nothing_important_is_cut_off_at_80_columns() {
    let (sample, text) = (watching(), screen(&watching(), 80, 24));
    for incident in &sample.timeline.incidents {
        assert!(text.contains(incident.name), "{} in\n{text}", incident.name);
    }
    for wanted in [
        "q quits",
        "31,204 events/s",
        "+6 min",
        "amount",
        "psi 0.412",
        "psi of amount",
        "127.0.0.1:9898",
        "0.761 (0.711–0.791) of 141",
        "coverage 34 %",
        "prepaid 0.062",
        "precise ≥ 0.9",
        "33 % of budget left, burning 3.1×",
        "quality unmoved",
        "precise: card=prepaid",
    ] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
}

#[test]
fn any_size_is_drawn_without_a_panic() {
    for (width, height) in [(1, 1), (10, 3), (39, 8), (119, 20), (120, 6), (300, 100)] {
        screen(&watching(), width, height);
        screen(&learning(), width, height);
    }
}

#[test]
fn each_change_is_printed_once_in_the_order_of_event_time() {
    let mut plain = PlainView::default();
    let first = plain.lines(&learning().snapshot());
    assert_eq!(
        first,
        ["broker 127.0.0.1:41235  metrics http://127.0.0.1:9898/metrics"]
    );
    let mut sample = watching();
    sample.alerts.reverse(); // three topics, in any order
    let then = plain.lines(&sample.snapshot());
    assert_eq!(
        then,
        [
            "Mon 14:00  learning the reference, 50 %",
            "Tue 00:00  report on Mon: precision 0.956 (0.906–0.986), 12 corrections",
            "Tue 03:00  incident begins: amount in cents",
            "Tue 03:06  ALERT drift: psi of feature:amount (incident: amount in cents)",
            "Tue 03:45  assessed drift: quality unmoved: accuracy 0.994 (0.923–0.999) in the drifted window, 0.995 before",
            "Tue 05:00  incident ends: amount in cents",
            "Tue 07:30  incident begins: unseen country, 2 %",
            "Tue 07:42  ALERT data quality: new_category of feature:country (incident: unseen country, 2 %)",
            "Tue 09:30  incident ends: unseen country, 2 %",
            "Tue 09:45  incident begins: fraud goes prepaid",
            "Tue 10:04  resolved data quality: new_category of feature:country",
        ],
        "the last two hours are held back, because records of quality come later"
    );
    sample.is_over = true;
    let rest = plain.lines(&sample.snapshot());
    assert_eq!(
        rest,
        [
            "Tue 11:05  ALERT objective: burn_rate of objective:precise, segment card=prepaid (incident: fraud goes prepaid)",
            "Tue 11:45  incident ends: fraud goes prepaid",
            "Tue 12:00  incident begins: age null, 2 → 20 %",
            "Tue 13:00  reference learned, watching",
        ]
    );
    assert!(plain.lines(&sample.snapshot()).is_empty());
}

#[test]
fn the_list_of_alerts_is_in_the_order_of_event_time() {
    let in_order = screen(&watching(), 80, 24);
    let mut sample = watching();
    sample.alerts.reverse();
    assert_eq!(screen(&sample, 80, 24), in_order);
}

#[test]
fn an_incident_is_marked_as_missed_only_when_everything_is_judged() {
    let mut sample = watching();
    sample.alerts.clear();
    assert!(
        !screen(&sample, 80, 24).contains('✗'),
        "its record may still come"
    );
    sample.is_over = true;
    assert!(screen(&sample, 80, 24).contains('✗'));
}

#[test]
fn an_alert_of_a_long_window_names_its_length_and_the_incident_that_it_still_holds() {
    let mut sample = watching();
    sample.alerts = vec![sample::of_the_last_day(1_626 + 1_320)];
    sample.is_over = true;
    let lines = PlainView::default().lines(&sample.snapshot());
    let line = "ALERT drift: psi of feature:amount over 1d (incident: amount in cents)";
    assert!(lines.iter().any(|own| own.contains(line)), "{lines:#?}");
    assert!(screen(&sample, 200, 50).contains("psi of amount over 1d (incident: amount in cents)"));
}
