//! Which calls are answered: phrases of held-out music whose composer answered them, as many of each style as there are.

use std::collections::BTreeMap;

use engine::tokens::{Decoder, Encoder};
use music::{Note, Velocity, close_overlaps};

use super::features::Passage;
use crate::data::corpus::work::work;
use crate::data::phrases::{PhrasePair, in_plugins_range, in_turns, phrase_pairs, plain};
use crate::data::shards::{Piece, PlacedNote};
use crate::evaluate::music::{Held, Music};

/// Of one piece, and as many others to compare with.
const MOST_PAIRS: usize = 4;

/// A call, and what its composer answered.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// As it is written, with places in the bar.
    pub(super) call: Vec<PlacedNote>,
    /// What follows.
    pub(super) real: Passage,
    /// What follows another call of the same piece: how far real music is from real music.
    pub(super) other: Passage,
    /// File that it is from, within the corpus.
    pub(super) piece: String,
    /// That piece's first tempo.
    pub(super) tempo_bpm: f32,
}

/// As many tasks as there are, `most` at most: one of each style in turn, so that styles with much music do not rule.
pub(super) fn tasks(music: &Music, pieces: &[Held], most: usize) -> Vec<Task> {
    let mut works: BTreeMap<String, usize> = BTreeMap::new();
    let mut styles: BTreeMap<&str, Vec<Task>> = BTreeMap::new();
    for round in 0..MOST_PAIRS {
        for (piece, notes) in pieces.iter().filter(|(piece, _)| !piece.is_free) {
            let name = work(&piece.composer, &piece.title).unwrap_or_else(|| piece.path.clone());
            let n_known = works.len();
            let work = *works.entry(name).or_insert(n_known);
            let pairs = phrase_pairs(notes, 2 * MOST_PAIRS);
            // Neither of the two is earlier in the piece as a rule.
            let Some([one, other]) = pairs.get(2 * round..2 * round + 2) else { continue };
            let (one, other) = if piece.offset % 2 == 0 { (one, other) } else { (other, one) };
            let style = music.style(piece);
            let passage = |pair| passage(pair, piece, style, work);
            let (call, real, other) = (one.call.clone(), passage(one), passage(other));
            let task = Task { call, real, other, piece: piece.path.clone(), tempo_bpm: piece.tempo_bpm };
            styles.entry(style).or_default().push(task);
        }
    }
    in_turns(styles, most)
}

/// A pair as a judge sees it: the composer's answer until the next phrase begins.
pub(super) fn passage(pair: &PhrasePair, piece: &Piece, style: &str, work: usize) -> Passage {
    let (start_ticks, end_ticks) = (pair.start_ticks, pair.next_ticks);
    Passage {
        call: plain(&pair.call),
        answer: fair(&plain(pair.answer), start_ticks, end_ticks, piece.is_flat),
        metre: pair.metre,
        start_ticks,
        end_ticks,
        key: pair.key,
        style: style.to_owned(),
        work,
        is_flat: piece.is_flat,
    }
}

/// Notes as an answer of ours could be: between start and end, on the keys that the plugin plays, one key struck once at a time,
/// with times, lengths and velocities that the network knows. All that is judged goes through this, real music and ours, so that
/// none is told by what only one of them can be. Where the velocities of the piece say nothing (`is_flat`), all have one velocity:
/// that a converter wrote 64 everywhere is no music to be like.
pub(super) fn fair(notes: &[Note], start_ticks: i64, end_ticks: i64, is_flat: bool) -> Vec<Note> {
    let cut = |note: &Note| {
        let room = u32::try_from(end_ticks - note.onset_ticks).ok().filter(|&room| room > 0)?;
        (note.onset_ticks >= start_ticks).then(|| Note { duration_ticks: note.duration_ticks.min(room), ..*note })
    };
    let (mut encoder, mut decoder) = (Encoder::new(), None);
    let mut known = |note: Note| {
        let velocity = if is_flat { Velocity::MEDIUM } else { note.velocity };
        let event = encoder.encode(&Note { pitch: in_plugins_range(note.pitch), velocity, ..note });
        decoder.get_or_insert(Decoder::new(note.onset_ticks)).decode(event)
    };
    let notes: Vec<Note> = notes.iter().filter_map(cut).filter_map(&mut known).collect();
    close_overlaps(&notes.iter().filter_map(cut).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use music::Pitch;

    use super::*;

    fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
        let (pitch, velocity) = (Pitch::nearest(key), Velocity::nearest(velocity));
        Note { onset_ticks, duration_ticks, pitch, velocity }
    }

    #[test]
    fn real_music_passes_what_ours_has_passed() {
        let notes = [
            note(90, 20, 60, 80),
            note(100, 200, 20, 81),
            note(120, 500, 60, 83),
            note(155, 48, 110, 77),
            note(300, 9, 60, 8),
        ];
        let heard = fair(&notes, 100, 300, false);
        assert_eq!(heard.len(), 3, "what begins before or after is left out: {heard:?}");
        assert_eq!(heard.iter().map(|note| note.pitch.get()).collect::<Vec<_>>(), [44, 60, 86]);
        assert!(heard.iter().all(|note| note.end_ticks() <= 300));
        assert_eq!(heard.iter().map(|note| note.velocity.get()).collect::<Vec<_>>(), [82, 82, 78]);
        assert_eq!(fair(&heard, 100, 300, false), heard, "what has passed passes unchanged");
        let flat = fair(&notes, 100, 300, true);
        assert!(flat.windows(2).all(|pair| pair[0].velocity == pair[1].velocity), "{flat:?}");
    }
}
