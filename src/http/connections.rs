//! Connections of the HTTP server: how many there may be, how long each may take, and which one makes room for a new one.
//!
//! **Why.** Probes decide whether the process lives. They must be answered whatever other clients do: half-open
//! connections, requests that come byte by byte, scrapers that do not read, and no file descriptor left.
//!
//! **How.** A new connection is always accepted. If there are [`CONNECTIONS_MAX`] already, the oldest one that has not sent
//! a request is closed, or else the oldest. Each connection serves one request. Its head must arrive within [`HEAD_MAX`],
//! and everything must be done within [`CONNECTION_MAX`]. If the process has no descriptor left, the
//! oldest connection without a request is closed. If there is none, a reserved descriptor is given up; after that, the
//! oldest connection is closed.

use std::collections::HashMap;
use std::io;
use std::net::TcpListener as StdListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{sleep, timeout};

use super::board::Board;
use super::catalogue::Metric;
use super::dropped::Dropped;

/// Connections at a time. Probes, a few scrapers and people need fewer than ten. 64 leave most of a small limit of 256
/// descriptors to the Kafka clients.
const CONNECTIONS_MAX: usize = 64;
/// Time for the head of a request to arrive.
const HEAD_MAX: Duration = Duration::from_secs(5);
/// Time from the accept to the last byte of the response: a scrape gives up after 10 s by default.
const CONNECTION_MAX: Duration = Duration::from_secs(15);
/// Pause after a failed accept, so that a lasting failure does not take a whole core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections of which one makes room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Among {
    /// Those that have not sent a request.
    Silent,
    All,
}

/// A connection that is open.
struct Open {
    /// Its place in the order of accepts.
    number: u64,
    has_request: Arc<AtomicBool>,
    task: AbortHandle,
}

/// All open connections.
pub(super) struct Connections {
    board: Arc<Board>,
    router: TowerToHyperService<Router>,
    open: HashMap<Id, Open>,
    tasks: JoinSet<()>,
    accepted: u64,
    has_warned: bool,
}

impl Connections {
    pub(super) fn new(board: Arc<Board>, router: Router) -> Self {
        Self {
            board,
            router: TowerToHyperService::new(router),
            open: HashMap::new(),
            tasks: JoinSet::new(),
            accepted: 0,
            has_warned: false,
        }
    }

    /// Serves connections until `stopping`, then waits for open responses.
    ///
    /// # Errors
    /// When the listener cannot be used. A failed accept is not an error.
    pub(super) async fn serve(
        mut self,
        listener: StdListener,
        mut stopping: oneshot::Receiver<()>,
    ) -> io::Result<()> {
        let mut reserve = listener.try_clone().ok();
        let listener = TcpListener::from_std(listener)?;
        loop {
            tokio::select! {
                _ = &mut stopping => break,
                Some(done) = self.tasks.join_next_with_id() => self.forget(&done),
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.take(stream),
                    Err(error) => {
                        self.survive(&error, &mut reserve).await;
                        continue; // the freed descriptor is for the next accept
                    }
                }
            }
            if reserve.is_none() {
                reserve = duplicate(&listener);
            }
        }
        drop(listener);
        self.finish().await;
        Ok(())
    }

    fn forget(&mut self, done: &Result<(Id, ()), tokio::task::JoinError>) {
        let id = match done {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.open.remove(&id);
    }

    fn take(&mut self, stream: TcpStream) {
        while self.open.len() >= CONNECTIONS_MAX {
            let _ = self.make_room(Among::Silent) || self.make_room(Among::All);
        }
        self.accepted += 1;
        let has_request = Arc::new(AtomicBool::new(false));
        let board = Arc::clone(&self.board);
        let answered = answer(stream, self.router.clone(), Arc::clone(&has_request));
        let task = self.tasks.spawn(async move {
            if timeout(CONNECTION_MAX, answered).await != Ok(Served::InTime) {
                count(&board, Dropped::Slow);
            }
        });
        let open = Open {
            number: self.accepted,
            has_request,
            task,
        };
        self.open.insert(open.task.id(), open);
    }

    /// Closes the oldest connection. Returns false if there is none.
    fn make_room(&mut self, among: Among) -> bool {
        let is_meant =
            |open: &&Open| among == Among::All || !open.has_request.load(Ordering::Relaxed);
        let open = self.open.values().filter(is_meant);
        let Some(oldest) = open.min_by_key(|open| open.number) else {
            return false;
        };
        let id = oldest.task.id();
        oldest.task.abort();
        self.open.remove(&id);
        count(&self.board, Dropped::Room);
        if !std::mem::replace(&mut self.has_warned, true) {
            tracing::warn!(
                connections_max = CONNECTIONS_MAX,
                "the HTTP server has no room: the oldest connections are closed, so that probes are answered; \
                 tidegauge_http_connections_dropped_total counts them. It is logged once"
            );
        }
        true
    }

    /// Makes room after a failed accept, most likely because the process has no descriptor left. If all connections have
    /// sent a request, the reserved descriptor is freed for the next accept.
    async fn survive(&mut self, error: &io::Error, reserve: &mut Option<StdListener>) {
        let is_of_one_connection = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
        );
        if is_of_one_connection {
            return;
        }
        tracing::debug!(%error, "cannot accept a connection");
        let is_freed =
            self.make_room(Among::Silent) || reserve.take().is_some() || self.make_room(Among::All);
        if is_freed {
            tokio::task::yield_now().await; // the task of a closed connection frees its descriptor
        } else {
            sleep(ACCEPT_PAUSE).await;
        }
    }

    /// Waits for responses that have begun, and drops all other connections.
    async fn finish(mut self) {
        for open in self.open.values() {
            if !open.has_request.load(Ordering::Relaxed) {
                open.task.abort();
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The permit of a large page. Its connection holds it until the page is sent, so few such pages are in memory.
#[derive(Clone, Default)]
pub(super) struct HeldPage(Arc<OnceLock<OwnedSemaphorePermit>>);

impl HeldPage {
    pub(super) fn hold(&self, permit: OwnedSemaphorePermit) {
        let _ = self.0.set(permit); // a connection has one request
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Served {
    /// It was answered, or its client left.
    InTime,
    /// The head of its request did not come in time.
    HeadTooSlow,
}

async fn answer(
    stream: TcpStream,
    router: TowerToHyperService<Router>,
    has_request: Arc<AtomicBool>,
) -> Served {
    let held = HeldPage::default();
    let service = service_fn(move |mut request: Request<Incoming>| {
        has_request.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(held.clone());
        router.call(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        // One request each: then an idle connection needs no limit of its own, and a client connects in no time.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    match connection.await {
        Err(error) if error.is_timeout() => Served::HeadTooSlow,
        Ok(()) | Err(_) => Served::InTime,
    }
}

fn duplicate(listener: &TcpListener) -> Option<StdListener> {
    use std::os::fd::AsFd as _;
    let descriptor = listener.as_fd().try_clone_to_owned().ok()?;
    Some(StdListener::from(descriptor))
}

fn count(board: &Board, why: Dropped) {
    board.metrics.add(Metric::HttpDropped, &[why.name()], 1);
}
