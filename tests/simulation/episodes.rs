//! Episodes: published alert records, reduced to what was alerted when, and why.

use serde::Deserialize;
use tidegauge::pipeline::output::{Output, OutputTopic};

use crate::stream::Quarter;

/// The fields of an alert record that the tables need. A change of other fields does not concern them.
#[derive(Deserialize)]
struct Record {
    /// Tells apart the alerts of a kind: by area, and by wave.
    fingerprint: String,
    kind: String,
    change: Option<String>,
    #[serde(default)]
    severity: String,
    at: String,
    causes: Vec<CauseFields>,
    #[serde(default)]
    new_causes: Vec<NameFields>,
    #[serde(default)]
    new_causes_total: u64,
}

impl Record {
    fn pages(&self) -> bool {
        self.severity != "info"
    }
}

#[derive(Deserialize)]
struct CauseFields {
    subject: Option<String>,
    detector: String,
    window: Option<WindowFields>,
}

#[derive(Deserialize)]
struct NameFields {
    subject: Option<String>,
}

#[derive(Deserialize)]
struct WindowFields {
    length: String,
}

/// One subject that an alert named.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedCause {
    /// Published name; empty for the model as a whole.
    pub subject: String,
    pub detector: String,
    pub window: String,
    /// Minutes since the start of the simulation.
    pub at: i64,
}

/// One alert, from its opening to its resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    pub fingerprint: String,
    pub kind: String,
    /// Minutes since the start of the simulation.
    pub opened: i64,
    /// `None` while it is open.
    pub resolved: Option<i64>,
    /// Subjects that the records named as new, in the order of time.
    pub causes: Vec<NamedCause>,
    /// New causes beyond those that a record shows.
    pub unnamed: u64,
    /// Records that added causes after the opening.
    pub joins: u64,
    /// True if a record of it pages. One that does not may be a weekday: the reference is provisional.
    pub pages: bool,
}

/// All episodes of one model, in the order of their opening.
#[derive(Debug, Default, PartialEq)]
pub struct Episodes(pub Vec<Episode>);

impl Episodes {
    /// Adds what the alert records among `outputs` say.
    pub fn read(&mut self, outputs: &[Output]) {
        let alerts = [OutputTopic::Drift, OutputTopic::Anomaly];
        for output in outputs
            .iter()
            .filter(|output| alerts.contains(&output.topic))
        {
            self.apply(serde_json::from_slice(&output.value).unwrap());
        }
    }

    fn apply(&mut self, record: Record) {
        let at = Quarter::minutes_of(&record.at);
        let open = self.0.iter_mut().rev();
        let open = open.into_iter().find(|episode| {
            episode.fingerprint == record.fingerprint && episode.resolved.is_none()
        });
        match (record.change.as_deref(), open) {
            (Some("opened"), _) => {
                let mut episode = Episode {
                    fingerprint: record.fingerprint.clone(),
                    kind: record.kind.clone(),
                    opened: at,
                    resolved: None,
                    causes: Vec::new(),
                    unnamed: 0,
                    joins: 0,
                    pages: false,
                };
                episode.pages = record.pages();
                episode.name(&record, at);
                self.0.push(episode);
            }
            (Some("joined"), Some(episode)) => {
                episode.joins += 1;
                episode.pages |= record.pages();
                episode.name(&record, at);
            }
            (Some("escalated"), Some(episode)) => {
                episode.joins += u64::from(record.new_causes_total > 0);
                episode.pages |= record.pages();
                episode.name(&record, at);
            }
            (Some("resolved"), Some(episode)) => episode.resolved = Some(at),
            _ => {}
        }
    }

    /// Episodes of `kind`.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Episode> {
        self.0.iter().filter(move |episode| episode.kind == kind)
    }

    /// Number of episodes of `kind` that page.
    pub fn count(&self, kind: &str) -> usize {
        self.of_kind(kind).filter(|episode| episode.pages).count()
    }

    /// Number of episodes that page nobody.
    pub fn shown(&self) -> usize {
        self.0.iter().filter(|episode| !episode.pages).count()
    }

    /// Number of records that added causes to an open episode of `kind`.
    pub fn joins(&self, kind: &str) -> u64 {
        let paging = self.of_kind(kind).filter(|episode| episode.pages);
        paging.map(|episode| episode.joins).sum()
    }

    /// Every subject that an episode named that pages.
    pub fn causes(&self) -> impl Iterator<Item = &NamedCause> {
        let paging = self.0.iter().filter(|episode| episode.pages);
        paging.flat_map(|episode| &episode.causes)
    }
}

impl Episode {
    /// Adds the new causes of a record. Their detector and window stand among the causes.
    fn name(&mut self, record: &Record, at: i64) {
        let mut named = 0;
        for new in &record.new_causes {
            let mut causes = record.causes.iter();
            let Some(cause) = causes.find(|cause| cause.subject == new.subject) else {
                continue; // weaker than the causes that are shown
            };
            named += 1;
            let window = cause.window.as_ref();
            self.causes.push(NamedCause {
                subject: new.subject.clone().unwrap_or_default(),
                detector: cause.detector.clone(),
                window: window.map_or_else(String::new, |window| window.length.clone()),
                at,
            });
        }
        self.unnamed += record.new_causes_total.saturating_sub(named);
    }
}

#[cfg(test)]
fn record(change: &str, at: &str, subjects: &[&str]) -> Output {
    let cause = |subject: &&str| serde_json::json!({"subject": subject, "detector": "psi", "window": {"length": "15m"}});
    let causes: Vec<_> = subjects.iter().map(cause).collect();
    let record = serde_json::json!({
        "fingerprint": "df29", "kind": "drift", "change": change, "at": at, "causes": causes,
        "new_causes": causes, "new_causes_total": subjects.len() + 1,
    });
    Output::plain(
        OutputTopic::Drift,
        String::new(),
        serde_json::to_vec(&record).unwrap(),
    )
}

#[test]
fn records_become_episodes() {
    let mut episodes = Episodes::default();
    episodes.read(&[
        record("opened", "2026-01-06T00:15:00Z", &["feature:a"]),
        record("joined", "2026-01-06T01:00:00Z", &["feature:b", "score"]),
        record("resolved", "2026-01-06T02:00:00Z", &[]),
        record("opened", "2026-01-07T00:00:00Z", &["feature:a"]),
    ]);
    let spans: Vec<_> = episodes
        .0
        .iter()
        .map(|e| (e.opened, e.resolved, e.unnamed, e.joins))
        .collect();
    assert_eq!(spans, [(1_455, Some(1_560), 2, 1), (2_880, None, 1, 0)]);
    let named: Vec<_> = episodes
        .causes()
        .map(|c| (c.subject.as_str(), c.at))
        .collect();
    let expected = [
        ("feature:a", 1_455),
        ("feature:b", 1_500),
        ("score", 1_500),
        ("feature:a", 2_880),
    ];
    assert_eq!(named, expected);
}
