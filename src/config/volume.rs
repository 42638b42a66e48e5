//! `volume`: which changes of traffic are alarms.

use serde::{Deserialize, Serialize};

use super::fault::ConfigFaults;
use crate::detect::volume::VolumeSettings;

/// Which changes of a model's traffic are alarms. A change must also be larger than what is ordinary for the model:
/// `/status` and the metric `tidegauge_volume_detectable_ratio` show the smallest change that alarms now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VolumeConfig {
    /// Smallest fall of traffic that alarms, as a share of what is expected, 0.05 to 1. Smaller falls of steady traffic
    /// are found, but seldom matter. With 1, only a full stop alarms. Switch the detector off with `detect.disabled`.
    pub drop: f64,
    /// Smallest rise of traffic that alarms, as a share of what is expected, 0.1 to 1000: 1 means twice the traffic.
    /// A window of seven days alarms from about 0.7 of it.
    pub rise: f64,
    /// If true, a change that alarms twice within 28 days becomes ordinary. Batches that come now and then stop
    /// alarming after the second. With false, they alarm each time, and repeated outages never become ordinary.
    pub learn_repeats: bool,
}

impl Default for VolumeConfig {
    fn default() -> Self {
        let VolumeSettings {
            drop,
            rise,
            learn_repeats,
        } = VolumeSettings::default();
        Self {
            drop,
            rise,
            learn_repeats,
        }
    }
}

impl VolumeConfig {
    pub(super) fn check(self, faults: &mut ConfigFaults) -> VolumeSettings {
        faults.require_within("volume.drop", &self.drop, 0.05..=1.0);
        faults.require_within("volume.rise", &self.rise, 0.1..=1_000.0);
        VolumeSettings {
            drop: self.drop,
            rise: self.rise,
            learn_repeats: self.learn_repeats,
        }
    }
}
