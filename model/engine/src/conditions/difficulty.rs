//! How hard music is to play on a keyboard, as a sum that can be explained. Even the best trained judges agree with printed
//! grades in 40 of 100 cases only (Ramoneda et al. 2023, arXiv 2306.08480), so what counts here is that each part is plain,
//! and that more of it is never easier.

use super::levels::level;
use crate::key::{Key, find_key};
use crate::note::{Note, TICKS_PER_BEAT};

/// Values of the difficulty condition: open and 8 levels.
pub const N_DIFFICULTIES: usize = 9;

/// Upper limits of the levels of [`Difficulty::score`]: eighths of the music of `model/EXPERIMENTS.md`.
const LIMITS: [f32; 7] = [3.17, 3.57, 3.87, 4.12, 4.36, 4.63, 5.02];

/// What makes music hard. All are averages over the notes measured, at least 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Difficulty {
    /// Onsets of both hands together, per second.
    pub onsets_per_second: f32,
    /// Notes of one hand at an onset.
    pub notes_per_hand: f32,
    /// From the lowest to the highest note of one hand at an onset, in octaves.
    pub span_octaves: f32,
    /// From one onset of a hand to its next, in octaves.
    pub jump_octaves: f32,
    /// Sharps or flats in the signature of the key that the notes suggest, 0 to 6.
    pub accidentals: f32,
    /// Entropy of the times between onsets, in bits.
    pub rhythm_bits: f32,
    /// Share of onsets of one hand at which the other has none, doubled if both play alike often, 0 to 1.
    pub independence: f32,
}

impl Difficulty {
    /// Measures notes in [`Note::order`], played at `tempo_bpm` beats a minute.
    #[must_use]
    pub fn of(notes: &[Note], tempo_bpm: f32) -> Self {
        let (Some(first), Some(last)) = (notes.first(), notes.last()) else { return Self::default() };
        let mut hands = [Hand::default(), Hand::default()];
        let (mut n_onsets, mut n_both) = (0.0f32, 0.0f32);
        let mut intervals_ticks: Vec<i64> = Vec::new();
        let mut before = None;
        for chord in notes.chunk_by(|a, b| a.onset_ticks == b.onset_ticks) {
            n_onsets += 1.0;
            if let Some(before) = before.replace(chord[0].onset_ticks) {
                intervals_ticks.push(chord[0].onset_ticks - before);
            }
            let (left, right) = split_hands(chord, &hands);
            n_both += if left.is_empty() || right.is_empty() { 0.0 } else { 1.0 };
            hands[0].play(left);
            hands[1].play(right);
        }
        let seconds = as_f32(last.onset_ticks - first.onset_ticks) / TICKS_PER_BEAT as f32 * 60.0 / tempo_bpm.max(1.0);
        let strikes: f32 = hands.iter().map(|hand| hand.n_onsets).sum::<f32>().max(1.0);
        let mean = |of: fn(&Hand) -> f32| hands.iter().map(of).sum::<f32>() / strikes;
        let fewer = hands[0].n_onsets.min(hands[1].n_onsets);
        Self {
            onsets_per_second: if seconds > 0.0 { (n_onsets - 1.0) / seconds } else { 0.0 },
            notes_per_hand: mean(|hand| hand.n_notes),
            span_octaves: mean(|hand| hand.span) / 12.0,
            jump_octaves: mean(|hand| hand.jumps) / 12.0,
            accidentals: find_key(notes).map_or(0.0, |(key, _)| accidentals(key)),
            rhythm_bits: entropy_bits(&mut intervals_ticks),
            independence: if fewer > 0.0 { (2.0 * (fewer - n_both).max(0.0) / strikes * 2.0).min(1.0) } else { 0.0 },
        }
    }

    /// One number; each part adds to it, and none takes from it.
    #[must_use]
    pub fn score(&self) -> f32 {
        libm::log2f(1.0 + self.onsets_per_second)
            + 0.5 * (self.notes_per_hand - 1.0).max(0.0)
            + 0.8 * self.span_octaves
            + 1.2 * self.jump_octaves
            + 0.12 * self.accidentals
            + 0.25 * self.rhythm_bits
            + 0.8 * self.independence
    }

    /// 1 (easy) to 8 (virtuoso).
    #[must_use]
    pub fn level(&self) -> u8 {
        level(self.score(), &LIMITS)
    }
}

/// The difficulty level of notes in [`Note::order`], 1 to 8; 0 for fewer than eight notes, which say too little.
#[must_use]
pub fn difficulty(notes: &[Note], tempo_bpm: f32) -> u8 {
    if notes.len() < 8 { 0 } else { Difficulty::of(notes, tempo_bpm).level() }
}

/// Sums over one hand's onsets.
#[derive(Clone, Copy, Default)]
struct Hand {
    n_onsets: f32,
    n_notes: f32,
    span: f32,
    jumps: f32,
    /// The middle of its last chord, in semitones.
    centre: Option<f32>,
}

impl Hand {
    fn play(&mut self, chord: &[Note]) {
        let (Some(low), Some(high)) = (chord.first(), chord.last()) else { return };
        let (low, high) = (f32::from(low.pitch.get()), f32::from(high.pitch.get()));
        let centre = f32::midpoint(low, high);
        self.n_onsets += 1.0;
        self.n_notes += as_f32(i64::try_from(chord.len()).unwrap_or(i64::MAX));
        self.span += high - low;
        self.jumps += (centre - self.centre.unwrap_or(centre)).abs();
        self.centre = Some(centre);
    }
}

/// Which notes of a chord (from the lowest up) the left hand plays, and which the right. A chord within an octave belongs to
/// the hand that is nearer; a wider one is divided at its widest gap.
fn split_hands<'a>(chord: &'a [Note], hands: &[Hand; 2]) -> (&'a [Note], &'a [Note]) {
    let pitch = |note: &Note| f32::from(note.pitch.get());
    let (low, high) = (pitch(&chord[0]), pitch(&chord[chord.len() - 1]));
    if high - low <= 12.0 {
        let centre = f32::midpoint(low, high);
        let distance = |hand: usize, home: f32| (centre - hands[hand].centre.unwrap_or(home)).abs();
        let is_left = distance(0, 48.0) < distance(1, 67.0);
        return chord.split_at(if is_left { chord.len() } else { 0 });
    }
    let widest = (1..chord.len()).max_by(|&a, &b| {
        let gap = |i: usize| pitch(&chord[i]) - pitch(&chord[i - 1]);
        gap(a).total_cmp(&gap(b))
    });
    chord.split_at(widest.unwrap_or(chord.len()))
}

/// Sharps or flats of a key's signature, 0 to 6: its place on the circle of fifths.
fn accidentals(key: Key) -> f32 {
    let major = if key.is_minor { key.tonic + 3 } else { key.tonic } % 12;
    let fifths = major * 7 % 12;
    f32::from(fifths.min(12 - fifths))
}

fn entropy_bits(values: &mut [i64]) -> f32 {
    values.sort_unstable();
    let n = as_f32(i64::try_from(values.len()).unwrap_or(i64::MAX));
    let runs = values.chunk_by(|a, b| a == b);
    runs.map(|run| {
        let share = as_f32(i64::try_from(run.len()).unwrap_or(i64::MAX)) / n;
        -share * libm::log2f(share)
    })
    .sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts and ticks of a few notes")]
fn as_f32(n: i64) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Pitch, Velocity};

    fn notes(pitches: &[&[u8]], step_ticks: i64) -> Vec<Note> {
        let chord = |(i, chord): (usize, &&[u8])| {
            let onset_ticks = i64::try_from(i).unwrap() * step_ticks;
            let note = move |&key: &u8| Note {
                onset_ticks,
                duration_ticks: 12,
                pitch: Pitch::new(key).unwrap(),
                velocity: Velocity::MEDIUM,
            };
            chord.iter().map(note).collect::<Vec<_>>()
        };
        pitches.iter().enumerate().flat_map(chord).collect()
    }

    #[test]
    fn more_of_anything_is_harder() {
        let scale: Vec<&[u8]> = [[60], [62], [64], [65], [67], [65], [64], [62]].iter().map(|c| &c[..]).collect();
        let easy = Difficulty::of(&notes(&scale, 48), 90.0);
        assert!(Difficulty::of(&notes(&scale, 12), 90.0).score() > easy.score(), "faster");
        assert!(Difficulty::of(&notes(&scale, 48), 180.0).score() > easy.score(), "in a faster tempo");
        let jumps: Vec<&[u8]> = [[60], [79], [64], [77], [55], [76], [64], [81]].iter().map(|c| &c[..]).collect();
        assert!(Difficulty::of(&notes(&jumps, 48), 90.0).score() > easy.score(), "jumps");
        let chords: Vec<&[u8]> =
            [[60, 64, 67], [62, 65, 69], [64, 67, 71], [60, 64, 67]].iter().map(|c| &c[..]).collect();
        assert!(Difficulty::of(&notes(&chords, 48), 90.0).score() > easy.score(), "chords");
        assert_eq!(difficulty(&[], 120.0), 0);
        assert!((1..=8).contains(&difficulty(&notes(&scale, 48), 0.0)));
    }

    #[test]
    fn hands_are_told_apart() {
        let both: Vec<&[u8]> = vec![&[48, 72], &[48, 74], &[50, 76], &[43, 55, 77]];
        let found = Difficulty::of(&notes(&both, 24), 120.0);
        assert!(found.notes_per_hand < 1.3, "{found:?}");
        assert!(found.jump_octaves < 0.4, "{found:?}");
    }
}
