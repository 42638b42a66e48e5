//! Tells an outage, which passes by itself, from a refusal, which does not.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Errors of an outage: no broker can be reached, or none answers in time.
const OUTAGES: [RDKafkaErrorCode; 6] = [
    RDKafkaErrorCode::BrokerTransportFailure,
    RDKafkaErrorCode::AllBrokersDown,
    RDKafkaErrorCode::Resolve,
    RDKafkaErrorCode::OperationTimedOut,
    RDKafkaErrorCode::TimedOutQueue,
    RDKafkaErrorCode::RequestTimedOut,
];
/// Errors of a refused login and of a failed TLS handshake. The library reports a handshake that was cut off as an outage.
const REFUSALS: [RDKafkaErrorCode; 3] = [
    RDKafkaErrorCode::Authentication,
    RDKafkaErrorCode::SaslAuthenticationFailed,
    RDKafkaErrorCode::SSL,
];
/// Facilities of the library's lines about connections.
const FACILITIES: [&str; 3] = ["FAIL", "ERROR", "REQTMOUT"];
/// Words in the library's lines about a transaction that got no answer. The worker says that its transaction failed.
const UNANSWERED: [&str; 2] = ["_TIMED_OUT", "_TRANSPORT"];
/// Words in the library's lines about a refusal.
const REFUSAL_WORDS: [&str; 3] = ["SASL", "SSL", "uthentication"];

/// Code of an error; `None` for errors of this process.
#[must_use]
pub fn code_of(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    }
}

/// True if no broker answered, and one may answer later.
#[must_use]
pub fn is_outage(error: &KafkaError) -> bool {
    code_of(error).is_some_and(|code| OUTAGES.contains(&code))
}

/// True if the brokers refuse the login, or TLS fails: a later attempt fails as well.
#[must_use]
pub fn is_refusal(error: &KafkaError) -> bool {
    code_of(error).is_some_and(|code| REFUSALS.contains(&code))
}

/// True for a line of the library about a lost or failed connection, or about a request without an answer. Each client of
/// each worker writes such lines during an outage, so they are of interest only for debugging. Lines about a refusal do not
/// count.
#[must_use]
pub fn is_line_of_outage(facility: &str, message: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let is_unanswered = facility == "TXNERR" && has(&UNANSWERED);
    (FACILITIES.contains(&facility) || is_unanswered) && !has(&REFUSAL_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_is_an_outage_and_a_refused_login_is_not() {
        let outage = KafkaError::MetadataFetch(RDKafkaErrorCode::BrokerTransportFailure);
        let admin = KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut);
        let login = KafkaError::Global(RDKafkaErrorCode::Authentication);
        assert!(is_outage(&outage) && is_outage(&admin) && !is_outage(&login));
        assert!(is_refusal(&login) && !is_refusal(&outage));
    }

    #[test]
    fn lines_about_logins_and_certificates_are_never_lines_of_an_outage() {
        let refused = "b:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused";
        assert!(is_line_of_outage("FAIL", refused));
        assert!(is_line_of_outage("ERROR", "1/1 brokers are down"));
        for told in [
            "sasl_ssl://b:9092/1: SASL authentication error: Authentication failed",
            "ssl://b:9092/1: SSL handshake failed: certificate verify failed",
        ] {
            assert!(!is_line_of_outage("FAIL", told), "{told}");
        }
        assert!(is_line_of_outage(
            "TXNERR",
            "1 message(s) timed out (_TIMED_OUT)"
        ));
        assert!(!is_line_of_outage("TXNERR", "fenced (_FENCED)"));
    }
}
