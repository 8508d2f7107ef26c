//! A stream of notes: what was played goes in, what could follow comes out.

use std::sync::Arc;

use oorandom::Rand32;

use crate::conditions::{Conditions, N_DENSITIES, N_MODES, N_POLYPHONIES};
use crate::grammar::{Grammar, Onset};
use crate::habits::{Habits, Move};
use crate::math;
use crate::memory::{Fed, Goal, Memory};
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
/// Nothing here allocates, locks or waits, but a call takes as long as a step of the network or a little more (see
/// `cargo xtask bench engine`): it belongs on a worker thread.
#[derive(Debug)]
pub struct Session {
    weights: Arc<Weights>,
    metre: Metre,
    random: Rand32,
    memory: Memory,
    habits: Habits,
    lean: f32,
}

impl Session {
    /// An empty session, without metre, of seed 0.
    #[must_use]
    pub fn new(weights: Arc<Weights>) -> Self {
        let memory = Memory::new(weights.config(), weights.header().precision);
        Self { weights, metre: Metre::Free, random: Rand32::new(0), memory, habits: Habits::new(), lean: 0.0 }
    }

    /// The weights that it plays.
    #[must_use]
    pub fn weights(&self) -> &Arc<Weights> {
        &self.weights
    }

    /// Forgets all notes that were fed. Metre, random stream and what was learnt stay as they are.
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

    /// Remembers a note of the player, the last [`crate::MOST_LEARNT`] of them or somewhat fewer, for [`Session::lean`].
    /// `is_first` if the one before it in the music was not learnt: a phrase begins. Nothing else changes, and
    /// [`Session::rewind`] does not take it back.
    pub fn learn(&mut self, note: Note, is_first: bool) {
        self.habits.push(note, is_first);
    }

    /// What was learnt, oldest first.
    pub fn learnt(&self) -> impl ExactSizeIterator<Item = (Note, bool)> {
        self.habits.notes()
    }

    /// Forgets what was learnt.
    pub fn unlearn(&mut self) {
        self.habits.clear();
    }

    /// How far shift, pitch and duration are moved, from now on, to what came next in similar passages that were learnt:
    /// from 0 (not at all, to the last bit) to 1.
    pub fn lean(&mut self, strength: f32) {
        self.lean = strength;
    }

    /// Tells the model of a note that was played, and the conditions it came under. Feed in [`Note::order`]: a note
    /// before the last one is taken to begin with that one.
    pub fn feed(&mut self, note: Note, conditions: Conditions) {
        self.feed_all([(note, conditions)]);
    }

    /// As [`Session::feed`] for each note, but the network reads them in batches: a phrase at once takes a fraction of
    /// the time, and leads to the same place.
    pub fn feed_all(&mut self, notes: impl IntoIterator<Item = (Note, Conditions)>) {
        for (note, conditions) in notes {
            self.push(self.placed(note), self.known(conditions));
        }
        self.memory.read(&self.weights.network);
    }

    /// Knows the notes of another session from now on, with what it learnt, its metre, random stream and marks, whatever weights it plays (of
    /// a network of the same sizes). What was read of a common beginning is kept; [`Session::read_some`] reads the rest.
    pub fn follow(&mut self, other: &Self) {
        let Self { weights, memory, .. } = self;
        memory.follow(&other.memory, |conditions| known_by(weights, conditions));
        (self.metre, self.random, self.lean) = (other.metre, other.random, other.lean);
        self.habits.copy_from(&other.habits);
    }

    /// Makes the network read notes that it has not read yet, `most` at a time. Whether none is left, but for the last one,
    /// which waits for what follows it.
    pub fn read_some(&mut self, most: usize) -> bool {
        self.memory.read_some(&self.weights.network, most)
    }

    /// Chooses what comes next, and feeds it to itself if it is a note. After an end nothing is fed: whatever comes then
    /// goes on as if the music had not ended.
    pub fn next(&mut self, ask: &Ask) -> Event {
        self.next_bent(ask, &Bend::default())
    }

    /// As [`Session::next`], bent.
    pub fn next_bent(&mut self, ask: &Ask, bend: &Bend) -> Event {
        let [event] = Self::next_together([self], [(*ask, *bend)]);
        event
    }

    /// As [`Session::next_bent`] of each session, but one reading of the weights serves all: several answers to the same
    /// phrase (see [`Session::copy_from`]) take little longer than one. At most four sessions. When they do not play the same
    /// weights, each reads its own.
    pub fn next_together<const N: usize>(mut sessions: [&mut Self; N], asks: [(Ask, Bend); N]) -> [Event; N] {
        let goals = std::array::from_fn(|i| {
            let (ask, bend) = &asks[i];
            let onset_ticks = sessions[i].grammar(ask, bend).onset_ticks(0);
            sessions[i].goal(ask.conditions, onset_ticks)
        });
        let weights = Arc::clone(&sessions[0].weights);
        if sessions.iter().all(|session| Arc::ptr_eq(&session.weights, &weights)) {
            Memory::read_together(&weights.network, sessions.each_mut().map(|session| &mut session.memory), goals);
        } else {
            for (session, goal) in sessions.iter_mut().zip(goals) {
                Memory::read_together(&session.weights.network, [&mut session.memory], [goal]);
            }
        }
        std::array::from_fn(|i| sessions[i].draw(&asks[i].0, &asks[i].1))
    }

    fn grammar(&self, ask: &Ask, bend: &Bend) -> Grammar {
        let last = self.memory.last().map(|fed| fed.note);
        Grammar::new(last, ask.onset, ask.lowest, ask.highest, ask.may_end).without(&bend.class_bias, bend.avoid)
    }

    /// Draws what comes next, when all is read.
    fn draw(&mut self, ask: &Ask, bend: &Bend) -> Event {
        let rhythm = bend.rhythm.unwrap_or(ask.sampling);
        let conditions = self.known(ask.conditions);
        let grammar = self.grammar(ask, bend);
        self.recall();

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
        let goal = self.goal(conditions, onset_ticks);
        Memory::read_together(&self.weights.network, [&mut self.memory], [goal]);
        let position = self.metre.position(onset_ticks);
        let is_first = self.memory.n_fed() == 0;
        self.recall();
        let mut nats = [0.0; 4];
        for (attribute, nats) in nats.iter_mut().enumerate() {
            let says_nothing = attribute == 0 && is_first || attribute >= 2 && values[1] == END;
            if !says_nothing {
                let mut buffer = [0.0; N_PITCHES];
                let logits = self.logits(&values[..attribute], position, &mut buffer);
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

    /// Becomes the same as `other`, random stream and all, for another answer to the same phrase. Costs no step of the
    /// network. False, and nothing is changed, when `other` plays other weights.
    pub fn copy_from(&mut self, other: &Self) -> bool {
        if !Arc::ptr_eq(&self.weights, &other.weights) {
            return false;
        }
        (self.metre, self.random, self.lean) = (other.metre, other.random, other.lean);
        self.habits.copy_from(&other.habits);
        self.memory.copy_from(&other.memory);
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

    /// All of the context, for what comes next under these conditions, not before `onset_ticks`.
    fn goal(&mut self, conditions: Conditions, onset_ticks: i64) -> Goal {
        let position = self.metre.position(onset_ticks);
        self.memory.goal(self.known(conditions), position)
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

    /// Logits of the attribute after `earlier`, with the player's habits.
    fn logits<'a>(&mut self, earlier: &[u8], onset: Position, buffer: &'a mut [f32; N_PITCHES]) -> &'a mut [f32] {
        let last = self.memory.last().map(|fed| fed.event.pitch);
        let network = self.memory.logits(&self.weights.network, earlier, onset);
        let logits = &mut buffer[..network.len().min(N_PITCHES)];
        logits.copy_from_slice(&network[..logits.len()]);
        if self.lean > 0.0 {
            self.habits.lean(self.lean, last, earlier, logits);
        }
        logits
    }

    /// Finds what the player did when things went as they just did.
    fn recall(&mut self) {
        if self.lean > 0.0 {
            let Self { memory, habits, .. } = self;
            let event = |n_fed: usize| memory.last_of(n_fed).map(|fed| fed.event);
            let step = |n_fed: usize| Some(Move::new(event(n_fed - 1).map(|before| before.pitch), event(n_fed)?));
            habits.recall((1..=memory.n_fed()).rev().map_while(step));
        }
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
        self.memory.push(Fed { note, event, position, conditions, encoder, hash });
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

    fn known(&self, conditions: Conditions) -> Conditions {
        known_by(&self.weights, conditions)
    }
}

/// The conditions, with 0 (unknown) for all that a model does not know.
fn known_by(weights: &Weights, conditions: Conditions) -> Conditions {
    let below = |value: u8, n: usize| if usize::from(value) < n { value } else { 0 };
    Conditions {
        style: below(conditions.style, weights.header().styles.len()),
        mode: below(conditions.mode, N_MODES),
        density: below(conditions.density, N_DENSITIES),
        polyphony: below(conditions.polyphony, N_POLYPHONIES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;
    use crate::{ModelConfig, Precision, Velocity, random_file};

    fn music() -> impl Iterator<Item = (Note, Conditions)> {
        (0..150i64).map(|i| {
            let pitch = Pitch::new(40 + u8::try_from(i * i % 41).unwrap()).unwrap();
            let duration_ticks = u32::try_from(i % 50 + 1).unwrap();
            let note = Note { onset_ticks: i * i % 13 + i * 20, duration_ticks, pitch, velocity: Velocity::MEDIUM };
            (note, Conditions { style: u8::try_from(i % 3).unwrap(), ..Conditions::default() })
        })
    }

    fn ask() -> Ask {
        Ask {
            conditions: Conditions::default(),
            sampling: Sampling { temperature: 1.0, top_p: 0.95 },
            lowest: Pitch::new(21).unwrap(),
            highest: Pitch::new(108).unwrap(),
            onset: Onset::NotBefore(0),
            may_end: false,
        }
    }

    #[test]
    fn kernels_and_batches_make_no_difference_to_the_last_bit() {
        let file = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
        let probe = |session: &mut Session| {
            let mark = session.mark();
            let nats = session.score(Event::Note(music().last().unwrap().0), Conditions::default());
            assert!(session.rewind(&mark));
            nats.map(f32::to_bits)
        };
        let nats = |isa: Isa, n_at_once: usize| {
            let mut weights = Weights::parse(&file).unwrap();
            weights.network.isa = isa;
            let mut session = Session::new(Arc::new(weights));
            let notes: Vec<_> = music().collect();
            let part = |part: &[(Note, Conditions)]| {
                part.chunks(n_at_once).for_each(|phrase| session.feed_all(phrase.iter().copied()));
                probe(&mut session)
            };
            // Long enough for several contexts of 64 notes.
            notes.chunks(30).map(part).collect::<Vec<_>>()
        };
        let one_by_one = nats(Isa::best(), 1);
        for isa in Isa::all() {
            for n_at_once in [1, 3, 10, 30] {
                assert_eq!(nats(isa, n_at_once), one_by_one, "{}, {n_at_once} at once", isa.name());
            }
        }
    }

    #[test]
    fn candidates_choose_the_same_notes_together_as_alone() {
        let file = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
        let choose = |isa: Isa, together: bool| {
            let mut weights = Weights::parse(&file).unwrap();
            weights.network.isa = isa;
            let mut first = Session::new(Arc::new(weights));
            first.feed_all(music().take(40));
            let mut candidates: [Session; 4] = std::array::from_fn(|_| Session::new(Arc::clone(&first.weights)));
            for (candidate, seed) in candidates.iter_mut().zip(0..) {
                assert!(candidate.copy_from(&first));
                candidate.seed(seed);
            }
            // Each on its own way: what one chose goes on while another goes back. Over several edges of the context.
            let mut events = Vec::new();
            for i in 0..150u8 {
                let ask = Ask {
                    conditions: Conditions { style: i % 3, ..Conditions::default() },
                    lowest: Pitch::new(30 + i % 7).unwrap(),
                    may_end: i % 5 == 0,
                    ..ask()
                };
                let asks = [(ask, Bend::default()); 4];
                if i % 11 == 3 {
                    candidates[1].feed_all(music().skip(100).take(7));
                }
                let mark = candidates[2].mark();
                if together {
                    events.push(Session::next_together(candidates.each_mut(), asks));
                } else {
                    events.push(candidates.each_mut().map(|candidate| candidate.next_bent(&ask, &Bend::default())));
                }
                if i % 3 == 0 {
                    assert!(candidates[2].rewind(&mark));
                }
            }
            events
        };
        let alone = choose(Isa::best(), false);
        assert!(alone.iter().any(|events| events[0] != events[1] && events[2] != events[3]), "seeds matter");
        for isa in Isa::all() {
            assert_eq!(choose(isa, true), alone, "{}", isa.name());
        }
    }

    #[test]
    fn sessions_of_other_weights_take_nothing_over_but_play_along() {
        let session = |seed| {
            let file = random_file(ModelConfig::TINY, Precision::Q8, seed).unwrap();
            Session::new(Arc::new(Weights::parse(&file).unwrap()))
        };
        let (mut one, mut other) = (session(3), session(4));
        assert!(!one.copy_from(&other));
        for _ in 0..5 {
            let together = Session::next_together([&mut one, &mut other], [(ask(), Bend::default()); 2]);
            assert_ne!(together[0], together[1]);
        }
    }

    #[test]
    fn a_lean_is_the_same_on_all_kernels_and_nothing_at_0() {
        let file = random_file(ModelConfig::TINY, Precision::Q8, 3).unwrap();
        let play = |isa: Isa, lean: f32, learns: bool| {
            let mut weights = Weights::parse(&file).unwrap();
            weights.network.isa = isa;
            let mut session = Session::new(Arc::new(weights));
            session.lean(lean);
            // A scale up and down, again and again.
            for (note, i) in music().map(|(note, _)| note).zip(0u8..) {
                let key = 60 + (i % 12).min(12 - i % 12);
                let note = Note { onset_ticks: i64::from(i) * 24, pitch: Pitch::new(key).unwrap(), ..note };
                session.feed(note, Conditions::default());
                if learns {
                    session.learn(note, i == 0);
                }
            }
            let events: [Event; 30] = std::array::from_fn(|_| session.next(&ask()));
            (events, session.score(events[0], Conditions::default()).map(f32::to_bits))
        };
        let plain = play(Isa::best(), 0.0, false);
        assert_eq!(play(Isa::best(), 0.0, true), plain);
        let leaning = play(Isa::best(), 0.8, true);
        assert_ne!(leaning.0, plain.0);
        for isa in Isa::all() {
            assert_eq!(play(isa, 0.8, true), leaning, "{}", isa.name());
        }
    }
}
