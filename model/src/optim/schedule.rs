//! The learning rate: warm-up, a long constant part, then decay (Hägele et al. 2024, "Scaling Laws and Compute-Optimal
//! Training Beyond Fixed Training Durations"). Unlike a cosine, it lets a run go on with a new budget. A trunk never decays;
//! what is played is a branch of it, which only decays.

/// Steps from (almost) no rate to the full one, in a network and in adapters.
const WARM_UP_STEPS: u64 = 100;
const ADAPTER_WARM_UP_STEPS: u64 = 20;
/// The last part of the budget, in which the rate falls.
const DECAY_SHARE: f64 = 0.25;
/// What is left of the rate at the end.
const LEAST: f64 = 0.02;

/// How the rate goes through a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Full, and falling in the last quarter.
    Whole,
    /// Full to the end: to be gone on with, and to be branched from.
    Trunk,
    /// Falling from the beginning to nothing.
    Branch,
    /// Falling from the beginning after a short warm-up, to little: adapters of a style.
    Adapters,
}

impl Schedule {
    /// What the rate is multiplied by, for a step counted from the network's first and `progress` through this run's
    /// budget, 0 to 1.
    #[must_use]
    pub fn factor(self, step: u64, progress: f64) -> f64 {
        let warm_up_steps = if self == Self::Adapters { ADAPTER_WARM_UP_STEPS } else { WARM_UP_STEPS };
        #[expect(clippy::cast_precision_loss, reason = "at most 100")]
        let warm_up = (step + 1).min(warm_up_steps) as f64 / warm_up_steps as f64;
        let left = match self {
            Self::Whole => LEAST + (1.0 - LEAST) * ((1.0 - progress) / DECAY_SHARE).clamp(0.0, 1.0),
            Self::Trunk => 1.0,
            Self::Branch => (1.0 - progress).clamp(0.0, 1.0),
            Self::Adapters => (1.0 - progress).max(LEAST),
        };
        warm_up * left
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn the_rate_rises_stays_and_falls() {
        let factor = |step, progress| Schedule::Whole.factor(step, progress);
        assert!(factor(0, 0.0) < 0.011);
        assert!((factor(500, 0.1) - 1.0).abs() < 1e-9);
        assert!((factor(500, 0.7) - 1.0).abs() < 1e-9);
        assert!((factor(500, 0.875) - 0.51).abs() < 1e-9);
        assert!((factor(500, 1.1) - 0.02).abs() < 1e-9);
    }

    #[test]
    fn a_trunk_never_falls_and_a_branch_falls_from_its_beginning() {
        assert!((Schedule::Trunk.factor(500, 0.99) - 1.0).abs() < 1e-9);
        assert!(Schedule::Trunk.factor(0, 0.0) < 0.011);
        assert!((Schedule::Branch.factor(500, 0.0) - 1.0).abs() < 1e-9);
        assert!((Schedule::Branch.factor(500, 0.75) - 0.25).abs() < 1e-9);
        assert!(Schedule::Branch.factor(500, 2.0).abs() < 1e-9);
    }

    #[test]
    fn adapters_warm_up_in_a_few_steps() {
        assert!((Schedule::Adapters.factor(0, 0.0) - 0.05).abs() < 1e-9);
        assert!((Schedule::Adapters.factor(19, 0.5) - 0.5).abs() < 1e-9);
        assert!((Schedule::Adapters.factor(500, 1.0) - 0.02).abs() < 1e-9);
    }
}
