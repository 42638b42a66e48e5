//! Runs kcat, an independent client. It can write what rdkafka's types forbid, such as header names that are not UTF-8.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

use super::broker::Broker;

/// Runs `kcat -b BROKER ARGS…` with `input` as standard input and returns its output.
///
/// # Panics
/// If kcat is missing or fails.
pub fn kcat<A: AsRef<OsStr>>(broker: &Broker, args: &[A], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("kcat");
    command.arg("-b").arg(broker.address()).args(args);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()); // stderr is shown only on failure
    let spawned = command.spawn();
    let mut child = spawned.expect("kcat is installed (apt-get install kcat)");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "kcat: {}: {complaints}",
        output.status
    );
    output.stdout
}
