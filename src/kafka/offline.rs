//! Creation of every client without a broker: finds properties that are valid by themselves, but not together.

use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::BaseProducer;

use super::context::{DeliveryContext, QuietContext};
use super::refusal::refused;
use super::settings::ClientSettings;
use crate::runtime::Fault;

/// Properties that name files. A check must give the same answer on a machine without these files.
const FILES: [&str; 6] = [
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.crl.location",
    "ssl.keystore.location",
    "plugin.library.paths",
];
/// Properties that are usually set in the environment, which a check does not read.
const CREDENTIALS: [&str; 2] = ["sasl.username", "sasl.password"];

impl ClientSettings {
    /// Creates each kind of client once, without brokers, and closes it again.
    ///
    /// # Errors
    /// The reason for which the library refuses a client, with the fix.
    pub fn check_offline(&self) -> Result<(), Fault> {
        let settings = self.without_surroundings();
        for config in [settings.consumer(), settings.state_reader()] {
            BaseConsumer::from_config_and_context(
                &without_brokers(config),
                QuietContext::default(),
            )
            .map_err(|error| refused(&error))?;
        }
        let producer = without_brokers(settings.producer());
        BaseProducer::from_config_and_context(&producer, DeliveryContext::default())
            .map(|_| ())
            .map_err(|error| refused(&error))
    }

    fn without_surroundings(&self) -> Self {
        let mut settings = self.clone();
        let properties = &mut settings.properties;
        properties.retain(|name, _| !FILES.contains(&name.as_str()));
        for name in CREDENTIALS {
            let unset = || "set in the environment".to_owned();
            properties.entry(name.to_owned()).or_insert_with(unset);
        }
        settings
    }
}

fn without_brokers(mut config: ClientConfig) -> ClientConfig {
    config.remove("bootstrap.servers");
    config
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::settings::Offsets;
    use super::*;

    fn checked(properties: &[(&str, &str)]) -> Result<(), String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings = ClientSettings {
            brokers: String::new(),
            group: "g".to_owned(),
            transactional_id: "t".to_owned(),
            transaction_timeout: Duration::from_secs(10),
            properties: properties.iter().map(owned).collect(),
            offsets: Offsets::InTransaction,
        };
        settings.check_offline().map_err(|fault| fault.to_string())
    }

    #[test]
    fn properties_that_contradict_each_other_are_refused() {
        let told = checked(&[
            ("session.timeout.ms", "20000"),
            ("max.poll.interval.ms", "10000"),
        ]);
        assert!(told.is_err_and(|told| told.contains("max.poll.interval.ms")));
    }

    #[test]
    fn what_only_another_machine_has_is_not_asked_for() {
        let security = if cfg!(feature = "tls") {
            ("SASL_SSL", "SCRAM-SHA-512")
        } else {
            ("SASL_PLAINTEXT", "PLAIN")
        };
        let mut properties = vec![
            ("security.protocol", security.0),
            ("sasl.mechanism", security.1),
        ];
        if cfg!(feature = "tls") {
            properties.push(("ssl.ca.location", "/no/such/ca.pem"));
        }
        assert_eq!(checked(&properties), Ok(()));
    }
}
