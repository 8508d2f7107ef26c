//! Batches out of a prepared folder. A training batch is a pure function of the folder, a seed and a step number, so that
//! training can resume, and be repeated, exactly.

use std::path::Path;

use anyhow::{Result, ensure};
use engine::conditions::{SEGMENT_NOTES, density_level, polyphony_level};
use engine::{Note, Pitch, Position, Velocity};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::batch::Batch;
use crate::corpus::Split;
use crate::sequence;
use crate::shards::{self, Piece, PlacedNote, Prepared};

/// How often a condition is left open in training: the style of a crop, its mode, and each segment's density and
/// polyphony.
const DROP_STYLE: f64 = 0.15;
const DROP_MODE: f64 = 0.3;
const DROP_DENSITY: f64 = 0.5;
const DROP_POLYPHONY: f64 = 0.5;
/// How often music with a beat is read as if it had none.
const READ_AS_FREE: f64 = 0.1;
/// Music without a beat is made slower or faster by up to a third.
const TIME_SCALES: std::ops::RangeInclusive<f64> = 0.75..=1.33;
const VELOCITY_SCALES: std::ops::RangeInclusive<f64> = 0.92..=1.08;
const MAX_TRANSPOSITION: i16 = 3;
/// Styles are drawn by this power of their notes, so that rare ones are learnt too.
const STYLE_POWER: f64 = 0.7;
/// These are drawn twice as often.
const FAVOURED_STYLES: [&str; 3] = ["J. S. Bach", "Mozart", "Beethoven"];
/// Pieces are drawn by their notes, played ones more often.
const EXPRESSIVE_WEIGHT: f64 = 1.5;

/// A prepared folder, ready to be drawn from.
#[derive(Clone, Debug)]
pub struct Dataset {
    prepared: Prepared,
    /// Training pieces of each style, as (running total of weights, piece).
    draws: Vec<(f64, Vec<(f64, usize)>)>,
    /// How often the style of a crop is left open.
    drop_style: f64,
}

impl Dataset {
    /// Opens what `model prepare` wrote.
    ///
    /// # Errors
    /// When the folder is not sound, or holds nothing to train on.
    pub fn open(folder: &Path) -> Result<Self> {
        let dataset = Self::of(shards::read(folder)?);
        ensure!(
            !dataset.draws.is_empty(),
            "{} holds no training pieces; prepare more files (about ten at least)",
            folder.display()
        );
        Ok(dataset)
    }

    /// What is prepared in memory already. Without training pieces, no training batch can be drawn.
    #[must_use]
    pub fn of(prepared: Prepared) -> Self {
        Self { draws: draws(&prepared), prepared, drop_style: DROP_STYLE }
    }

    /// Every crop keeps its style.
    #[must_use]
    pub fn with_styles_told(self) -> Self {
        Self { drop_style: 0.0, ..self }
    }

    /// Names of the styles; index 0 is "Any style".
    #[must_use]
    pub fn styles(&self) -> &[String] {
        &self.prepared.index.styles
    }

    /// Changes with any change of the notes. A training run stores it, to notice other data when it resumes.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.prepared.index.notes_sha256
    }

    /// Notes of a split.
    #[must_use]
    pub fn n_notes(&self, split: Split) -> usize {
        self.prepared.notes[split as usize].len()
    }

    /// Pieces of a split, each with its notes.
    pub fn pieces(&self, split: Split) -> impl Iterator<Item = (&Piece, &[PlacedNote])> {
        self.prepared
            .index
            .pieces
            .iter()
            .filter(move |piece| piece.split == split)
            .map(|piece| (piece, self.notes(piece)))
    }

    fn notes(&self, piece: &Piece) -> &[PlacedNote] {
        &self.prepared.notes[piece.split as usize][piece.offset..piece.offset + piece.n_notes]
    }

    /// `rows` random crops of `steps` events, transposed and varied; the same for the same arguments.
    #[must_use]
    pub fn train_batch(&self, seed: u64, step: u64, rows: usize, steps: usize) -> Batch {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(step);
        let crops: Vec<_> = (0..rows)
            .map(|_| {
                let pieces = self.random_style(&mut rng);
                self.random_crop(&mut rng, pieces, steps)
            })
            .collect();
        batch(&crops, steps)
    }

    /// As [`Dataset::train_batch`], but `n` batches that are all of one random style.
    #[must_use]
    pub fn task(&self, seed: u64, task: u64, n: usize, rows: usize, steps: usize) -> Vec<Batch> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(task);
        let pieces = self.random_style(&mut rng);
        let mut crops = || (0..rows).map(|_| self.random_crop(&mut rng, pieces, steps)).collect::<Vec<_>>();
        (0..n).map(|_| batch(&crops(), steps)).collect()
    }

    /// Every event of a split once, in consecutive crops of pieces as they are. Density and polyphony are left open,
    /// since they are measured on what is to be predicted. The last batch is filled up with rows that do not count.
    pub fn valid_batches(&self, split: Split, rows: usize, steps: usize) -> impl Iterator<Item = Batch> {
        plain_batches(self.plain_starts(split, steps), rows, steps)
    }

    /// As [`Dataset::valid_batches`], but only about `n_notes` of the split, in crops spread evenly over its pieces; the
    /// same ones every time.
    pub fn sample(&self, split: Split, n_notes: usize, rows: usize, steps: usize) -> impl Iterator<Item = Batch> {
        let all = self.plain_starts(split, steps);
        // Pieces end within a crop, so crops hold fewer notes than steps.
        let n_crops = (n_notes * all.len()).div_ceil(self.n_notes(split).max(1)).min(all.len());
        let starts = (0..n_crops).map(|i| all[i * all.len() / n_crops]).collect();
        plain_batches(starts, rows, steps)
    }

    /// Where crops begin that cover a split.
    fn plain_starts(&self, split: Split, steps: usize) -> Vec<Start<'_>> {
        self.pieces(split)
            .flat_map(|(piece, notes)| (0..=notes.len()).step_by(steps.max(1)).map(move |start| (piece, notes, start)))
            .collect()
    }

    /// The pieces of a style.
    fn random_style(&self, rng: &mut ChaCha8Rng) -> &[(f64, usize)] {
        &self.draws[draw(rng, self.draws.iter().map(|(total, _)| *total))].1
    }

    fn random_crop(&self, rng: &mut ChaCha8Rng, pieces: &[(f64, usize)], steps: usize) -> Crop {
        let piece = &self.prepared.index.pieces[pieces[draw(rng, pieces.iter().map(|(total, _)| *total))].1];
        let notes = self.notes(piece);
        // The end event is a target too.
        let start = rng.random_range(0..=(notes.len() + 1).saturating_sub(steps));
        // Segments are measured whole, even the one that the crop's end cuts.
        let stop = (start + steps.next_multiple_of(SEGMENT_NOTES)).min(notes.len());
        let mut crop = Crop::new(piece, &notes[start..stop], stop == notes.len());

        crop.vary_key(rng);
        crop.vary_velocities(rng);
        if piece.is_free || rng.random_bool(READ_AS_FREE) {
            crop.read_as_free(rng.random_range(TIME_SCALES));
        }
        crop.measure();
        if rng.random_bool(self.drop_style) {
            crop.style = 0;
        }
        if rng.random_bool(DROP_MODE) {
            crop.mode = 0;
        }
        for (density, polyphony) in &mut crop.segments {
            if rng.random_bool(DROP_DENSITY) {
                *density = 0;
            }
            if rng.random_bool(DROP_POLYPHONY) {
                *polyphony = 0;
            }
        }
        crop
    }
}

/// Running totals of the weights of the training pieces, by style.
fn draws(prepared: &Prepared) -> Vec<(f64, Vec<(f64, usize)>)> {
    let mut by_style = vec![(0.0, Vec::new()); prepared.index.styles.len()];
    for (i, piece) in prepared.index.pieces.iter().enumerate().filter(|(_, piece)| piece.split == Split::Train) {
        let weight = as_f64(piece.n_notes);
        let (n_notes, pieces) = &mut by_style[usize::from(piece.style)];
        *n_notes += weight;
        let before = pieces.last().map_or(0.0, |&(total, _)| total);
        pieces.push((before + weight * if piece.is_expressive { EXPRESSIVE_WEIGHT } else { 1.0 }, i));
    }
    let mut total = 0.0;
    for ((weight, _), name) in by_style.iter_mut().zip(&prepared.index.styles) {
        let favour = if FAVOURED_STYLES.contains(&name.as_str()) { 2.0 } else { 1.0 };
        total += weight.powf(STYLE_POWER) * favour;
        *weight = total;
    }
    by_style.retain(|(_, pieces)| !pieces.is_empty());
    by_style
}

/// An index, drawn by running totals of weights.
fn draw(rng: &mut ChaCha8Rng, totals: impl DoubleEndedIterator<Item = f64> + ExactSizeIterator + Clone) -> usize {
    let last = totals.len().saturating_sub(1);
    let at = rng.random_range(0.0..1.0) * totals.clone().next_back().unwrap_or(0.0);
    totals.take(last).take_while(|&total| total <= at).count()
}

/// Part of a piece, on its way into a row of a batch.
#[derive(Default)]
struct Crop {
    notes: Vec<PlacedNote>,
    /// Time and position of the piece's end, if the crop reaches it.
    end: Option<(i64, Position)>,
    style: u8,
    mode: u8,
    /// Density and polyphony of each run of [`SEGMENT_NOTES`] notes.
    segments: Vec<(u8, u8)>,
}

impl Crop {
    fn new(piece: &Piece, notes: &[PlacedNote], reaches_end: bool) -> Self {
        Self {
            notes: notes.to_vec(),
            end: reaches_end.then_some((piece.end_ticks, piece.end_position())),
            style: piece.style,
            mode: piece.mode,
            segments: Vec::new(),
        }
    }

    /// Transposes by up to three semitones, within the keys of a piano where the music is.
    fn vary_key(&mut self, rng: &mut ChaCha8Rng) {
        let keys = || self.notes.iter().map(|placed| i16::from(placed.note.pitch.get()));
        let (Some(lowest), Some(highest)) = (keys().min(), keys().max()) else { return };
        let floor = if lowest >= 21 { 21 } else { 0 };
        let ceiling = if highest <= 108 { 108 } else { 127 };
        let by =
            rng.random_range((floor - lowest).max(-MAX_TRANSPOSITION)..=(ceiling - highest).min(MAX_TRANSPOSITION));
        for placed in &mut self.notes {
            let key = u8::try_from(i16::from(placed.note.pitch.get()) + by).ok();
            placed.note.pitch = key.and_then(Pitch::new).unwrap_or(placed.note.pitch);
        }
    }

    fn vary_velocities(&mut self, rng: &mut ChaCha8Rng) {
        let by = rng.random_range(VELOCITY_SCALES);
        for placed in &mut self.notes {
            let velocity = whole(f64::from(placed.note.velocity.get()) * by).clamp(1, 127);
            placed.note.velocity = u8::try_from(velocity).ok().and_then(Velocity::new).unwrap_or(placed.note.velocity);
        }
    }

    /// Takes the beat away and stretches the time.
    fn read_as_free(&mut self, scale: f64) {
        let Some(origin) = self.notes.first().map(|placed| placed.note.onset_ticks) else { return };
        let scaled = |ticks: i64| whole(as_f64(usize::try_from(ticks - origin).unwrap_or(0)) * scale);
        for PlacedNote { note, position } in &mut self.notes {
            let end = scaled(note.end_ticks());
            note.onset_ticks = scaled(note.onset_ticks);
            note.duration_ticks = u32::try_from(end - note.onset_ticks).unwrap_or(0).max(1);
            *position = Position::FREE;
        }
        // Rounding may have brought two onsets together.
        self.notes.sort_by_key(|placed| placed.note.order());
        self.notes.dedup_by_key(|placed| placed.note.order());
        self.end = self.end.map(|(ticks, _)| (scaled(ticks), Position::FREE));
    }

    fn measure(&mut self) {
        let notes: Vec<Note> = self.notes.iter().map(|placed| placed.note).collect();
        self.segments = notes.chunks(SEGMENT_NOTES).map(|run| (density_level(run), polyphony_level(run))).collect();
    }
}

/// A piece, its notes, and the first one of a crop.
type Start<'a> = (&'a Piece, &'a [PlacedNote], usize);

fn plain_batches(starts: Vec<Start<'_>>, rows: usize, steps: usize) -> impl Iterator<Item = Batch> {
    let n_batches = starts.len().div_ceil(rows.max(1));
    (0..n_batches).map(move |i| {
        let crops: Vec<_> = (i * rows..(i + 1) * rows)
            .map(|row| {
                starts
                    .get(row)
                    .map_or_else(Crop::default, |&(piece, notes, start)| plain_crop(piece, notes, start, steps))
            })
            .collect();
        batch(&crops, steps)
    })
}

fn plain_crop(piece: &Piece, notes: &[PlacedNote], start: usize, steps: usize) -> Crop {
    let stop = (start + steps).min(notes.len());
    Crop::new(piece, &notes[start..stop], stop == notes.len())
}

fn batch(crops: &[Crop], steps: usize) -> Batch {
    let zeros = || vec![0u32; crops.len() * steps];
    let mut batch = Batch {
        rows: crops.len(),
        steps,
        event: std::array::from_fn(|_| zeros()),
        position: std::array::from_fn(|_| zeros()),
        conditions: std::array::from_fn(|_| zeros()),
        target: std::array::from_fn(|_| zeros()),
        target_position: std::array::from_fn(|_| zeros()),
        mask: std::array::from_fn(|_| vec![0.0; crops.len() * steps]),
    };
    for (row, crop) in crops.iter().enumerate() {
        let targets = sequence::events(&crop.notes, crop.end);
        let Some(first) = targets.first() else { continue };
        let mut fed = sequence::begin(first.position);
        for (step, target) in targets.iter().take(steps).enumerate() {
            let i = row * steps + step;
            let is_note = step < crop.notes.len();
            let counts = [step > 0, true, is_note, is_note];
            let (density, polyphony) = crop.segments.get(step / SEGMENT_NOTES).copied().unwrap_or((0, 0));
            let conditions = [crop.style, crop.mode, density, polyphony];
            for a in 0..4 {
                batch.event[a][i] = fed.values[a].into();
                batch.target[a][i] = target.values[a].into();
                batch.conditions[a][i] = conditions[a].into();
                batch.mask[a][i] = if counts[a] { 1.0 } else { 0.0 };
            }
            for (p, of) in [|at: Position| at.beat_phase, |at: Position| at.bar_beat].into_iter().enumerate() {
                batch.position[p][i] = of(fed.position).into();
                batch.target_position[p][i] = of(target.position).into();
            }
            fed = *target;
        }
    }
    batch
}

#[expect(clippy::cast_precision_loss, reason = "counts and ticks far below 2^52")]
const fn as_f64(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates; ticks and velocities are small")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}
