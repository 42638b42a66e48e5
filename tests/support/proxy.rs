//! A TCP proxy before the brokers: a test cuts or freezes every connection of one process, at any moment or at a certain
//! request, while the test itself goes on talking to the brokers.
//!
//! The proxy reads Kafka's frames (a length, then the bytes). A request begins with the number of its API. In responses it
//! replaces the brokers' addresses by its own, so that clients never learn the real ones.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI16, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::Duration;

use super::broker::Broker;

/// Number of the API `AddOffsetsToTxn`, by which a producer adds a group to its transaction before it sends offsets.
pub const ADD_OFFSETS_TO_TXN: i16 = 25;
/// Number of the API `TxnOffsetCommit`, by which a producer sends offsets to the coordinator of the group.
pub const TXN_OFFSET_COMMIT: i16 = 28;
/// Number of no API.
const NEVER: i16 = -1;
/// Host of all brokers under test.
const HOST: &str = "127.0.0.1";
/// How often a frozen connection looks whether it may go on.
const FROZEN_PAUSE: Duration = Duration::from_millis(10);

const OPEN: u8 = 0;
const CUT: u8 = 1;
const FROZEN: u8 = 2;

/// Proxy before all brokers of a cluster.
pub struct Proxy {
    broker: Broker,
    line: Arc<Line>,
}

/// State of all connections.
struct Line {
    state: AtomicU8,
    cut_at: AtomicI16,
    freeze_at: AtomicI16,
    /// Whether a request of `cut_at` or `freeze_at` has come.
    sprung: AtomicBool,
    /// Real port and own port of each broker.
    ports: Vec<(u16, u16)>,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Starts a proxy before `broker`, whose nodes must listen on 127.0.0.1.
    pub fn before(broker: &Broker, test: &str) -> Self {
        let ports = broker.address().split(',').map(|address| {
            let (host, port) = address.rsplit_once(':').unwrap();
            assert!(host == HOST || host == "localhost", "{address}");
            port.parse::<u16>().unwrap()
        });
        let listeners: Vec<(u16, TcpListener)> = ports
            .map(|port| (port, TcpListener::bind((HOST, 0)).unwrap()))
            .collect();
        let own = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let line = Arc::new(Line {
            state: AtomicU8::new(OPEN),
            cut_at: AtomicI16::new(NEVER),
            freeze_at: AtomicI16::new(NEVER),
            sprung: AtomicBool::new(false),
            ports: listeners.iter().map(|(port, l)| (*port, own(l))).collect(),
            connections: Mutex::default(),
        });
        let addresses = line.ports.iter().map(|(_, own)| format!("{HOST}:{own}"));
        let broker = Broker::at(&addresses.collect::<Vec<_>>().join(","), test);
        for (port, listener) in listeners {
            let line = Arc::clone(&line);
            thread::spawn(move || line.listen(&listener, port));
        }
        Self { broker, line }
    }

    /// The cluster as clients see it through the proxy.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Closes all connections, and each new one at once.
    pub fn cut(&self) {
        self.line.cut();
    }

    /// Cuts as soon as a client sends a request of this API. The request does not arrive.
    pub fn cut_at(&self, api: i16) {
        self.line.cut_at.store(api, Ordering::SeqCst);
    }

    /// Freezes as soon as a client sends a request of this API. The request waits with all others.
    pub fn freeze_at(&self, api: i16) {
        self.line.freeze_at.store(api, Ordering::SeqCst);
    }

    /// Whether [`Proxy::cut_at`] has cut, or [`Proxy::freeze_at`] frozen.
    pub fn has_sprung(&self) -> bool {
        self.line.sprung.load(Ordering::SeqCst)
    }

    /// Lets nothing through any more, in either direction, and closes nothing. New connections are accepted.
    pub fn freeze(&self) {
        self.line.state.store(FROZEN, Ordering::SeqCst);
    }

    /// Lets everything through again.
    pub fn open(&self) {
        self.line.cut_at.store(NEVER, Ordering::SeqCst);
        self.line.freeze_at.store(NEVER, Ordering::SeqCst);
        self.line.state.store(OPEN, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.cut();
    }
}

impl Line {
    fn cut(&self) {
        self.state.store(CUT, Ordering::SeqCst);
        for connection in self.connections.lock().unwrap().drain(..) {
            let _already_closed = connection.shutdown(Shutdown::Both);
        }
    }

    fn is_cut(&self) -> bool {
        self.state.load(Ordering::SeqCst) == CUT
    }

    fn listen(self: &Arc<Self>, listener: &TcpListener, port: u16) {
        for client in listener.incoming() {
            let Ok(client) = client else { continue };
            let Ok(broker) = TcpStream::connect((HOST, port)) else {
                continue;
            };
            self.connections
                .lock()
                .unwrap()
                .extend([client.try_clone().unwrap(), broker.try_clone().unwrap()]);
            if self.is_cut() {
                self.cut();
                continue;
            }
            let (requests, responses) = (Arc::clone(self), Arc::clone(self));
            let (from, to) = (client.try_clone().unwrap(), broker.try_clone().unwrap());
            thread::spawn(move || requests.pass_requests(from, to));
            thread::spawn(move || responses.pass_responses(broker, client));
        }
    }

    fn pass_requests(&self, mut client: TcpStream, mut broker: TcpStream) {
        while let Some(request) = frame(&mut client) {
            let api = i16::from_be_bytes([request[4], request[5]]);
            self.spring(api);
            self.wait_while_frozen();
            if self.is_cut() || broker.write_all(&request).is_err() {
                break;
            }
        }
        close(&client, &broker);
    }

    fn pass_responses(&self, mut broker: TcpStream, mut client: TcpStream) {
        while let Some(mut response) = frame(&mut broker) {
            self.wait_while_frozen();
            self.replace_ports(&mut response);
            if self.is_cut() || client.write_all(&response).is_err() {
                break;
            }
        }
        close(&client, &broker);
    }

    /// Cuts or freezes if this is the request to do it at.
    fn spring(&self, api: i16) {
        if api == self.cut_at.load(Ordering::SeqCst) {
            self.sprung.store(true, Ordering::SeqCst);
            self.cut();
        } else if api == self.freeze_at.load(Ordering::SeqCst) {
            self.sprung.store(true, Ordering::SeqCst);
            self.state.store(FROZEN, Ordering::SeqCst);
        }
    }

    fn wait_while_frozen(&self) {
        while self.state.load(Ordering::SeqCst) == FROZEN {
            sleep(FROZEN_PAUSE);
        }
    }

    /// Every response writes the address of a broker as the host and then the port in four bytes.
    fn replace_ports(&self, response: &mut [u8]) {
        let host = HOST.as_bytes();
        let mut at = 0;
        while at + host.len() + 4 <= response.len() {
            let after = at + host.len();
            if &response[at..after] == host {
                let written = &mut response[after..after + 4];
                let port = u32::from_be_bytes([written[0], written[1], written[2], written[3]]);
                let known = self.ports.iter().find(|(real, _)| u32::from(*real) == port);
                if let Some((_, own)) = known {
                    written.copy_from_slice(&u32::from(*own).to_be_bytes());
                }
            }
            at += 1;
        }
    }
}

fn close(client: &TcpStream, broker: &TcpStream) {
    for connection in [client, broker] {
        let _already_closed = connection.shutdown(Shutdown::Both);
    }
}

/// The next frame with its length; `None` at the end of the connection.
fn frame(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).ok()?;
    let mut frame = length.to_vec();
    frame.resize(4 + u32::from_be_bytes(length) as usize, 0);
    from.read_exact(&mut frame[4..]).ok()?;
    Some(frame)
}
