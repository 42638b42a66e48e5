//! Connections that the brokers or the client refuse: each ends the process with a sentence that names the fix.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::support::{Login, Tidegauge};
use crate::{USER, assert_names, broker, connecting, last_sentence};

#[track_caller]
fn assert_refused(login: &Login, words: &[&str]) {
    let sentence = last_sentence(&mut Tidegauge::run(&connecting(login)));
    assert_names(&sentence, words);
    assert!(
        !sentence.contains("-secret"),
        "no password is told: {sentence}"
    );
}

#[test]
fn a_wrong_password_or_user_is_named() {
    let Some(broker) = broker("a_wrong_password_or_user_is_named") else {
        return;
    };
    let login = broker.password(USER);
    let fix = ["sasl.username", "sasl.password", &login.address];
    assert_refused(&login.with("sasl.password", "wrong-secret"), &fix);
    assert_refused(&login.with("sasl.username", "nobody"), &fix);
}

#[test]
fn a_mechanism_that_the_brokers_lack_is_named() {
    let Some(broker) = broker("a_mechanism_that_the_brokers_lack_is_named") else {
        return;
    };
    let login = broker
        .password(USER)
        .with("sasl.mechanism", "SCRAM-SHA-256");
    assert_refused(&login, &["sasl.mechanism", "SCRAM-SHA-512"]);
}

#[test]
fn an_unknown_authority_is_named() {
    let Some(broker) = broker("an_unknown_authority_is_named") else {
        return;
    };
    let stranger = broker.file("stranger.pem");
    let fix = ["ssl.ca.location", "openssl s_client"];
    assert_refused(
        &broker.password(USER).with("ssl.ca.location", &stranger),
        &fix,
    );
    // Without a location, the system's bundle decides.
    assert_refused(&broker.password(USER).without("ssl.ca.location"), &fix);
}

#[test]
fn an_expired_certificate_of_a_broker_is_named() {
    let Some(broker) = broker("an_expired_certificate_of_a_broker_is_named") else {
        return;
    };
    let server = Expired::start(&broker.file("expired"));
    let mut login = broker.password(USER);
    login.address = server.address.clone();
    assert_refused(&login, &["ssl.ca.location", "expired", "openssl s_client"]);
}

#[test]
fn a_missing_or_foreign_client_certificate_is_named() {
    let Some(broker) = broker("a_missing_or_foreign_client_certificate_is_named") else {
        return;
    };
    let fix = ["ssl.certificate.location", "ssl.key.location"];
    let login = broker.certificate(USER);
    let none = login
        .clone()
        .without("ssl.certificate.location")
        .without("ssl.key.location");
    assert_refused(&none, &fix);
    let foreign = login
        .with("ssl.certificate.location", &broker.file("stranger.pem"))
        .with("ssl.key.location", &broker.file("stranger.key"));
    assert_refused(&foreign, &fix);
}

#[test]
fn a_protocol_that_is_not_the_listeners_is_named() {
    let Some(broker) = broker("a_protocol_that_is_not_the_listeners_is_named") else {
        return;
    };
    let login = broker.password(USER);
    let fix = ["security.protocol", &login.address];
    assert_refused(&login.with("security.protocol", "PLAINTEXT"), &fix);
    assert_refused(&login.with("security.protocol", "SASL_PLAINTEXT"), &fix);
    assert_refused(&login.with("security.protocol", "SSL"), &fix);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let Some(broker) = broker("a_file_that_is_not_there_is_named") else {
        return;
    };
    let login = broker
        .password(USER)
        .with("ssl.ca.location", "/no/such/ca.pem");
    assert_refused(&login, &["ssl.ca.location", "kafka.properties"]);
}

#[test]
fn the_systems_bundle_of_authorities_is_the_default() {
    let Some(broker) = broker("the_systems_bundle_of_authorities_is_the_default") else {
        return;
    };
    // OpenSSL's own variable puts another file in the place of the system's bundle.
    let login = broker.password(USER).without("ssl.ca.location");
    let file = config_file("bundle.yaml", &connecting(&login));
    let ca = broker.file("ca.pem");
    let line = format!(
        "SSL_CERT_FILE='{ca}' exec \"$0\" topics plan --config '{}'",
        file.display()
    );
    let words: [OsString; 3] = ["-c".into(), line.into(), Tidegauge::program().into()];
    let mut process = Tidegauge::start_program(&PathBuf::from("/bin/sh"), &words);
    let status = process.await_exit(std::time::Duration::from_secs(60));
    let log = process.log();
    assert!(!log.contains("certificate"), "{log}"); // the rights of the user are not the matter here
    assert!(status.code().is_some(), "{log}");
}

fn config_file(name: &str, text: &str) -> PathBuf {
    let file =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    std::fs::write(&file, text).unwrap();
    file
}

/// A TLS server whose certificate has expired.
struct Expired {
    child: std::process::Child,
    address: String,
}

impl Expired {
    fn start(certificate: &str) -> Self {
        let port = crate::support::free_port();
        let (key, pem) = (format!("{certificate}.key"), format!("{certificate}.pem"));
        let mut command = std::process::Command::new("openssl");
        command.args([
            "s_server",
            "-quiet",
            "-accept",
            &port.to_string(),
            "-cert",
            &pem,
            "-key",
            &key,
        ]);
        command.stdin(std::process::Stdio::null());
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        Self {
            child: command.spawn().unwrap(),
            address: format!("127.0.0.1:{port}"),
        }
    }
}

impl Drop for Expired {
    fn drop(&mut self) {
        let _already_dead = self.child.kill();
        let _reaped = self.child.wait();
    }
}
