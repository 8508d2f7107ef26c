//! A stream of notes: what was played goes in, what could follow comes out.

use std::sync::Arc;

use oorandom::Rand32;

use crate::conditions::{Conditions, N_DENSITIES, N_MODES, N_POLYPHONIES};
use crate::grammar::{Grammar, Onset};
use crate::math;
use crate::memory::{Fed, Memory};
use crate::metre::{Metre, Position};
use crate::note::{Note, Pitch};
use crate::sample::{self, Sampling};
use crate::tokens::Encoder;
use crate::vocab::{self, END, N_PITCHES};
use crate::weights::Weights;

/// What [`Session::next`] may answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask {
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

/// What bends the choice beyond [`Ask`]. The default bends nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bend {
    /// How freely time and length are chosen, if not like pitch and velocity.
    pub rhythm: Option<Sampling>,
    /// Added to the logits of each pitch class, from C up: 0 changes nothing, minus infinity forbids it (as long as the
    /// range has others).
    pub class_bias: [f32; 12],
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

/// A place in a session to come back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    n_fed: usize,
    hash: u64,
    random: Rand32,
}

/// The model's view of a stream of notes. All memory is allocated in [`Session::new`].
///
/// The last event fed is read by the network only when the next one is fed, asked for or scored, since the conditions of
/// that one are part of the step. When the context is full, it goes on with its most recent half; what the network sees
/// depends on the notes and their conditions only.
///
/// # Realtime safety
/// Nothing here allocates, locks or waits, but a call takes as long as one to four steps of the network (see the `step`
/// bench): it belongs on a worker thread.
#[derive(Debug)]
pub struct Session {
    weights: Arc<Weights>,
    metre: Metre,
    random: Rand32,
    memory: Memory,
}

impl Session {
    /// An empty session, without metre, of seed 0.
    #[must_use]
    pub fn new(weights: Arc<Weights>) -> Self {
        let memory = Memory::new(weights.config());
        Self { weights, metre: Metre::Free, random: Rand32::new(0), memory }
    }

    /// The weights that it plays.
    #[must_use]
    pub fn weights(&self) -> &Arc<Weights> {
        &self.weights
    }

    /// Forgets all notes. Metre and random stream stay as they are.
    pub fn reset(&mut self) {
        self.memory.truncate(0);
    }

    /// Restarts the random stream.
    pub fn seed(&mut self, seed: u64) {
        self.random = Rand32::new(seed);
    }

    /// The grid for notes fed or asked for from now on.
    pub fn set_metre(&mut self, metre: Metre) {
        self.metre = metre;
    }

    /// Tells the model of a note that was played, and the conditions it came under. Feed in [`Note::order`]: a note
    /// before the last one is taken to begin with that one.
    pub fn feed(&mut self, note: Note, conditions: Conditions) {
        let conditions = self.known(conditions);
        let note = self.placed(note);
        self.sync(conditions, note.onset_ticks);
        self.push(note, conditions);
    }

    /// Chooses what comes next, and feeds it to itself if it is a note. After an end nothing is fed: whatever comes then
    /// goes on as if the music had not ended.
    pub fn next(&mut self, ask: &Ask) -> Event {
        self.next_bent(ask, &Bend::default())
    }

    /// As [`Session::next`], bent.
    pub fn next_bent(&mut self, ask: &Ask, bend: &Bend) -> Event {
        let rhythm = bend.rhythm.unwrap_or(ask.sampling);
        let conditions = self.known(ask.conditions);
        let last = self.memory.last().map(|fed| fed.note);
        let grammar =
            Grammar::new(last, ask.onset, ask.lowest, ask.highest, ask.may_end).without(&bend.class_bias, bend.avoid);
        self.sync(conditions, grammar.onset_ticks(0));

        let onset_ticks = grammar.forced_onset_ticks().unwrap_or_else(|| {
            let shift = self.choose(rhythm, &[], Position::FREE, |shift| grammar.allows_shift(shift));
            grammar.onset_ticks(shift.unwrap_or(u8::MAX))
        });
        let position = self.metre.position(onset_ticks);
        let shift = self.encoder().shift_to(onset_ticks);
        let pitch = self.choose_pitch(ask.sampling, &bend.class_bias, shift, position, |pitch| {
            grammar.allows_pitch(onset_ticks, pitch)
        });
        let pitch = pitch.unwrap_or(grammar.any_pitch());
        let Some(key) = Pitch::new(pitch) else { return Event::End { at_ticks: onset_ticks } };
        let duration = self.choose(rhythm, &[shift, pitch], position, |duration| duration > 0).unwrap_or(1);
        let velocity = self.choose(ask.sampling, &[shift, pitch, duration], position, |_| true).unwrap_or(0);
        let note = Note {
            onset_ticks,
            duration_ticks: vocab::time_ticks(duration),
            pitch: key,
            velocity: vocab::velocity_of(velocity),
        };
        self.push(note, conditions);
        Event::Note(note)
    }

    /// Takes the last note back and feeds this one in its place, under the same conditions: for a note of
    /// [`Session::next`] that is played otherwise than it was chosen. The random stream goes on. Costs no step of the
    /// network. Does nothing before the first note.
    pub fn amend(&mut self, note: Note) {
        let Some(conditions) = self.memory.last().map(|fed| fed.conditions) else { return };
        self.memory.truncate(self.memory.n_fed() - 1);
        self.push(self.placed(note), conditions);
    }

    /// How unlikely an event is as the next one: -ln of the model's probability of its shift, pitch, duration and
    /// velocity, with nothing masked. Then feeds it, if it is a note. The first note's shift, and an end's duration and
    /// velocity, say nothing and are 0.
    pub fn score(&mut self, event: Event, conditions: Conditions) -> [f32; 4] {
        self.score_seeing(event, conditions, |_, _, _| {})
    }

    /// As [`Session::score`]; `see` is shown each attribute that says something: its index, all its logits and its value.
    pub fn score_seeing(
        &mut self,
        event: Event,
        conditions: Conditions,
        mut see: impl FnMut(usize, &[f32], u8),
    ) -> [f32; 4] {
        let conditions = self.known(conditions);
        let mut encoder = self.encoder();
        let (onset_ticks, values, note) = match event {
            Event::Note(note) => {
                let note = self.placed(note);
                (note.onset_ticks, encoder.encode(&note).values(), Some(note))
            }
            Event::End { at_ticks } => (at_ticks, encoder.end(at_ticks).values(), None),
        };
        self.sync(conditions, onset_ticks);
        let position = self.metre.position(onset_ticks);
        let is_first = self.memory.n_fed() == 0;
        let mut nats = [0.0; 4];
        for (attribute, nats) in nats.iter_mut().enumerate() {
            let says_nothing = attribute == 0 && is_first || attribute >= 2 && values[1] == END;
            if !says_nothing {
                let logits = self.memory.logits(&self.weights.network, &values[..attribute], position);
                see(attribute, logits, values[attribute]);
                *nats = math::log_sum_exp(logits) - logits[usize::from(values[attribute])];
            }
        }
        if let Some(note) = note {
            self.push(note, conditions);
        }
        nats
    }

    /// This place in the notes and in the random stream.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { n_fed: self.memory.n_fed(), hash: self.hash(), random: self.random }
    }

    /// Goes back to a mark, as if nothing had come after it. Cheap: what the network has read up to there is kept.
    /// False, and nothing is changed, when the notes of the mark are no longer the first ones of this session (after a
    /// reset, or after going back further and feeding others), or more than three contexts of notes came after it.
    pub fn rewind(&mut self, mark: &Mark) -> bool {
        let hash = if mark.n_fed == 0 { Some(0) } else { self.memory.last_of(mark.n_fed).map(|fed| fed.hash) };
        if hash != Some(mark.hash) {
            return false;
        }
        self.memory.truncate(mark.n_fed);
        self.random = mark.random;
        true
    }

    /// The last notes and their conditions, oldest first: `n` of them, or as many as the session still knows.
    pub fn last_notes(&self, n: usize) -> impl Iterator<Item = (Note, Conditions)> {
        self.memory.last_notes(n).map(|fed| (fed.note, fed.conditions))
    }

    /// Notes now in the context.
    #[must_use]
    pub fn n_notes(&self) -> usize {
        self.memory.n_in_context()
    }

    fn sync(&mut self, conditions: Conditions, onset_ticks: i64) {
        let position = self.metre.position(onset_ticks);
        self.memory.sync(&self.weights.network, conditions, position);
    }

    fn choose(
        &mut self,
        sampling: Sampling,
        earlier: &[u8],
        onset: Position,
        is_legal: impl Fn(u8) -> bool,
    ) -> Option<u8> {
        let logits = self.memory.logits(&self.weights.network, earlier, onset);
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
        let logits = self.memory.logits(&self.weights.network, &[shift], onset);
        let mut biased = [0.0; N_PITCHES];
        for (pitch, (biased, &logit)) in biased.iter_mut().zip(logits).enumerate() {
            // The end has no pitch class.
            *biased = if pitch < usize::from(END) { logit + class_bias[pitch % 12] } else { logit };
        }
        sample::choose(&biased[..logits.len().min(N_PITCHES)], is_legal, sampling, &mut self.random)
    }

    fn push(&mut self, note: Note, conditions: Conditions) {
        let mut encoder = self.encoder();
        let event = encoder.encode(&note);
        let position = self.metre.position(note.onset_ticks);
        let mut hash = self.hash();
        let velocity_pitch = u64::from(note.velocity.get()) << 8 | u64::from(note.pitch.get());
        let Conditions { style, mode, density, polyphony } = conditions;
        let Position { beat_phase, bar_beat } = position;
        let rest = u64::from_le_bytes([style, mode, density, polyphony, beat_phase, bar_beat, 0, 1]);
        for part in [note.onset_ticks.cast_unsigned(), note.duration_ticks.into(), velocity_pitch, rest] {
            // FNV-1a on words, with a turn that carries high bits down.
            hash = (hash ^ part).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
        }
        self.memory.push(&self.weights.network, Fed { note, event, position, conditions, encoder, hash });
    }

    fn hash(&self) -> u64 {
        self.memory.last().map_or(0, |fed| fed.hash)
    }

    fn encoder(&self) -> Encoder {
        self.memory.last().map_or(Encoder::new(), |fed| fed.encoder)
    }

    /// The note, not before the last one.
    fn placed(&self, note: Note) -> Note {
        let last_ticks = self.memory.last().map_or(i64::MIN, |fed| fed.note.onset_ticks);
        Note { onset_ticks: note.onset_ticks.max(last_ticks), ..note }
    }

    /// The conditions, with 0 (unknown) for all that this model does not know.
    fn known(&self, conditions: Conditions) -> Conditions {
        let below = |value: u8, n: usize| if usize::from(value) < n { value } else { 0 };
        Conditions {
            style: below(conditions.style, self.weights.header().styles.len()),
            mode: below(conditions.mode, N_MODES),
            density: below(conditions.density, N_DENSITIES),
            polyphony: below(conditions.polyphony, N_POLYPHONIES),
        }
    }
}
