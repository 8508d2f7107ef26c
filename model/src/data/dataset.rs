//! Batches out of a prepared folder. A training batch is a pure function of the folder, a seed and a step number, so that
//! training can resume, and be repeated, exactly.

mod augment;
mod calls;
mod crop;
mod sampling;

use std::path::Path;

use anyhow::{Result, ensure};
use engine::conditions::SEGMENT_NOTES;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::data::batch::Batch;
use crate::data::corpus::Split;
use crate::data::shards::{self, Piece, PlacedNote, Prepared};
use crop::Crop;
use sampling::{Order, Place};

pub(crate) use calls::pair_start;
pub use crop::Told;
pub use sampling::{Favour, SamplingPolicy};

/// How often the style of a crop is left open.
const DROP_STYLE: f64 = 0.15;
/// How often a crop begins with a phrase.
const BEGIN_WITH_PHRASE: f64 = 0.3;

/// A prepared folder, ready to be drawn from.
#[derive(Clone, Debug)]
pub struct Dataset {
    prepared: Prepared,
    /// Notes of each piece that a pass draws.
    notes_in_a_pass: Vec<f64>,
    /// In which order crops are drawn.
    order: Order,
    /// How often the style of a crop is left open.
    drop_style: f64,
    /// How often a crop begins with a call, and how often what it begins with is played.
    pairs: f64,
    played: f64,
}

impl Dataset {
    /// Opens what `model prepare` wrote, to be drawn from as the policy says.
    ///
    /// # Errors
    /// When the folder is not sound, or holds nothing to train on.
    pub fn open(folder: &Path, policy: &SamplingPolicy) -> Result<Self> {
        let dataset = Self::of(shards::read(folder)?, policy);
        ensure!(
            dataset.order.total() > 0.0,
            "{} holds no training pieces; prepare more files (about ten at least)",
            folder.display()
        );
        Ok(dataset)
    }

    /// What is prepared in memory already. Without training pieces, no training batch can be drawn.
    #[must_use]
    pub fn of(prepared: Prepared, policy: &SamplingPolicy) -> Self {
        let notes_in_a_pass = policy.notes_in_a_pass(&prepared.index);
        let SamplingPolicy { pairs, played, .. } = *policy;
        Self { order: Order::new(&notes_in_a_pass), notes_in_a_pass, prepared, drop_style: DROP_STYLE, pairs, played }
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

    /// `batch_size` crops of `sequence_length` events, transposed and varied; the same for the same arguments. Every pass over the music
    /// takes them in a new order.
    #[must_use]
    pub fn train_batch(&self, seed: u64, step: u64, batch_size: usize, sequence_length: usize) -> Batch {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(step);
        let first = step * batch_size as u64;
        let places = (first..first + batch_size as u64).map(|n| self.order.place(seed, n, sequence_length));
        let crops: Vec<_> = places.map(|place| self.crop(&mut rng, place, sequence_length)).collect();
        crop::batch(&crops, sequence_length)
    }

    /// As [`Dataset::train_batch`], but `n` batches that are all of one random style.
    #[must_use]
    pub fn task(&self, seed: u64, task: u64, n: usize, batch_size: usize, sequence_length: usize) -> Vec<Batch> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(task);
        let style = self.prepared.index.pieces[self.order.place(seed, task, sequence_length).piece].style;
        let of_style = self.prepared.index.pieces.iter().zip(&self.notes_in_a_pass);
        let order = Order::new(
            &of_style.map(|(piece, &notes)| if piece.style == style { notes } else { 0.0 }).collect::<Vec<_>>(),
        );
        (0..n)
            .map(|_| {
                let crops: Vec<_> = (0..batch_size)
                    .map(|_| {
                        let place = order.place(rng.random(), 0, sequence_length);
                        self.crop(&mut rng, place, sequence_length)
                    })
                    .collect();
                crop::batch(&crops, sequence_length)
            })
            .collect()
    }

    /// Every event of a split once, in consecutive crops of pieces as they are. Only style and mode are told, since the
    /// rest is measured on what is to be predicted. The last batch is filled up with rows that do not count.
    pub fn valid_batches(
        &self,
        split: Split,
        batch_size: usize,
        sequence_length: usize,
    ) -> impl Iterator<Item = Batch> {
        plain_batches(self.plain_starts(split, sequence_length), batch_size, sequence_length, Told::StyleAndMode)
    }

    /// As [`Dataset::valid_batches`], but only about `n_notes` of the split, in crops spread evenly over its pieces; the
    /// same ones every time.
    pub fn sample(
        &self,
        split: Split,
        n_notes: usize,
        batch_size: usize,
        sequence_length: usize,
    ) -> impl Iterator<Item = Batch> {
        self.sample_told(split, n_notes, batch_size, sequence_length, Told::StyleAndMode)
    }

    /// As [`Dataset::sample`], told so much.
    pub fn sample_told(
        &self,
        split: Split,
        n_notes: usize,
        batch_size: usize,
        sequence_length: usize,
        told: Told,
    ) -> impl Iterator<Item = Batch> {
        let all = self.plain_starts(split, sequence_length);
        // Pieces end within a crop, so crops hold fewer notes than their length.
        let n_crops = (n_notes * all.len()).div_ceil(self.n_notes(split).max(1)).min(all.len());
        let starts = (0..n_crops).map(|i| all[i * all.len() / n_crops]).collect();
        plain_batches(starts, batch_size, sequence_length, told)
    }

    /// Where crops begin that cover a split.
    fn plain_starts(&self, split: Split, sequence_length: usize) -> Vec<Start<'_>> {
        self.pieces(split)
            .flat_map(|(piece, notes)| {
                (0..=notes.len()).step_by(sequence_length.max(1)).map(move |start| (piece, notes, start))
            })
            .collect()
    }

    /// A crop from about this place of a piece, varied, of which some is told.
    fn crop(&self, rng: &mut ChaCha8Rng, Place { piece, at }: Place, sequence_length: usize) -> Crop {
        let piece = &self.prepared.index.pieces[piece];
        let notes = self.notes(piece);
        // The end event is a target too.
        let last_start = (notes.len() + 1).saturating_sub(sequence_length);
        let mut start = usize::try_from(whole(at * as_f64(last_start))).unwrap_or(0).min(last_start);
        if rng.random_bool(BEGIN_WITH_PHRASE) {
            let is_first = |i: &usize| notes.get(*i).is_some_and(|placed| placed.labels.begins_phrase);
            start = (start..=last_start).take(SEGMENT_NOTES).find(is_first).unwrap_or(start);
        }
        // Without pairs and played calls, the same dice fall as ever.
        let pair = (self.pairs > 0.0 && rng.random_bool(self.pairs))
            .then(|| calls::pair_start(notes, start, last_start, sequence_length))
            .flatten();
        start = pair.unwrap_or(start);
        // Segments are measured whole, even the one that the crop's end cuts.
        let stop = (start + sequence_length.next_multiple_of(SEGMENT_NOTES)).min(notes.len());
        let mut crop = Crop::new(piece, &notes[start..stop], stop == notes.len());
        augment::vary(&mut crop, rng, piece.is_free);
        if self.played > 0.0 && rng.random_bool(self.played) {
            calls::play_call(&mut crop, rng, pair.is_some());
        }
        crop.measure();
        crop.tell_some(rng, self.drop_style);
        crop
    }
}

/// A piece, its notes, and the first one of a crop.
type Start<'a> = (&'a Piece, &'a [PlacedNote], usize);

fn plain_batches(
    starts: Vec<Start<'_>>,
    batch_size: usize,
    sequence_length: usize,
    told: Told,
) -> impl Iterator<Item = Batch> {
    let n_batches = starts.len().div_ceil(batch_size.max(1));
    (0..n_batches).map(move |i| {
        let crops: Vec<_> = (i * batch_size..(i + 1) * batch_size)
            .map(|row| {
                let plain = |&(piece, notes, start): &Start| plain_crop(piece, notes, start, sequence_length, told);
                starts.get(row).map_or_else(Crop::default, plain)
            })
            .collect();
        crop::batch(&crops, sequence_length)
    })
}

fn plain_crop(piece: &Piece, notes: &[PlacedNote], start: usize, sequence_length: usize, told: Told) -> Crop {
    let stop = (start + sequence_length).min(notes.len());
    let mut crop = Crop::new(piece, &notes[start..stop], stop == notes.len());
    if told == Told::All {
        crop.measure();
    }
    crop.tell(told);
    crop
}

#[expect(clippy::cast_precision_loss, reason = "counts and ticks far below 2^52")]
const fn as_f64(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates; ticks and velocities are small")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}
