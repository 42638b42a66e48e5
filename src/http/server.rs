//! The HTTP server. It runs in its own thread with a small runtime, so that a slow scrape never blocks a worker.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde::Serialize;
use tokio::sync::{Semaphore, oneshot};

use super::board::Board;
use super::connections::{Connections, HeldPage};
use super::metrics::MetricError;

/// Time that open responses have once the server shuts down.
const SHUTDOWN_MAX: Duration = Duration::from_secs(1);

/// Large pages (`/metrics`, `/status`) that are in memory at a time, at a few megabytes each. Further requests wait.
const LARGE_PAGES_MAX: usize = 4;

/// Response of `/`.
const INDEX: &str = "\
tidegauge
/metrics  for Prometheus
/status   models, distances, references, lag and firing alerts, as JSON
/livez    200 while all workers move, whatever the brokers do
/readyz   200 once everything assigned is restored, else 503 and why
";

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process listens on the address.
    #[error(
        "{0} is in use by another process: set `http.listen` to a free address, or to port 0 for any free port"
    )]
    Taken(SocketAddr),
    /// Listening on the address fails.
    #[error(
        "cannot listen on {address}: {source}; set `http.listen` to an address of this machine, such as 127.0.0.1:0"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Error of the system.
        source: std::io::Error,
    },
    /// The thread or its runtime cannot start.
    #[error("cannot start the thread of the HTTP server: {0}")]
    Start(std::io::Error),
}

/// A running server. Dropping it shuts the server down and waits a moment for open responses.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    stopped: Receiver<()>,
}

impl Handle {
    /// Address with the actual port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
            // Disconnected means stopped. After the timeout the thread ends with the process.
            let _ = self.stopped.recv_timeout(SHUTDOWN_MAX);
        }
    }
}

/// Serves `board` at `listen` until the handle is dropped.
///
/// # Errors
/// When listening on the address fails. The message names the address and the fix.
pub fn serve(listen: SocketAddr, board: Arc<Board>) -> Result<Handle, ServeError> {
    let fault = |source| listen_error(listen, source);
    let listener = TcpListener::bind(listen).map_err(fault)?;
    listener.set_nonblocking(true).map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    let (stop, stopping) = oneshot::channel();
    let (done, stopped) = channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .map_err(ServeError::Start)?;
    std::thread::Builder::new()
        .name("http".into())
        .spawn(move || {
            let _done = done; // dropped when the thread ends; the handle waits for that
            if let Err(error) = runtime.block_on(answer(listener, board, stopping)) {
                tracing::error!(%error, "the HTTP server stopped");
            }
        })
        .map_err(ServeError::Start)?;
    Ok(Handle {
        address,
        stop: Some(stop),
        stopped,
    })
}

fn listen_error(address: SocketAddr, source: std::io::Error) -> ServeError {
    match source.kind() {
        std::io::ErrorKind::AddrInUse => ServeError::Taken(address),
        _ => ServeError::Listen { address, source },
    }
}

async fn answer(
    listener: TcpListener,
    board: Arc<Board>,
    stopping: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let pages = Pages {
        board: Arc::clone(&board),
        permits: Arc::new(Semaphore::new(LARGE_PAGES_MAX)),
    };
    let connections = Connections::new(board, routes(pages));
    connections.serve(listener, stopping).await
}

/// What the pages are made of.
#[derive(Clone)]
struct Pages {
    board: Arc<Board>,
    /// Permits for large pages.
    permits: Arc<Semaphore>,
}

impl Pages {
    /// Writes a large page, beside the thread that answers probes.
    async fn write<T: Send + 'static>(
        &self,
        held: &HeldPage,
        page: impl FnOnce(&Board) -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let failed = |error: &dyn std::error::Error| Failed(error.to_string());
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|e| failed(&e))?;
        let board = Arc::clone(&self.board);
        // The permit stays with the work: a client that hangs up meanwhile does not make room for another page.
        let written = tokio::task::spawn_blocking(move || (page(&board), permit)).await;
        let (page, permit) = written.map_err(|e| failed(&e))?;
        held.hold(permit);
        Ok(page)
    }
}

fn routes(pages: Pages) -> Router {
    Router::new()
        .route("/", get(|| async { INDEX }))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(pages)
}

async fn metrics(
    State(pages): State<Pages>,
    Extension(held): Extension<HeldPage>,
) -> Result<Response, Failed> {
    let text = pages.write(&held, Board::render).await??;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

async fn status(
    State(pages): State<Pages>,
    Extension(held): Extension<HeldPage>,
) -> Result<Response, Failed> {
    let page = |board: &Board| json(StatusCode::OK, &board.status());
    pages.write(&held, page).await
}

async fn livez(State(pages): State<Pages>) -> Response {
    let readiness = pages.board.readiness();
    json(code(readiness.live), &readiness)
}

async fn readyz(State(pages): State<Pages>) -> Response {
    let readiness = pages.board.readiness();
    json(code(readiness.ready), &readiness)
}

fn code(good: bool) -> StatusCode {
    if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

fn json(code: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string_pretty(body) {
        Ok(text) => (
            code,
            [(header::CONTENT_TYPE, "application/json")],
            text + "\n",
        )
            .into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Responds that a page cannot be written.
struct Failed(String);

impl From<MetricError> for Failed {
    fn from(error: MetricError) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0).into_response()
    }
}
