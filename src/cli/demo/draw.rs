//! The live screen as a function of a scene: header, progress, course, quality, features, incidents, alerts.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Gauge, Paragraph};

use super::features::draw_features;
use super::incident::Incident;
use super::plain::{causes, verdict};
use super::quality::draw_quality;
use super::record::{PublishedAlert, PublishedStatus};
use super::scene::{Scene, SceneAlert};
use super::score::clock;
use super::traffic::{MODEL, VERSION};

/// From this width on, incidents and alerts stand beside the features instead of below them.
const WIDE: u16 = 120;
/// Columns that features take at least.
const FEATURES: u16 = 68;
/// Of what matters less.
pub(super) const QUIET: Style = Style::new().fg(Color::DarkGray);

/// Draws `scene` on the whole frame.
pub(super) fn draw(frame: &mut Frame<'_>, scene: &Scene<'_>) {
    let rows = [
        Constraint::Length(2),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(3),
        Constraint::Min(0),
    ];
    let [head, progress, course, quality, rest] = Layout::vertical(rows).areas(frame.area());
    draw_head(frame, head, scene);
    draw_progress(frame, progress, scene);
    frame.render_widget(course_line(scene, course.width), course);
    draw_quality(frame, quality, scene);
    let lower = (scene.timeline.incidents.len() as u16).max(3) + 1;
    if frame.area().width >= WIDE {
        let features = FEATURES.max(rest.width / 2);
        let [left, right] =
            Layout::horizontal([Constraint::Length(features), Constraint::Fill(1)]).areas(rest);
        let [above, below] =
            Layout::vertical([Constraint::Length(lower), Constraint::Min(0)]).areas(right);
        draw_features(frame, left, scene);
        draw_incidents(frame, above, scene);
        draw_alerts(frame, below, scene);
    } else {
        let [above, below] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(lower)]).areas(rest);
        let [left, right] =
            Layout::horizontal([Constraint::Length(41), Constraint::Fill(1)]).areas(below);
        draw_features(frame, above, scene);
        draw_incidents(frame, left, scene);
        draw_alerts(frame, right, scene);
    }
}

/// A titled area without sides: the columns belong to the content.
pub(super) fn titled(frame: &mut Frame<'_>, area: Rect, title: &str) -> Rect {
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(QUIET)
        .title(format!(" {title} ").bold());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// 1234567 → 1,234,567.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        text.push(digit);
        if place > 0 && place % 3 == 0 {
            text.push(',');
        }
    }
    text
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    let [first, second] = Layout::vertical([Constraint::Length(1); 2]).areas(area);
    let name = Line::from(vec![
        " tidegauge ".bold().reversed(),
        format!("  {MODEL} {VERSION}").into(),
    ]);
    let numbers = Line::from(vec![
        clock(scene.clock()).bold().cyan(),
        format!(
            "  {} events/s  {} windows ",
            thousands(scene.events_per_sec as u64),
            thousands(scene.status.windows_closed)
        )
        .into(),
    ]);
    frame.render_widget(name, first);
    frame.render_widget(numbers.right_aligned(), first);
    let addresses = format!(" broker {}   metrics {}", scene.bootstrap, scene.metrics);
    frame.render_widget(Line::styled(addresses, QUIET), second);
    frame.render_widget(Line::styled("q quits ", QUIET).right_aligned(), second);
}

fn draw_progress(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    let (ratio, label, colour) = match scene.learning() {
        Some(progress) => (
            progress,
            format!("learning the reference {:.0} %", progress * 100.0),
            Color::Blue,
        ),
        None => {
            let watched = scene.timeline.end.time().0 - scene.timeline.learned.time().0;
            let done = scene.clock().0 - scene.timeline.learned.time().0;
            let ratio = (done as f64 / watched.max(1) as f64).clamp(0.0, 1.0);
            (
                ratio,
                format!("watching {:.0} %", ratio * 100.0),
                Color::Green,
            )
        }
    };
    let gauge = Gauge::default().ratio(ratio).label(label).use_unicode(true);
    frame.render_widget(
        gauge.gauge_style(Style::new().fg(colour).bg(Color::Black)),
        area,
    );
}

/// Two days from left to right: a block for each incident, coloured by how it stands, and where the clock is.
fn course_line(scene: &Scene<'_>, width: u16) -> Line<'static> {
    let reckoning = scene.reckoning();
    let here = (scene.timeline.share(scene.clock()) * f64::from(width)) as u16;
    let cell = |column: u16| {
        let share = |at: u16| f64::from(at) / f64::from(width.max(1));
        let covers = |incident: &Incident| {
            let (start, end) = (incident.span.start.time(), incident.span.end.time());
            scene.timeline.share(end) > share(column)
                && scene.timeline.share(start) < share(column + 1)
        };
        let incident = reckoning
            .outcomes
            .iter()
            .find(|outcome| covers(&outcome.incident));
        match incident {
            Some(outcome) => {
                let (_, style) = mark(&scene.standing(&outcome.incident, outcome.found.clone()));
                Span::styled(if column == here { "╋" } else { "█" }, style)
            }
            None if column == here => "┃".bold().cyan(),
            None if column < here => "━".cyan(),
            None => Span::styled("─", QUIET),
        }
    };
    Line::from((0..width).map(cell).collect::<Vec<_>>())
}

/// A sign and a colour for how an incident stands.
fn mark(standing: &SceneAlert) -> (&'static str, Style) {
    match standing {
        SceneAlert::Ahead => ("○", QUIET),
        SceneAlert::Unnoticed => ("◐", Style::new().fg(Color::Yellow)),
        SceneAlert::Overdue => ("✗", Style::new().fg(Color::Red)),
        SceneAlert::Found(_) => ("●", Style::new().fg(Color::Green)),
    }
}

fn draw_incidents(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    let area = titled(frame, area, "incidents");
    let mut lines: Vec<Line<'_>> = Vec::new();
    for outcome in scene.reckoning().outcomes {
        let standing = scene.standing(&outcome.incident, outcome.found);
        let (sign, style) = mark(&standing);
        let after = match &standing {
            SceneAlert::Found(found) => format!("+{} min", found.delay_minutes),
            _ => String::new(),
        };
        let at = clock(outcome.incident.span.start.time());
        let text = format!(" {sign} {at} {:<19} {after}", outcome.incident.name);
        lines.push(Line::styled(text, style));
    }
    if lines.is_empty() {
        lines.push(Line::styled(" none: nothing may fire", QUIET));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The newest alerts first.
fn draw_alerts(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
    let area = titled(frame, area, "alerts");
    let mut lines: Vec<Line<'_>> = scene
        .said
        .alerts
        .iter()
        .rev()
        .take(usize::from(area.height))
        .map(alert_line)
        .collect();
    if lines.is_empty() {
        lines.push(Line::styled(" none yet", QUIET));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn alert_line(record: &PublishedAlert) -> Line<'static> {
    let at = record.moment().map_or_else(String::new, clock);
    if let Some(verdict) = verdict(record) {
        return Line::styled(format!(" ◇ {at} quality {verdict}"), Color::Cyan);
    }
    let (sign, style) = match record.status {
        PublishedStatus::Pending => ("△", Style::new().fg(Color::Yellow)),
        PublishedStatus::Firing => (
            "▲",
            Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        ),
        PublishedStatus::Resolved => ("▽", Style::new().fg(Color::Green)),
    };
    let what = match record.status {
        PublishedStatus::Resolved => format!("{} resolved", record.kind.name()),
        _ => match (&record.objective, &record.segment) {
            (Some(objective), Some(segment)) => format!("{}: {segment}", objective.name),
            _ => causes(record)
                .replace("feature:", "")
                .replace("objective:", ""),
        },
    };
    Line::styled(format!(" {sign} {at} {what}"), style)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::fake::{Fake, learning, watching};
    use super::*;

    fn screen(fake: &Fake, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, &fake.scene())).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let rows = buffer.content().chunks(usize::from(width));
        let row = |cells: &[ratatui::buffer::Cell]| {
            let text: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
            text.trim_end().to_owned() + "\n"
        };
        rows.map(row).collect()
    }

    /// The screens lie beside this file; `UPDATE_SCREENS=1 cargo test --lib draw` draws them anew, for a person to look at.
    #[test]
    fn the_screens_are_as_a_person_found_them_good() {
        let screens = [
            ("learning_80x24", screen(&learning(), 80, 24)),
            ("watching_80x24", screen(&watching(), 80, 24)),
            ("watching_200x50", screen(&watching(), 200, 50)),
        ];
        for (name, drawn) in screens {
            let path = format!(
                "{}/src/cli/demo/screens/{name}.txt",
                env!("CARGO_MANIFEST_DIR")
            );
            if std::env::var_os("UPDATE_SCREENS").is_some() {
                std::fs::write(&path, &drawn).unwrap();
            }
            let good = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(drawn == good, "{name} changed:\n{drawn}");
        }
    }

    #[test]
    fn nothing_that_matters_is_cut_off_at_80_columns() {
        let (fake, text) = (watching(), screen(&watching(), 80, 24));
        for incident in &fake.timeline.incidents {
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
}
