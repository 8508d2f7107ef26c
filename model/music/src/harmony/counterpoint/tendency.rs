//! Notes that want to go on to a certain other one: sevenths fall, leading notes rise.
//!
//! Which note is which is told by the chord that sounds, not by the key: any dominant counts, also that of another key, and the
//! third of I when IV follows. Only chords that hold nothing else are judged, so that passing notes are not taken for sevenths.

use super::texture::{Move, Texture, chord};
use super::{Counts, Rule};

pub(super) fn count(texture: &Texture, counts: &mut Counts) {
    for moment in 1..texture.moments.len() {
        let (before, after) = (&texture.moments[moment - 1], &texture.moments[moment]);
        for Move { from, interval, .. } in texture.moves(moment) {
            // The note must have sounded in that chord.
            if texture.notes()[from].end_ticks() <= before.ticks || interval == 0 {
                continue;
            }
            let class = texture.notes()[from].pitch.get() % 12;
            let bass = texture.notes()[texture.bass(moment - 1)].pitch.get() % 12;
            if let Some(chord) = seventh_chord(before.classes, class, bass)
                && after.classes & !chord != 0
            {
                counts[Rule::Seventh].see(!matches!(interval, -2 | -1));
            }
            let next_bass = texture.notes()[texture.bass(moment)].pitch.get() % 12;
            if is_leading_note(before.classes, class) && is_fifth_below(after.classes, next_bass, class) {
                counts[Rule::LeadingNote].see(interval != 1);
            }
        }
    }
}

/// The seventh chord whose seventh that class is: a dominant seventh in any position, and others over their root. A minor seventh
/// chord in another position could be a sixth chord.
fn seventh_chord(classes: u16, seventh: u8, bass: u8) -> Option<u16> {
    let dominant_root = (seventh + 2) % 12;
    let dominant = chord(dominant_root, &[0, 4, 7, 10]);
    if classes & !dominant == 0 && classes & chord(dominant_root, &[0, 4]) == chord(dominant_root, &[0, 4]) {
        return Some(dominant);
    }
    let others: [&[u8]; 3] = [&[0, 3, 7, 10], &[0, 3, 6, 10], &[0, 4, 7, 11]];
    others.into_iter().find_map(|intervals| {
        let all = chord(bass, intervals);
        let is_seventh = (bass + intervals[3]) % 12 == seventh;
        (is_seventh && classes & !all == 0 && classes & chord(bass, &[intervals[1]]) != 0).then_some(all)
    })
}

/// The third of a major chord or dominant seventh of three classes or more.
fn is_leading_note(classes: u16, third: u8) -> bool {
    let root = (third + 8) % 12;
    let is_chord = classes & !chord(root, &[0, 4, 7, 10]) == 0;
    is_chord && classes & chord(root, &[0]) != 0 && classes.count_ones() >= 3
}

/// A triad over the root a fifth below that of the chord whose third is `leading`, or what sounds of it.
fn is_fifth_below(classes: u16, bass: u8, leading: u8) -> bool {
    let tonic = (leading + 1) % 12;
    let is_triad = |third| classes & !chord(tonic, &[0, third, 7]) == 0;
    bass == tonic && classes.count_ones() >= 2 && (is_triad(3) || is_triad(4))
}
