//! Configuration that the client library refuses: property and reason, never the value, because it may be a secret.

use rdkafka::error::KafkaError;

use crate::runtime::Fault;

/// Message of a library without TLS.
const NO_TLS: &str = "OpenSSL not available";

/// Turns the refusal into a fault with the fix.
#[must_use]
pub fn refused(error: &KafkaError) -> Fault {
    let KafkaError::ClientConfig(_, why, property, _) = error else {
        return Fault::Fatal(format!("the Kafka client cannot start: {error}"));
    };
    let fix = if why.contains(NO_TLS) {
        "this build has no TLS: build with `cargo build --release --features tls`"
    } else {
        "correct it in `kafka.properties`"
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
