//! Promises on a broker with TLS, logins and access rules: the documented rights suffice, and whatever is missing or wrong
//! is named with its fix.
//!
//! The tests share one broker: see [`support::SecureBroker`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../deployment/mod.rs"]
mod deployment;
#[path = "../support/mod.rs"]
mod support;

mod connection;
mod documented;
mod rights;

use support::{Login, SecureBroker, Tidegauge};

/// User with all documented rights.
const USER: &str = "tidegauge";

/// The broker, with a user for each scenario.
fn broker(test: &str) -> Option<&'static SecureBroker> {
    let mut users = vec![USER.to_owned()];
    users.extend((0..documented::RULES_MAX).map(documented::user_without));
    SecureBroker::or_skip(test, &users)
}

/// Configuration with only a login. It waits for brokers for a few seconds.
fn connecting(login: &Login) -> String {
    let (address, properties) = (&login.address, login.yaml());
    format!(
        "kafka: {{brokers: ['{address}'], properties: {{'client.id': 'tidegauge'{properties}}}}}\n\
         runtime: {{broker_wait: 3s}}\nhttp: {{enabled: false}}\n"
    )
}

/// The sentence with which a process ends.
#[track_caller]
fn last_sentence(process: &mut Tidegauge) -> String {
    let status = process.await_exit(std::time::Duration::from_secs(60));
    let log = process.log();
    assert_eq!(status.code(), Some(1), "{log}");
    let said: Vec<&str> = log
        .lines()
        .filter_map(|line| line.strip_prefix("tidegauge: "))
        .collect();
    let [sentence] = &said[..] else {
        panic!("one sentence: {log}")
    };
    (*sentence).to_owned()
}

#[track_caller]
fn assert_names(sentence: &str, words: &[&str]) {
    for word in words {
        assert!(
            sentence.contains(word),
            "{word:?} is not named in: {sentence}"
        );
    }
}
