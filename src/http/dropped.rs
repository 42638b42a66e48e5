//! Why the server closes a connection before it is done.

/// Why a connection was closed before it was done: the label `why` of `tidegauge_http_connections_dropped_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropped {
    /// Another connection needed its place or its descriptor.
    Room,
    /// It took too long.
    Slow,
}

impl Dropped {
    pub(super) const ALL: [Self; 2] = [Self::Room, Self::Slow];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Slow => "slow",
        }
    }
}
