//! Meaning of a line of the library about a connection that the brokers or the client refuse, and the fix.

/// Refused connection: what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// What to change in the configuration.
    pub fix: &'static str,
    /// True if no later attempt can succeed. A closed connection may also be a broker that restarts.
    pub is_final: bool,
}

/// Words of the library's lines, from the most specific to the most general, and what they mean.
const MEANINGS: [(&[&str], Refusal); 4] = [
    (
        &["Unsupported SASL mechanism"],
        Refusal {
            fix: "set `sasl.mechanism` to one that the brokers support",
            is_final: true,
        },
    ),
    (
        &["Authentication failed", "invalid credentials"],
        Refusal {
            fix: "check `sasl.username` and `sasl.password`, and that the brokers know the user for this `sasl.mechanism`",
            is_final: true,
        },
    ),
    (
        &[
            "certificate verify failed",
            "certificate could not be verified",
        ],
        Refusal {
            fix: "set `ssl.ca.location` to the authority that signed the brokers' certificate, or renew a certificate that has \
                  expired or is made for another host: `openssl s_client -connect HOST:PORT -CAfile FILE` says which",
            is_final: true,
        },
    ),
    (
        &[
            "alert bad certificate",
            "alert certificate",
            "alert unknown ca",
            "alert handshake failure",
            "client SSL authentication might be required",
        ],
        Refusal {
            fix: "set `ssl.certificate.location` and `ssl.key.location` to a certificate that has not expired and that an \
                  authority signed which the brokers trust",
            is_final: true,
        },
    ),
];

/// Connection that ends as soon as it was made: by a listener with another protocol, or by a broker that restarts.
const CLOSED_AT_ONCE: Refusal = Refusal {
    fix: "that the cluster is up, and that `security.protocol` is that of the port: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
    is_final: false,
};
/// Words of lines about a connection that was closed before the first answer.
const WITHOUT_ANSWER: [&str; 3] = [
    "in state APIVERSION_QUERY",
    "connecting to a PLAINTEXT broker listener",
    "wrong version number",
];
/// Maximum age of a connection that was closed at once. A listener with a login closes a connection without one after its
/// first request.
const AT_ONCE_MILLIS: u64 = 2_000;

/// Meaning of a line of the library; `None` if it is not about a refusal. A handshake that ends because the broker goes away
/// is none.
#[must_use]
pub fn refusal_in(line: &str) -> Option<Refusal> {
    let means = |(words, _): &&(&[&str], Refusal)| words.iter().any(|word| line.contains(word));
    let refusal = MEANINGS.iter().find(means).map(|(_, refusal)| *refusal);
    refusal.or_else(|| is_closed_at_once(line).then_some(CLOSED_AT_ONCE))
}

fn is_closed_at_once(line: &str) -> bool {
    let is_without_answer = WITHOUT_ANSWER.iter().any(|word| line.contains(word));
    let age = line.split_once("Disconnected").and_then(|(_, rest)| {
        let (before, _) = rest.split_once("ms in state UP")?;
        before.rsplit_once("(after ")?.1.parse::<u64>().ok()
    });
    is_without_answer || age.is_some_and(|millis| millis < AT_ONCE_MILLIS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_real_broker_get_their_fix() {
        let lines = [
            (
                "sasl_ssl://127.0.0.1:29459/bootstrap: SASL authentication error: Authentication failed during authentication due to \
                 invalid credentials with SASL mechanism SCRAM-SHA-512 (after 335ms in state AUTH_REQ)",
                "sasl.password",
            ),
            (
                "SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: \
                 SCRAM-SHA-512,PLAIN (after 313ms in state AUTH_HANDSHAKE)",
                "sasl.mechanism",
            ),
            (
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be \
                 verified, verify that ssl.ca.location is correctly configured or root CA certificates are installed",
                "ssl.ca.location",
            ),
            (
                "Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42",
                "ssl.certificate.location",
            ),
            (
                "127.0.0.1:28630/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 38ms in state \
                 APIVERSION_QUERY)",
                "security.protocol",
            ),
            (
                "ssl://127.0.0.1:29459/bootstrap: Disconnected: connection closed by peer (after 11ms in state UP)",
                "security.protocol",
            ),
        ];
        for (line, fix) in lines {
            assert!(refusal_in(line).unwrap().fix.contains(fix), "{line}");
        }
    }

    #[test]
    fn a_broker_that_goes_away_refuses_nothing() {
        for line in [
            "GroupCoordinator: SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported \
             mechanisms: (n/a) (after 0ms in state DOWN)",
            "b:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
            "ssl://b:9093/1: Disconnected: connection closed by peer (after 61234ms in state UP)",
        ] {
            assert_eq!(refusal_in(line), None, "{line}");
        }
    }
}
