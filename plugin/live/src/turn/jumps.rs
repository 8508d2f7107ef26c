//! What ends when the song starts, or is elsewhere: what we play, and nothing else.

use engine::Metre;

use super::rules::{BEAT, bar_ticks, line, up_to};
use super::{Action, Phase, Turn};

/// A call whose last key was struck or let go longer ago is none of the song that starts.
const OPEN_TICKS: i64 = 4 * BEAT;

impl Turn {
    /// The song goes on from elsewhere: what that ends. [`Turn::plan`] must follow.
    #[inline]
    pub(crate) fn jump(&mut self, tick: i64) -> Option<Action> {
        matches!(self.phase, Phase::Answering { .. }).then(|| self.finish(tick))
    }

    /// Whether an answer has begun since a tick, on a bar line. Where the host tells late that the song has jumped, within the
    /// block before, that may be where it has jumped to.
    #[inline]
    pub(crate) fn has_begun_on_a_bar_line(&self, since: i64, metre: Metre) -> bool {
        let Phase::Answering { start_ticks, .. } = self.phase else { return false };
        let is_on_line = metre != Metre::Free && up_to(start_ticks, line(metre), bar_ticks(metre)) == start_ticks;
        start_ticks >= since && is_on_line
    }

    /// Whether the player is in the middle of a phrase, or has handed one over that is not answered yet.
    pub(crate) fn is_open(&self, tick: i64) -> bool {
        let is_near = self.call.is_some_and(|(_, last)| tick - last <= OPEN_TICKS);
        self.is_any_held() || is_near || self.asked.is_some() || matches!(self.phase, Phase::Planning { .. })
    }

    /// The song starts in the middle of a phrase: what that ends, if anything is planned or heard. [`Turn::plan`] must follow.
    #[inline]
    pub(crate) fn start(&mut self, tick: i64) -> Option<Action> {
        self.is_generator_paused = false;
        self.jump(tick).or_else(|| self.invalidate_plan())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Length, Rules, Start};
    use super::*;

    const BARS: Metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
    const RULES: Rules = Rules {
        silence_ticks: Some(50),
        trade_bars: None,
        is_generator: false,
        start: Start::AtOnce,
        length: Length::Bars(1),
        is_interruptible: false,
        metre: BARS,
    };

    /// A key is struck at 0 and let go at 46.
    fn planned(rules: &Rules) -> Turn {
        let mut turn = Turn::new();
        turn.key_down(0, 0, 60, rules);
        turn.key_up(46, 0, 60);
        turn.plan(46, rules);
        turn
    }

    #[test]
    fn a_jump_ends_what_we_play_and_nothing_else() {
        let mut turn = planned(&RULES);
        let planning = turn.phase();
        assert_eq!((turn.jump(60), turn.phase()), (None, planning), "an answer that has not begun comes");
        turn.on_deadline(false);
        turn.on_deadline(false);
        assert!(turn.has_begun_on_a_bar_line(90, Metre::Bars { bar_line_ticks: 96, bar_ticks: 192 }));
        assert!(!turn.has_begun_on_a_bar_line(90, BARS) && !turn.has_begun_on_a_bar_line(97, Metre::Free));
        turn.key_down(150, 0, 64, &RULES);
        assert_eq!(turn.jump(170), Some(Action::Finish { at_ticks: 170 }));
        assert_eq!((turn.phase(), turn.n_heard(), turn.is_any_held()), (Phase::Listening, 1, true));
        assert_eq!(turn.plan(170, &RULES), None, "a key is held");
        turn.key_up(180, 0, 64);
        assert!(matches!(turn.plan(180, &RULES), Some(Action::Begin { start_ticks: 230, .. })));
    }

    #[test]
    fn a_start_keeps_an_open_phrase_and_plans_its_answer_anew() {
        let mut turn = planned(&RULES);
        assert!(turn.is_open(60));
        assert_eq!(turn.start(60), Some(Action::Cancel));
        let next_bar = Rules { start: Start::NextBar, ..RULES };
        assert!(matches!(turn.plan(60, &next_bar), Some(Action::Begin { start_ticks: 192, .. })));
        let silent = Rules { silence_ticks: None, ..RULES };
        let turn = planned(&silent);
        assert!(turn.is_open(46 + OPEN_TICKS) && !turn.is_open(47 + OPEN_TICKS) && !Turn::new().is_open(0));
        let mut asked = planned(&silent);
        asked.hand_over(60);
        assert!(asked.is_open(i64::MAX / 2));
    }
}
