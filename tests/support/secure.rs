//! One broker with TLS, logins and access rules, shared by the tests of a process.
//!
//! The first test starts it. It is stopped when the process ends, also after a panic or a kill.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::broker::{Broker, skip};
use super::cluster::{Sentinel, kafka, script, sentinel};

/// The broker of this process. The error says why there is none.
static BROKER: OnceLock<Result<SecureBroker, String>> = OnceLock::new();

/// A broker that lets in only who has a login or a certificate, and denies what no rule allows.
pub struct SecureBroker {
    name: String,
    tls: PathBuf,
    _sentinel: Option<Sentinel>,
}

/// How a client of the broker says who it is.
#[derive(Debug, Clone)]
pub struct Login {
    /// Address of the listener, `host:port`.
    pub address: String,
    /// Properties of the client.
    pub properties: Vec<(String, String)>,
}

impl SecureBroker {
    /// Returns the broker. Starts it if this is the first test; `users` are the names that may log in then. Their
    /// passwords end with `-secret`. `admin` exists always and may do everything.
    ///
    /// `TIDEGAUGE_SECURE=NAME` uses the running node of that name (`scripts/kafka --name NAME start --secure USERS`) and
    /// leaves it running. Otherwise the tests start one if `TIDEGAUGE_REQUIRE_BROKER` or `KAFKA_BOOTSTRAP_SERVERS` says
    /// that this run has brokers. Without either, it prints that `test` is skipped, counts it, and returns `None`.
    ///
    /// # Panics
    /// If there can be no broker but `TIDEGAUGE_REQUIRE_BROKER` is set. A skipped test is then a failure.
    pub fn or_skip(test: &str, users: &[String]) -> Option<&'static Self> {
        match BROKER.get_or_init(|| Self::obtain(users)) {
            Ok(broker) => Some(broker),
            Err(reason) => {
                skip(test, reason);
                None
            }
        }
    }

    fn obtain(users: &[String]) -> Result<Self, String> {
        let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty());
        if let Ok(name) = std::env::var("TIDEGAUGE_SECURE") {
            return Ok(Self::at(name, None));
        }
        if !set("TIDEGAUGE_REQUIRE_BROKER") && !set("KAFKA_BOOTSTRAP_SERVERS") {
            return Err("needs a secure broker (set TIDEGAUGE_REQUIRE_BROKER to start it)".into());
        }
        let name = format!("secure-{}", std::process::id());
        let sentinel = sentinel(&name); // first, so that a node that starts halfway is stopped, too
        kafka(&name, &["start", "--secure", &users.join(",")])?;
        Ok(Self::at(name, Some(sentinel)))
    }

    fn at(name: String, sentinel: Option<Sentinel>) -> Self {
        let clusters = [
            env!("CARGO_MANIFEST_DIR"),
            "target",
            "kafka",
            "clusters",
            &name,
            "tls",
        ];
        Self {
            tls: clusters.iter().collect(),
            name,
            _sentinel: sentinel,
        }
    }

    /// Path of a file beside the certificates: `ca.pem`, `stranger.pem`, `NAME.pem`, `NAME.key`.
    pub fn file(&self, name: &str) -> String {
        self.tls.join(name).display().to_string()
    }

    /// A user with a password over TLS.
    pub fn password(&self, user: &str) -> Login {
        let properties = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", user),
            ("sasl.password", &format!("{user}-secret")),
            ("ssl.ca.location", &self.file("ca.pem")),
        ];
        self.login("sasl", &properties)
    }

    /// A user with a certificate. The principal is `User:CN=NAME`.
    pub fn certificate(&self, user: &str) -> Login {
        let properties = [
            ("security.protocol", "SSL"),
            ("ssl.ca.location", &self.file("ca.pem")),
            (
                "ssl.certificate.location",
                &self.file(&format!("{user}.pem")),
            ),
            ("ssl.key.location", &self.file(&format!("{user}.key"))),
        ];
        self.login("mtls", &properties)
    }

    fn login(&self, listener: &str, properties: &[(&str, &str)]) -> Login {
        let address = std::fs::read_to_string(self.tls.join(listener)).unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Login {
            address: address.trim().to_owned(),
            properties: properties.iter().map(owned).collect(),
        }
    }

    /// The cluster as its administrator sees it.
    pub fn administered(&self, test: &str) -> Broker {
        let admin = self.password("admin");
        Broker::at(&admin.address, test).with(admin.properties)
    }

    /// Runs `scripts/kafka WORDS…` on this cluster and returns its output.
    #[track_caller]
    pub fn kafka(&self, words: &[&str]) -> String {
        kafka(&self.name, words).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// Adds access rules, one a line: PRINCIPAL OPERATION RESOURCE PATTERN NAME.
    #[track_caller]
    pub fn grant(&self, rules: &str) {
        let mut command = Command::new(script());
        command.args(["--name", &self.name, "grant"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(rules.as_bytes())
            .unwrap();
        assert!(
            child.wait().unwrap().success(),
            "rules were not added:\n{rules}"
        );
    }
}

impl Login {
    /// The same login with another value of a property.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut login = self.without(name);
        login.properties.push((name.to_owned(), value.to_owned()));
        login
    }

    /// The same login without a property.
    pub fn without(&self, name: &str) -> Self {
        let mut login = self.clone();
        login.properties.retain(|(known, _)| known != name);
        login
    }

    /// The properties as YAML, to append to others: `, 'name': 'value'`.
    pub fn yaml(&self) -> String {
        let each = self.properties.iter();
        each.map(|(name, value)| format!(", '{name}': '{value}'"))
            .collect()
    }
}
