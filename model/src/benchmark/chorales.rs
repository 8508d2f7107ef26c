//! Bach's chorales in sixteenths, as batches: an event is a sixteenth, its four attributes are the four voices. The
//! heads choose soprano, alto, tenor and bass one after another, each knowing those before, so the sum of their nats
//! is that of the voices written one after another, the usual way to write them.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::vocab::BEGIN;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::data::batch::Batch;

/// Voices of a chorale, from the top.
pub const VOICES: [&str; 4] = ["soprano", "alto", "tenor", "bass"];
/// The last attribute has 32 values: a rest and the basses' range.
const BASS: RangeInclusive<u8> = 36..=66;
const MAX_TRANSPOSITION: i16 = 6;
/// Sixteenths of the fed position: a bar of four, and the beats of one, two, three or four bars of three or four.
const N_PHASES: usize = 16;
const N_BEATS: usize = 12;

/// Keys of the four voices at a sixteenth; 0 is a rest.
pub(super) type Frame = [u8; 4];

/// All chorales by split.
#[derive(Debug, Default)]
pub(super) struct Chorales {
    pub(super) train: Vec<Vec<Frame>>,
    pub(super) valid: Vec<Vec<Frame>>,
    pub(super) test: Vec<Vec<Frame>>,
}

/// A run of sixteenths of a piece, to become a row of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crop<'a> {
    pub(super) piece: &'a [Frame],
    /// First sixteenth to predict.
    pub(super) start: usize,
    /// The first that counts.
    pub(super) counts_from: usize,
    /// Semitones up.
    pub(super) by: i16,
}

impl Chorales {
    /// Reads a file of `{"train": [piece], "valid": .., "test": ..}`, a piece being a list of sixteenths, and these lists
    /// of up to four keys from the top; -1 is a rest. Some copies write keys as `60.0`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let cannot =
            || format!("cannot read chorales from {}; give a file like jsb-chorales-16th.json", path.display());
        let bytes = std::fs::read(path).with_context(cannot)?;
        let mut splits: HashMap<String, Vec<Vec<Vec<f64>>>> = serde_json::from_slice(&bytes).with_context(cannot)?;
        let mut split = |name: &str| -> Result<Vec<Vec<Frame>>> {
            let pieces = splits.remove(name).with_context(cannot)?;
            ensure!(!pieces.is_empty(), "{} has no {name} pieces", path.display());
            pieces.iter().map(|piece| piece.iter().map(|keys| frame(keys)).collect()).collect()
        };
        Ok(Self { train: split("train")?, valid: split("valid")?, test: split("test")? })
    }

    /// `batch_size` random crops of the training pieces, transposed within the range of each voice.
    pub(super) fn random_crops(
        &self,
        rng: &mut ChaCha8Rng,
        batch_size: usize,
        sequence_length: usize,
    ) -> Vec<Crop<'_>> {
        let ranges: [_; 4] = std::array::from_fn(|voice| range(&self.train, voice));
        let total: usize = self.train.iter().map(Vec::len).sum();
        (0..batch_size)
            .map(|_| {
                // Every sixteenth of the set is as likely to be in a crop as any other.
                let mut at = rng.random_range(0..total);
                let drawn = self.train.iter().find(|piece| {
                    let is_here = at < piece.len();
                    at = at.saturating_sub(piece.len());
                    is_here
                });
                let piece = drawn.unwrap_or(&self.train[0]);
                let start = rng.random_range(0..=piece.len().saturating_sub(sequence_length));
                Crop { piece, start, counts_from: start, by: rng.random_range(transpositions(piece, &ranges)) }
            })
            .collect()
    }
}

/// Crops that predict every sixteenth of `pieces` once, all but the first `sequence_length` of a piece after at least half a crop.
pub(super) fn windows(pieces: &[Vec<Frame>], sequence_length: usize) -> Vec<Crop<'_>> {
    let half = sequence_length.div_ceil(2);
    pieces
        .iter()
        .flat_map(|piece| {
            let later = (half..).step_by(half).take_while(move |start| start + sequence_length - half < piece.len());
            let first = Crop { piece, start: 0, counts_from: 0, by: 0 };
            let later =
                later.map(move |start| Crop { piece, start, counts_from: start + sequence_length - half, by: 0 });
            std::iter::once(first).chain(later)
        })
        .collect()
}

fn frame(keys: &[f64]) -> Result<Frame> {
    ensure!(keys.len() <= 4, "a sixteenth has {} keys; chorales have four voices", keys.len());
    let mut frame = [0; 4];
    for (voice, &key) in keys.iter().enumerate().filter(|(_, key)| **key != -1.0) {
        ensure!(key.fract() == 0.0 && (1.0..128.0).contains(&key), "{keys:?} are not MIDI keys");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 127")]
        let key = key as u8;
        frame[voice] = key;
    }
    let bass = frame[3];
    ensure!(bass == 0 || BASS.contains(&bass), "the bass sings {bass}, which is not {BASS:?}");
    Ok(frame)
}

/// Lowest and highest key of a voice.
fn range(pieces: &[Vec<Frame>], voice: usize) -> (u8, u8) {
    let keys = || pieces.iter().flatten().map(|frame| frame[voice]).filter(|&key| key > 0);
    (keys().min().unwrap_or(0), keys().max().unwrap_or(127))
}

/// By how much a piece can go up or down without leaving the ranges of its voices.
fn transpositions(piece: &[Frame], ranges: &[(u8, u8); 4]) -> RangeInclusive<i16> {
    let (mut down, mut up) = (-MAX_TRANSPOSITION, MAX_TRANSPOSITION);
    for frame in piece {
        for (&key, &(lowest, highest)) in frame.iter().zip(ranges).filter(|(key, _)| **key > 0) {
            down = down.max(i16::from(lowest) - i16::from(key));
            up = up.min(i16::from(highest) - i16::from(key));
        }
    }
    down.min(0)..=up.max(0)
}

/// Crops as a batch of `sequence_length` sixteenths a row.
pub(super) fn batch(crops: &[Crop], sequence_length: usize) -> Batch {
    let n = crops.len() * sequence_length;
    let zeros = || vec![0u32; n];
    let mut batch = Batch {
        batch_size: crops.len(),
        sequence_length,
        event: std::array::from_fn(|_| zeros()),
        position: std::array::from_fn(|_| zeros()),
        levels: std::array::from_fn(|_| zeros()),
        conditions: std::array::from_fn(|_| zeros()),
        target: std::array::from_fn(|_| zeros()),
        target_position: std::array::from_fn(|_| zeros()),
        mask: std::array::from_fn(|_| vec![0.0; n]),
    };
    for (row, crop) in crops.iter().enumerate() {
        let stop = (crop.start + sequence_length).min(crop.piece.len());
        for (i, at) in (row * sequence_length..).zip(crop.start..stop) {
            let fed = at.checked_sub(1).map_or([0, BEGIN, 0, 0], |before| values(crop.piece[before], crop.by));
            let target = values(crop.piece[at], crop.by);
            for voice in 0..4 {
                batch.event[voice][i] = fed[voice].into();
                batch.target[voice][i] = target[voice].into();
                batch.mask[voice][i] = if at >= crop.counts_from { 1.0 } else { 0.0 };
            }
            for (table, position) in place(at.saturating_sub(1)).into_iter().enumerate() {
                batch.position[table][i] = position;
            }
            for (table, position) in place(at).into_iter().enumerate() {
                batch.target_position[table][i] = position;
            }
            for (table, condition) in held(&crop.piece[..at]).into_iter().enumerate() {
                batch.conditions[table][i] = condition;
            }
        }
    }
    batch
}

fn values(frame: Frame, by: i16) -> [u8; 4] {
    let key = |key: u8| if key == 0 { 0 } else { u8::try_from(i16::from(key) + by).unwrap_or(0).min(127) };
    let [soprano, alto, tenor, bass] = frame.map(key);
    [soprano, alto, tenor, bass.saturating_sub(BASS.start() - 1).min(31)]
}

fn place(at: usize) -> [u32; 2] {
    let small = |value: usize| u32::try_from(value).unwrap_or(0);
    [small(at % N_PHASES), small(at / 4 % N_BEATS)]
}

/// What was heard before, in few words: which voices moved at the last sixteenth, and for how long the soprano and then
/// all voices have stood still.
fn held(before: &[Frame]) -> [u32; 4] {
    let small = |value: usize| u32::try_from(value).unwrap_or(0);
    let Some((last, earlier)) = before.split_last() else { return [0; 4] };
    let moved = earlier.last().map_or(15, |then| (0..4).map(|v| u32::from(then[v] != last[v]) << v).sum());
    let since = |moves: &dyn Fn(&Frame) -> bool| earlier.iter().rev().take(8).take_while(|then| !moves(then)).count();
    let soprano = since(&|then| then[0] != last[0]);
    let all = since(&|then| then != last);
    [moved, 0, small(soprano), small(all.min(5))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(n: u8) -> Vec<Frame> {
        (0..n).map(|i| [70 + i / 4 % 5, 60, 55, if i < 4 { 0 } else { 40 }]).collect()
    }

    #[test]
    fn windows_count_every_sixteenth_once() {
        for n in [1, 15, 16, 17, 24, 25, 60] {
            let pieces = [scale(n), scale(7)];
            let batch = batch(&windows(&pieces, 16), 16);
            let counted: f32 = batch.mask[2].iter().sum();
            assert_eq!(counted, f32::from(n) + 7.0, "{n}");
        }
    }

    #[test]
    fn a_row_predicts_each_voice_from_the_sixteenth_before() {
        let piece = scale(20);
        let batch = batch(&[Crop { piece: &piece, start: 3, counts_from: 5, by: -2 }], 4);
        assert_eq!([0, 1, 2, 3].map(|voice| batch.event[voice][0]), [68, 58, 53, 0]);
        assert_eq!([0, 1, 2, 3].map(|voice| batch.target[voice][1]), [69, 58, 53, 3]);
        assert_eq!(batch.mask[0], [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(batch.target_position.clone().map(|table| table[1]), [4, 1]);
        assert_eq!(held(&piece[..5]), [0b1001, 0, 0, 0]);
        assert_eq!(held(&piece[..7]), [0, 0, 2, 2]);
    }

    #[test]
    fn transposition_stays_within_each_voice() {
        let piece = scale(8);
        let ranges = [(60, 73), (50, 80), (50, 70), (38, 66)];
        assert_eq!(transpositions(&piece, &ranges), -2..=2);
        assert!(frame(&[70.0, 60.0, 55.0, 35.0]).is_err() && frame(&[70.0, 60.0, 55.0, 200.0]).is_err());
        assert!(frame(&[70.5, 60.0, 55.0, 40.0]).is_err() && frame(&[f64::NAN]).is_err());
        assert_eq!(frame(&[70.0, -1.0, 55.0, 66.0]).unwrap(), [70, 0, 55, 66]);
    }
}
