//! Check, before anything runs, that a burn rule can fire at all.

use super::allowance::Allowance;
use super::burn::BurnWindow;
use super::burn_rule::BurnRule;
use super::objective::{Objective, Rule};

/// Burn factor that no traffic can exceed: if every event is bad, the burn rate is 1 ÷ (1 − target).
#[derive(Debug, Clone, PartialEq)]
pub struct Infeasible {
    /// Index of the first burn window whose factor is infeasible.
    pub window: usize,
    /// Factor of that window.
    pub factor: f64,
    /// Upper bound, exclusive, of the factors that can fire.
    pub below: f64,
    /// Proposed factor for each window, in their order. An infeasible factor is replaced by half of `below`, the burn rate if half of all events are bad.
    pub proposed: Vec<f64>,
}

/// Checks that the rule's factors are feasible with its target.
///
/// # Errors
/// The first burn window whose factor × (1 − target) is 1 or more.
pub fn feasibility(objective: &Objective) -> Result<(), Infeasible> {
    let BurnRule {
        target, windows, ..
    } = match &objective.rule {
        Rule::Burn(rule) => rule,
        Rule::Below(_) | Rule::AboveLastWeek(_) => return Ok(()),
    };
    let allowance = Allowance::of_target(*target);
    let below = 1.0 / allowance.share();
    let never = |factor: f64| factor * allowance.share() >= 1.0;
    let at_fault = |(_, w): &(usize, &BurnWindow)| never(w.factor);
    match windows.iter().enumerate().find(at_fault) {
        None => Ok(()),
        Some((window, at_fault)) => {
            let half = libm::floor(below * 5.0) / 10.0;
            let proposal = |factor| if never(factor) { half } else { factor };
            Err(Infeasible {
                window,
                factor: at_fault.factor,
                below,
                proposed: windows.iter().map(|w| proposal(w.factor)).collect(),
            })
        }
    }
}

impl Infeasible {
    /// Advice on how to correct the configuration.
    #[must_use]
    pub fn fix(&self) -> String {
        let proposed: Vec<String> = self.proposed.iter().map(f64::to_string).collect();
        format!("use factors such as {}", proposed.join(", "))
    }
}

impl std::fmt::Display for Infeasible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (factor, below) = (self.factor, self.below);
        write!(
            f,
            "a burn rate above {factor} is impossible: if every event is bad, it is {below:.4}"
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Preset, Sli};
    use super::*;

    fn objective(target: f64) -> Objective {
        Objective {
            name: "o".into(),
            model: None,
            sli: Sli::Success,
            rule: Rule::Burn(BurnRule {
                target,
                period_minutes: 43_200,
                windows: Preset::SreWorkbook.windows(43_200, target),
            }),
            events_min: 0,
        }
    }

    #[test]
    fn ninety_three_percent_cannot_burn_at_fourteen() {
        let error = feasibility(&objective(0.93)).unwrap_err();
        assert_eq!((error.window, error.factor), (0, 14.4));
        assert!((error.below - 14.2857).abs() < 1e-3);
        assert_eq!(error.proposed, [7.1, 6.0, 3.0, 1.0]);
        assert!(error.to_string().contains("14.2857"), "{error}");
    }

    #[test]
    fn what_can_fire_is_let_through() {
        feasibility(&objective(0.94)).unwrap();
        feasibility(&objective(0.999)).unwrap();
    }
}
