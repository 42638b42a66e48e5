//! Says in the log and on `/readyz` that no broker answers, whatever the workers are doing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Error, connect};
use crate::config::CheckedConfig;
use crate::http::Board;
use crate::kafka::{BrokerState, OutageWatch};

/// Time between two questions, and between two lines during an outage. One small request is no load for the brokers, and an
/// operator reads of an outage before the group drops the process.
const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// Starts the thread that asks. It ends with the process.
///
/// # Errors
/// When the client or the thread cannot start.
pub fn start(checked: &CheckedConfig, board: &Arc<Board>) -> Result<(), Error> {
    let settings = connect::kafka(checked, 0)?;
    let mut watch =
        OutageWatch::new(&settings, &checked.plan.topics.panes).map_err(Error::failed)?;
    let board = Arc::clone(board);
    let work = move || {
        let mut next = Instant::now() + ASK_INTERVAL;
        loop {
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            next = Instant::now() + ASK_INTERVAL;
            show(watch.look(), &board);
        }
    };
    std::thread::Builder::new()
        .name("brokers".to_owned())
        .spawn(work)
        .map(|_| ())
        .map_err(Error::failed)
}

fn show(state: BrokerState, board: &Board) {
    match state {
        BrokerState::Answer => {}
        BrokerState::AnswerAgain { outage } => {
            let outage_secs = outage.as_secs();
            tracing::info!(outage_secs, "the brokers answer again");
            board.waits_for(None);
        }
        BrokerState::Silent { outage, why } => {
            let outage_secs = outage.as_secs();
            tracing::warn!(why, outage_secs, "waiting for brokers");
            board.waits_for(Some(format!("brokers: {why}")));
        }
    }
}
