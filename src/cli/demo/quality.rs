//! Quality on the live screen: precision of the last hour, in total and by segment, and the rest of the error budget.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::plain::with_interval;
use super::snapshot::Snapshot;
use super::style::QUIET;
use super::testbed::{SEGMENT_KEY, TARGET};
use crate::http::ObjectiveStatus;

/// Width of the budget bar in columns.
const BAR: usize = 14;
const GOOD: Style = Style::new().fg(Color::Green);
const POOR: Style = Style::new().fg(Color::Red);

/// Draws three rows: precision, precision by segment, objective.
pub(super) fn draw_quality(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot<'_>) {
    let mut lines = vec![whole(snapshot), by_segment(snapshot)];
    lines.push(match snapshot.objective() {
        Some(objective) => budget(objective),
        None => titled("objective", vec![Span::styled("no labels yet", QUIET)]),
    });
    frame.render_widget(Paragraph::new(lines), area);
}

fn titled(title: &str, mut spans: Vec<Span<'static>>) -> Line<'static> {
    spans.insert(0, format!(" {title:<10} ").bold());
    Line::from(spans)
}

/// Row such as `precision 0.961 (0.930–0.979) of 108 in the last hour; coverage 35 %`.
fn whole(snapshot: &Snapshot<'_>) -> Line<'static> {
    let hour = snapshot.published.reports.last_hour();
    let Some(precision) = hour.and_then(|hour| hour.measure("precision")) else {
        return titled("precision", vec![Span::styled("no labels yet", QUIET)]);
    };
    let coverage = match snapshot.coverage() {
        Some(share) => format!("; coverage {:.0} %", share * 100.0),
        None => String::new(),
    };
    let behind = format!(" of {} in the last hour{coverage}", precision.count);
    titled(
        "precision",
        vec![
            Span::styled(with_interval(precision), against_target(precision.value)),
            Span::styled(behind, QUIET),
        ],
    )
}

fn by_segment(snapshot: &Snapshot<'_>) -> Line<'static> {
    let mut spans = Vec::new();
    for (segment, hour) in &snapshot.published.reports.hour {
        let Some((segment, precision)) = segment.as_deref().zip(hour.measure("precision")) else {
            continue;
        };
        let value = segment.split('=').nth(1).unwrap_or(segment);
        spans.push(Span::raw(format!("{value} ")));
        let text = format!("{:.3}   ", precision.value);
        spans.push(Span::styled(text, against_target(precision.value)));
    }
    titled(&format!("by {SEGMENT_KEY}"), spans)
}

fn against_target(value: f64) -> Style {
    if value < TARGET { POOR } else { GOOD }
}

/// Row such as `precise ≥ 0.9  █████████····· 62 % of budget left, burning 0.4×`.
fn budget(objective: &ObjectiveStatus) -> Line<'static> {
    let name = match objective.target {
        Some(target) => format!("{} ≥ {target}  ", objective.objective),
        None => objective.objective.clone(),
    };
    let Some(left) = objective.budget_remaining else {
        return titled("objective", vec![Span::raw(name)]);
    };
    let full = (left.clamp(0.0, 1.0) * BAR as f64) as usize;
    let bar = format!("{}{}", "█".repeat(full), "·".repeat(BAR - full));
    let rate = objective.burn_rates.values().flatten().copied().next();
    let burning = rate.unwrap_or(0.0);
    titled(
        "objective",
        vec![
            Span::raw(name),
            Span::styled(bar, if left > 0.0 { GOOD } else { POOR }),
            Span::raw(format!(" {:.0} % of budget left", left * 100.0)),
            Span::styled(
                format!(", burning {burning:.1}×"),
                if burning > 1.0 { POOR } else { QUIET },
            ),
        ],
    )
}
