//! The catalogue of all metrics: one table from which registration and `docs/metrics.md` derive.

use std::fmt::Write as _;

/// Kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Histogram of durations, in seconds.
    Seconds,
}

impl MetricKind {
    /// Type name in Prometheus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Seconds => "histogram",
        }
    }
}

/// One metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricEntry {
    /// Name in the code.
    pub metric: Metric,
    /// Name in Prometheus.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: MetricKind,
    /// Names of the metric labels.
    pub labels: &'static [&'static str],
    /// Help text for the operator.
    pub help: &'static str,
}

/// Turns the table into the names and the entries, so that neither can be forgotten.
macro_rules! catalogue {
    ($($metric:ident = $kind:ident $name:literal $labels:tt $help:literal;)*) => {
        /// Every metric, by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Metric {
            $(#[doc = $help] $metric,)*
        }

        impl Metric {
            /// Names of its metric labels, in the order in which their values are given.
            #[must_use]
            pub const fn labels(self) -> &'static [&'static str] {
                match self {
                    $(Self::$metric => &$labels,)*
                }
            }
        }

        /// Every metric, in the order of the documentation.
        pub static CATALOGUE: &[MetricEntry] = &[
            $(MetricEntry { metric: Metric::$metric, name: $name, kind: MetricKind::$kind, labels: Metric::$metric.labels(), help: $help },)*
        ];
    };
}

catalogue! {
    BuildInfo = Gauge "tidegauge_build_info" ["version"]
        "Always 1; the label says which version runs.";
    Ready = Gauge "tidegauge_ready" []
        "1 while every worker has partitions assigned and restored, else 0.";
    Events = Counter "tidegauge_events_total" ["topic", "partition"]
        "Predictions that were counted.";
    Labels = Counter "tidegauge_labels_total" ["topic", "partition"]
        "Labels that were taken, whether or not a prediction has their id.";
    Late = Counter "tidegauge_late_events_total" ["topic", "partition"]
        "Predictions dropped because they came after the watermark of their own partition.";
    Future = Counter "tidegauge_future_events_total" ["topic", "partition"]
        "Predictions and labels stamped more than 5 s later than this process's clock. They count at their own time, but do not move the watermark beyond this clock.";
    Rejects = Counter "tidegauge_rejected_records_total" ["reason"]
        "Records rejected and sent to the dead-letter topic, by reason; every reason exists from the start.";
    Watermark = Gauge "tidegauge_watermark_seconds" ["topic", "partition"]
        "Event time up to which the partition is believed complete, in seconds since the Unix epoch.";
    ClockSeconds = Gauge "tidegauge_clock_seconds" ["clock"]
        "The clock of predictions or of quality: event time up to which everything was read, in seconds since the Unix epoch. Absent while a source was never read.";
    ClockHolder = Gauge "tidegauge_clock_holder" ["clock", "topic", "partition", "reason"]
        "1 for the partition that holds the clock, with the reason: unread, behind, paused, open_transaction, same_time (its event times do not move), at_end, idle, ticks_off, in_transit, rebuilding (a join), not_configured, elsewhere (another process knows). /status has a sentence for each.";
    LagSeconds = Gauge "tidegauge_lag_seconds" ["topic", "partition"]
        "Wall clock minus watermark when scraped; an ordinary value is the tolerated disorder plus a flush.";
    FlushSeconds = Seconds "tidegauge_flush_seconds" []
        "Time to gather a flush, without the transaction.";
    FlushBytes = Counter "tidegauge_flushed_bytes_total" []
        "Bytes handed to the log by flushes.";
    CommitSeconds = Seconds "tidegauge_commit_seconds" []
        "Time of a transaction, from its beginning until the commit is acknowledged.";
    Aborts = Counter "tidegauge_aborted_transactions_total" []
        "Transactions that were given up; their work was read again.";
    Violations = Counter "tidegauge_violations_total" ["kind"]
        "Invariants that did not hold, by kind; the operations page lists them. Any increase deserves a page: most kinds end the process.";
    LeftOut = Counter "tidegauge_left_out_total" ["what"]
        "What a bound left out, counted when its minute is closed. predictions: of surplus models or versions. features: values of surplus features. segment_predictions: of surplus segment values; the whole counts them. labels, segment_labels: labels and corrections of the same models, versions and segment values. late_for_stage_predictions, late_for_stage_quality (partials): they came after their minute was closed. causes: a model has too many; counted at every boundary. drift_assessments: too many drifts of a model wait for labels.";
    Orders = Counter "tidegauge_orders_total" ["action", "outcome"]
        "Orders of operators. applied: the model learns anew. would_apply: a question, nothing changed. refused: the audit record says why. repeated: an order of this id came before. A record that is no order counts in tidegauge_rejected_records_total.";
    RestoreSeconds = Seconds "tidegauge_restore_seconds" []
        "Time from an assignment until the state was back in memory.";
    RestoredRecords = Counter "tidegauge_restored_records_total" []
        "Records of state read back in restores.";
    StateModels = Gauge "tidegauge_state_models" ["partition"]
        "Models held, by partition of the internal panes topic.";
    StateVersions = Gauge "tidegauge_state_versions" ["partition"]
        "Versions of models held.";
    StateSubjects = Gauge "tidegauge_state_subjects" ["partition"]
        "Subjects (features, score, label and so on) held.";
    StatePanes = Gauge "tidegauge_state_panes" ["partition"]
        "Panes held, open and closed.";
    StateBytes = Gauge "tidegauge_state_bytes" ["partition"]
        "Bytes of state as written to the state topic, roughly.";
    Published = Counter "tidegauge_published_records_total" ["kind"]
        "Records committed to the output topics.";
    Windows = Counter "tidegauge_windows_total" ["model", "window"]
        "Windows that were judged.";
    LearningProgress = Gauge "tidegauge_reference_progress_ratio" ["model"]
        "Progress of learning the model's reference, 0 to 1; 1 once it is learned.";
    Unjudged = Gauge "tidegauge_model_unjudged" ["model", "reason"]
        "1 while the model has too few predictions to be judged: too_few_to_learn (30 days hold fewer than 300 predictions), one_time (all its predictions lie in one quarter of an hour), fell_silent (it has no reference, and has had no prediction for half of the silence after which it is forgotten), too_few_to_judge (the longest window holds fewer than detect.events_min of every version). Absent otherwise.";
    AlertsHeld = Gauge "tidegauge_alerts_held" ["model", "kind"]
        "Windows that a breach of the model must last before it fires, because alerts of this kind came and went by themselves: 1, 2, 4 … Absent while breaches fire at once.";
    UnpagedSubjects = Gauge "tidegauge_model_unpaged_subjects" ["model", "reason"]
        "Subjects of the model that open no alerts: growing (a feature whose numbers only grow), excluded (named by detect.exclude). Absent while there are none. /status names them.";
    JudgedFrom = Gauge "tidegauge_model_judged_from_seconds" ["model"]
        "While the model learns: event time before which no window of it is judged, in seconds since the Unix epoch; it moves if hours without predictions come. Absent once it has learned, and while tidegauge_model_unjudged says why it cannot.";
    ShortestJudging = Gauge "tidegauge_model_shortest_judging_window_seconds" ["model"]
        "Length of the shortest windows that hold enough predictions to judge drift, if shorter ones are configured and hold too few. Absent otherwise.";
    GivenUp = Gauge "tidegauge_given_up_subjects" ["model", "reason"]
        "Subjects that came after the reference and are not judged: rare (fewer than 300 values in 30 days), no_room (the reference holds twice bounds.features). Absent while there are none.";
    VolumeChange = Gauge "tidegauge_volume_change_ratio" ["model", "window"]
        "Predictions in the last window of traffic ÷ those expected − 1: −0.2 is a fifth less. Windows: 15m, 1h, 1d, 7d. Absent while nothing is expected.";
    VolumeDetectable = Gauge "tidegauge_volume_detectable_ratio" ["model", "window", "direction"]
        "Smallest change of traffic that alarms now, as a share of what is expected; direction: drop or rise. Absent while none can be seen.";
    Detectable = Gauge "tidegauge_detectable_change" ["model", "window", "change", "subjects"]
        "Smallest change of a subject that a window finds nine times in ten, at its part of the false-alarm budget. change: shift (of the mean of a number, in standard deviations), share (of the commonest category, 0 to 1), nulls (rise of their rate, 0 to 1). subjects: median or worst. Computed each hour for the version with the most predictions; +Inf if no change is found, absent while nothing is judged. At most 48 series a model.";
    AlertsFiring = Gauge "tidegauge_alerts_firing" ["model", "kind", "severity"]
        "Firing alerts.";
    Drift = Gauge "tidegauge_drift" ["model", "version", "subject", "window", "distance"]
        "Distance of the last judged window from the reference; the label distance names the definition and hence the unit.";
    DriftSeriesDropped = Counter "tidegauge_drift_series_dropped_total" []
        "Values of tidegauge_drift left out because the limit of series was reached; the reports topic has them all.";
    QualityValue = Gauge "tidegauge_quality_value" ["model", "version", "segment", "by", "window", "measure"]
        "A measure of quality against labels in the last window, in the measure's own unit; by is prediction (prediction time) or label (when the label became known), segment is empty for the whole version.";
    QualityCoverage = Gauge "tidegauge_quality_coverage" ["model", "version", "segment", "by", "window"]
        "Predictions of the last window whose label is known, divided by all that wait for one, 0 to 1.";
    QualitySeriesDropped = Counter "tidegauge_quality_series_dropped_total" []
        "Values of tidegauge_quality_value and tidegauge_quality_coverage left out because the limit of series was reached; the reports topic has them all.";
    SloTarget = Gauge "tidegauge_slo_target" ["model", "objective"]
        "Share of good events that the objective promises, 0 to 1.";
    SloGood = Gauge "tidegauge_slo_good" ["model", "objective"]
        "Good events of the objective's period up to now; signed, because a corrected label takes its earlier count back.";
    SloValid = Gauge "tidegauge_slo_valid" ["model", "objective"]
        "Valid events of the objective's period up to now.";
    SloRemaining = Gauge "tidegauge_slo_error_budget_remaining" ["model", "objective"]
        "Share of the error budget that is left: 1 is untouched, below 0 is overdrawn. Absent with too few events.";
    SloBurnRate = Gauge "tidegauge_slo_burn_rate" ["model", "objective", "window"]
        "How many times too fast the error budget is spent in the window; 1 spends it in exactly the period. Absent with too few events.";
    SloExhaustedAt = Gauge "tidegauge_slo_exhausted_at_seconds" ["model", "objective"]
        "When the error budget ends at the present rate, in seconds since the Unix epoch; the present once it is spent, absent where it does not end.";
    SloIdle = Gauge "tidegauge_slo_idle" ["model", "objective", "reason"]
        "1 while the objective has nothing to judge: model_unseen (no prediction of its model has come), positive_class_unseen (labels have come, but the positive class has not occurred). Absent otherwise.";
    JoinPredictions = Counter "tidegauge_join_predictions_total" ["partition"]
        "Predictions received by the join, by partition of the internal outcomes topic.";
    JoinJoined = Counter "tidegauge_join_joined_total" ["partition"]
        "Predictions joined to a label.";
    JoinPending = Gauge "tidegauge_join_pending" ["partition"]
        "Predictions that wait for a label.";
    JoinExpired = Counter "tidegauge_join_expired_total" ["partition"]
        "Predictions without a label that expired: their horizon passed, or memory was short.";
    JoinDuplicates = Counter "tidegauge_join_duplicates_total" ["partition"]
        "Predictions that never wait for a label: they repeat an earlier one, their id has too many live predictions, or they came after their minute was closed.";
    JoinSampledOut = Counter "tidegauge_join_sampled_out_total" ["topic", "partition"]
        "Predictions and labels left out of the join: their ids are not in the sample, or they have none to join by. By input partition.";
    JoinLabels = Counter "tidegauge_join_labels_total" ["partition"]
        "Labels received by the join.";
    JoinLabelsJoined = Counter "tidegauge_join_labels_joined_total" ["partition"]
        "Labels joined to a prediction.";
    JoinLabelsWaiting = Gauge "tidegauge_join_labels_waiting" ["partition"]
        "Labels that wait for their prediction.";
    JoinLabelsExpired = Counter "tidegauge_join_labels_expired_total" ["partition"]
        "Labels that expired: no prediction with their id came in time, it was older than the horizon, or memory was short.";
    JoinLabelsDuplicate = Counter "tidegauge_join_labels_duplicate_total" ["partition"]
        "Labels that added nothing to an earlier label.";
    JoinCorrections = Counter "tidegauge_join_corrections_total" ["partition"]
        "Labels that replaced an earlier truth.";
    JoinLabelsLate = Counter "tidegauge_join_labels_late_total" ["partition"]
        "Labels that came after their minute was closed. They count with the next minute.";
    JoinEntries = Gauge "tidegauge_join_entries" ["partition"]
        "Predictions that the join holds in memory.";
    JoinBytes = Gauge "tidegauge_join_bytes" ["partition"]
        "Bytes of memory of the join, roughly.";
    JoinRebuilt = Gauge "tidegauge_join_rebuilt_ratio" ["partition"]
        "Share of the outcomes topic that was read again after an assignment, 0 to 1; 1 once the join is complete.";
    HttpDropped = Counter "tidegauge_http_connections_dropped_total" ["why"]
        "Connections to these pages that were closed before they were done. room: there were too many, or no file descriptor was left, and this one made room. slow: the request or the reading of the response took too long.";
    HeartbeatAge = Gauge "tidegauge_heartbeat_age_seconds" []
        "Seconds since the slowest worker last moved, when scraped; beyond `runtime.watchdog` /livez fails and the process ends.";
}

/// The text of `docs/metrics.md`.
#[must_use]
pub fn documentation() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         `GET /metrics`, in the text format of Prometheus. This page is written from the table in `src/http/catalogue.rs`;\n\
         a test says when they differ (`UPDATE_DOCS=1 cargo test --test metrics_docs` writes it anew).\n\n\
         No metric carries a feature's value or an id. `tidegauge_drift` holds at most 2,000 series\n\
         unless configured otherwise, those of quality 5,000 together; what finds no place is counted in\n\
         `tidegauge_drift_series_dropped_total` and `tidegauge_quality_series_dropped_total`.\n\
         Series of partitions and models that moved to another process disappear, and so do those of models, versions,\n\
         segments and subjects that were forgotten (`bounds.retire`).\n\n\
         | metric | type | labels | meaning |\n|---|---|---|---|\n",
    );
    for entry in CATALOGUE {
        let labels: Vec<String> = entry.labels.iter().map(|l| format!("`{l}`")).collect();
        let (name, kind) = (entry.name, entry.kind.name());
        let _ = writeln!(
            text,
            "| `{name}` | {kind} | {} | {} |",
            labels.join(", "),
            entry.help
        );
    }
    text
}
