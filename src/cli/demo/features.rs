//! Features on the live screen: distance, and small histograms of the reference and the last window.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::snapshot::Snapshot;
use super::style::{QUIET, titled};
use crate::detect::Verdict;
use crate::http::{Picture, SubjectStatus};

/// Bars of rising height.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Text shown until there are features.
const INTRODUCTION: &str = "
 Payments are scored by a fraud model; each prediction is an event on Kafka.
 What turned out to be true of it follows within the hour, as a label.

 Tidegauge reads a day of them and learns what is ordinary: the shape of every
 feature, how often it is null, how much it sways from hour to hour.

 Then another day goes by, and things go wrong. It should say so, and no more.";

/// Draws two rows per feature: the reference, and the last window below it, with equal bars and scale.
pub(super) fn draw_features(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot<'_>) {
    let area = titled(frame, area, "features by distance from the reference");
    let Some(model) = snapshot.model().filter(|model| !model.subjects.is_empty()) else {
        frame.render_widget(
            Paragraph::new(INTRODUCTION)
                .style(QUIET)
                .wrap(Wrap { trim: false }),
            area,
        );
        return;
    };
    let shown = usize::from(area.height) / 2;
    let lines: Vec<Line<'_>> = model
        .subjects
        .iter()
        .take(shown)
        .flat_map(|subject| feature_lines(subject, area.width))
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Two rows of a feature. Columns: name 20, distance 13, then one or two per bar.
fn feature_lines(subject: &SubjectStatus, width: u16) -> [Line<'static>; 2] {
    let bars = Picture::BARS_MAX;
    let column = if usize::from(width) >= 46 + 2 * bars {
        2
    } else {
        1
    };
    let heights = subject
        .picture
        .reference
        .iter()
        .chain(&subject.picture.window);
    let top = heights.copied().fold(f32::MIN_POSITIVE, f32::max);
    let draw = |shares: &[f32]| -> String {
        shares
            .iter()
            .flat_map(|share| std::iter::repeat_n(block(share / top), column))
            .collect()
    };
    let style = match subject.verdict {
        Verdict::Breach => Style::new().fg(Color::Red),
        Verdict::Lingering => Style::new().fg(Color::Yellow),
        Verdict::Quiet => Style::new().fg(Color::Green),
        Verdict::InsufficientData => QUIET,
    };
    let name = subject
        .subject
        .strip_prefix("feature:")
        .unwrap_or(&subject.subject);
    let name: String = name.chars().take(18).collect();
    let space = bars * column;
    [
        Line::from(vec![
            format!(" {name:<19}").bold(),
            Span::styled(
                format!("{} {:<9.3}", subject.distance, subject.value),
                style,
            ),
            Span::styled(
                format!("{:<space$}", draw(&subject.picture.reference)),
                Style::new().fg(Color::Blue),
            ),
            Span::styled(" reference", QUIET),
        ]),
        Line::from(vec![
            Span::styled(
                format!(" {:<19}{:<13}", "", distance_bar(subject.value)),
                style,
            ),
            Span::styled(format!("{:<space$}", draw(&subject.picture.window)), style),
            Span::styled(format!(" last {}", subject.window), QUIET),
        ]),
    ]
}

/// Bar for a share of the greatest height. Only a share of 0 gives a blank.
fn block(share: f32) -> char {
    if share <= 0.0 {
        return ' ';
    }
    let step = (share * BLOCKS.len() as f32).ceil() as usize;
    BLOCKS.get(step.saturating_sub(1)).copied().unwrap_or('█')
}

/// Bar of twelve columns. It is full at a distance of 0.25.
fn distance_bar(distance: f64) -> String {
    let full = (distance / 0.25 * 12.0).clamp(0.0, 12.0) as usize;
    format!("{}{}", "━".repeat(full), "·".repeat(12 - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_empty_only_for_nothing() {
        assert_eq!(
            [0.0, 1e-6, 0.5, 1.0, 2.0].map(block),
            [' ', '▁', '▄', '█', '█']
        );
        assert_eq!(distance_bar(0.0).chars().filter(|c| *c == '━').count(), 0);
        assert_eq!(distance_bar(9.0).chars().filter(|c| *c == '━').count(), 12);
    }
}
