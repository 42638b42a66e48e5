//! Command line: commands, flags and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{self, CheckedConfig, ConfigFaults, ConfigSources, Period, Start};
use crate::pipeline::control::parse_instant;

/// Monitor for machine-learning models on Kafka. It reads predictions and labels, and publishes alerts exactly once.
#[derive(Debug, Parser)]
#[command(
    name = "tidegauge",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = FIRST_STEPS)]
pub struct Cli {
    /// Command to run.
    #[command(subcommand)]
    pub command: Command,
}

const FIRST_STEPS: &str = "\
First steps:
  tidegauge demo                                             see it work without a broker or a configuration
  tidegauge run --brokers localhost:9092 --predictions TOPIC watch a topic; its models are discovered
  tidegauge config print                                     show all settings and their current values

Configuration: a file (--config), the environment (TIDEGAUGE__KAFKA__BROKERS=…) and flags. Flags win over the environment,
and the environment wins over the file.
Exit codes: 0 success, 1 failure, 2 wrong usage or configuration.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch models as a member of a consumer group until SIGTERM.
    Run(RunArgs),
    /// Run a demo on an embedded cluster, with a simulated stream and injected incidents.
    Demo(DemoArgs),
    /// Plan, create or verify the topics that Tidegauge needs.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Check a configuration file before using it.
    #[command(subcommand)]
    Check(CheckCommand),
    /// Show the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show the schemas of records that are read and published.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Show learned references, let a model learn anew, or undo that.
    #[command(subcommand)]
    Reference(ReferenceCommand),
    /// Change where reading continues after a loss.
    #[command(subcommand)]
    Offsets(OffsetsCommand),
}

/// Flags of every command that reads a configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// Configuration file: .yaml, .yml or .toml. Without it, defaults, the environment and flags apply.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Brokers to contact first; replaces `kafka.brokers`.
    #[arg(long, value_name = "HOST:PORT[,…]")]
    pub brokers: Option<String>,
    /// Input topic with predictions; may be repeated; replaces `topics.predictions`.
    #[arg(long, value_name = "TOPIC")]
    pub predictions: Vec<String>,
    /// Input topic with labels; may be repeated; replaces `topics.labels`.
    #[arg(long, value_name = "TOPIC")]
    pub labels: Vec<String>,
    /// Consumer group; replaces `kafka.group`.
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
}

impl ConfigArgs {
    /// File, environment and these flags; later ones win.
    #[must_use]
    pub fn sources(&self) -> ConfigSources {
        let variables = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let mut sources = ConfigSources::default().environment(variables);
        if let Some(file) = &self.config {
            sources = sources.file(file);
        }
        if let Some(brokers) = &self.brokers {
            sources = sources.flag("--brokers", "kafka.brokers", brokers);
        }
        if !self.predictions.is_empty() {
            sources = sources.flag(
                "--predictions",
                "topics.predictions",
                self.predictions.join(","),
            );
        }
        if !self.labels.is_empty() {
            sources = sources.flag("--labels", "topics.labels", self.labels.join(","));
        }
        if let Some(group) = &self.group {
            sources = sources.flag("--group", "kafka.group", group);
        }
        sources
    }

    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// All faults of the configuration.
    pub fn load(&self) -> Result<CheckedConfig, ConfigFaults> {
        config::load(&self.sources())
    }
}

/// `tidegauge run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidegauge run --brokers localhost:9092 --predictions predictions
  tidegauge run --config tidegauge.yaml
  tidegauge run --config tidegauge.yaml --from 7d     a new group starts a week back in the topic
To scale, start several processes with the same group: the partitions are divided among them.")]
pub struct RunArgs {
    /// Flags of the configuration.
    #[command(flatten)]
    pub settings: ConfigArgs,
    /// Where a group without committed offsets starts: latest, earliest, or a length of time to go back, such as 7d;
    /// replaces `runtime.from`.
    #[arg(long, value_name = "START", value_parser = str::parse::<Start>)]
    pub from: Option<Start>,
}

impl RunArgs {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// All faults of the configuration.
    pub fn load(&self) -> Result<CheckedConfig, ConfigFaults> {
        let sources = self.settings.sources();
        config::load(&match self.from {
            Some(from) => sources.flag("--from", "runtime.from", String::from(from)),
            None => sources,
        })
    }
}

/// `tidegauge demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidegauge demo                    learn, inject incidents, show what was detected and how soon
  tidegauge demo --seed 7           simulate another stream
  tidegauge demo --no-incidents     inject nothing; no alert may fire
  tidegauge demo --keep-running     keep running afterwards, to look at /metrics or read the topics with kcat
The exit code is 1 if an incident was missed or a false alert fired.")]
pub struct DemoArgs {
    /// Seed of the simulated stream: the same seed gives the same events.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Inject no incidents.
    #[arg(long)]
    pub no_incidents: bool,
    /// Continue after the last incident until interrupted.
    #[arg(long)]
    pub keep_running: bool,
    /// Print plain lines instead of the live view. Also used if standard output is not a terminal.
    #[arg(long)]
    pub plain: bool,
    /// Address of `/metrics` and `/status`; port 0 takes any free port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,
    /// Only produce the stream, in real time, to your own broker; nothing is watched.
    #[arg(long, requires = "brokers", requires = "topic")]
    pub produce_only: bool,
    /// With --produce-only: broker to produce to.
    #[arg(long, value_name = "HOST:PORT", requires = "produce_only")]
    pub brokers: Option<String>,
    /// With --produce-only: topic to produce to.
    #[arg(long, value_name = "TOPIC", requires = "produce_only")]
    pub topic: Option<String>,
    /// With --produce-only: average number of events per second over a day; the rate varies by 40 % with the hour.
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    pub rate: f64,
}

/// `tidegauge topics …`.
#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Show which topics would be created, without changing anything.
    Plan(ConfigArgs),
    /// Create missing topics; never changes or deletes an existing topic.
    Apply(ConfigArgs),
    /// Compare existing topics with what is needed; exits with 1 on a mismatch.
    Verify(ConfigArgs),
}

/// `tidegauge check …`.
#[derive(Debug, Subcommand)]
pub enum CheckCommand {
    /// Check a configuration file without the environment, and show every fault with its fix.
    #[command(after_help = "Example:\n  tidegauge check config tidegauge.yaml")]
    Config {
        /// File to check.
        file: PathBuf,
    },
}

/// `tidegauge config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the effective configuration as YAML, with secrets masked.
    #[command(after_help = "Examples:
  tidegauge config print                             show defaults and environment
  TIDEGAUGE__LOG__LEVEL=debug tidegauge config print --config tidegauge.yaml")]
    Print(ConfigArgs),
}

/// `tidegauge schema …`.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Print one schema, as JSON Schema.
    #[command(after_help = "Example:\n  tidegauge schema print alert | jq .properties")]
    Print {
        // Names come from the table, so that the help cannot miss one.
        #[arg(help = format!("Name of the schema: {}", super::schema::names()))]
        #[allow(missing_docs)]
        name: String,
    },
}

/// `tidegauge reference …`.
#[derive(Debug, Subcommand)]
pub enum ReferenceCommand {
    /// Draw the reference of a model: a histogram for each subject.
    #[command(after_help = "Examples:
  tidegauge reference show --brokers localhost:9092              list the models that have a reference
  tidegauge reference show fraud --config tidegauge.yaml         draw the reference of one model")]
    Show {
        /// Name of the model; without it, all models are listed.
        model: Option<String>,
        /// Flags of the configuration.
        #[command(flatten)]
        settings: ConfigArgs,
    },
    /// Drop the reference of a model and learn it anew.
    Relearn(RelearnArgs),
    /// Accept the state that an open alert tells of: learn the reference anew from the start of the alert.
    Approve(ApproveArgs),
    /// Undo relearn or approve: bring back the reference that it dropped.
    Pin(PinArgs),
}

/// `tidegauge reference relearn`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidegauge reference relearn fraud --dry-run                        ask what it would do
  tidegauge reference relearn fraud --note 'new pricing since May'   learn from panes that come
  tidegauge reference relearn fraud --since 2026-05-04T00:00:00Z     learn from panes that are kept since then
The references of the model's segments, learned variability and open alerts about drift and data quality end with the reference.
Until the model has learned, it is not compared with a reference; `reference pin` undoes the order within 30 days. A model that has learned keeps panes to learn from for its
longest window that moves by less than an hour, and an hour more: 25 h with the default windows; one that learns, for 30 days.
--since reaches back no further; the audit of a refusal names the oldest possible time. The processes of the group must run.")]
pub struct RelearnArgs {
    /// Name of the model.
    pub model: String,
    /// Learn from panes that are kept since this time, RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<String>,
    /// Flags of every order.
    #[command(flatten)]
    pub order: OrderArgs,
}

/// `tidegauge reference approve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tidegauge reference approve fraud df2950e10389c006960d0eb9f9451811
The id is the field `fingerprint` or `id` of a record of the alert. The alert must be open and about drift or data quality. What came
since its start is ordinary from then on: the model learns anew from there, or from the oldest panes to learn from if they are
younger (25 h with the default windows). The audit names the time. `reference pin` undoes the order within 30 days.")]
pub struct ApproveArgs {
    /// Name of the model.
    pub model: String,
    /// Fingerprint of the alert, or the id of one of its records.
    #[arg(value_name = "ID")]
    pub alert: String,
    /// Flags of every order.
    #[command(flatten)]
    pub order: OrderArgs,
}

/// `tidegauge reference pin`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidegauge reference pin fraud df2950e10389c006960d0eb9f9451811 --dry-run   ask what it would do
  tidegauge reference pin fraud df2950e10389c006960d0eb9f9451811             bring that reference back
The id is the field `pinnable_id` of the audit of relearn or approve; a refusal names it too. A model keeps the reference that the
last of these orders dropped for 30 days, with what was learned with it, unless it is provisional. It is in force again from one
boundary on, and what it replaces is kept in its place: to undo a pin, pin that one. Windows that begin before the boundary are not
judged: a window of a day is judged again after a day. Open alerts about drift and data quality end, and fire again if the cause
lasts. The processes of the group must run.")]
pub struct PinArgs {
    /// Name of the model.
    pub model: String,
    /// Id of the reference.
    #[arg(value_name = "ID")]
    pub reference: String,
    /// Flags of every order.
    #[command(flatten)]
    pub order: OrderArgs,
}

/// Flags of every order.
#[derive(Debug, Args)]
pub struct OrderArgs {
    /// Ask the running processes what the order would do, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Give the order although the name of the model looks mistyped.
    #[arg(long)]
    pub yes: bool,
    /// Reason, for the audit record.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Operator, for the audit record; without it, the variable USER.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Maximum time to wait for the audit record. The clock is behind by `time.disorder`, and a silent partition holds it for
    /// `time.idle_timeout`.
    #[arg(long, value_name = "TIME", default_value_t = Period::minutes(10), value_parser = str::parse::<Period>)]
    pub timeout: Period,
    /// Flags of the configuration.
    #[command(flatten)]
    pub settings: ConfigArgs,
}

fn time(text: &str) -> Result<String, String> {
    match parse_instant(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("write a time in RFC 3339, such as 2026-05-04T00:00:00Z".to_owned()),
    }
}

/// `tidegauge offsets …`.
#[derive(Debug, Subcommand)]
pub enum OffsetsCommand {
    /// Continue an input topic where the log still can: after its offsets were moved, its records deleted, or the topic
    /// recreated. Starts a new incarnation of the partitions that change.
    Reset(ResetArgs),
}

/// `tidegauge offsets reset`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidegauge offsets reset --topic predictions --dry-run        show what would happen to each partition
  tidegauge offsets reset --topic predictions                  continue at the group's offsets, or at the oldest records left
  tidegauge offsets reset --topic predictions --to earliest --yes     read all retained records again
First stop all processes of the group; --dry-run shows the plan while they run. Partitions that stand where they would continue
are not touched. An alert reports offsets that were given up, and records that are read again. An offset that was set by hand
stays without a question. Otherwise the exit code is 2, and nothing is changed, if records would be skipped or read twice and
--yes is missing.")]
pub struct ResetArgs {
    /// Input topic.
    #[arg(long)]
    pub topic: String,
    /// Where reading continues.
    #[arg(long, value_enum, default_value_t = ResetChoice::Committed)]
    pub to: ResetChoice,
    /// Partition to reset; may be repeated; without it, all partitions.
    #[arg(long, value_name = "N")]
    pub partition: Vec<i32>,
    /// Show what would happen, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Agree that records are skipped or read twice.
    #[arg(long)]
    pub yes: bool,
    /// Flags of the configuration.
    #[command(flatten)]
    pub settings: ConfigArgs,
}

/// Where reading continues after a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResetChoice {
    /// At the oldest retained record.
    Earliest,
    /// At the end of the topic.
    Latest,
    /// At the group's current offsets, even if somebody moved them; at the oldest retained record where they lie outside the
    /// log.
    Committed,
}
