//! A critic that has heard a call, and scores answers to it.

use std::sync::{Arc, LazyLock};

use super::config::{N_LAYERS, N_POOLS};
use super::layers::{CALL_POOLS, Scratch, pool};
use super::roll::{FARTHEST_TICKS, Frame, Roll};
use super::{BUILT_IN, Critic};
use crate::metre::Metre;
use crate::note::Note;
use music::counterpoint::{StyleRates, count};

/// Scores answers to one call after another. Only the rules allocate after construction.
#[derive(Debug)]
pub struct CriticSession {
    critic: Arc<Critic>,
    frame: Frame,
    style: usize,
    rates: &'static StyleRates,
    roll: Roll,
    scratch: Scratch,
    /// ([`N_POOLS`], width of the last layer)
    pools: Vec<f32>,
    hidden: Vec<f32>,
}

impl CriticSession {
    /// Of the critic that comes with the engine. It is read once.
    ///
    /// # Panics
    /// When the file that was compiled in is damaged, which a test rules out.
    #[must_use]
    pub fn built_in() -> Self {
        static CRITIC: LazyLock<Arc<Critic>> =
            LazyLock::new(|| Arc::new(Critic::parse(BUILT_IN).expect("the built-in critic is whole")));
        Self::new(Arc::clone(&CRITIC))
    }

    /// It has heard nothing.
    #[must_use]
    pub fn new(critic: Arc<Critic>) -> Self {
        let config = critic.header.config;
        let mut session = Self {
            frame: Frame::of(&[], Metre::Free),
            style: 0,
            rates: StyleRates::of(""),
            roll: Roll::new(),
            scratch: Scratch::new(&config),
            pools: vec![0.0; N_POOLS * config.widths[N_LAYERS - 1]],
            hidden: vec![0.0; config.hidden],
            critic,
        };
        session.hear(&[], Metre::Free, "");
        session
    }

    /// The call that is answered from now on, in any order of its notes; the metre at the hand-over; and the name of the style in which
    /// the answer is wanted (any style for a name that the critic does not know).
    pub fn hear(&mut self, call: &[Note], metre: Metre, style: &str) {
        self.hear_in(Frame::of(call, metre), call, style);
    }

    /// As [`CriticSession::hear`], with what the rolls take from the call.
    pub fn hear_in(&mut self, frame: Frame, call: &[Note], style: &str) {
        self.frame = frame;
        self.style = self.critic.style_index(style);
        self.rates = StyleRates::of(style);
        self.roll.draw_call(&self.frame, call);
        self.critic.layers.read(&self.roll, &mut self.scratch);
        let width = self.width();
        pool(self.scratch.groups(width), &mut self.pools[CALL_POOLS * width..]);
    }

    /// How much an answer is like what a composer would have gone on with: [`CriticSession::logit`], and [`CriticSession::rules`] times
    /// the critic's weight of them. Among answers to one call the highest is the best; the number alone says little.
    ///
    /// `answer` may be in any order; it begins at `start_ticks` and must be over at `end_ticks`, `i64::MAX` for never. Only its
    /// first 32 beats are read by the network.
    pub fn score(&mut self, answer: &[Note], start_ticks: i64, end_ticks: i64) -> f32 {
        let weight = self.critic.header.rule_weight;
        self.logit(answer, start_ticks, end_ticks) + if weight > 0.0 { weight * self.rules(answer) } else { 0.0 }
    }

    /// What the network says: natural log of the odds that a composer wrote it rather than Antiphon, if both are as likely at first.
    pub fn logit(&mut self, answer: &[Note], start_ticks: i64, end_ticks: i64) -> f32 {
        self.roll.draw_answer(&self.frame, answer, start_ticks, end_ticks);
        self.critic.layers.read(&self.roll, &mut self.scratch);
        let width = self.width();
        let (pooled, last) = self.pools[..CALL_POOLS * width].split_at_mut(2 * width);
        pool(self.scratch.groups(width), pooled);
        last.copy_from_slice(self.scratch.groups(width).last().unwrap_or(&[]));
        self.critic.layers.logit(&self.pools, self.style, &mut self.hidden)
    }

    /// What the rules of counterpoint say, in nats a note, beside what is usual in the style: see [`StyleRates::score`]. 0 for notes
    /// at times that no music has.
    #[must_use]
    pub fn rules(&self, answer: &[Note]) -> f32 {
        if answer.iter().any(|note| note.onset_ticks.unsigned_abs() > FARTHEST_TICKS.unsigned_abs()) {
            return 0.0;
        }
        #[expect(clippy::cast_possible_truncation, reason = "few digits are needed")]
        let score = self.rates.score(&count(answer)) as f32;
        score
    }

    fn width(&self) -> usize {
        self.critic.header.config.widths[N_LAYERS - 1]
    }
}
