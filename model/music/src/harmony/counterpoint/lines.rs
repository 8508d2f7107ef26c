//! Single voices: what intervals they move by, how they turn, how far they go, and how far apart they lie.

use super::texture::Texture;
use super::{Counts, Rule};

const OCTAVE: i32 = 12;
/// An interval of so many semitones asks to turn back: a fourth.
const LEAP: i32 = 5;
/// Voices of fewer notes say nothing of their range.
const LEAST_NOTES: usize = 12;
/// An eleventh.
const MOST_COMPASS: i32 = 17;

pub(super) fn count(texture: &Texture, counts: &mut Counts) {
    intervals(texture, counts);
    ranges(texture, counts);
    spacing(texture, counts);
}

fn intervals(texture: &Texture, counts: &mut Counts) {
    for note in 0..texture.notes().len() {
        let Some(next) = texture.voices.next(note) else { continue };
        let interval = texture.pitch(next) - texture.pitch(note);
        if interval == 0 {
            continue;
        }
        counts[Rule::MelodicInterval].see(matches!(interval.abs(), 6 | 10 | 11) || interval.abs() > OCTAVE);
        if interval.abs() >= LEAP
            && let Some(after) = texture.interval_after(next).filter(|&after| after != 0)
        {
            counts[Rule::LeapRecovery].see(after.signum() == interval.signum());
        }
    }
}

fn ranges(texture: &Texture, counts: &mut Counts) {
    let voices = texture.voices;
    for first in (0..texture.notes().len()).filter(|&note| voices.previous(note).is_none()) {
        let (mut low, mut high, mut n_notes) = (i32::MAX, i32::MIN, 0);
        let mut note = Some(first);
        while let Some(index) = note {
            (low, high) = (low.min(texture.pitch(index)), high.max(texture.pitch(index)));
            n_notes += 1;
            note = voices.next(index);
        }
        if n_notes >= LEAST_NOTES {
            counts[Rule::Range].see(high - low > MOST_COMPASS);
        }
    }
}

fn spacing(texture: &Texture, counts: &mut Counts) {
    let is_sure = |note| texture.voices.next(note).is_some() || texture.voices.previous(note).is_some();
    for moment in 0..texture.moments.len() {
        for pair in texture.sounding(moment).windows(2).skip(1) {
            if pair.iter().all(|&note| is_sure(note)) {
                counts[Rule::Spacing].see(texture.pitch(pair[1]) - texture.pitch(pair[0]) > OCTAVE);
            }
        }
    }
}
