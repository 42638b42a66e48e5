//! Errors of the client as faults of the runtime, with the fix where one is known.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::runtime::Fault;

/// Fault of a missing permission, with the permission to grant; `None` for other errors.
pub fn denied(error: &KafkaError, during: &str) -> Option<Fault> {
    let right = match error.rdkafka_error_code()? {
        RDKafkaErrorCode::TransactionalIdAuthorizationFailed => {
            "Write and Describe on the transactionalId prefix"
        }
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            "Read and Describe on inputs, Write and Describe on outputs"
        }
        RDKafkaErrorCode::GroupAuthorizationFailed => "Read on the group prefix",
        RDKafkaErrorCode::ClusterAuthorizationFailed => "IdempotentWrite on the cluster",
        _ => return None,
    };
    Some(Fault::Fatal(format!(
        "not allowed to {during}: grant {right} ({error})"
    )))
}

/// Fault of an error while polling; `None` if the client retries by itself.
pub fn polled(error: &KafkaError) -> Option<Fault> {
    if let Some(fault) = denied(error, "read") {
        return Some(fault);
    }
    match error {
        KafkaError::MessageConsumptionFatal(_) => Some(Fault::Fatal(format!(
            "the consumer cannot continue: {error}"
        ))),
        _ => match error.rdkafka_error_code()? {
            RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange => {
                Some(Fault::Fatal(format!(
                    "a committed offset lies outside its topic's log, so records were deleted before they were read ({error}): \
                 accept the loss with `tidegauge offsets reset --topic TOPIC --to earliest`"
                )))
            }
            _ => None,
        },
    }
}
