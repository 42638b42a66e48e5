//! `tidegauge reference show`: draws learned references, read from the references topic.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use super::args::ConfigArgs;
use super::{Error, Printable, connect, print};
use crate::alert::{CategoriesRecord, NumbersRecord, ReferenceRecord, SubjectRecord};
use crate::detect::DAYS_OF_A_WEEK;
use crate::kafka;
use crate::sketch::{Scale, Subject};

/// Width of a histogram of numbers, in characters.
const BARS: usize = 48;
/// Width of the longest bar of a category, in characters.
const BAR_MAX: usize = 30;
/// Maximum number of categories drawn per subject.
const CATEGORIES_MAX: usize = 8;
/// Minimum ratio of the outer quantiles at which bars have equal ratio instead of equal width.
const RATIO_MIN: f64 = 30.0;
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Runs the command.
///
/// # Errors
/// When the cluster does not answer or the model has no reference.
pub fn execute(model: Option<&str>, settings: &ConfigArgs) -> Result<ExitCode, Error> {
    let checked = settings.load()?;
    let topic = &checked.plan.topics.references;
    let records = kafka::read_all(&connect::kafka(&checked, 0)?, topic).map_err(Error::failed)?;
    let shown = in_force(
        records
            .iter()
            .filter_map(|value| serde_json::from_slice(value).ok()),
    );
    let Some(model) = model else {
        return print(&listed(&shown));
    };
    match shown.get(model) {
        Some(parts) => print(&drawn(parts)),
        None => Err(Error::Failed(format!(
            "topic {topic} has no reference of model {model}: a reference is published when learning is complete; `/status` shows the progress"
        ))),
    }
}

/// Parts of the reference in force of each model, and of each segment as `MODEL country=DE`. Between an order that drops one and
/// the end of learning, that is the dropped one.
fn in_force(
    records: impl Iterator<Item = ReferenceRecord>,
) -> BTreeMap<String, Vec<ReferenceRecord>> {
    let mut latest: BTreeMap<String, Vec<ReferenceRecord>> = BTreeMap::new();
    for record in records {
        let parts = latest.entry(whose(&record)).or_default();
        match parts.first() {
            Some(held) if since(held) > since(&record) => {}
            Some(held) if held.id == record.id && since(held) == since(&record) => {
                parts.push(record);
            }
            _ => *parts = vec![record],
        }
    }
    latest
}

/// Time from which a reference is in force. Earlier builds published the end of its span only, at which it was learned.
fn since(record: &ReferenceRecord) -> &str {
    let since = record.in_force_since.as_ref();
    since.unwrap_or(&record.span.end)
}

fn whose(record: &ReferenceRecord) -> String {
    match &record.segment {
        Some(segment) => format!("{} {segment}", record.model),
        None => record.model.clone(),
    }
}

fn listed(shown: &BTreeMap<String, Vec<ReferenceRecord>>) -> String {
    let line = |(model, parts): (&String, &Vec<ReferenceRecord>)| {
        let first = parts.first()?;
        let subjects: usize = parts.iter().map(|part| part.subjects.len()).sum();
        Some(format!(
            "{}  {subjects} subjects, {} predictions until {}\n",
            Printable(model),
            first.predictions,
            Printable(&first.span.end)
        ))
    };
    let lines: String = shown.iter().filter_map(line).collect();
    if lines.is_empty() {
        "no model has a reference yet\n".to_owned()
    } else {
        lines
    }
}

fn drawn(parts: &[ReferenceRecord]) -> String {
    let mut text = String::new();
    if let Some(first) = parts.first() {
        let _ = writeln!(
            text,
            "{}  reference {}, in force since {}\n{} predictions from {} to {}\n{}",
            Printable(&whose(first)),
            Printable(&first.id),
            Printable(since(first)),
            first.predictions,
            Printable(&first.span.start),
            Printable(&first.span.end),
            covered(first)
        );
    }
    let subjects = parts.iter().flat_map(|part| {
        part.subjects
            .iter()
            .map(|(name, subject)| (name, subject, part.predictions))
    });
    for (name, subject, predictions) in subjects {
        let _ = writeln!(
            text,
            "{}{}{}{}",
            Printable(name),
            judged(name),
            shares(name, subject, predictions),
            rhythm(subject)
        );
        if let Some(numbers) = &subject.numbers {
            text.push_str(&of_numbers(numbers));
        }
        if let Some(categories) = &subject.categories {
            text.push_str(&of_categories(categories));
        }
        text.push('\n');
    }
    text
}

/// Line with the days of the week that the reference covers; empty if the record does not say.
fn covered(record: &ReferenceRecord) -> String {
    let Some(days) = &record.days else {
        return String::new();
    };
    let caveat = if days.len() < DAYS_OF_A_WEEK as usize {
        ": less than a week, so other days may differ"
    } else {
        ""
    };
    format!("days {}{caveat}\n", Printable(&days.join(", ")))
}

/// Says of a subject that is not compared with its reference that it is only reported.
fn judged(name: &str) -> &'static str {
    match Subject::of_name(name) {
        Some(subject) if !subject.is_judged() => "   (reported, not judged)",
        _ => "",
    }
}

/// Text such as `  null 2.0 %, missing 0.1 %`; empty if there are none. Of errors always the share that failed: that none did is
/// what is known of them.
fn shares(name: &str, subject: &SubjectRecord, predictions: u64) -> String {
    let types = &subject.types;
    let is_of_errors = name == Subject::Errors.name();
    let counts: &[(&str, u64)] = if is_of_errors {
        &[("failed", types.boolean)]
    } else {
        &[("null", types.null), ("missing", types.missing)]
    };
    let share = |count: u64| 100.0 * count as f64 / predictions.max(1) as f64;
    let shown: Vec<String> = counts
        .iter()
        .filter(|(_, count)| is_of_errors || *count > 0)
        .map(|(name, count)| format!("{name} {:.1} %", share(*count)))
        .collect();
    if shown.is_empty() {
        String::new()
    } else {
        format!("   {}", shown.join(", "))
    }
}

/// Text such as `  82 % of its variability is the time of day`; empty if that is not known, or hardly anything varies.
fn rhythm(subject: &SubjectRecord) -> String {
    let Some(rhythm) = subject.rhythm.filter(|rhythm| rhythm.distance >= 0.05) else {
        return String::new();
    };
    let shares = [
        (rhythm.time_of_day, "the time of day"),
        (rhythm.weekday, "the day of the week"),
    ];
    let shares = shares
        .into_iter()
        .filter_map(|(share, name)| Some((share?, name)));
    let shares: Vec<String> = shares
        .map(|(share, name)| format!("{:.0} % {name}", 100.0 * share))
        .collect();
    if shares.is_empty() {
        return String::new();
    }
    format!(
        "   varies by {:.2} σ: {}",
        rhythm.distance,
        shares.join(", ")
    )
}

/// Draws a distribution between its outer quantiles as blocks.
fn of_numbers(numbers: &NumbersRecord) -> String {
    let quantile = |name: &str| numbers.quantiles.get(name).copied().unwrap_or(0.0);
    let scale = if numbers.scale == "score" {
        Scale::Score
    } else {
        Scale::Plain
    };
    let axis = Axis::between(scale, quantile("p01"), quantile("p99"));
    let mut bars = [0.0f64; BARS];
    for (index, count) in &numbers.cells {
        let edge = |index: u64| {
            scale
                .edge(index << numbers.level)
                .clamp(numbers.min, numbers.max)
        };
        let middle = f64::midpoint(edge(u64::from(*index)), edge(u64::from(*index) + 1));
        if let Some(bar) = bars.get_mut(axis.bar(middle)) {
            *bar += *count as f64;
        }
    }
    format!(
        "  {}{}\n  min {}  p05 {}  median {}  p95 {}  max {}\n",
        blocks(&bars),
        if axis.is_log {
            "  (bars of equal ratio)"
        } else {
            ""
        },
        short(numbers.min),
        short(quantile("p05")),
        short(quantile("p50")),
        short(quantile("p95")),
        short(numbers.max)
    )
}

/// Scale that maps a number to a bar.
struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Axis {
    /// Chooses bars of equal ratio for values over orders of magnitude, else bars of equal width.
    fn between(scale: Scale, low: f64, high: f64) -> Self {
        let is_log = scale == Scale::Plain && low > 0.0 && high / low >= RATIO_MIN;
        Self { low, high, is_log }
    }

    fn bar(&self, x: f64) -> usize {
        let place = |x: f64| {
            if self.is_log {
                libm::log(x.max(self.low))
            } else {
                x
            }
        };
        let (low, high) = (place(self.low), place(self.high));
        let share = if high > low {
            (place(x) - low) / (high - low)
        } else {
            0.5
        };
        ((share.clamp(0.0, 1.0) * BARS as f64) as usize).min(BARS - 1)
    }
}

fn blocks(bars: &[f64]) -> String {
    let most = bars.iter().copied().fold(1.0, f64::max);
    let block = |bar: &f64| {
        let height = (bar / most * 8.0).ceil() as usize;
        BLOCKS.get(height).copied().unwrap_or('█')
    };
    bars.iter().map(block).collect()
}

fn of_categories(categories: &CategoriesRecord) -> String {
    let total: u64 = categories.cells.iter().map(|(_, count)| count).sum();
    let most = categories.top.first().map_or(1, |top| top.count).max(1);
    let mut text = String::new();
    for top in categories.top.iter().take(CATEGORIES_MAX) {
        let bar = "█".repeat((top.count as usize * BAR_MAX / most as usize).max(1));
        let _ = writeln!(
            text,
            "  {:<14} {bar} {:.1} %",
            Printable(&top.name),
            100.0 * top.count as f64 / total.max(1) as f64
        );
    }
    let rest = categories.distinct.saturating_sub(CATEGORIES_MAX as u64);
    if !categories.exact {
        let _ = writeln!(
            text,
            "  {} groups of hashed categories: too many to name",
            categories.distinct
        );
    } else if rest > 0 {
        let _ = writeln!(text, "  and {rest} more");
    }
    text
}

/// Formats with four significant digits.
fn short(x: f64) -> String {
    if x != 0.0 && !(1e-3..1e6).contains(&x.abs()) {
        return format!("{x:.3e}");
    }
    let whole = x.abs().max(1.0).log10() as usize;
    let text = format!("{x:.*}", 3usize.saturating_sub(whole));
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::event::{Prediction, Value};
    use crate::reference::learn;
    use crate::sketch::{PartialBuffer, RecordPosition};
    use crate::window::{Boundary, Span, WeekDays};

    #[test]
    fn a_reference_shows_its_days_and_that_nothing_failed() {
        let mut buffer = PartialBuffer::default();
        let prediction = Prediction {
            features: vec![("amount".into(), Value::Number(1.0))],
            ..Prediction::default()
        };
        buffer.push(&prediction, || RecordPosition {
            topic: String::new(),
            partition: 0,
            offset: 0,
        });
        let pane = buffer.freeze().unwrap();
        let span = Span {
            start: Boundary(0),
            end: Boundary(15),
        };
        let reference = learn("m", None, span, [(span.start, &pane)].into_iter());
        let shown = |days| {
            drawn(&crate::alert::reference_records(
                &reference,
                (days, span.end),
                1_000_000,
            ))
        };
        let mut thursday = WeekDays::default();
        thursday.add(span.start);
        let text = shown(Some(thursday));
        assert!(text.contains("\ndays Thu: less than a week"), "{text}");
        assert!(text.contains("errors   failed 0.0 %"), "{text}");
        assert!(!shown(None).contains("\ndays"), "of a segment");
    }

    /// A reference of a span that ends at `end` minutes, in force since `since`.
    fn record(end: i64, since: Option<i64>) -> ReferenceRecord {
        let span = Span {
            start: Boundary(0),
            end: Boundary(end),
        };
        let reference = learn("m", None, span, [].into_iter());
        let at = (None, Boundary(since.unwrap_or(end)));
        let record = crate::alert::reference_records(&reference, at, 1_000_000).remove(0);
        ReferenceRecord {
            in_force_since: since.and(record.in_force_since),
            ..record
        }
    }

    #[test]
    fn the_reference_in_force_is_shown_and_not_the_one_that_was_learned_last() {
        let shown = |records: Vec<ReferenceRecord>| {
            let mut shown = in_force(records.into_iter());
            let parts = shown.remove("m").unwrap();
            (parts.len(), parts[0].span.end.clone())
        };
        let end = |minutes| record(minutes, None).span.end;
        let pinned = || record(60, Some(500));
        let learned = || record(300, Some(300));
        assert_eq!(shown(vec![pinned(), learned()]), (1, end(60)));
        assert_eq!(shown(vec![learned(), pinned()]), (1, end(60)));
        let before = record(60, Some(60));
        let published_twice = vec![before, learned(), pinned()];
        assert_eq!(shown(published_twice), (1, end(60)));
        let earlier_builds = vec![record(300, None), record(60, None)];
        assert_eq!(shown(earlier_builds), (1, end(300)));
    }

    #[test]
    fn numbers_are_short_and_bars_keep_their_ends() {
        assert_eq!(
            [
                short(0.0),
                short(12.5),
                short(12_345.6),
                short(0.25),
                short(-3.0)
            ],
            ["0", "12.5", "12346", "0.25", "-3"]
        );
        let axis = Axis::between(Scale::Plain, 1.0, 1_000.0);
        assert_eq!((axis.bar(-5.0), axis.bar(1e9)), (0, BARS - 1));
        assert_eq!(blocks(&[0.0, 4.0, 8.0]), " ▄█");
    }
}
