//! What ends when the song starts, or is elsewhere: what we play, and nothing else.

use engine::Metre;

use super::rules::{BEAT, bar_ticks, line, up_to};
use super::{Action, Phase, Turn};

/// A call whose last key was struck or let go longer ago is none of the song that starts.
const OPEN_TICKS: i64 = 4 * BEAT;

impl Turn {
    /// The song goes on from elsewhere: what that ends. [`Turn::plan`] must follow.
    pub(crate) fn jump(&mut self, tick: i64) -> Option<Action> {
        matches!(self.phase, Phase::Answering { .. }).then(|| self.finish(tick))
    }

    /// Whether an answer has begun since a tick, on a bar line. Where the host tells late that the song has jumped, within the
    /// block before, that may be where it has jumped to.
    pub(crate) fn has_begun_on_a_bar_line(&self, since: i64, metre: Metre) -> bool {
        let Phase::Answering { start_ticks, .. } = self.phase else { return false };
        let is_on_line = metre != Metre::Free && up_to(start_ticks, line(metre), bar_ticks(metre)) == start_ticks;
        start_ticks >= since && is_on_line
    }

    /// Whether the player is in the middle of a phrase, or has handed one over that is not answered yet.
    pub(crate) fn is_open(&self, tick: i64) -> bool {
        let is_near = self.call.is_some_and(|(_, last)| tick - last <= OPEN_TICKS);
        self.held_channels != 0 || is_near || self.asked.is_some() || matches!(self.phase, Phase::Planning { .. })
    }

    /// The song starts in the middle of a phrase: what that ends, if anything is planned or heard. [`Turn::plan`] must follow.
    pub(crate) fn start(&mut self, tick: i64) -> Option<Action> {
        self.is_generator_paused = false;
        self.jump(tick).or_else(|| self.invalidate_plan())
    }
}
