//! Errors of the client as faults of the runtime, with the fix where one is known.

use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use crate::runtime::Fault;

/// Errors of a missing right.
const DENIALS: [RDKafkaErrorCode; 4] = [
    RDKafkaErrorCode::TopicAuthorizationFailed,
    RDKafkaErrorCode::GroupAuthorizationFailed,
    RDKafkaErrorCode::TransactionalIdAuthorizationFailed,
    RDKafkaErrorCode::ClusterAuthorizationFailed,
];

/// True if the brokers deny a right: another attempt fails, too.
pub fn is_denied(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    code.is_some_and(|code| DENIALS.contains(&code))
}

/// Fault of an error while polling; `None` if the client retries by itself.
pub fn polled(error: &KafkaError) -> Option<Fault> {
    match error {
        KafkaError::MessageConsumptionFatal(_) => Some(Fault::Fatal(format!(
            "the consumer cannot continue: {error}"
        ))),
        _ => match error.rdkafka_error_code()? {
            RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange => {
                // The error names no partition. The restore compares every position with its log, and says which and why.
                Some(Fault::Passing(format!(
                    "a position lies outside its topic's log ({error})"
                )))
            }
            _ => None,
        },
    }
}
