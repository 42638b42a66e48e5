//! kcat, a client that is not ours: writes what rdkafka's types forbid (header names that are not UTF-8).

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

use super::broker::Broker;

/// Runs `kcat -b BROKER ARGS…` with `input` on its standard input and returns what it printed.
///
/// # Panics
/// If kcat is missing or fails.
pub fn kcat<A: AsRef<OsStr>>(broker: &Broker, args: &[A], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("kcat");
    command.arg("-b").arg(broker.address()).args(args);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()); // its complaints matter only if it fails
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
