//! Music that minds the rules less than real music does: what a score of the rules must tell from it.

use music::bar_lines::BarLines;
use music::{Note, Pitch, find_key};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Semitones above the tonic, of major and of natural minor.
const SCALES: [[u8; 7]; 2] = [[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10]];
/// A note at random lies this near to the one for which it stands, in semitones.
const NEAR: i16 = 7;
/// Highest transposition of a voice, in semitones.
const MOST_TRANSPOSITION: i16 = 6;

/// A way to spoil music.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Anchor {
    /// The highest voice is moved by up to a tritone, or the lowest: each line stays, and what sounds together does not.
    Transposed,
    /// Bars in another order.
    Shuffled,
    /// Each note becomes a random one of the key, at most a fifth away.
    Random,
}

impl Anchor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Transposed, Self::Shuffled, Self::Random];

    /// In a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transposed => "voice transposed",
            Self::Shuffled => "bars shuffled",
            Self::Random => "notes at random",
        }
    }

    /// Spoils notes that are in [`Note::order`]; `None` where that changes nothing.
    #[must_use]
    pub fn spoil(self, notes: &[Note], bar_lines: &BarLines, random: &mut ChaCha8Rng) -> Option<Vec<Note>> {
        match self {
            Self::Transposed => transposed(notes, random),
            Self::Shuffled => shuffled(notes, bar_lines, random),
            Self::Random => at_random(notes, random),
        }
    }
}

fn transposed(notes: &[Note], random: &mut ChaCha8Rng) -> Option<Vec<Note>> {
    let is_top = random.random_range(0..2) == 0;
    let semitones = random.random_range(1..=MOST_TRANSPOSITION) * if random.random_range(0..2) == 0 { 1 } else { -1 };
    let mut spoilt = notes.to_vec();
    let mut held: Vec<Note> = Vec::new();
    let mut n_others = 0;
    for note in &mut spoilt {
        held.retain(|held| held.end_ticks() > note.onset_ticks);
        let chord = notes.partition_point(|other| other.onset_ticks < note.onset_ticks);
        let chord = notes[chord..].iter().take_while(|other| other.onset_ticks == note.onset_ticks);
        let others = chord.chain(&held).map(|other| other.pitch).filter(|&pitch| pitch != note.pitch);
        let others: Vec<Pitch> = others.collect();
        held.push(*note);
        let is_outer = others.iter().all(|&pitch| if is_top { pitch < note.pitch } else { pitch > note.pitch });
        n_others += usize::from(!is_outer || others.is_empty());
        if is_outer {
            note.pitch = moved(note.pitch, semitones);
        }
    }
    (n_others < notes.len() && n_others > 0).then(|| sorted(spoilt))
}

fn shuffled(notes: &[Note], bar_lines: &BarLines, random: &mut ChaCha8Rng) -> Option<Vec<Note>> {
    let mut bars: Vec<Vec<Note>> = Vec::new();
    let mut last = None;
    for note in notes {
        let bar = bar_lines.bar(note.onset_ticks)?;
        if last.replace(bar) != Some(bar) {
            bars.push(Vec::new());
        }
        let until_bar_ticks = bar_lines.to_next_bar_ticks(note.onset_ticks);
        let until_bar_ticks = u32::try_from(until_bar_ticks).unwrap_or(u32::MAX);
        let note = Note { duration_ticks: note.duration_ticks.min(until_bar_ticks), ..*note };
        bars.last_mut()?.push(note);
    }
    if bars.len() < 2 {
        return None;
    }
    bars.shuffle(random);
    let mut at_ticks = 0;
    let mut spoilt = Vec::with_capacity(notes.len());
    for bar in bars {
        let onset_ticks = bar[0].onset_ticks;
        let to_bar_ticks = bar_lines.to_next_bar_ticks(onset_ticks);
        let bar_ticks = bar_lines.bar_ticks(onset_ticks);
        let start_ticks = onset_ticks + to_bar_ticks - bar_ticks;
        let moved = |note: Note| Note { onset_ticks: note.onset_ticks - start_ticks + at_ticks, ..note };
        spoilt.extend(bar.into_iter().map(moved));
        at_ticks += bar_ticks;
    }
    Some(sorted(spoilt))
}

fn at_random(notes: &[Note], random: &mut ChaCha8Rng) -> Option<Vec<Note>> {
    let (key, _) = find_key(notes)?;
    let scale = SCALES[usize::from(key.is_minor)];
    let is_in_key = |pitch: Pitch| scale.contains(&((pitch.get() + 12 - key.tonic) % 12));
    let note = |note: &Note| loop {
        let pitch = moved(note.pitch, random.random_range(-NEAR..=NEAR));
        if is_in_key(pitch) {
            break Note { pitch, ..*note };
        }
    };
    Some(sorted(notes.iter().map(note).collect()))
}

fn moved(pitch: Pitch, semitones: i16) -> Pitch {
    let key = (i16::from(pitch.get()) + semitones).clamp(0, 127);
    Pitch::nearest(u8::try_from(key).unwrap_or(0))
}

fn sorted(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort_by_key(Note::order);
    notes
}

#[cfg(test)]
mod tests {
    use music::{MetreChange, TICKS_PER_BEAT, TimeSignature, Velocity};
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn music_is_spoilt_in_three_ways() {
        let note = |(i, key): (i64, u8)| Note {
            onset_ticks: i * i64::from(TICKS_PER_BEAT),
            duration_ticks: 48,
            pitch: Pitch::new(key).unwrap(),
            velocity: Velocity::MEDIUM,
        };
        let two =
            |key: u8| (0..32).map(move |i: u8| (i64::from(i), key + [0, 2, 4, 5, 7, 9, 11, 12][usize::from(i % 8)]));
        let notes = sorted(two(48).chain(two(72)).map(note).collect());
        let bar_lines = BarLines::new(&[MetreChange { start_ticks: 0, signature: TimeSignature::COMMON }]);
        for anchor in Anchor::ALL {
            let mut random = ChaCha8Rng::seed_from_u64(7);
            let spoilt = anchor.spoil(&notes, &bar_lines, &mut random).unwrap();
            assert_eq!(spoilt.len(), notes.len(), "{anchor:?}");
            assert_ne!(spoilt, notes, "{anchor:?}");
            let mut random = ChaCha8Rng::seed_from_u64(7);
            assert_eq!(anchor.spoil(&notes, &bar_lines, &mut random), Some(spoilt), "{anchor:?}");
        }
        let line: Vec<Note> = two(60).map(note).collect();
        let mut random = ChaCha8Rng::seed_from_u64(7);
        assert_eq!(Anchor::Transposed.spoil(&line, &bar_lines, &mut random), None, "a line alone keeps its intervals");
    }
}
