//! Rhythm: onsets, lengths, rests, and how full the music is.

use std::collections::BTreeSet;

use engine::TICKS_PER_BEAT;
use music::Note;

use super::texture::Texture;
use super::{Feature, as_f64, entropy, mean, octaves, share, ticks_f64};

const BEAT: i64 = TICKS_PER_BEAT as i64;
/// A shorter note is a sliver: a twelfth of a beat.
const SLIVER_TICKS: u32 = TICKS_PER_BEAT / 12;

pub(super) const FEATURES: [Feature; 22] = [
    Feature::new("onsets a beat", |view| onsets_per_beat(&view.answer)),
    Feature::new("onsets a beat, over the call's", |view| {
        octaves(onsets_per_beat(&view.answer), onsets_per_beat(&view.call))
    }),
    Feature::new("notes at an onset", |view| notes_per_onset(&view.answer)),
    Feature::new("notes at an onset, over the call's", |view| {
        octaves(notes_per_onset(&view.answer), notes_per_onset(&view.call))
    }),
    Feature::new("notes that sound", |view| sounding(&view.answer)),
    Feature::new("notes that sound, over the call's", |view| octaves(sounding(&view.answer), sounding(&view.call))),
    Feature::new("onsets off the grid", |view| share(&view.answer.onsets, |&ticks| is_off_grid(ticks))),
    Feature::new("onsets on beats", |view| share(&view.answer.onsets, |&ticks| ticks % BEAT == 0)),
    Feature::new("onsets on bar lines", |view| {
        share(&view.answer.onsets, |&ticks| view.passage.metre.position(ticks).in_bar_ticks() == Some(0))
    }),
    Feature::new("triplets", |view| {
        share(&view.answer.onsets, |&ticks| ticks % (BEAT / 6) == 0 && ticks % (BEAT / 4) != 0)
    }),
    Feature::new("syncopations", |view| share(&view.answer.top, is_syncopated)),
    Feature::new("gaps like the gap before", |view| share(view.answer.gaps.windows(2), |pair| pair[0] == pair[1])),
    Feature::new("gap entropy, bits", |view| entropy(view.answer.gaps.iter().copied())),
    Feature::new("gap entropy, over the call's", |view| {
        entropy(view.answer.gaps.iter().copied()) - entropy(view.call.gaps.iter().copied())
    }),
    Feature::new("gaps that the call has", |view| {
        let known: BTreeSet<i64> = view.call.gaps.iter().copied().collect();
        share(&view.answer.gaps, |gap| known.contains(gap))
    }),
    Feature::new("note length, octaves of a beat", |view| length(&view.answer)),
    Feature::new("note length, over the call's", |view| length(&view.answer) - length(&view.call)),
    Feature::new("length entropy, bits", |view| entropy(view.answer.notes.iter().map(|note| note.duration_ticks))),
    Feature::new("slivers", |view| share(&view.answer.notes, is_sliver)),
    Feature::new("silence", |view| ticks_f64(view.answer.silence_ticks.0) / ticks_f64(view.answer.span_ticks)),
    Feature::new("longest silence, beats", |view| ticks_f64(view.answer.silence_ticks.1) / ticks_f64(BEAT)),
    Feature::new("onsets in the second half", |view| {
        let middle_ticks = i64::midpoint(view.passage.start_ticks, view.passage.end_ticks);
        share(&view.answer.onsets, |&ticks| ticks >= middle_ticks)
    }),
];

/// On no thirty-second or sixteenth triplet.
pub(crate) fn is_off_grid(ticks: i64) -> bool {
    ticks % (BEAT / 8) != 0 && ticks % (BEAT / 6) != 0
}

/// Too short to be written.
pub(crate) fn is_sliver(note: &Note) -> bool {
    note.duration_ticks < SLIVER_TICKS
}

fn onsets_per_beat(texture: &Texture) -> f64 {
    as_f64(texture.onsets.len()) * ticks_f64(BEAT) / ticks_f64(texture.span_ticks)
}

fn notes_per_onset(texture: &Texture) -> f64 {
    as_f64(texture.notes.len()) / as_f64(texture.onsets.len())
}

fn sounding(texture: &Texture) -> f64 {
    texture.notes.iter().map(|note| f64::from(note.duration_ticks)).sum::<f64>() / ticks_f64(texture.span_ticks)
}

/// It begins off the beat and sounds beyond the next one.
fn is_syncopated(note: &Note) -> bool {
    let in_beat_ticks = note.onset_ticks.rem_euclid(BEAT);
    in_beat_ticks != 0 && note.onset_ticks - in_beat_ticks + BEAT < note.end_ticks()
}

fn length(texture: &Texture) -> f64 {
    mean(texture.notes.iter().map(|note| octaves(f64::from(note.duration_ticks.max(1)), ticks_f64(BEAT))))
}
