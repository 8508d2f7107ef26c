//! How often voices are found rightly, on scores with one line in each part.
//!
//! Soundness and completeness are those of Kirlin and Utgoff 2005, "VoiSe: Learning to Segregate Voices in Explicit and Implicit
//! Polyphony": how many of the joins that were found are true, and how many of the true ones were found.

use std::collections::HashMap;

use music::counterpoint::{Counts, count_voices};
use music::harmony::voices::Voices;
use music::{Note, Score, TICKS_PER_BEAT};
use serde::Serialize;

/// Parts of a score that says where its voices are.
const N_PARTS: std::ops::RangeInclusive<usize> = 2..=8;
/// Shorter parts are not voices.
const LEAST_NOTES: usize = 12;
/// A true voice goes on after at most half a beat of rest, as one that is found.
const MOST_REST_TICKS: i64 = TICKS_PER_BEAT as i64 / 2;

/// Of one or several pieces.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Separation {
    /// With one line in each part.
    pub n_pieces: usize,
    /// From note to note of a part.
    pub n_true: usize,
    /// Found, sure or not.
    pub n_found: usize,
    /// Found and true.
    pub n_right: usize,
    /// Found and sure.
    pub n_sure: usize,
    /// Sure and true.
    pub n_sure_right: usize,
    /// Sure, and to another pitch. Where two voices have one pitch, nothing tells who goes on with it; few rules ask.
    pub n_moves: usize,
    /// Of these, true.
    pub n_moves_right: usize,
    /// What the rules count in the true voices.
    #[serde(skip)]
    pub in_parts: Counts,
    /// What they count in the voices that were found.
    #[serde(skip)]
    pub in_found: Counts,
}

impl Separation {
    /// Adds what was found in other pieces.
    pub fn add(&mut self, other: &Self) {
        self.n_pieces += other.n_pieces;
        self.n_true += other.n_true;
        self.n_found += other.n_found;
        self.n_right += other.n_right;
        self.n_sure += other.n_sure;
        self.n_sure_right += other.n_sure_right;
        self.n_moves += other.n_moves;
        self.n_moves_right += other.n_moves_right;
        self.in_parts.add(&other.in_parts);
        self.in_found.add(&other.in_found);
    }
}

/// Finds the voices of a score, and compares them with its parts; `None` if these are no single lines.
#[must_use]
pub fn separation(score: &Score) -> Option<Separation> {
    let score = score.resampled(TICKS_PER_BEAT);
    let parts: Vec<Vec<Note>> =
        score.parts.into_iter().map(|part| part.notes).filter(|part| !part.is_empty()).collect();
    let is_line = |part: &Vec<Note>| {
        part.len() >= LEAST_NOTES && part.windows(2).all(|pair| pair[0].end_ticks() <= pair[1].onset_ticks)
    };
    if !N_PARTS.contains(&parts.len()) || !parts.iter().all(is_line) {
        return None;
    }
    // Where each note of a part goes on to. Two parts in unison share a note, and one key that two parts strike in turn is
    // cut: what belongs together is told by onset and pitch.
    let mut true_next: HashMap<(i64, u8), Vec<(i64, u8)>> = HashMap::new();
    let mut n_true = 0;
    for pair in parts.iter().flat_map(|part| part.windows(2)) {
        if pair[1].onset_ticks - pair[0].end_ticks() <= MOST_REST_TICKS {
            true_next.entry(pair[0].order()).or_default().push(pair[1].order());
            n_true += 1;
        }
    }
    let voices = Voices::separate(&parts.concat());
    let mut found = Separation { n_pieces: 1, n_true, ..Separation::default() };
    for (index, note) in voices.notes().iter().enumerate() {
        let Some(link) = voices.link(index) else { continue };
        let next = voices.notes()[link.note].order();
        let is_right = true_next.get(&note.order()).is_some_and(|all| all.contains(&next));
        found.n_found += 1;
        found.n_right += usize::from(is_right);
        found.n_sure += usize::from(link.is_sure);
        found.n_sure_right += usize::from(link.is_sure && is_right);
        let is_move = link.is_sure && next.1 != note.order().1;
        found.n_moves += usize::from(is_move);
        found.n_moves_right += usize::from(is_move && is_right);
    }
    found.in_parts = count_voices(&Voices::of_parts(&parts));
    found.in_found = count_voices(&voices);
    Some(found)
}

#[cfg(test)]
mod tests {
    use music::{Part, Pitch, TimeSignature, Velocity};

    use super::*;

    fn part(keys: impl Iterator<Item = u8>) -> Part {
        let note = |(onset_ticks, key): (i64, u8)| Note {
            onset_ticks: 48 * onset_ticks,
            duration_ticks: 48,
            pitch: Pitch::new(key).unwrap(),
            velocity: Velocity::MEDIUM,
        };
        Part::new("", (0..).zip(keys).map(note).collect())
    }

    #[test]
    fn joins_are_compared_with_the_parts() {
        let score = Score::new(120.0, TimeSignature::COMMON);
        let scales = score.clone().with_part(part(60..80)).with_part(part(40..60));
        let found = separation(&scales).unwrap();
        assert_eq!((found.n_true, found.n_sure, found.n_sure_right), (38, 38, 38));
        assert_eq!(found.in_parts, found.in_found);
        // The two lines cross, and nothing tells; but that is known.
        let crossing = score.clone().with_part(part(60..80)).with_part(part((54..74).rev()));
        let found = separation(&crossing).unwrap();
        assert!(found.n_right < found.n_found && found.n_sure == found.n_sure_right, "{found:?}");
        let chords = score.with_part(Part::new("", [part(60..80).notes, part(40..60).notes].concat()));
        assert!(separation(&chords).is_none());
    }
}
