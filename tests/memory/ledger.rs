//! Meter that records all calls, so that tests can compare them with the published records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use tidegauge::pipeline::clock::ClockReport;
use tidegauge::pipeline::invariant::InvariantId;
use tidegauge::pipeline::observations::{
    DetectableObservation, Forgotten, IdleObjective, IngestObservations, JoinObservations,
    ModelObservation, Observations, Overflow, VolumeObservation,
};
use tidegauge::pipeline::remarks::{LateSubject, Remark};
use tidegauge::pipeline::unjudged::Unjudged;
use tidegauge::pipeline::unpaged::Unpaged;
use tidegauge::runtime::meter::Meter;

/// Counts of the records of one input partition by result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub counted: u64,
    pub late: u64,
    pub rejected: BTreeMap<&'static str, u64>,
}

impl Account {
    pub fn total(&self) -> u64 {
        self.counted + self.late + self.rejected.values().sum::<u64>()
    }
}

/// Calls to the meter so far.
#[derive(Debug, Clone, Default)]
pub struct Said {
    pub accounts: BTreeMap<i32, Account>,
    /// Counted records that were stamped later than the wall clock, by partition.
    pub ahead: BTreeMap<i32, u64>,
    pub commits: u64,
    pub aborts: u64,
    pub violations: BTreeMap<InvariantId, u64>,
    pub overflow: Overflow,
    /// Orders by action and outcome.
    pub orders: BTreeMap<(&'static str, &'static str), u64>,
    /// Evaluated windows in order: model, version, minutes, end.
    pub windows: Vec<(String, String, i64, i64)>,
    /// Names that were forgotten, in order.
    pub forgotten: Vec<Forgotten>,
    /// Reports of the clocks by all members, in order.
    pub clocks: Vec<ClockReport>,
    /// Last report of each join, by partition.
    pub joins: BTreeMap<i32, JoinObservations>,
    /// Objectives without anything to judge, by partition, as of the last report.
    pub idle: BTreeMap<i32, BTreeSet<IdleObjective>>,
    /// Why each model cannot be judged, as of the last report.
    pub unjudged: BTreeMap<String, Option<Unjudged>>,
    /// Subjects of each model that open no alerts, as of the last report.
    pub unpaged: BTreeMap<String, BTreeMap<String, Unpaged>>,
    /// Patterns that match no learned subject, by partition, as of the last report.
    pub idle_patterns: BTreeMap<i32, BTreeSet<String>>,
    /// Remarks on each model, as of the last report.
    pub remarks: BTreeMap<String, Vec<Remark>>,
    /// Subjects that came after a reference, in order.
    pub late_subjects: Vec<LateSubject>,
    /// Smallest changes that are found in each model, by the length of the window in minutes.
    pub detectable: BTreeMap<(String, i64), DetectableObservation>,
    /// Traffic of each model in the last window of each length in minutes.
    pub volume: BTreeMap<(String, i64), VolumeObservation>,
}

/// Records the calls that a worker makes to its meter.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Said>);

impl Ledger {
    pub fn said(&self) -> Said {
        self.0.lock().unwrap().clone()
    }

    pub fn commits(&self) -> u64 {
        self.0.lock().unwrap().commits
    }
}

impl Meter for Ledger {
    fn observe_clocks(&self, report: &ClockReport) {
        self.0.lock().unwrap().clocks.push(report.clone());
    }

    fn observe_join(&self, observed: &JoinObservations) {
        if observed.rebuilt.is_none() {
            let mut said = self.0.lock().unwrap();
            said.joins.insert(observed.partition, *observed);
        }
    }

    fn observe_ingest(&self, observed: &IngestObservations) {
        if ["labels", "control"].contains(&observed.source.topic.as_str()) {
            return; // the joins report labels, and orders are no predictions
        }
        let (partition, counts) = (observed.source.partition, &observed.counts);
        let mut said = self.0.lock().unwrap();
        let account = said.accounts.entry(partition).or_default();
        account.counted += counts.counted;
        account.late += counts.late;
        for (reason, count) in &counts.rejected {
            *account.rejected.entry(reason.code()).or_default() += count;
        }
        if counts.ahead > 0 {
            *said.ahead.entry(partition).or_default() += counts.ahead;
        }
    }

    fn observe_evaluate(&self, partition: i32, observed: &Observations) {
        let mut said = self.0.lock().unwrap();
        said.idle.insert(partition, observed.idle.clone());
        let models = observed.models.iter();
        let unpaged = |model: &ModelObservation| (model.name.clone(), model.unpaged.clone());
        said.unpaged.extend(models.clone().map(unpaged));
        if let Some(idle) = &observed.idle_patterns {
            said.idle_patterns.insert(partition, idle.clone());
        }
        said.unjudged
            .extend(models.map(|model| (model.name.clone(), model.unjudged)));
        let models = observed.models.iter();
        said.remarks
            .extend(models.map(|model| (model.name.clone(), model.remarks.clone())));
        said.late_subjects
            .extend_from_slice(&observed.late_subjects);
        let detectable = observed.detectable.iter();
        said.detectable
            .extend(detectable.map(|((model, window), sizes)| {
                ((model.clone(), window.minutes()), sizes.clone())
            }));
        for (order, count) in &observed.orders {
            *said.orders.entry(*order).or_default() += count;
        }
        let volume = observed.volume.iter();
        said.volume.extend(volume.map(|((model, window), traffic)| {
            ((model.clone(), window.minutes()), traffic.clone())
        }));
        said.overflow += observed.overflow;
        said.forgotten.extend_from_slice(&observed.forgotten);
        let wholes = observed.windows.iter();
        for window in wholes.filter(|window| window.scope.segment.is_none()) {
            said.windows.push((
                window.scope.model.clone(),
                window.scope.version.clone(),
                window.window.minutes(),
                window.end.0,
            ));
        }
    }

    fn committed(&self, _took: Duration) {
        self.0.lock().unwrap().commits += 1;
    }

    fn aborted(&self) {
        self.0.lock().unwrap().aborts += 1;
    }

    fn violation(&self, id: InvariantId, count: u64) {
        let mut said = self.0.lock().unwrap();
        *said.violations.entry(id).or_default() += count;
    }
}
