//! Command line: commands, flags and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{self, CheckedConfig, ConfigFaults, ConfigSources, Start};

/// Tidegauge watches machine-learning models from the outside: predictions in, drift and data-quality alerts out, exactly once.
#[derive(Debug, Parser)]
#[command(
    name = "tidegauge",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = FIRST_STEPS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const FIRST_STEPS: &str = "\
First steps:
  tidegauge demo                                             see it work: no broker, no configuration
  tidegauge run --brokers localhost:9092 --predictions TOPIC watch a topic; models are discovered
  tidegauge config print                                     everything that can be set, as it is set now

Configuration: a file (--config), over it the environment (TIDEGAUGE__KAFKA__BROKERS=…), over it flags.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch models as a member of a consumer group, until SIGTERM.
    Run(RunArgs),
    /// Show it at work on an embedded cluster with a simulated stream and injected incidents.
    Demo(DemoArgs),
    /// Plan, create or verify the topics that are needed.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Check files before they are used.
    #[command(subcommand)]
    Check(CheckCommand),
    /// Show the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show the schemas of what is read and published.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Show what was learned.
    #[command(subcommand)]
    Reference(ReferenceCommand),
    /// Decide where reading continues.
    #[command(subcommand)]
    Offsets(OffsetsCommand),
}

/// Flags of every command that has a configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// File to read, YAML or TOML by its ending. Without it: the defaults, the environment and flags.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Brokers to ask first, over `kafka.brokers`.
    #[arg(long, value_name = "HOST:PORT[,…]")]
    pub brokers: Option<String>,
    /// Input topic, over `topics.predictions`; may be given several times.
    #[arg(long, value_name = "TOPIC")]
    pub predictions: Vec<String>,
    /// Input topic with labels, over `topics.labels`; may be given several times.
    #[arg(long, value_name = "TOPIC")]
    pub labels: Vec<String>,
    /// Consumer group, over `kafka.group`.
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
}

impl ConfigArgs {
    /// File, environment and these flags, in rising precedence.
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
  tidegauge run --config tidegauge.yaml --from 7d     a new group begins a week back in the topic
Start it several times with one group, and the partitions spread over the processes.")]
pub struct RunArgs {
    /// Flags of the configuration.
    #[command(flatten)]
    pub settings: ConfigArgs,
    /// Where a group without committed offsets begins: latest, earliest, or a length of time to go back; over `runtime.from`.
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
  tidegauge demo                    learn, inject incidents, show what was found and how soon
  tidegauge demo --seed 7           another stream
  tidegauge demo --no-incidents     nothing may fire
  tidegauge demo --keep-running     stay up afterwards, to look at /metrics or read the topics with kcat
It exits with 1 if an incident was missed or anything false fired.")]
pub struct DemoArgs {
    /// Which stream: the same seed gives the same events.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Inject nothing.
    #[arg(long)]
    pub no_incidents: bool,
    /// Go on after the last incident, until interrupted.
    #[arg(long)]
    pub keep_running: bool,
    /// Plain lines instead of the live view; also where standard output is no terminal.
    #[arg(long)]
    pub plain: bool,
    /// Where `/metrics` and `/status` answer; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,
    /// Only produce the stream, in real time, to a broker of yours; nothing is watched.
    #[arg(long, requires = "brokers", requires = "topic")]
    pub produce_only: bool,
    /// With --produce-only: the broker.
    #[arg(long, value_name = "HOST:PORT", requires = "produce_only")]
    pub brokers: Option<String>,
    /// With --produce-only: the topic.
    #[arg(long, value_name = "TOPIC", requires = "produce_only")]
    pub topic: Option<String>,
    /// With --produce-only: events per second on average over a day; they swing by 40 % with the hour.
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    pub rate: f64,
}

/// `tidegauge topics …`.
#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Show what would be created, and change nothing.
    Plan(ConfigArgs),
    /// Create what is missing; never changes or deletes a topic that exists.
    Apply(ConfigArgs),
    /// Compare the topics that exist with what is needed; exits with 1 on a mismatch.
    Verify(ConfigArgs),
}

/// `tidegauge check …`.
#[derive(Debug, Subcommand)]
pub enum CheckCommand {
    /// Check a configuration file by itself, without the environment, and show every fault of it with the fix.
    #[command(after_help = "Example:\n  tidegauge check config tidegauge.yaml")]
    Config {
        /// The file.
        file: PathBuf,
    },
}

/// `tidegauge config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the effective configuration as YAML, secrets masked.
    #[command(after_help = "Examples:
  tidegauge config print                             the defaults and the environment
  TIDEGAUGE__LOG__LEVEL=debug tidegauge config print --config tidegauge.yaml")]
    Print(ConfigArgs),
}

/// `tidegauge schema …`.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Print one schema, as JSON Schema.
    #[command(after_help = "Example:\n  tidegauge schema print alert | jq .properties")]
    Print {
        /// Which one: prediction, alert, report, reference.
        name: String,
    },
}

/// `tidegauge reference …`.
#[derive(Debug, Subcommand)]
pub enum ReferenceCommand {
    /// Draw what was learned of a model: a histogram for each subject.
    #[command(after_help = "Examples:
  tidegauge reference show --brokers localhost:9092              the models that have a reference
  tidegauge reference show fraud --config tidegauge.yaml         that of one model")]
    Show {
        /// The model; without it, all are listed.
        model: Option<String>,
        /// Flags of the configuration.
        #[command(flatten)]
        settings: ConfigArgs,
    },
}

/// `tidegauge offsets …`.
#[derive(Debug, Subcommand)]
pub enum OffsetsCommand {
    /// Accept that a topic's offsets were moved or the topic was recreated, and begin a new incarnation of its partitions.
    #[command(after_help = "\
Examples:
  tidegauge offsets reset --topic predictions                  go on where the group's offsets stand now
  tidegauge offsets reset --topic predictions --to earliest    read again all that is retained
Stop every process of the group first. What is skipped is reported by an alert as lost.")]
    Reset {
        /// The input topic.
        #[arg(long)]
        topic: String,
        /// Where reading continues.
        #[arg(long, value_enum, default_value_t = ResetChoice::Committed)]
        to: ResetChoice,
        /// Flags of the configuration.
        #[command(flatten)]
        settings: ConfigArgs,
    },
}

/// Where reading continues after a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResetChoice {
    /// At the beginning of what is retained.
    Earliest,
    /// At the end.
    Latest,
    /// Where the group's offsets stand, whoever moved them.
    Committed,
}
