//! Connections that the brokers or the client refuse: each ends the process with a sentence that names the fix.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::support::{Login, SecureBroker, Tidegauge};
use crate::{USER, broker, connecting, last_sentence};

/// A login that is refused, and the words of the sentence that says so.
struct Refused {
    what: &'static str,
    login: Login,
    words: Vec<String>,
}

fn refused(what: &'static str, login: Login, words: &[&str]) -> Refused {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Refused { what, login, words }
}

/// The processes run side by side, because each waits some seconds for an answer.
#[test]
fn a_refused_connection_is_named_with_its_fix() {
    let Some(broker) = broker("a_refused_connection_is_named_with_its_fix") else {
        return;
    };
    let expired = Expired::start(&broker.file("expired"));
    let mut cases = wrong_logins(broker);
    cases.extend(wrong_certificates(broker, &expired.address));
    cases.extend(wrong_protocols(broker));
    std::thread::scope(|scope| {
        for case in &cases {
            scope.spawn(|| assert_refused(case));
        }
    });
}

fn assert_refused(case: &Refused) {
    let sentence = last_sentence(&mut Tidegauge::run(&connecting(&case.login)));
    for word in &case.words {
        let (named, what) = (sentence.contains(word), case.what);
        assert!(named, "{what}: {word:?} is not named in: {sentence}");
    }
    let told = sentence.contains("-secret");
    assert!(!told, "no password is told: {sentence}");
}

fn wrong_logins(broker: &SecureBroker) -> Vec<Refused> {
    let login = broker.password(USER);
    let fix = ["sasl.username", "sasl.password", &login.address];
    vec![
        refused(
            "a wrong password",
            login.with("sasl.password", "wrong-secret"),
            &fix,
        ),
        refused(
            "an unknown user",
            login.with("sasl.username", "nobody"),
            &fix,
        ),
        refused(
            "a mechanism that the brokers lack",
            login.with("sasl.mechanism", "SCRAM-SHA-256"),
            &["sasl.mechanism", "SCRAM-SHA-512"],
        ),
    ]
}

fn wrong_certificates(broker: &SecureBroker, expired: &str) -> Vec<Refused> {
    let password = broker.password(USER);
    let certificate = broker.certificate(USER);
    let authority = ["ssl.ca.location", "expired", "openssl s_client"];
    let own = ["ssl.certificate.location", "ssl.key.location"];
    let none = certificate
        .without("ssl.certificate.location")
        .without("ssl.key.location");
    let foreign = certificate
        .with("ssl.certificate.location", &broker.file("stranger.pem"))
        .with("ssl.key.location", &broker.file("stranger.key"));
    let stranger = broker.file("stranger.pem");
    let at_expired = Login {
        address: expired.to_owned(),
        ..password.clone()
    };
    vec![
        refused(
            "an authority of strangers",
            password.with("ssl.ca.location", &stranger),
            &authority,
        ),
        refused(
            "the system's authorities",
            password.without("ssl.ca.location"),
            &authority,
        ),
        refused(
            "an expired certificate of the broker",
            at_expired,
            &authority,
        ),
        refused("no client certificate", none, &own),
        refused("a foreign client certificate", foreign, &own),
        refused(
            "a file that is not there",
            password.with("ssl.ca.location", "/no/such/ca.pem"),
            &["ssl.ca.location", "kafka.properties"],
        ),
    ]
}

fn wrong_protocols(broker: &SecureBroker) -> Vec<Refused> {
    let login = broker.password(USER);
    let fix = ["security.protocol", &login.address];
    let with =
        |protocol: &'static str| refused(protocol, login.with("security.protocol", protocol), &fix);
    ["PLAINTEXT", "SASL_PLAINTEXT", "SSL"].map(with).into()
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
