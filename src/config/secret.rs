//! Secrets among the settings, and the mask that is shown in their place.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Text that is shown in place of a secret.
pub const MASK: &str = "********";

/// True if the librdkafka property `name` may hold a secret: a password, a secret, a JAAS line, a private key or a token's settings.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("password")
        || name.contains("secret")
        || ["sasl.jaas", "ssl.key", "ssl_key", "sasl.oauthbearer.config"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// librdkafka properties by name. `Debug` never shows the values of secrets.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<String, String>);

impl Properties {
    /// Copy in which [`MASK`] replaces the value of every secret.
    #[must_use]
    pub fn masked(&self) -> Self {
        let shown = |name: &str, value: &str| if is_secret(name) { MASK } else { value }.to_owned();
        Self(
            self.0
                .iter()
                .map(|(k, v)| (k.clone(), shown(k, v)))
                .collect(),
        )
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.masked().0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_show_in_debug() {
        for name in [
            "sasl.password",
            "ssl.key.password",
            "ssl.key.pem",
            "ssl.keystore.password",
            "sasl.jaas.config",
            "sasl.oauthbearer.client.secret",
            "SASL.Password",
        ] {
            let properties = Properties(BTreeMap::from([(name.to_owned(), "hunter2".to_owned())]));
            let shown = format!("{properties:?}");
            assert!(
                shown.contains(MASK) && !shown.contains("hunter2"),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        assert!(
            !is_secret("sasl.username")
                && !is_secret("security.protocol")
                && !is_secret("ssl.ca.location")
        );
    }
}
