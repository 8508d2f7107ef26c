//! Part of a piece, on its way into a row of a batch: what of it the network is told.

use engine::conditions::{
    Conditions, Feel, SEGMENT_NOTES, bars_left, density_level, difficulty, harmony, polyphony_level,
};
use engine::vocab::UNKNOWN_VELOCITY;
use engine::{Note, Position};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::data::batch::{Batch, Step};
use crate::data::sequence;
use crate::data::shards::{Labels, Piece, PlacedNote};

/// How often a condition is left open in training: of a whole crop, of a phrase, or of a segment.
const DROP_MODE: f64 = 0.3;
const DROP_LEVEL: f64 = 0.5;
const DROP_BARS_OF_CROP: f64 = 0.35;
const DROP_BARS_OF_PHRASE: f64 = 0.15;
const DROP_RELATION: f64 = 0.3;
const DROP_HARMONY: f64 = 0.5;
const DROP_STRAIGHT: f64 = 0.6;
const DROP_MADE_FEEL: f64 = 0.1;
/// How often loudness is hidden where it says nothing.
const HIDE_FLAT_VELOCITY: f64 = 0.5;

/// Notes of a piece and what is told of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Crop {
    pub(super) notes: Vec<PlacedNote>,
    /// Time and position of the piece's end, if the crop reaches it.
    pub(super) end: Option<(i64, Position)>,
    style: u8,
    mode: u8,
    tempo_bpm: f32,
    is_flat: bool,
    hides_velocity: bool,
    pub(super) feel: Option<Feel>,
    /// So many notes at the beginning are heard, not written: how they go is not to be learnt, only what they lead to.
    pub(super) n_heard: usize,
    /// What each event is told: one for each note, and one for the end.
    told: Vec<Conditions>,
    /// Density, polyphony and difficulty of each run of [`SEGMENT_NOTES`] notes.
    segments: Vec<[u8; 3]>,
}

/// What is told of a crop, from a row of dice or all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Style and mode only, as the plugin tells at least.
    StyleAndMode,
    /// All that is known.
    All,
}

impl Crop {
    pub(super) fn new(piece: &Piece, notes: &[PlacedNote], reaches_end: bool) -> Self {
        Self {
            notes: notes.to_vec(),
            end: reaches_end.then_some((piece.end_ticks, piece.end_position())),
            style: piece.style,
            mode: piece.mode,
            tempo_bpm: piece.tempo_bpm,
            is_flat: piece.is_flat,
            ..Self::default()
        }
    }

    /// A beat, in microseconds.
    pub(super) fn us_per_beat(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a tempo that was read from 24 bits"
        )]
        let us = (60e6 / self.tempo_bpm.clamp(10.0, 400.0)) as u32;
        us
    }

    /// Measures levels on the notes as they are now.
    pub(super) fn measure(&mut self) {
        let notes: Vec<Note> = self.notes.iter().map(|placed| placed.note).collect();
        self.segments = notes
            .chunks(SEGMENT_NOTES)
            .map(|run| [density_level(run), polyphony_level(run), difficulty(run, self.tempo_bpm)])
            .collect();
    }

    /// Tells style and mode, or all that is known.
    pub(super) fn tell(&mut self, told: Told) {
        let all = match told {
            Told::All => self.all(),
            Told::StyleAndMode => vec![Conditions::default(); self.notes.len() + 1],
        };
        self.told = all.into_iter().map(|c| Conditions { style: self.style, mode: self.mode, ..c }).collect();
    }

    /// Tells a part of what is known, so that the network learns to do without any of it.
    pub(super) fn tell_some(&mut self, rng: &mut ChaCha8Rng, drop_style: f64) {
        let mut told = self.all();
        let style = if rng.random_bool(drop_style) { 0 } else { self.style };
        let mode = if rng.random_bool(DROP_MODE) { 0 } else { self.mode };
        let feel = match self.feel {
            Some(Feel::Straight) if rng.random_bool(DROP_STRAIGHT) => 0,
            Some(Feel::Swung | Feel::Odd) if rng.random_bool(DROP_MADE_FEEL) => 0,
            feel => feel.map_or(0, |feel| feel as u8),
        };
        let drops_bars = rng.random_bool(DROP_BARS_OF_CROP);
        let drops_harmony = rng.random_bool(DROP_HARMONY);
        let (mut drops_phrase, mut drops_relation) = (false, rng.random_bool(DROP_RELATION));
        let mut drops_level = [false; 3];
        for (i, told) in told.iter_mut().enumerate() {
            if i % SEGMENT_NOTES == 0 {
                drops_level = drops_level.map(|_| rng.random_bool(DROP_LEVEL));
            }
            if self.notes.get(i).is_some_and(|placed| placed.labels.begins_phrase) {
                drops_phrase = rng.random_bool(DROP_BARS_OF_PHRASE);
                drops_relation = rng.random_bool(DROP_RELATION);
            }
            (told.style, told.mode, told.feel) = (style, mode, feel);
            let drop = |value: &mut u8, drops: bool| *value = if drops { 0 } else { *value };
            drop(&mut told.bars_left, drops_bars || drops_phrase);
            drop(&mut told.relation, drops_relation);
            drop(&mut told.harmony, drops_harmony);
            drop(&mut told.density, drops_level[0]);
            drop(&mut told.polyphony, drops_level[1]);
            drop(&mut told.difficulty, drops_level[2]);
        }
        self.told = told;
        self.hides_velocity = self.is_flat && rng.random_bool(HIDE_FLAT_VELOCITY);
    }

    /// All that is known of each event.
    fn all(&self) -> Vec<Conditions> {
        let relations = self.relations();
        let last = self.notes.last().map_or(Labels::default(), |placed| placed.labels);
        let feel = self.feel.map_or(0, |feel| feel as u8);
        (0..=self.notes.len())
            .map(|i| {
                let before = i.checked_sub(1).map(|before| self.notes[before].labels);
                let (labels, relation) = self
                    .notes
                    .get(i)
                    .map_or((Labels { begins_phrase: false, ..last }, 0), |p| (p.labels, relations[i]));
                // The bar in which this event is awaited: a new phrase's own, and else that of the event before.
                let bar =
                    if labels.begins_phrase { labels.bar } else { before.map_or(labels.bar, |before| before.bar) };
                let knows_bars = labels.last_bar != Labels::UNKNOWN_BAR && bar != Labels::UNKNOWN_BAR;
                let [density, polyphony, difficulty] =
                    self.segments.get(i / SEGMENT_NOTES).copied().unwrap_or_default();
                Conditions {
                    style: self.style,
                    mode: self.mode,
                    density,
                    polyphony,
                    difficulty,
                    bars_left: if knows_bars { bars_left(labels.last_bar.saturating_sub(bar).into()) } else { 0 },
                    relation,
                    feel,
                    harmony: labels.harmony,
                }
            })
            .collect()
    }

    /// The relation of each note's phrase, as far as what it relates to is in the crop.
    fn relations(&self) -> Vec<u8> {
        let Some(first) = self.notes.first() else { return Vec::new() };
        let mut is_heard = false;
        self.notes
            .iter()
            .map(|PlacedNote { labels, .. }| {
                if labels.begins_phrase {
                    let n_bars = labels.last_bar.saturating_sub(labels.bar).saturating_add(1);
                    is_heard = labels.last_bar != Labels::UNKNOWN_BAR
                        && labels.bar.checked_sub(n_bars).is_some_and(|from| first.labels.bar <= from);
                }
                if is_heard { labels.relation } else { 0 }
            })
            .collect()
    }

    /// Moves all chords by so many semitones.
    pub(super) fn transpose_harmony(&mut self, semitones: i16) {
        for placed in &mut self.notes {
            placed.labels.harmony = harmony::transposed(placed.labels.harmony, semitones);
        }
    }
}

/// Crops of at most `sequence_length` events as a batch.
pub(super) fn batch(crops: &[Crop], sequence_length: usize) -> Batch {
    let mut batch = Batch { batch_size: crops.len(), sequence_length, ..Batch::default() };
    for crop in crops {
        let targets = sequence::events(&crop.notes, crop.end);
        let mut fed = sequence::begin(targets.first().map_or(Position::FREE, |first| first.position));
        for step in 0..sequence_length {
            let Some(target) = targets.get(step) else {
                batch.push(None);
                continue;
            };
            let is_note = step < crop.notes.len();
            let is_written = step >= crop.n_heard;
            if crop.hides_velocity && step > 0 {
                fed.values[3] = UNKNOWN_VELOCITY;
            }
            batch.push(Some(&Step {
                fed,
                target: *target,
                told: crop.told.get(step).copied().unwrap_or_default(),
                levels: crop.segments.get(step / SEGMENT_NOTES).copied().unwrap_or_default(),
                counts: [step > 0 && is_written, true, is_note && is_written, is_note && is_written && !crop.is_flat],
            }));
            fed = *target;
        }
    }
    batch
}
