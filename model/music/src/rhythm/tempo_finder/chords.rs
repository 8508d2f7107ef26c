//! A phrase as the tempo finder reads it: notes struck together are one onset, with what marks a beat.

use super::Struck;

/// Notes at most this far from the one before them are one chord: 9 of 10 gaps inside a pianist's chords are shorter.
const CHORD_GAP_US: i64 = 30_000;
/// A chord is at most so long.
const LONGEST_CHORD_US: i64 = 90_000;
/// A bass note is the lowest within this much time before and after.
const BASS_MS: i32 = 700;
/// Kinds of marks that [`Chord::mark`] tells apart.
pub(super) const N_MARKS: usize = 18;

/// Notes struck together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chord {
    /// Mean of its onsets, from the phrase's first note.
    pub(super) ms: i32,
    pub(super) n_notes: u32,
    pub(super) lowest: u8,
    /// What marks it: how many notes it has, whether its lowest is a bass note, and whether it is followed later or sooner than
    /// it followed. Below [`N_MARKS`].
    pub(super) mark: u8,
    pub(super) is_bass: bool,
    pub(super) is_long: bool,
    /// A bit for each.
    pub(super) pitch_classes: u16,
    /// Of the loudest.
    pub(super) velocity: u8,
}

/// Merges the notes, which are in order of time. `first_us` is the zero.
pub(super) fn chords(notes: &[Struck], first_us: i64) -> Vec<Chord> {
    let mut chords: Vec<Chord> = Vec::with_capacity(notes.len());
    let mut rest = notes;
    while let Some(first) = rest.first() {
        let is_next = |i: usize| {
            let us = rest[i].onset_us;
            us - rest[i - 1].onset_us <= CHORD_GAP_US && us - first.onset_us <= LONGEST_CHORD_US
        };
        let n = (1..rest.len()).find(|&i| !is_next(i)).unwrap_or(rest.len());
        let (chord, after) = rest.split_at(n);
        let sum_us: i64 = chord.iter().map(|note| note.onset_us - first.onset_us).sum();
        let n_notes = u32::try_from(n).unwrap_or(u32::MAX);
        let mean_us = first.onset_us - first_us + sum_us / i64::from(n_notes);
        let lowest = chord.iter().map(|note| note.pitch.get()).min().unwrap_or(0);
        chords.push(Chord {
            ms: i32::try_from(mean_us / 1000).unwrap_or(i32::MAX),
            n_notes,
            lowest,
            mark: 0,
            is_bass: false,
            is_long: false,
            pitch_classes: chord.iter().fold(0, |all, note| all | 1 << (note.pitch.get() % 12)),
            velocity: chord.iter().map(|note| note.velocity.get()).max().unwrap_or(0),
        });
        rest = after;
    }
    for i in 0..chords.len() {
        let mark = mark(&chords, i);
        chords[i].mark = mark;
        chords[i].is_bass = mark / 3 % 2 == 1;
        chords[i].is_long = mark % 3 == 2;
    }
    chords
}

fn mark(chords: &[Chord], i: usize) -> u8 {
    let Chord { ms, n_notes, lowest, .. } = chords[i];
    let size = match n_notes {
        1 => 0,
        2 => 1,
        _ => 2,
    };
    let before = chords[..i].iter().rev().take_while(|other| ms - other.ms <= BASS_MS);
    let after = chords[i + 1..].iter().take_while(|other| other.ms - ms <= BASS_MS);
    let is_bass = before.chain(after).all(|other| lowest <= other.lowest);
    let gap_before = i.checked_sub(1).map(|before| ms - chords[before].ms);
    let gap_after = chords.get(i + 1).map(|after| after.ms - ms);
    let length = match (gap_before, gap_after) {
        (Some(before), Some(after)) if after * 2 > before * 3 => 2,
        (Some(before), Some(after)) if after * 3 < before * 2 => 1,
        _ => 0,
    };
    (size * 2 + u8::from(is_bass)) * 3 + length
}
