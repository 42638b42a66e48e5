//! A configuration that the client library refuses: which property and why, never its value, because it may be a secret.

use rdkafka::error::KafkaError;

use crate::runtime::Fault;

/// What the library says where it was built without TLS.
const NO_TLS: &str = "OpenSSL not available";

/// The refusal as a fault that says what to do.
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
