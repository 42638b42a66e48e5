//! Checks properties of the client library without a broker: the name and the value of each, and the mechanism of SASL.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use super::refusal::{self, TLS_FIX};

/// Properties that the library documents, one a line, each with its range or its words. The library itself decides what is
/// valid; the list is used only to say what was meant.
const DOCUMENTED: &str = include_str!("properties.tsv");

/// Property of a Java client that has another form here, and what to set instead.
const JAVA: &[(&str, &str)] = &[
    (
        "ssl.truststore.location",
        "set `ssl.ca.location` to a PEM file of the certificate authorities",
    ),
    (
        "ssl.truststore.password",
        "remove it: `ssl.ca.location` needs no password",
    ),
    (
        "ssl.truststore.type",
        "remove it: `ssl.ca.location` is a PEM file",
    ),
    (
        "ssl.keystore.type",
        "remove it: `ssl.keystore.location` is a PKCS#12 file, `ssl.certificate.location` a PEM file",
    ),
    (
        "sasl.jaas.config",
        "set `sasl.username` and `sasl.password`",
    ),
    (
        "sasl.login.callback.handler.class",
        "remove it: the client has no Java classes",
    ),
    (
        "sasl.client.callback.handler.class",
        "remove it: the client has no Java classes",
    ),
];

/// Names of the mechanisms that this client can use. Kerberos and tokens need libraries that are not built in.
const MECHANISMS: [&str; 3] = ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"];

/// What is wrong with a property. It never contains the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyFault {
    /// Name of the property.
    pub property: String,
    /// What is wrong.
    pub wrong: String,
    /// How to correct it; `None` for an unknown name.
    pub fix: Option<String>,
}

/// Names of all documented properties.
pub fn property_names() -> impl Iterator<Item = &'static str> {
    documented().map(|(name, _)| name)
}

fn documented() -> impl Iterator<Item = (&'static str, &'static str)> {
    DOCUMENTED
        .lines()
        .map(|line| line.split_once('\t').unwrap_or((line, "")))
}

/// All faults of `properties`.
#[must_use]
pub fn property_faults(properties: &BTreeMap<String, String>) -> Vec<PropertyFault> {
    let each = properties.iter();
    let mut faults: Vec<PropertyFault> = each
        .filter_map(|(name, value)| fault_of(name, value))
        .collect();
    if faults.is_empty() {
        faults.extend(mechanism_fault(properties));
    }
    faults
}

/// Fault of one property, as the library tells it when the property is set.
fn fault_of(name: &str, value: &str) -> Option<PropertyFault> {
    let mut config = ClientConfig::new();
    config.set(name, value);
    let Err(KafkaError::ClientConfig(_, why, _, _)) = config.create_native_config() else {
        return number_fault(name, value);
    };
    let why = why.trim_end_matches(['.', '\n']);
    let (wrong, fix) = if let Some((_, fix)) = JAVA.iter().find(|(java, _)| *java == name) {
        (
            "it is a property of Java clients".to_owned(),
            Some((*fix).to_owned()),
        )
    } else if refusal::lacks_tls(why) {
        ("this build has no TLS".to_owned(), Some(TLS_FIX.to_owned()))
    } else if why.contains("not supported in this build") {
        (
            format!("this build does not have it ({why})"),
            Some("remove it".to_owned()),
        )
    } else if why.starts_with("No such configuration property") {
        ("the Kafka client has no such property".to_owned(), None)
    } else {
        let fix = range(name).unwrap_or_else(|| "correct it".to_owned());
        (format!("the Kafka client refuses it ({why})"), Some(fix))
    };
    Some(PropertyFault {
        property: name.to_owned(),
        wrong,
        fix,
    })
}

/// Fault of a number with more behind it. The library reads `45s` as 45.
fn number_fault(name: &str, value: &str) -> Option<PropertyFault> {
    let (_, range) = documented().find(|(known, _)| *known == name)?;
    let is_hex = value.trim().to_ascii_lowercase().starts_with("0x");
    if !range.contains(" to ") || is_hex || value.trim().parse::<f64>().is_ok() {
        return None;
    }
    Some(PropertyFault {
        property: name.to_owned(),
        wrong: format!("`{value}` is not a number"),
        fix: range_fix(range),
    })
}

fn range(name: &str) -> Option<String> {
    let (_, range) = documented().find(|(known, _)| *known == name)?;
    range_fix(range)
}

fn range_fix(range: &str) -> Option<String> {
    let words = if range.contains(',') { "one of " } else { "" };
    (!range.is_empty()).then(|| format!("use {words}{range}"))
}

/// Fault of the mechanism of SASL, which the library would tell only when a client starts.
fn mechanism_fault(properties: &BTreeMap<String, String>) -> Option<PropertyFault> {
    let protocol = properties.get("security.protocol")?;
    if !protocol.to_ascii_lowercase().starts_with("sasl_") {
        return None;
    }
    let set = ["sasl.mechanism", "sasl.mechanisms"]
        .into_iter()
        .find_map(|name| Some((name, properties.get(name)?.as_str())));
    let one_of = format!("set it to one of {}", MECHANISMS.join(", "));
    let (property, wrong, fix) = match set {
        None => (
            "sasl.mechanism",
            "it is not set, and the Kafka client's default, Kerberos, is not in this build".into(),
            one_of,
        ),
        Some((name, "OAUTHBEARER")) if sends_unsecured_tokens(properties) => {
            return needs_tls(name);
        }
        Some((name, mechanism)) if !MECHANISMS.contains(&mechanism) => (
            name,
            format!("the mechanism {mechanism} is not in this build"),
            one_of,
        ),
        Some((name, mechanism)) if mechanism != "PLAIN" => return needs_tls(name),
        Some(_) => return None,
    };
    Some(PropertyFault {
        property: property.to_owned(),
        wrong,
        fix: Some(fix),
    })
}

/// True for the tokens of a test set-up, which the library makes itself.
fn sends_unsecured_tokens(properties: &BTreeMap<String, String>) -> bool {
    let unsecured = properties.get("enable.sasl.oauthbearer.unsecure.jwt");
    unsecured.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Fault of a mechanism that needs OpenSSL, in a build without it.
fn needs_tls(property: &str) -> Option<PropertyFault> {
    (!cfg!(feature = "tls")).then(|| PropertyFault {
        property: property.to_owned(),
        wrong: "this build has no TLS, which the mechanism needs".to_owned(),
        fix: Some(TLS_FIX.to_owned()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn faults(of: &[(&str, &str)]) -> Vec<PropertyFault> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        property_faults(&of.iter().map(owned).collect())
    }

    #[test]
    fn every_listed_name_is_known_to_the_library() {
        for name in property_names() {
            let faults = faults(&[(name, "no such value")]);
            let unknown = |fault: &PropertyFault| fault.wrong.contains("no such property");
            assert!(!faults.iter().any(unknown), "{name}: {faults:?}");
        }
    }

    #[test]
    fn every_listed_range_is_that_of_the_library() {
        for (name, range) in documented().filter(|(_, range)| range.contains(" to ")) {
            let (low, high) = range.split_once(" to ").unwrap();
            if faults(&[(name, low)])
                .iter()
                .any(|f| f.wrong.contains("this build"))
            {
                continue; // a property of a library that is not built in
            }
            for inside in [low, high] {
                assert_eq!(faults(&[(name, inside)]), [], "{name}={inside}");
            }
            let beyond = (high.parse::<i64>().unwrap() + 1).to_string();
            if beyond.parse::<i32>().is_ok() {
                assert_eq!(faults(&[(name, &beyond)]).len(), 1, "{name}={beyond}");
            }
        }
    }

    #[test]
    fn a_wrong_value_is_refused_with_the_range() {
        let wrong = faults(&[("session.timeout.ms", "0"), ("compression.type", "brotli")]);
        assert_eq!(
            wrong[0].fix.as_deref(),
            Some("use one of none, gzip, snappy, lz4, zstd")
        );
        assert_eq!(wrong[1].fix.as_deref(), Some("use 1 to 3600000"));
        let unit = faults(&[("session.timeout.ms", "45s"), ("linger.ms", "0.5")]);
        assert_eq!(unit.len(), 1, "{unit:?}");
        assert!(unit[0].wrong.contains("45s"), "{unit:?}");
    }

    #[test]
    fn a_property_of_java_gets_its_counterpart() {
        for (name, _) in JAVA {
            let told = faults(&[(name, "hunter2")]);
            assert!(
                told[0].fix.is_some() && told[0].wrong.contains("Java"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_mechanism_that_is_not_built_in_is_refused() {
        let with = |mechanism: &[(&str, &str)]| {
            let rest = [
                ("security.protocol", "SASL_PLAINTEXT"),
                ("sasl.username", "a"),
            ];
            faults(&[&rest[..], mechanism].concat())
        };
        for wrong in [
            &[][..],
            &[("sasl.mechanism", "GSSAPI")],
            &[("sasl.mechanisms", "OAUTHBEARER")],
            &[("sasl.mechanism", "SCRAM-SHA-521")],
        ] {
            let told = with(wrong);
            assert!(
                told[0].fix.as_ref().unwrap().contains("SCRAM-SHA-512"),
                "{told:?}"
            );
        }
        assert_eq!(with(&[("sasl.mechanism", "PLAIN")]), []);
        let scram = with(&[("sasl.mechanism", "SCRAM-SHA-256")]);
        assert_eq!(scram.is_empty(), cfg!(feature = "tls"), "{scram:?}");
    }

    #[test]
    fn no_value_of_a_secret_is_told() {
        let secret = |name: &&str| crate::config::is_secret(name);
        for name in property_names().filter(secret).chain(["sasl.pasword"]) {
            let told = format!("{:?}", faults(&[(name, "hunter2")]));
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
