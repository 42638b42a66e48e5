//! Rights that the brokers deny: each is named with the resource, the principal, and the command that grants it.

use std::fmt;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::settings::ClientSettings;
use crate::runtime::Fault;

/// Right on one resource. Read and Write include Describe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// Read on a topic.
    ReadTopic(String),
    /// Write on a topic.
    WriteTopic(String),
    /// Read and Write on an internal topic.
    ReadWriteTopic(String),
    /// Create on a topic that does not exist yet.
    CreateTopic(String),
    /// DescribeConfigs on a topic.
    DescribeConfigs(String),
    /// Read on the consumer group.
    ReadGroup(String),
    /// Write on all transactional ids that begin with this text.
    WriteTransactionalId(String),
}

impl Right {
    /// Operations, option of `kafka-acls.sh` for the resource, words for the resource, and its name.
    fn parts(&self) -> (&'static [&'static str], &'static str, &'static str, &str) {
        match self {
            Self::ReadTopic(name) => (&["Read"], "--topic", "topic", name),
            Self::WriteTopic(name) => (&["Write"], "--topic", "topic", name),
            Self::ReadWriteTopic(name) => (&["Read", "Write"], "--topic", "topic", name),
            Self::CreateTopic(name) => (&["Create"], "--topic", "topic", name),
            Self::DescribeConfigs(name) => (&["DescribeConfigs"], "--topic", "topic", name),
            Self::ReadGroup(name) => (&["Read"], "--group", "group", name),
            Self::WriteTransactionalId(name) => (
                &["Write"],
                "--resource-pattern-type prefixed --transactional-id",
                "transactional ids that begin with",
                name,
            ),
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operations, _, kind, name) = self.parts();
        write!(f, "{} on {kind} {name}", operations.join(" and "))
    }
}

/// The identity that the brokers see, and the group and ids that it uses.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Brokers as `host:port`, separated by commas.
    pub brokers: String,
    group: String,
    transactional_ids: String,
    name: Option<String>,
}

impl Principal {
    /// Principal of the clients with these settings.
    #[must_use]
    pub fn of(settings: &ClientSettings) -> Self {
        Self {
            brokers: settings.brokers.clone(),
            group: settings.group.clone(),
            transactional_ids: id_prefix(settings),
            name: name_of(settings),
        }
    }

    /// Fault of an error that says that a right on the group or the transactional ids is missing, or `right` on a topic;
    /// `None` for other errors.
    #[must_use]
    pub fn denied(&self, error: &KafkaError, right: Option<Right>) -> Option<Fault> {
        let code = match error {
            KafkaError::AdminOp(code) => *code,
            other => other.rdkafka_error_code()?,
        };
        let missing = match code {
            RDKafkaErrorCode::GroupAuthorizationFailed => Right::ReadGroup(self.group.clone()),
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed => {
                Right::WriteTransactionalId(self.transactional_ids.clone())
            }
            RDKafkaErrorCode::TopicAuthorizationFailed => right?,
            _ => return None,
        };
        Some(self.lacks(&missing))
    }

    /// Fault of a missing right.
    #[must_use]
    pub fn lacks(&self, right: &Right) -> Fault {
        let (operations, option, _, name) = right.parts();
        let operations: String = operations
            .iter()
            .map(|o| format!(" --operation {o}"))
            .collect();
        let (who, hint) = match &self.name {
            Some(name) => (format!("User:{name}"), ""),
            None => (
                "User:SUBJECT".to_owned(),
                " (SUBJECT: `openssl x509 -noout -subject -nameopt RFC2253` on `ssl.certificate.location`)",
            ),
        };
        Fault::Fatal(format!(
            "the brokers do not allow {right}: grant it with `kafka-acls.sh --bootstrap-server {} --add --allow-principal '{who}'\
             {operations} {option} {name}`{hint}",
            self.brokers
        ))
    }
}

/// Text with which all transactional ids of a deployment begin: the group, or `runtime.transactional_id`.
fn id_prefix(settings: &ClientSettings) -> String {
    let of_group = format!("{}-", settings.group);
    if settings.transactional_id.starts_with(&of_group) {
        return of_group;
    }
    let without_worker = settings.transactional_id.rsplit_once('-');
    without_worker.map_or(of_group, |(id, _)| format!("{id}-"))
}

/// Name of the principal; `None` if it is the subject of a certificate, which the brokers read.
fn name_of(settings: &ClientSettings) -> Option<String> {
    let property = |name: &str| settings.properties.get(name).cloned();
    let protocol = property("security.protocol").unwrap_or_default();
    match protocol.to_ascii_lowercase().as_str() {
        "sasl_ssl" | "sasl_plaintext" => property("sasl.username"),
        "ssl" if has_certificate(settings) => None,
        _ => Some("ANONYMOUS".to_owned()),
    }
}

fn has_certificate(settings: &ClientSettings) -> bool {
    let names = [
        "ssl.certificate.location",
        "ssl.certificate.pem",
        "ssl.keystore.location",
    ];
    names
        .iter()
        .any(|name| settings.properties.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::settings::Offsets;
    use super::*;

    fn settings(properties: &[(&str, &str)]) -> ClientSettings {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ClientSettings {
            brokers: "b:9093".to_owned(),
            group: "fraud".to_owned(),
            transactional_id: "fraud-00ff-0".to_owned(),
            transaction_timeout: Duration::from_secs(10),
            properties: properties.iter().map(owned).collect(),
            offsets: Offsets::InTransaction,
        }
    }

    #[test]
    fn a_missing_right_is_told_with_the_command_that_grants_it() {
        let login = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.username", "alice"),
        ];
        let principal = Principal::of(&settings(&login));
        let error = KafkaError::Global(RDKafkaErrorCode::TransactionalIdAuthorizationFailed);
        let told = principal
            .denied(&error, None)
            .map(|fault| fault.to_string());
        let command = "Write on transactional ids that begin with fraud-: grant it with `kafka-acls.sh --bootstrap-server b:9093 --add \
                       --allow-principal 'User:alice' --operation Write --resource-pattern-type prefixed --transactional-id fraud-`";
        assert!(
            told.as_ref().is_some_and(|told| told.contains(command)),
            "{told:?}"
        );
    }

    #[test]
    fn the_principal_is_the_user_the_certificate_or_nobody() {
        let certificate = [
            ("security.protocol", "ssl"),
            ("ssl.certificate.location", "/c.pem"),
        ];
        let right = Right::ReadWriteTopic("panes".to_owned());
        let told = |properties| {
            Principal::of(&settings(properties))
                .lacks(&right)
                .to_string()
        };
        assert!(told(&certificate).contains("User:SUBJECT"));
        assert!(
            told(&[]).contains("'User:ANONYMOUS' --operation Read --operation Write --topic panes")
        );
    }

    #[test]
    fn ids_of_an_own_name_have_that_name_as_prefix() {
        let own = ClientSettings {
            transactional_id: "pod-7-0".to_owned(),
            ..settings(&[])
        };
        assert_eq!(
            (id_prefix(&own), id_prefix(&settings(&[]))),
            ("pod-7-".to_owned(), "fraud-".to_owned())
        );
    }
}
