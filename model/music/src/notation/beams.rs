//! Beams join the notes of a beat.

use super::values::Value;
use super::{BEAT, Bar};

/// What a beam does at a note, from the first beam (of eighths) on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beam {
    Begin,
    Continue,
    End,
    /// Half a beam, towards the note after.
    Forward,
    /// Half a beam, towards the note before.
    Backward,
}

/// What stands at a time in a voice: a note value of a chord, or something without a stem.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stem {
    /// From the beginning of the bar.
    pub(super) start: i64,
    pub(super) value: Option<Value>,
    /// The tuplet it is in, if any, counted in the bar.
    pub(super) tuplet: Option<usize>,
}

/// The beams of each stem of a voice in a bar.
pub(super) fn beams(bar: &Bar, stems: &[Stem]) -> Vec<Vec<Beam>> {
    let mut beams: Vec<Vec<Beam>> = vec![Vec::new(); stems.len()];
    let flags = |stem: &Stem| stem.value.map_or(0, Value::n_flags);
    let mut from = 0;
    while from < stems.len() {
        let group = window(bar, stems, &stems[from]);
        let same = |stem: &&Stem| flags(stem) > 0 && window(bar, stems, stem) == group;
        let to = from + stems[from..].iter().take_while(same).count();
        if to - from >= 2 {
            join(&stems[from..to], &mut beams[from..to]);
        }
        from = to.max(from + 1);
    }
    beams
}

fn join(stems: &[Stem], beams: &mut [Vec<Beam>]) {
    let flags: Vec<u8> = stems.iter().map(|stem| stem.value.map_or(0, Value::n_flags)).collect();
    for (place, own) in flags.iter().enumerate() {
        for level in 1..=*own {
            let before = place > 0 && flags[place - 1] >= level;
            let after = flags.get(place + 1).is_some_and(|next| *next >= level);
            beams[place].push(match (before, after) {
                (true, true) => Beam::Continue,
                (true, false) => Beam::End,
                (false, true) => Beam::Begin,
                // A half beam points to the note with which it makes a whole.
                (false, false) if place + 1 == flags.len() => Beam::Backward,
                (false, false) if place == 0 => Beam::Forward,
                (false, false) => {
                    let unit = 4 * stems[place].value.map_or(BEAT, |value| value.base);
                    if stems[place].start % unit == 0 { Beam::Forward } else { Beam::Backward }
                }
            });
        }
    }
}

/// The group that a stem belongs to: how long it is, which one of its kind, and its tuplet.
fn window(bar: &Bar, stems: &[Stem], stem: &Stem) -> (i64, i64, Option<usize>) {
    let beat = if bar.unit() >= BEAT || bar.is_compound() { bar.beat() } else { 0 };
    let numerator = bar.signature.numerator();
    if beat == 0 {
        // Units of eighths or less: pairs, with one group of three at the end of an odd number.
        let unit = stem.start / bar.unit();
        let n_pairs = i64::from(numerator / 2).max(1);
        return (bar.unit(), (unit / 2).min(n_pairs - 1), stem.tuplet);
    }
    // Eighths alone are joined over half a bar of four, and over a bar of three.
    let wide = match numerator {
        _ if bar.is_compound() || bar.unit() != BEAT => beat,
        3 => 3 * beat,
        n if n % 2 == 0 => 2 * beat,
        _ => beat,
    };
    let is_eighth = |other: &Stem| other.value == Some(Value { base: BEAT / 2, n_dots: 0 }) && other.tuplet.is_none();
    let inside = |other: &&Stem| other.start / wide == stem.start / wide;
    let n_eighths = stems.iter().filter(inside).filter(|other| is_eighth(other)).count();
    let n_all = stems.iter().filter(inside).count();
    let size = if n_eighths == n_all && wide > beat { wide } else { beat };
    (size, stem.start / size, stem.tuplet)
}
