//! The ear: notes as hands played them against a known beat become notes of a score. Where each belongs on the grid, how long
//! it is written, and which make a chord; what is left over is the player's feel.
//!
//! Reading order: `cost` is what a probability is here; [`grid`] the places that a beat has; [`tables`] what is usual in
//! scores; `decoder` weighs that against what was played; `spread` is what is known of the player; [`note_values`] says how
//! long notes are written, by a small network ([`perceptron`]), `dynamics` how loud; `feel` keeps what is left over, and plays other
//! notes with it. [`tempo_finder`] looks for the beat where none is known; [`recording`] hears whole recordings and files.
//!
//! ```
//! use music::rhythm::{Ear, PARTS_PER_BEAT};
//! use music::{Pitch, Velocity};
//!
//! let mut ear = Ear::new();
//! // Eighths at 120 BPM, struck a little early and late.
//! for (i, late_parts) in [0, -20, 15, 31, -8].into_iter().enumerate() {
//!     let onset_parts = i as i64 * PARTS_PER_BEAT / 2 + late_parts;
//!     let pitch = Pitch::new(60 + 2 * i as u8).unwrap();
//!     let note = ear.strike(onset_parts, 500_000, pitch, Velocity::MEDIUM);
//!     ear.release(note, onset_parts + 300);
//! }
//! ear.settle();
//! let onsets: Vec<i64> = ear.notes().map(|(_, note)| note.onset_ticks).collect();
//! assert_eq!(onsets, [0, 24, 48, 72, 96]);
//! ```

mod cost;
mod decoder;
mod dynamics;
mod feel;
pub mod grid;
pub mod note_values;
pub mod perceptron;
pub mod recording;
mod spread;
pub mod tables;
pub mod tempo_finder;

use crate::note::{Pitch, Velocity};
use decoder::{Decoder, Onset};
use dynamics::Dynamics;
pub use feel::{Feel, Residual, Touch};
use note_values::{Ends, ScoreNote};
pub use recording::{PlayedNote, hear, hear_and_see, transcribe, write_down};
use spread::Player;
use tables::TABLES;

/// Parts of a tick in which played times are given: 0.65 ms at 120 BPM.
pub const PARTS_PER_TICK: i64 = 16;
/// Parts of a beat.
pub const PARTS_PER_BEAT: i64 = PARTS_PER_TICK * crate::TICKS_PER_BEAT as i64;
/// Notes of a phrase that an ear remembers. When there are more, the oldest is let go; it was settled long before.
pub const CAPACITY: usize = 1024;

/// So many notes later, a note is settled: longer waiting gains nothing.
const LAG: usize = 4;
/// Silence after which all is settled.
const SILENCE_PARTS: i64 = PARTS_PER_BEAT / 2;
/// Times are held within this many parts of the caller's zero: 11 days at 120 BPM.
const MOST_PARTS: i64 = 1 << 30;
/// Tempi that are believed, in microseconds a beat: 1000 to 6 BPM.
const US_PER_BEAT: std::ops::RangeInclusive<u32> = 60_000..=10_000_000;
/// Notes whose value may be open: what follows later says nothing of them.
const N_OPEN: usize = 96;

/// A note in the phrase: the number of notes struck before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteId(usize);

/// A note as it is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardNote {
    /// Where it belongs, in ticks.
    pub onset_ticks: i64,
    /// How long it is written, in ticks; `None` while that is open.
    pub value_ticks: Option<u32>,
    /// Its key.
    pub pitch: Pitch,
    /// How loud it is written: as loud as the notes around it, or as it was struck if a sequencer plays.
    pub velocity: Velocity,
    /// Played minus grid, in parts of a tick.
    pub deviation_parts: i64,
    /// The first note of its chord; itself if it is alone.
    pub chord: NoteId,
    /// Whether it is no note of the grid, such as a grace note.
    pub is_ornament: bool,
    /// Whether its place is decided, whatever comes.
    pub is_settled: bool,
}

#[derive(Clone, Copy, Debug)]
struct Note {
    heard: HeardNote,
    onset_parts: i64,
    off_parts: Option<i64>,
    us_per_beat: i64,
}

/// Listens to one player. Nothing is allocated after construction. What it answers depends on the notes alone, not on how
/// often [`advance`](Self::advance) is called.
#[derive(Clone, Debug)]
pub struct Ear {
    decoder: Decoder,
    dynamics: Dynamics,
    player: Player,
    /// By number, modulo the capacity.
    notes: Vec<Note>,
    n_struck: usize,
    /// All notes before this one are settled.
    n_settled: usize,
    latest_us: i64,
    latest_parts: i64,
    /// Of each note whose value was decided, the ends and what was seen of them: to train what decides. Only on demand.
    seen: Option<Vec<SeenEnds>>,
}

/// A note's number, its possible values in ticks, and what the scorer saw of each.
#[doc(hidden)]
pub type SeenEnds = (usize, Vec<(i64, [i16; note_values::N_SEEN])>);

impl Default for Ear {
    fn default() -> Self {
        Self::new()
    }
}

impl Ear {
    /// An ear that knows nothing of its player.
    #[must_use]
    pub fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            dynamics: Dynamics::default(),
            player: Player::new(),
            notes: Vec::with_capacity(CAPACITY),
            n_struck: 0,
            n_settled: 0,
            latest_us: 0,
            latest_parts: 0,
            seen: None,
        }
    }

    /// Begins a phrase. The notes are forgotten; the player's spread is kept.
    pub fn begin(&mut self) {
        self.decoder.clear();
        self.dynamics.clear();
        self.notes.clear();
        (self.n_struck, self.n_settled, self.latest_us, self.latest_parts) = (0, 0, 0, 0);
    }

    /// Forgets the player's spread, for another player or another device.
    pub fn forget_player(&mut self) {
        self.player = Player::new();
    }

    /// Whether the notes come from a sequencer's grid, so that they pass as they are.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.player.is_exact()
    }

    /// A key goes down. The note is placed at once, and again with each of the next four.
    /// Notes come in order of time; one that is far earlier than the one before begins anew.
    pub fn strike(&mut self, onset_parts: i64, us_per_beat: u32, pitch: Pitch, velocity: Velocity) -> NoteId {
        let onset_parts = onset_parts.clamp(-MOST_PARTS, MOST_PARTS);
        let us_per_beat = i64::from(us_per_beat.clamp(*US_PER_BEAT.start(), *US_PER_BEAT.end()));
        self.advance(onset_parts);
        let number = self.n_struck;
        if let Some(before) = number.checked_sub(1).map(|before| self.note_at(before)) {
            self.latest_us += (onset_parts - before.onset_parts).max(0) * us_per_beat / PARTS_PER_BEAT;
        }
        self.player.strike(onset_parts);
        // The steady lateness is not taken off: what is placed wrongly would then confirm itself.
        let onset = Onset {
            parts: onset_parts,
            us: self.latest_us,
            us_per_beat,
            pitch: pitch.get(),
            scale_16ths: self.player.scale_16ths(),
        };
        self.decoder.strike(number, onset, &TABLES);
        let smooth = self.dynamics.strike(onset_parts, velocity);
        let heard = HeardNote {
            onset_ticks: 0,
            value_ticks: None,
            pitch,
            velocity: if self.player.is_exact() { velocity } else { smooth },
            deviation_parts: 0,
            chord: NoteId(number),
            is_ornament: false,
            is_settled: false,
        };
        let note = Note { heard, onset_parts, off_parts: None, us_per_beat };
        if self.notes.len() < CAPACITY {
            self.notes.push(note);
        } else {
            self.notes[number % CAPACITY] = note;
        }
        self.n_struck += 1;
        self.latest_parts = onset_parts;
        self.place(self.n_settled);
        self.settle_before(self.n_struck.saturating_sub(LAG));
        self.decide_values(false);
        NoteId(number)
    }

    /// A key goes up. A note that was let go is passed over.
    pub fn release(&mut self, note: NoteId, off_parts: i64) {
        let off_parts = off_parts.clamp(-MOST_PARTS, MOST_PARTS);
        self.advance(off_parts);
        if (self.first()..self.n_struck).contains(&note.0) {
            let note = &mut self.notes[note.0 % CAPACITY];
            note.off_parts = Some(off_parts.max(note.onset_parts));
            let off_parts = off_parts.max(note.onset_parts);
            self.player.release(off_parts);
            self.decide_values(false);
        }
    }

    /// Time goes on. Half a beat of silence settles where the notes belong.
    pub fn advance(&mut self, now_parts: i64) {
        if now_parts.saturating_sub(self.latest_parts) >= SILENCE_PARTS && self.n_settled < self.n_struck {
            self.settle_before(self.n_struck);
            self.decide_values(false);
        }
    }

    /// The phrase is over: what is open is decided. Keys that are still down count as held until the latest event.
    pub fn settle(&mut self) {
        self.settle_before(self.n_struck);
        self.decide_values(true);
    }

    /// How many notes of the phrase are remembered.
    #[must_use]
    pub fn n_notes(&self) -> usize {
        self.notes.len()
    }

    /// A note; `None` if it was let go.
    #[must_use]
    pub fn note(&self, id: NoteId) -> Option<HeardNote> {
        (self.first()..self.n_struck).contains(&id.0).then(|| self.note_at(id.0).heard)
    }

    /// All notes that are remembered, in the order in which they were struck.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = (NoteId, HeardNote)> + '_ {
        (self.first()..self.n_struck).map(|number| (NoteId(number), self.note_at(number).heard))
    }

    fn first(&self) -> usize {
        self.n_struck - self.notes.len()
    }

    fn note_at(&self, number: usize) -> &Note {
        &self.notes[number % CAPACITY]
    }

    /// Reads the best way for all notes from a number on.
    fn place(&mut self, first: usize) {
        let Some(latest) = self.n_struck.checked_sub(1) else { return };
        let is_exact = self.player.is_exact();
        let notes = &mut self.notes;
        self.decoder.trace(latest, self.n_struck - first, |number, node| {
            let note = &mut notes[number % CAPACITY];
            let parts = if is_exact { note.onset_parts } else { i64::from(node.parts) };
            note.heard.onset_ticks = grid::nearest_ticks(parts);
            note.heard.deviation_parts = note.onset_parts - note.heard.onset_ticks * PARTS_PER_TICK;
            note.heard.is_ornament = node.is_ornament && !is_exact;
        });
        for number in first..self.n_struck {
            let HeardNote { onset_ticks, is_ornament, .. } = self.note_at(number).heard;
            let is_same = |other: &HeardNote| !other.is_ornament && other.onset_ticks == onset_ticks;
            let before = (self.first()..number).rev().take(16).map(|before| self.note_at(before).heard).find(is_same);
            let chord = before.filter(|_| !is_ornament).map_or(NoteId(number), |before| before.chord);
            self.notes[number % CAPACITY].heard.chord = chord;
        }
    }

    fn settle_before(&mut self, n: usize) {
        for number in self.n_settled..n {
            let note = &mut self.notes[number % CAPACITY];
            note.heard.is_settled = true;
            let HeardNote { onset_ticks, deviation_parts, is_ornament, .. } = note.heard;
            if !is_ornament {
                let is_on_beat = onset_ticks.rem_euclid(i64::from(crate::TICKS_PER_BEAT)) == 0;
                self.player.learn(deviation_parts * note.us_per_beat / PARTS_PER_BEAT, is_on_beat);
            }
        }
        self.n_settled = self.n_settled.max(n);
    }

    /// Says how long notes are whose key is up and whose next note has come; at the end, how long all are.
    fn decide_values(&mut self, is_end: bool) {
        let first = if is_end { self.first() } else { self.first().max(self.n_struck.saturating_sub(N_OPEN)) };
        let all_exact = self.player.is_exact() && self.player.has_exact_ends();
        let n_settled = self.n_settled;
        for number in first..n_settled {
            let note = self.note_at(number);
            let off_parts = match note.off_parts {
                Some(off_parts) => off_parts,
                None if is_end => self.latest_parts.max(note.onset_parts),
                None => continue,
            };
            if note.heard.value_ticks.is_some() {
                continue;
            }
            let held_parts = off_parts - note.onset_parts;
            let score_note = |number: usize| {
                let note = (self.first()..n_settled).contains(&number).then(|| self.note_at(number))?;
                let HeardNote { onset_ticks, value_ticks, pitch, .. } = note.heard;
                let off_parts = note.off_parts.unwrap_or(self.latest_parts.max(note.onset_parts));
                let held_parts = off_parts - note.onset_parts;
                Some(ScoreNote { onset_ticks, pitch: pitch.get(), held_parts, value_ticks })
            };
            let ends = Ends::new(number, held_parts, score_note);
            if !is_end && !all_exact && !ends.is_known() {
                continue;
            }
            let ticks =
                if all_exact { grid::nearest_ticks(held_parts) } else { ends.best_ticks(number, score_note, &TABLES) };
            let values = ends.as_slice().iter().map(|end| end.value_ticks);
            let seen = self.seen.as_ref().map(|_| values.zip(ends.seen(number, score_note, &TABLES)).collect());
            self.notes[number % CAPACITY].heard.value_ticks = Some(u32::try_from(ticks).unwrap_or(1).max(1));
            if let (Some(all), Some(seen)) = (&mut self.seen, seen) {
                all.push((number, seen));
            }
        }
    }
}
