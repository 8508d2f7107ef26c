//! What the player asks of an answer that is planned or sounds: another chord, or another answer.

use engine::Metre;

use super::rules::{bar_ticks, line, up_to};
use super::{Action, COMMIT_TICKS, GROWTH_TICKS, Phase, STEER_TICKS, Turn, until};

impl Turn {
    /// What the answer keeps to has changed: what comes soon is planned anew, and what is planned is played until that is there. Before
    /// the answer is committed, its deadline does so.
    pub(crate) fn steer(&mut self, tick: i64) -> Option<Action> {
        let soon_ticks = tick + STEER_TICKS;
        match &mut self.phase {
            Phase::Planning { start_ticks, end_ticks, is_committed: true } => {
                let from_ticks = soon_ticks.max(*start_ticks);
                Some(Action::Replace { from_ticks, until_ticks: until(*start_ticks, *end_ticks).max(from_ticks) })
            }
            Phase::Answering { end_ticks, until_ticks, .. } if soon_ticks < *end_ticks => {
                *until_ticks = (soon_ticks + COMMIT_TICKS + GROWTH_TICKS).min(*end_ticks);
                Some(Action::Replace { from_ticks: soon_ticks, until_ticks: *until_ticks })
            }
            _ => None,
        }
    }

    /// The player wants another answer to the same call: from its first note if that is still to come, else from the next bar that is
    /// not committed.
    pub(crate) fn another(&mut self, tick: i64, metre: Metre) -> Option<Action> {
        match &mut self.phase {
            Phase::Planning { start_ticks, end_ticks, .. } => {
                let from_ticks = *start_ticks;
                Some(Action::Another { from_ticks, until_ticks: until(from_ticks, *end_ticks) })
            }
            Phase::Answering { end_ticks, until_ticks, .. } => {
                let from_ticks = up_to(tick + COMMIT_TICKS, line(metre), bar_ticks(metre));
                (from_ticks < *end_ticks).then(|| {
                    *until_ticks = (from_ticks + GROWTH_TICKS).min(*end_ticks);
                    Action::Another { from_ticks, until_ticks: *until_ticks }
                })
            }
            Phase::Idle | Phase::Listening => None,
        }
    }
}
