//! `http`: where metrics, health and status are served.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::fault::Faults;

/// Where `/metrics`, `/livez`, `/readyz` and `/status` are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Whether they are served at all.
    pub enabled: bool,
    /// Address and port. Loopback by default, because nothing here asks who is asking; in a container use `0.0.0.0:9898`. Port 0 takes a free one.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Features per model that `/metrics` names, 0 to 100000; the rest is in the topics, and their number in a metric of its own. Each is
    /// several time series in Prometheus.
    pub features_max: usize,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 9_898)),
            features_max: 200,
        }
    }
}

impl Http {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require_within("http.features_max", &self.features_max, 0..=100_000);
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
