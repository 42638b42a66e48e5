//! Size of a campaign: how many events and how many faults of each kind.

use std::ops::Range;
use std::time::Duration;

use crate::deployment::stream::Random;

/// Events and faults of a campaign.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Records of the input, good and bad.
    pub events: usize,
    /// Processes killed with SIGKILL, each started again at once.
    pub kills: usize,
    /// Processes suspended with SIGSTOP and continued with SIGCONT.
    pub pauses: usize,
    /// Nodes killed with SIGKILL and started again, never two at once.
    pub node_kills: usize,
    /// Kills of all processes and all nodes at once.
    pub full_restarts: usize,
    /// Seconds between two kills.
    pub kill_every: Range<u64>,
    /// Length of a pause in seconds.
    pub pause: Range<u64>,
    /// Seconds for which a killed node stays down.
    pub node_down: Range<u64>,
    /// Seconds between two kills of nodes, from the moment when all replicas are in sync.
    pub node_every: Range<u64>,
    /// Seed of the input, and of the times and victims of the faults.
    pub seed: u64,
}

impl Plan {
    /// The short plan, or the long one if `TIDEGAUGE_LONG` is set. `TIDEGAUGE_CAMPAIGN_EVENTS`, `_KILLS`, `_PAUSES`,
    /// `_NODE_KILLS`, `_FULL_RESTARTS` and `_SEED` replace single numbers.
    pub fn chosen() -> Self {
        let is_long = std::env::var_os("TIDEGAUGE_LONG").is_some();
        let mut plan = if is_long { long() } else { short() };
        replace("EVENTS", &mut plan.events);
        replace("KILLS", &mut plan.kills);
        replace("PAUSES", &mut plan.pauses);
        replace("NODE_KILLS", &mut plan.node_kills);
        replace("FULL_RESTARTS", &mut plan.full_restarts);
        replace("SEED", &mut plan.seed);
        plan
    }

    /// Number of faults of all kinds.
    pub fn faults(&self) -> usize {
        self.kills + self.pauses + self.node_kills + self.full_restarts
    }

    /// Part number `part` of `parts` nearly equal ones.
    pub fn share(&self, part: usize, parts: usize) -> Self {
        let of = |total: usize| total * (part + 1) / parts - total * part / parts;
        Self {
            kills: of(self.kills),
            pauses: of(self.pauses),
            node_kills: of(self.node_kills),
            ..self.clone()
        }
    }
}

/// Random duration of whole milliseconds in a range of seconds.
pub fn within(random: &mut Random, secs: &Range<u64>) -> Duration {
    let millis = secs.start * 1_000..secs.end * 1_000;
    Duration::from_millis(millis.start + random.below(millis.end - millis.start))
}

fn short() -> Plan {
    Plan {
        events: 60_000,
        kills: 4,
        pauses: 1,
        node_kills: 1,
        full_restarts: 0,
        kill_every: 1..6,
        pause: 7..9, // longer than the session timeout of the tests, 6 s
        node_down: 3..5,
        node_every: 1..4,
        seed: 1,
    }
}

fn long() -> Plan {
    Plan {
        events: 1_000_000,
        kills: 40,
        pauses: 10,
        node_kills: 10,
        full_restarts: 1,
        kill_every: 2..22,
        pause: 20..60,
        node_down: 2..20,
        node_every: 2..30,
        seed: 1,
    }
}

fn replace<T: std::str::FromStr>(what: &str, number: &mut T) {
    let name = format!("TIDEGAUGE_CAMPAIGN_{what}");
    let Ok(text) = std::env::var(&name) else {
        return;
    };
    let Ok(given) = text.parse() else {
        panic!("{name} is '{text}', not a number");
    };
    *number = given;
}
