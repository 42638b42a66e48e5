//! Metrics of the joins in `/metrics`, summed over all processes, and the two equations that must hold for them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::labelled::Golden;
use crate::support::{Tidegauge, wait_for};

/// Sums over the partitions of `outcomes`, by metric name without the prefix `tidegauge_join_`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Joined(BTreeMap<String, i64>);

impl Joined {
    /// Current values of the processes. Each partition belongs to one of them.
    pub fn of(processes: &[Tidegauge]) -> Self {
        let mut sums = BTreeMap::new();
        for (name, value) in processes.iter().flat_map(join_series) {
            *sums.entry(name).or_default() += value as i64;
        }
        Self(sums)
    }

    /// One of the sums; 0 if no process reports it.
    pub fn get(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Asserts both equations. A scrape may come between the updates of two partitions, so call this only when values
    /// are stable.
    #[track_caller]
    pub fn assert_conserved(&self) {
        let sum = |names: &[&str]| names.iter().map(|name| self.get(name)).sum::<i64>();
        let ends = [
            "joined_total",
            "pending",
            "expired_total",
            "duplicates_total",
        ];
        assert_eq!(self.get("predictions_total"), sum(&ends), "{self:#?}");
        let ends = [
            "labels_joined_total",
            "labels_waiting",
            "labels_expired_total",
            "labels_duplicate_total",
        ];
        assert_eq!(self.get("labels_total"), sum(&ends), "{self:#?}");
    }

    /// Asserts that the totals equal those of the oracle and that nothing waits any more.
    #[track_caller]
    pub fn assert_totals(&self, golden: &Golden) {
        self.assert_conserved();
        for (ours, theirs) in [
            ("predictions_total", "predictions"),
            ("joined_total", "joined"),
            ("expired_total", "expired"),
            ("duplicates_total", "duplicates"),
            ("labels_total", "labels"),
            ("labels_joined_total", "labels_joined"),
        ] {
            assert_eq!(
                self.get(ours),
                golden.total(theirs),
                "{ours}: {self:#?}, wanted {:#?}",
                golden.totals
            );
        }
        assert_eq!((self.get("pending"), self.get("labels_waiting")), (0, 0));
    }
}

/// Waits until the joins have received this many predictions and labels. Returns their values at that time.
#[track_caller]
pub fn await_heard(
    processes: &mut [Tidegauge],
    predictions: i64,
    labels: i64,
    deadline: Duration,
) -> Joined {
    let mut last = Joined::default();
    let what = format!("{predictions} predictions and {labels} labels in the joins");
    wait_for(&what, deadline, || {
        std::thread::sleep(Duration::from_millis(300));
        for process in &mut *processes {
            assert!(process.exited().is_none(), "it ended: {}", process.log());
        }
        let now = Joined::of(processes);
        let last_seen = (now.get("predictions_total"), now.get("labels_total"));
        let is_quiet = now == last; // during a rebalance, two processes or none may report a partition
        last = now;
        assert!(
            !is_quiet || last_seen.0 <= predictions && last_seen.1 <= labels,
            "something was heard twice: {last:#?}"
        );
        (is_quiet && last_seen == (predictions, labels)).then(|| last.clone())
    })
}

/// Metrics of the joins of one process, without the partition label.
fn join_series(process: &Tidegauge) -> Vec<(String, f64)> {
    let served = process.get("/metrics");
    let body = served.map_or_else(String::new, |response| response.body);
    let series = body.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("tidegauge_join_")?.split_once('{')?;
        let value = rest.rsplit_once(' ')?.1;
        Some((name.to_owned(), value.parse().ok()?))
    });
    series.collect()
}
