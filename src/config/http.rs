//! `http`: where metrics, health and status are served.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::fault::ConfigFaults;

/// Where `/metrics`, `/livez`, `/readyz` and `/status` are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Whether they are served at all.
    pub enabled: bool,
    /// Address and port. Loopback by default, because nothing here asks who is asking; in a container use `0.0.0.0:9898`. Port 0 takes a free one.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Series of `tidegauge_drift` that `/metrics` names, 0 to 100000: one per model, version, subject, window and distance; 2,000 take about
    /// 1 MB. The rest is in the topics, and how many were left out is a metric of its own.
    pub drift_series_max: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 9_898)),
            drift_series_max: 2_000,
        }
    }
}

impl HttpConfig {
    pub(super) fn check(&self, faults: &mut ConfigFaults) {
        faults.require_within("http.drift_series_max", &self.drift_series_max, 0..=100_000);
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is no address; write IP:PORT, such as 127.0.0.1:9898, 0.0.0.0:9898 or [::]:9898"
        ))
    })
}
