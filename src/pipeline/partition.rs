//! The partitioner of the internal topics. Both functions are part of the persisted format.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Partitions of each internal topic, fixed for the life of a deployment.
pub const INTERNAL_PARTITIONS: u32 = 16;

/// Seed of the hash that spreads models over partitions.
const MODEL_SEED: u64 = 0x70_61_6e_65;

/// The partition of `panes` that evaluates `model`.
#[must_use]
pub fn partition_of_model(model: &str) -> u32 {
    (xxh3_64_with_seed(model.as_bytes(), MODEL_SEED) % u64::from(INTERNAL_PARTITIONS)) as u32
}

/// The partition of `outcomes` where the prediction and the labels with this id hash meet. It depends on the high bits
/// only, because hash tables use the low ones.
#[must_use]
pub fn partition_of_id(id: u64) -> u32 {
    (id >> 32) as u32 % INTERNAL_PARTITIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change here would send a model or an id to another partition than before an upgrade.
    #[test]
    fn a_model_and_an_id_keep_their_partition() {
        let models = ["fraud", "churn", "m"].map(partition_of_model);
        assert_eq!(models, [13, 7, 10]);
        let ids = [0, 7 << 32, 19 << 32, u64::MAX].map(partition_of_id);
        assert_eq!(ids, [0, 7, 3, 15]);
    }
}
