//! When names beyond the limits are dropped from what is open.

/// Decides when surplus names are dropped. To look for them costs as much as there are entries, so it is worth it only
/// after enough new ones.
#[derive(Debug)]
pub struct DropThreshold {
    free: usize,
    max: usize,
}

impl DropThreshold {
    /// Below `free` entries nothing is dropped.
    #[must_use]
    pub fn new(free: usize) -> Self {
        Self { free, max: free }
    }

    /// True if surplus names are due to be dropped from `held` entries.
    #[must_use]
    pub fn is_reached(&self, held: usize) -> bool {
        held >= self.max
    }

    /// `held` entries are left after a drop. The next one comes after half as many again.
    pub fn dropped_to(&mut self, held: usize) {
        self.max = self.free.max(held + held / 2);
    }

    /// `held` entries are left because others were closed. What they allowed is not allowed any more.
    pub fn shrank_to(&mut self, held: usize) {
        self.max = self.max.min(self.free.max(held + held / 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_follows_what_is_held_down_to_what_is_free() {
        let mut drops = DropThreshold::new(100);
        assert!(!drops.is_reached(99) && drops.is_reached(100));
        drops.dropped_to(1_000);
        assert!(!drops.is_reached(1_499) && drops.is_reached(1_500));
        drops.shrank_to(400);
        assert!(!drops.is_reached(599) && drops.is_reached(600));
        drops.shrank_to(500);
        assert!(drops.is_reached(600), "it never rises without a drop");
        drops.shrank_to(0);
        assert!(drops.is_reached(100));
    }
}
