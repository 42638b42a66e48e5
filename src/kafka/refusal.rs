//! Configuration that the client library refuses: property and reason, never the value, because it may be a secret.

use rdkafka::error::KafkaError;

use crate::runtime::Fault;

/// Message of a library without TLS.
const NO_TLS: &str = "OpenSSL not available";

/// How to get a build with TLS, and with the mechanisms of SASL that need OpenSSL.
pub const TLS_FIX: &str = "build with `cargo build --release`, which includes TLS unless `--no-default-features` is given";

/// True if the library says that it was built without TLS.
pub fn lacks_tls(why: &str) -> bool {
    why.contains(NO_TLS)
}

/// Turns the refusal into a fault with the fix.
#[must_use]
pub fn refused(error: &KafkaError) -> Fault {
    let KafkaError::ClientConfig(_, why, property, _) = error else {
        return Fault::Fatal(format!(
            "the Kafka client cannot start: {error}: check `kafka.properties`"
        ));
    };
    let fix = if lacks_tls(why) {
        format!("this build has no TLS: {TLS_FIX}")
    } else {
        "correct it in `kafka.properties`".to_owned()
    };
    Fault::Fatal(format!(
        "the Kafka client refuses the property {property} ({}): {fix}",
        why.trim_end_matches('.')
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;

    #[test]
    fn a_build_without_tls_names_the_command_that_has_it() {
        let why = "Unsupported value \"ssl\" for configuration property \"security.protocol\": OpenSSL not available at build time";
        let error = KafkaError::ClientConfig(
            rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_INVALID,
            why.to_owned(),
            "security.protocol".to_owned(),
            "ssl".to_owned(),
        );
        let told = refused(&error).to_string();
        assert!(told.contains("cargo build --release"), "{told}");
    }

    #[test]
    fn the_value_of_a_refused_property_is_never_told() {
        for property in ["sasl.jaas.config", "sasl.pasword", "ssl.key.password"] {
            let mut config = ClientConfig::new();
            config.set(property, "hunter2");
            let outcome: Result<rdkafka::consumer::BaseConsumer, _> = config.create();
            let Err(error) = outcome else { continue }; // a build with TLS takes the last one
            let told = refused(&error).to_string();
            assert!(
                told.contains(property) && !told.contains("hunter2"),
                "{told}"
            );
        }
    }
}
