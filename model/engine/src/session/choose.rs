//! What comes next, chosen.

use std::sync::Arc;

use super::Session;
use crate::conditions::Conditions;
use crate::metre::Position;
use crate::note::{Note, Pitch};
use crate::sampling::grammar::{Grammar, Onset};
use crate::sampling::onset_bias::OnsetBias;
use crate::sampling::sample::{self, Sampling};
use crate::session::context::Context;
use crate::tokens::vocab::{self, END, N_PITCHES};

/// What [`Session::next`] may answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoteRequest {
    /// What the next note should be like.
    pub conditions: Conditions,
    /// How freely it is chosen.
    pub sampling: Sampling,
    /// Lowest pitch, inclusive.
    pub lowest: Pitch,
    /// Highest pitch, inclusive.
    pub highest: Pitch,
    /// When it begins.
    pub onset: Onset,
    /// Whether the music may end here.
    pub may_end: bool,
}

/// What is added to the network's logits, and what else changes the choice beyond [`NoteRequest`]. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogitBias {
    /// How freely time and length are chosen, if not like pitch and velocity.
    pub rhythm: Option<Sampling>,
    /// How freely length is chosen, if not like time.
    pub length: Option<Sampling>,
    /// How freely velocity is chosen, if not like pitch.
    pub velocity: Option<Sampling>,
    /// How fast notes follow each other.
    pub onset_bias: OnsetBias,
    /// Added to the logits of each pitch class, from C up: 0 changes nothing, minus infinity forbids it (as long as the
    /// range has others).
    pub class_bias: [f32; 12],
    /// The same for notes that begin on a beat, on top of it. It should forbid nothing.
    pub beat_bias: [f32; 12],
    /// A pitch that must not come, as long as there are others.
    pub avoid: Option<Pitch>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A note.
    Note(Note),
    /// The music ends.
    End {
        /// When its last note has sounded.
        at_ticks: i64,
    },
}

impl Session {
    /// Chooses what comes next, and feeds it to itself if it is a note. After an end nothing is fed: whatever comes then
    /// goes on as if the music had not ended.
    pub fn next(&mut self, request: &NoteRequest) -> Event {
        self.next_biased(request, &LogitBias::default())
    }

    /// As [`Session::next`], biased.
    pub fn next_biased(&mut self, request: &NoteRequest, bias: &LogitBias) -> Event {
        let [event] = Self::next_batch([self], [(*request, *bias)]);
        event
    }

    /// As [`Session::next_biased`] of each session, but one reading of the weights serves all: several answers to the same
    /// phrase (see [`Session::copy_from`]) take little longer than one. At most four sessions. When they do not play the same
    /// weights, each reads its own.
    pub fn next_batch<const N: usize>(
        mut sessions: [&mut Self; N],
        requests: [(NoteRequest, LogitBias); N],
    ) -> [Event; N] {
        let targets = std::array::from_fn(|i| {
            let (request, bias) = &requests[i];
            let onset_ticks = sessions[i].grammar(request, bias).onset_ticks(0);
            sessions[i].prefill_target(request.conditions, onset_ticks)
        });
        let weights = Arc::clone(&sessions[0].weights);
        if sessions.iter().all(|session| Arc::ptr_eq(&session.weights, &weights)) {
            Context::read_together(&weights.network, sessions.each_mut().map(|session| &mut session.context), targets);
        } else {
            for (session, target) in sessions.iter_mut().zip(targets) {
                Context::read_together(&session.weights.network, [&mut session.context], [target]);
            }
        }
        std::array::from_fn(|i| sessions[i].draw(&requests[i].0, &requests[i].1))
    }

    fn grammar(&self, request: &NoteRequest, bias: &LogitBias) -> Grammar {
        let last = self.context.last().map(|fed| fed.note);
        Grammar::new(last, request.onset, request.lowest, request.highest, request.may_end)
            .without(&bias.class_bias, bias.avoid)
    }

    /// Draws what comes next, when all is read.
    fn draw(&mut self, request: &NoteRequest, bias: &LogitBias) -> Event {
        let rhythm = bias.rhythm.unwrap_or(request.sampling);
        let conditions = self.known(request.conditions);
        let grammar = self.grammar(request, bias);
        self.recall();

        let onset_ticks = grammar.forced_onset_ticks().unwrap_or_else(|| {
            let shift = self.choose_shift(rhythm, bias.onset_bias, |shift| grammar.allows_shift(shift));
            grammar.onset_ticks(shift.unwrap_or(u8::MAX))
        });
        let position = self.metre.position(onset_ticks);
        let shift = self.encoder().shift_to(onset_ticks);
        let is_on_beat = position.beat_phase == 0;
        let class_bias =
            std::array::from_fn(|class| bias.class_bias[class] + if is_on_beat { bias.beat_bias[class] } else { 0.0 });
        let pitch = self.choose_pitch(request.sampling, &class_bias, shift, position, |pitch| {
            grammar.allows_pitch(onset_ticks, pitch)
        });
        let pitch = pitch.unwrap_or(grammar.any_pitch());
        let Some(key) = Pitch::new(pitch) else { return Event::End { at_ticks: onset_ticks } };
        let duration =
            self.choose(bias.length.unwrap_or(rhythm), &[shift, pitch], position, |duration| duration > 0).unwrap_or(1);
        let freedom = bias.velocity.unwrap_or(request.sampling);
        let velocity = self.choose(freedom, &[shift, pitch, duration], position, |_| true).unwrap_or(0);
        let note = Note {
            onset_ticks,
            duration_ticks: vocab::time_ticks(duration),
            pitch: key,
            velocity: vocab::velocity_of(velocity),
        };
        self.push(note, conditions);
        Event::Note(note)
    }

    fn choose(
        &mut self,
        sampling: Sampling,
        earlier: &[u8],
        onset: Position,
        is_legal: impl Fn(u8) -> bool,
    ) -> Option<u8> {
        let mut buffer = [0.0; N_PITCHES];
        let logits = self.logits(earlier, onset, &mut buffer);
        sample::choose(logits, is_legal, sampling, &mut self.random)
    }

    fn choose_shift(&mut self, sampling: Sampling, onset_bias: OnsetBias, is_legal: impl Fn(u8) -> bool) -> Option<u8> {
        let mut buffer = [0.0; N_PITCHES];
        let logits = self.logits(&[], Position::FREE, &mut buffer);
        onset_bias.apply(logits);
        sample::choose(logits, is_legal, sampling, &mut self.random)
    }

    fn choose_pitch(
        &mut self,
        sampling: Sampling,
        class_bias: &[f32; 12],
        shift: u8,
        onset: Position,
        is_legal: impl Fn(u8) -> bool,
    ) -> Option<u8> {
        let mut biased = [0.0; N_PITCHES];
        let logits = self.logits(&[shift], onset, &mut biased);
        // The end has no pitch class.
        for (pitch, logit) in logits.iter_mut().enumerate().take(usize::from(END)) {
            *logit += class_bias[pitch % 12];
        }
        sample::choose(logits, is_legal, sampling, &mut self.random)
    }
}
