//! Live screen, drawn from a snapshot: header, progress, timeline, quality, features, incidents, alerts.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Gauge, Paragraph};

use super::features::draw_features;
use super::incident::Incident;
use super::plain::{causes, origin, verdict};
use super::quality::draw_quality;
use super::record::{PublishedAlert, PublishedStatus};
use super::snapshot::{IncidentState, Snapshot};
use super::style::{QUIET, titled};
use super::table::clock;
use super::traffic::{MODEL, VERSION};
use crate::cli::Printable;

/// Minimum width at which incidents and alerts stand beside the features instead of below them.
const WIDE: u16 = 120;
/// Minimum width of the features in columns.
const FEATURES: u16 = 68;
/// Draws `snapshot` over the whole frame.
pub fn draw(frame: &mut Frame<'_>, snapshot: &Snapshot<'_>) {
    let rows = [
        Constraint::Length(2),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(3),
        Constraint::Min(0),
    ];
    let [head, progress, course, quality, rest] = Layout::vertical(rows).areas(frame.area());
    draw_head(frame, head, snapshot);
    draw_progress(frame, progress, snapshot);
    frame.render_widget(course_line(snapshot, course.width), course);
    draw_quality(frame, quality, snapshot);
    let lower = (snapshot.timeline.incidents.len() as u16).max(3) + 1;
    if frame.area().width >= WIDE {
        let features = FEATURES.max(rest.width / 2);
        let [left, right] =
            Layout::horizontal([Constraint::Length(features), Constraint::Fill(1)]).areas(rest);
        let [above, below] =
            Layout::vertical([Constraint::Length(lower), Constraint::Min(0)]).areas(right);
        draw_features(frame, left, snapshot);
        draw_incidents(frame, above, snapshot);
        draw_alerts(frame, below, snapshot);
    } else {
        let [above, below] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(lower)]).areas(rest);
        let [left, right] =
            Layout::horizontal([Constraint::Length(41), Constraint::Fill(1)]).areas(below);
        draw_features(frame, above, snapshot);
        draw_incidents(frame, left, snapshot);
        draw_alerts(frame, right, snapshot);
    }
}

/// Formats with separators: 1234567 → 1,234,567.
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

fn draw_head(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot<'_>) {
    let [first, second] = Layout::vertical([Constraint::Length(1); 2]).areas(area);
    let name = Line::from(vec![
        " tidegauge ".bold().reversed(),
        format!("  {MODEL} {VERSION}").into(),
    ]);
    let numbers = Line::from(vec![
        clock(snapshot.clock()).bold().cyan(),
        format!(
            "  {} events/s  {} windows ",
            thousands(snapshot.events_per_sec as u64),
            thousands(snapshot.status.windows_closed)
        )
        .into(),
    ]);
    frame.render_widget(name, first);
    frame.render_widget(numbers.right_aligned(), first);
    let addresses = format!(
        " broker {}   metrics {}",
        snapshot.bootstrap, snapshot.metrics
    );
    frame.render_widget(Line::styled(addresses, QUIET), second);
    frame.render_widget(Line::styled("q quits ", QUIET).right_aligned(), second);
}

fn draw_progress(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot<'_>) {
    let (ratio, label, colour) = match snapshot.learning() {
        Some(progress) => (
            progress,
            format!("learning the reference {:.0} %", progress * 100.0),
            Color::Blue,
        ),
        None => {
            let watched = snapshot.timeline.end.time().0 - snapshot.timeline.learned.time().0;
            let done = snapshot.clock().0 - snapshot.timeline.learned.time().0;
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

/// Timeline from left to right: a block for each incident, coloured by its state, and a mark at the clock.
fn course_line(snapshot: &Snapshot<'_>, width: u16) -> Line<'static> {
    let demo_score = snapshot.demo_score();
    let here = (snapshot.timeline.share(snapshot.clock()) * f64::from(width)) as u16;
    let cell = |column: u16| {
        let share = |at: u16| f64::from(at) / f64::from(width.max(1));
        let covers = |incident: &Incident| {
            let (start, end) = (incident.span.start.time(), incident.span.end.time());
            snapshot.timeline.share(end) > share(column)
                && snapshot.timeline.share(start) < share(column + 1)
        };
        let incident = demo_score
            .outcomes
            .iter()
            .find(|outcome| covers(&outcome.incident));
        match incident {
            Some(outcome) => {
                let (_, style) = mark(&snapshot.state_of(outcome));
                Span::styled(if column == here { "╋" } else { "█" }, style)
            }
            None if column == here => "┃".bold().cyan(),
            None if column < here => "━".cyan(),
            None => Span::styled("─", QUIET),
        }
    };
    Line::from((0..width).map(cell).collect::<Vec<_>>())
}

/// Sign and colour of a state.
fn mark(state: &IncidentState) -> (&'static str, Style) {
    match state {
        IncidentState::Ahead => ("○", QUIET),
        IncidentState::Unnoticed => ("◐", Style::new().fg(Color::Yellow)),
        IncidentState::Awaited => ("◑", Style::new().fg(Color::Yellow)),
        IncidentState::Missed => ("✗", Style::new().fg(Color::Red)),
        IncidentState::Found(_) => ("●", Style::new().fg(Color::Green)),
    }
}

fn draw_incidents(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot<'_>) {
    let area = titled(frame, area, "incidents");
    let mut lines: Vec<Line<'_>> = Vec::new();
    for outcome in snapshot.demo_score().outcomes {
        let state = snapshot.state_of(&outcome);
        let (sign, style) = mark(&state);
        let after = match &state {
            IncidentState::Found(found) => format!("+{} min", found.delay_minutes),
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

/// Draws the alerts, newest first.
fn draw_alerts(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot<'_>) {
    let area = titled(frame, area, "alerts");
    let newest = snapshot.newest_alerts().into_iter();
    let mut lines: Vec<Line<'_>> = newest
        .take(usize::from(area.height))
        .map(|record| alert_line(record, snapshot, area.width))
        .collect();
    if lines.is_empty() {
        lines.push(Line::styled(" none yet", QUIET));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// One alert; the incident behind it only where the line has room for its name.
fn alert_line(record: &PublishedAlert, snapshot: &Snapshot<'_>, width: u16) -> Line<'static> {
    let at = record.moment().map_or_else(String::new, clock);
    if let Some(verdict) = verdict(record) {
        let text = format!(" ◇ {at} quality {}", Printable(verdict));
        return Line::styled(text, Color::Cyan);
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
            (Some(objective), Some(segment)) => {
                format!("{}: {}", Printable(&objective.name), Printable(segment))
            }
            _ => causes(record)
                .replace("feature:", "")
                .replace("objective:", ""),
        },
    };
    let text = format!(" {sign} {at} {what}");
    let whole = format!("{text}{}", origin(record, snapshot));
    let fits = whole.chars().count() <= usize::from(width);
    Line::styled(if fits { whole } else { text }, style)
}
