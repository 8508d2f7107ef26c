//! An answer that is chosen in the window. It is reached as by hand, by pressing *Another* or *Answer before* as often as it takes: so
//! the host records it as it does those, and the same song gives the same notes.

use std::time::{Duration, Instant};

use engine::answer::MOST_CANDIDATES;
use live::timeline::Candidates;

use super::Window;
use super::view::UiAction;
use crate::params::ParamId;

/// A press that nobody has seen by then is not tried again: the host does not run this track.
const PATIENCE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerChoice {
    wanted: u8,
    /// The latest press: the rank before it, the button while that is down, and when it was.
    pressed: Option<(u8, Option<ParamId>, Instant)>,
}

impl Window {
    /// What there is to choose from.
    pub(super) fn candidates(&self) -> Candidates {
        let is_answering = self.status.is_answering();
        let known = || self.status.timeline.read(|history| history.candidates().clone());
        if is_answering { known() } else { Candidates::default() }
    }

    /// The candidate of this rank is to be played.
    pub(super) fn choose_answer(&mut self, wanted: u8) {
        self.leave_choice();
        self.choice = Some(AnswerChoice { wanted, pressed: None });
    }

    /// A press of a button, or its end, on the way to the answer that was chosen.
    pub(super) fn follow_choice(&mut self, now: Instant) {
        let Some(AnswerChoice { wanted, pressed }) = self.choice else { return };
        if let Some((before, Some(id), since)) = pressed {
            self.perform(UiAction::Set(id, 0.0));
            self.perform(UiAction::LetGo(id));
            self.choice = Some(AnswerChoice { wanted, pressed: Some((before, None, since)) });
            return;
        }
        let Candidates { rank, answers } = self.candidates();
        let is_seen = pressed.is_none_or(|(before, ..)| before != rank);
        let is_over = answers.is_empty() || rank == wanted;
        if is_over || pressed.is_some_and(|(.., since)| !is_seen && now.saturating_duration_since(since) > PATIENCE) {
            self.choice = None;
        } else if is_seen {
            let forward = (wanted + MOST_CANDIDATES - rank % MOST_CANDIDATES) % MOST_CANDIDATES;
            let id = if forward <= MOST_CANDIDATES / 2 { ParamId::Another } else { ParamId::Back };
            self.perform(UiAction::Touch(id));
            self.perform(UiAction::Set(id, 1.0));
            self.choice = Some(AnswerChoice { wanted, pressed: Some((rank, Some(id), now)) });
        }
    }

    /// Nothing is chosen any more; no button stays down.
    pub(super) fn leave_choice(&mut self) {
        if let Some(AnswerChoice { pressed: Some((_, Some(id), _)), .. }) = self.choice.take() {
            self.perform(UiAction::Set(id, 0.0));
            self.perform(UiAction::LetGo(id));
        }
    }
}
