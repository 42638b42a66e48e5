//! Probes must be answered whatever other clients of the HTTP server do: half-open connections, slow senders, slow readers,
//! and a process without descriptors.
//!
//! The server runs in a process of its own with 256 file descriptors: this test binary, started again by `sh`.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tidegauge::event::{EventTime, Tick};
use tidegauge::http::{Board, BoardOptions, WorkerMeter, serve};
use tidegauge::pipeline::frame::SourceId;
use tidegauge::pipeline::observations::{IngestCounts, IngestObservations};
use tidegauge::runtime::meter::Meter;
use tidegauge::runtime::{Activity, Heartbeat};

/// Set in the process of the server.
const IS_SERVER: &str = "TIDEGAUGE_TEST_IS_HTTP_SERVER";
/// A probe gives up after this time. Kubernetes gives up after one second by default; a loaded machine needs more.
const PROBE_MAX: Duration = Duration::from_secs(5);

/// Not a test: what the process of the server does until its input ends.
#[test]
fn serves_in_a_process_of_its_own() {
    if std::env::var_os(IS_SERVER).is_none() {
        return;
    }
    let board = Arc::new(
        Board::new(BoardOptions {
            drift_series_max: 10,
            clock: Box::new(|| Tick(0)),
            heartbeat_age_max: Duration::from_secs(60),
        })
        .unwrap(),
    );
    let heartbeat = Heartbeat::default();
    let worker = WorkerMeter::new(&board, &heartbeat);
    worker.restored(Duration::ZERO, 0);
    // Thousands of sources make /metrics larger than what a socket buffers.
    for partition in 0..20_000 {
        worker.observe_ingest(&IngestObservations {
            source: SourceId {
                topic: "predictions".into(),
                partition,
            },
            counts: IngestCounts::default(),
            watermark: Some(EventTime(0)),
        });
    }
    let server = serve(SocketAddr::from(([127, 0, 0, 1], 0)), board).unwrap();
    println!("\nserving at {}", server.address());
    thread::spawn(move || {
        loop {
            heartbeat.beat(Activity::Polling);
            thread::sleep(Duration::from_secs(1));
        }
    });
    let _ended = std::io::stdin().read_to_end(&mut Vec::new());
}

/// A server that is killed when it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server that may open `descriptors` files and sockets.
    fn start(descriptors: usize) -> Self {
        let program = std::env::current_exe().unwrap();
        let line = format!(r#"ulimit -n {descriptors}; exec "$0" --exact "$1" --nocapture"#);
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .arg(program)
            .arg("serves_in_a_process_of_its_own")
            .env(IS_SERVER, "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let line = lines.find(|line| line.starts_with("serving at ")).unwrap();
        let address = line.trim_start_matches("serving at ").parse().unwrap();
        thread::spawn(move || lines.for_each(drop)); // the pipe must not fill
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// Connections that send nothing.
    fn half_open(&self, count: usize) -> Vec<TcpStream> {
        (0..count).map(|_| self.connect()).collect()
    }

    /// Status code of a probe.
    fn probe(&self, path: &str) -> u16 {
        let begun = Instant::now();
        let mut stream = TcpStream::connect_timeout(&self.address, PROBE_MAX).unwrap();
        stream.set_read_timeout(Some(PROBE_MAX)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        if let Err(error) = stream.read_to_string(&mut answer) {
            panic!(
                "{path} was not answered within {:?}: {error}",
                begun.elapsed()
            );
        }
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn assert_healthy(&self) {
        for path in ["/livez", "/readyz"] {
            assert_eq!(self.probe(path), 200, "{path}");
        }
    }

    /// The counter of closed connections.
    fn dropped(&self, why: &str) -> u64 {
        let mut stream = self.connect();
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let name = format!("tidegauge_http_connections_dropped_total{{why=\"{why}\"}} ");
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        let mut values = lines.filter_map(|line| line.strip_prefix(&name)?.parse().ok());
        values.next().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn half_open_connections_do_not_keep_probes_from_being_answered() {
    let server = Server::start(256);
    server.assert_healthy();
    let open = server.half_open(464);
    server.assert_healthy();
    let mut more = server.half_open(100);
    server.assert_healthy();
    assert!(server.dropped("room") >= 464 + 100 - 64);
    // A connection that has room is closed when its request does not come.
    let last = more.last_mut().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut answer = Vec::new();
    let _reset = last.read_to_end(&mut answer);
    assert!(
        server.dropped("slow") > 0,
        "{}",
        String::from_utf8_lossy(&answer)
    );
    drop((open, more));
    server.assert_healthy();
}

#[test]
fn senders_and_readers_that_take_their_time_do_not_keep_probes_from_being_answered() {
    let server = Server::start(256);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut senders = server.half_open(40);
    let mut readers = server.half_open(40);
    for reader in &mut readers {
        // Nobody reads the response.
        let _closed = write!(reader, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    let over = Arc::clone(&is_over);
    let sending = thread::spawn(move || {
        let request = b"GET /readyz HTTP/1.1\r\nX-Padding: ".iter();
        for byte in request.chain(std::iter::repeat(&b'x')) {
            if over.load(Ordering::Relaxed) {
                return;
            }
            for sender in &mut senders {
                let _closed = sender.write_all(&[*byte]);
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
    for _ in 0..10 {
        server.assert_healthy();
        thread::sleep(Duration::from_millis(100));
    }
    is_over.store(true, Ordering::Relaxed);
    sending.join().unwrap();
    drop(readers);
    assert!(server.dropped("room") > 0, "a scrape is answered as well");
}

#[test]
fn a_process_without_descriptors_still_answers_probes() {
    // The test binary and its runtime need some ten of them.
    let server = Server::start(24);
    server.assert_healthy();
    let open = server.half_open(60);
    server.assert_healthy();
    server.assert_healthy();
    drop(open);
    server.assert_healthy();
}
