//! What sounds at each moment at which a note begins.

use std::ops::Range;

use crate::harmony::voices::Voices;
use crate::note::Note;

/// A time at which notes begin.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) ticks: i64,
    /// Notes that begin, from the lowest up.
    pub(super) starting: Range<usize>,
    sounding: Range<usize>,
    /// Pitch classes that sound, bit 0 for C.
    pub(super) classes: u16,
}

/// A passage as its voices and its moments.
#[derive(Clone, Debug)]
pub(super) struct Texture<'a> {
    pub(super) voices: &'a Voices,
    pub(super) moments: Vec<Moment>,
    /// The moment at which each note begins.
    moment_of: Vec<usize>,
    /// Notes that sound at the moments, one moment after the other.
    sounding: Vec<usize>,
}

impl<'a> Texture<'a> {
    pub(super) fn new(voices: &'a Voices) -> Self {
        let notes = voices.notes();
        let mut texture =
            Self { voices, moments: Vec::new(), moment_of: Vec::with_capacity(notes.len()), sounding: Vec::new() };
        let mut active: Vec<usize> = Vec::new();
        let mut first = 0;
        while let Some(&Note { onset_ticks: ticks, .. }) = notes.get(first) {
            let n_starting = notes[first..].iter().take_while(|note| note.onset_ticks == ticks).count();
            let starting = first..first + n_starting;
            active.retain(|&i| notes[i].end_ticks() > ticks);
            active.extend(starting.clone());
            active.sort_by_key(|&i| (notes[i].pitch, i));
            let from = texture.sounding.len();
            texture.sounding.extend(&active);
            let classes = active.iter().fold(0, |classes, &i| classes | 1 << (notes[i].pitch.get() % 12));
            texture.moment_of.resize(starting.end, texture.moments.len());
            texture.moments.push(Moment { ticks, starting, sounding: from..texture.sounding.len(), classes });
            first += n_starting;
        }
        texture
    }

    pub(super) fn notes(&self) -> &'a [Note] {
        self.voices.notes()
    }

    pub(super) fn pitch(&self, note: usize) -> i32 {
        i32::from(self.notes()[note].pitch.get())
    }

    /// Notes that sound at a moment, from the lowest up.
    pub(super) fn sounding(&self, moment: usize) -> &[usize] {
        &self.sounding[self.moments[moment].sounding.clone()]
    }

    /// The lowest note of a moment.
    pub(super) fn bass(&self, moment: usize) -> usize {
        self.sounding[self.moments[moment].sounding.start]
    }

    /// The highest note of a moment.
    pub(super) fn top(&self, moment: usize) -> usize {
        self.sounding[self.moments[moment].sounding.end - 1]
    }

    pub(super) fn moment_of(&self, note: usize) -> usize {
        self.moment_of[note]
    }

    /// Sure steps of voices into the notes that begin at a moment, from the lowest up.
    pub(super) fn moves(&self, moment: usize) -> impl Iterator<Item = Move> + '_ {
        self.moments[moment].starting.clone().filter_map(|to| {
            let from = self.voices.previous(to)?;
            Some(Move { from, to, interval: self.pitch(to) - self.pitch(from) })
        })
    }

    /// Semitones to the next note of the voice, if that is sure.
    pub(super) fn interval_after(&self, note: usize) -> Option<i32> {
        Some(self.pitch(self.voices.next(note)?) - self.pitch(note))
    }

    /// Whether both sound at some time.
    pub(super) fn overlap(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.notes()[one], &self.notes()[other]);
        one.onset_ticks < other.end_ticks() && other.onset_ticks < one.end_ticks()
    }
}

/// A voice goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Semitones upwards.
    pub(super) interval: i32,
}

/// A semitone or two.
pub(super) fn is_step(interval: i32) -> bool {
    matches!(interval.abs(), 1 | 2)
}

/// The set of these classes above a root.
pub(super) fn chord(root: u8, intervals: &[u8]) -> u16 {
    intervals.iter().fold(0, |classes, interval| classes | 1 << ((root + interval) % 12))
}
