//! Log of the process: `tracing` to standard error, as text or as JSON lines.
//!
//! Every line, at every level, may contain names, counts, hashes, offsets and durations. It never contains a feature
//! value, the id of a prediction, a payload, or a property that may be a secret. Lines of librdkafka use the same
//! subscriber; they name brokers, partitions and offsets only. A line of text escapes what a terminal would obey, so that a
//! name from the input can neither colour the screen nor add a line.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::fmt::MakeWriter;

use super::{Error, Printable};
use crate::config::{Format, Level, LogConfig};

/// Starts the log of the process.
///
/// # Errors
/// When it was started before.
pub fn start(log: LogConfig) -> Result<(), Error> {
    tracing::subscriber::set_global_default(lines(log, std::io::stderr)).map_err(|_| {
        Error::Failed("the log was started twice; this is a bug, please report it".to_owned())
    })
}

/// Subscriber that writes events as lines to `writer`.
fn lines<W>(log: LogConfig, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt().with_max_level(level(log.level));
    match log.format {
        Format::Text => Box::new(lines.with_writer(Escaping(writer)).finish()),
        Format::Json => Box::new(
            lines
                .with_writer(writer)
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .finish(),
        ),
    }
}

/// Makes writers whose lines are escaped.
struct Escaping<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaping<W> {
    type Writer = EscapedLine<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapedLine(self.0.make_writer())
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        EscapedLine(self.0.make_writer_for(meta))
    }
}

/// Writer that gets one whole line at a time, as the subscriber writes them, and escapes it.
struct EscapedLine<W>(W);

impl<W: Write> Write for EscapedLine<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = text.strip_suffix('\n');
        let end = if line.is_some() { "\n" } else { "" };
        let line = Printable(line.unwrap_or(&text));
        self.0.write_all(format!("{line}{end}").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn level(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Output of one warning and one debug event.
    fn written(log: LogConfig) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        tracing::subscriber::with_default(lines(log, move || writer.clone()), || {
            tracing::warn!(partition = 3, "late");
            tracing::debug!("detail");
        });
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn json_is_one_object_per_line_with_the_fields_beside_the_message() {
        let text = written(LogConfig {
            format: Format::Json,
            level: Level::Info,
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&line["level"], &line["message"], &line["partition"]),
            (&"WARN".into(), &"late".into(), &3.into())
        );
    }

    #[test]
    fn a_name_can_neither_colour_a_line_nor_add_one() {
        let kept = Kept::default();
        let writer = kept.clone();
        let log = LogConfig {
            format: Format::Text,
            level: Level::Info,
        };
        tracing::subscriber::with_default(lines(log, move || writer.clone()), || {
            let model = "a\u{1b}[31m\u{202e}b\nERROR forged";
            tracing::info!(model, "a model: {model}");
            tracing::info!(%model, "shown");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(obeyed), "{text:?}");
    }

    #[test]
    fn the_level_is_the_least_that_is_written() {
        let at = |level| {
            written(LogConfig {
                format: Format::Text,
                level,
            })
            .lines()
            .count()
        };
        assert_eq!(
            (at(Level::Error), at(Level::Warn), at(Level::Debug)),
            (0, 1, 2)
        );
    }
}
