//! `http`: where metrics, health and status are served.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::fault::ConfigFaults;

/// Where `/metrics`, `/livez`, `/readyz` and `/status` are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// If false, no HTTP page is served.
    pub enabled: bool,
    /// Address and port of the HTTP server. The default is loopback, because the pages have no authentication. In a
    /// container use `0.0.0.0:9898`. Port 0 takes any free port.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Maximum number of `tidegauge_drift` series in `/metrics`, 0 to 100000. There is one series per model, version,
    /// subject, window and distance; 2,000 series take about 1 MB. The topics have all values, and a metric counts the
    /// series that were left out.
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
            "`{text}` is not an address; write IP:PORT, such as 127.0.0.1:9898, 0.0.0.0:9898 or [::]:9898"
        ))
    })
}
