//! Note values: what is written for a sound that lasts from here to there in a bar. A value shows where the beats are, so some sounds
//! are written as several notes, with ties between them (Gould, *Behind Bars*, 2011, "Note-values and metre").

use super::tuplets::Tuplet;
use super::{BEAT, Bar};

/// A note value with its dots, in parts of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// The length without dots: a quarter note is [`BEAT`].
    pub(crate) base: i64,
    pub(crate) n_dots: u8,
}

/// A breve, and a 256th.
const LONGEST: i64 = 8 * BEAT;
const SHORTEST: i64 = BEAT / 32;

impl Value {
    /// The value that lasts exactly so long, if there is one.
    pub(super) fn of(length: i64) -> Option<Self> {
        let mut base = LONGEST;
        while base >= SHORTEST {
            for n_dots in 0..=2u8 {
                // 1, 3/2 or 7/4 of the base.
                let dotted = 2 * base - (base >> n_dots);
                if dotted == length && base % (1 << n_dots) == 0 {
                    return Some(Self { base, n_dots });
                }
            }
            base /= 2;
        }
        None
    }

    /// The longest value that is no longer than that, for lengths that no value has.
    fn below(length: i64) -> Self {
        let mut base = LONGEST;
        while base > SHORTEST && base > length {
            base /= 2;
        }
        Self { base, n_dots: 0 }
    }

    /// Flags of its stem, or beams in their place.
    pub(super) fn n_flags(self) -> u8 {
        let mut n_flags = 0;
        let mut base = self.base;
        while base < BEAT {
            base *= 2;
            n_flags += 1;
        }
        n_flags
    }
}

/// Where values lie in: a bar, or a tuplet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    Bar(&'a Bar),
    Tuplet(&'a Tuplet),
}

/// The values of a sound, or a rest, from `start` to `end`, counted from the beginning of the place, as they would be without the tuplet.
/// Each with where it begins. They last as long as the sound, unless no values do.
pub(super) fn split(place: Place<'_>, start: i64, end: i64, is_rest: bool) -> Vec<(i64, Value)> {
    if let Some(value) = Value::of(end - start).filter(|value| fits(place, start, *value, is_rest)) {
        return vec![(start, value)];
    }
    let coarsest = match place {
        Place::Bar(bar) => bar.unit().min(BEAT),
        Place::Tuplet(tuplet) => tuplet.part(),
    };
    let mut grain = coarsest;
    while grain > SHORTEST && (start % grain != 0 || end % grain != 0) {
        grain /= 2;
    }
    // The fewest values that reach each time; of equally many, those that meet on the strongest beats.
    let n = usize::try_from((end - start) / grain).unwrap_or(0);
    let at = |step: usize| start + grain * i64::try_from(step).unwrap_or(0);
    let mut best: Vec<Option<(u32, usize, Value)>> = vec![None; n + 1];
    for to in 1..=n {
        for from in 0..to {
            let before = if from == 0 { Some(0) } else { best[from].map(|(cost, ..)| cost) };
            let Some(before) = before else { continue };
            let Some(value) = Value::of(at(to) - at(from)).filter(|value| fits(place, at(from), *value, is_rest))
            else {
                continue;
            };
            let cost = before + 100 + weakness(at(from), coarsest) + 10 * u32::from(value.n_dots / 2);
            if best[to].is_none_or(|(least, ..)| cost < least) {
                best[to] = Some((cost, from, value));
            }
        }
    }
    let mut values = Vec::new();
    let mut to = n;
    while let Some((_, from, value)) = best[to] {
        values.push((at(from), value));
        to = from;
    }
    values.reverse();
    if values.is_empty() { vec![(start, Value::below(end - start))] } else { values }
}

/// How weak the beat at a time is.
fn weakness(at: i64, unit: i64) -> u32 {
    let mut grain = 4 * unit;
    for weakness in 0..8 {
        if at % grain == 0 {
            return weakness;
        }
        grain /= 2;
    }
    8
}

fn fits(place: Place<'_>, at: i64, value: Value, is_rest: bool) -> bool {
    match place {
        Place::Tuplet(tuplet) => in_units(at, value, tuplet.part(), is_rest),
        Place::Bar(bar) if bar.is_compound() => {
            let length = length(value);
            let (beat, unit) = (bar.beat(), bar.unit());
            if at % beat + length <= beat {
                return in_units(at % beat, value, unit, is_rest);
            }
            // Whole beats.
            let (n_beats, first) = (length / beat, at / beat);
            at % beat == 0 && length % beat == 0 && (first % n_beats == 0 || n_beats == 2 && first % 4 == 1 && !is_rest)
        }
        Place::Bar(bar) => {
            let is_ternary = bar.signature.numerator() == 3;
            let is_whole_rest = !is_rest || value.base <= bar.unit() || !is_ternary;
            // Three beats have no middle that must be seen.
            let is_free = is_ternary && !is_rest && value.base == bar.unit() && value.n_dots < 2;
            is_whole_rest && (in_halves(at, value, is_rest) || is_free && at % (bar.unit() / 2) == 0)
        }
    }
}

const fn length(value: Value) -> i64 {
    2 * value.base - (value.base >> value.n_dots)
}

/// In time that is divided in halves, a value begins at a multiple of itself; or it is a syncopation, half of its length before and after,
/// within twice its length. With a dot, it begins or ends a multiple of twice its length without the dot.
fn in_halves(at: i64, value: Value, is_rest: bool) -> bool {
    let (base, double) = (value.base, 2 * value.base);
    match value.n_dots {
        0 => at % base == 0 || !is_rest && at % double == base / 2,
        _ if is_rest => false,
        1 => at % double == 0 || at % double == base / 2,
        _ => at % double == 0 || at % double == base / 4,
    }
}

/// In a group of three, five or seven units.
fn in_units(at: i64, value: Value, unit: i64, is_rest: bool) -> bool {
    let length = length(value);
    if length < unit {
        return in_halves(at % unit, value, is_rest) && at % unit + length <= unit;
    }
    if length % unit == 0 {
        return at % unit == 0 && (!is_rest || length == unit || at == 0);
    }
    // A dotted unit and a half of one, in either order.
    2 * length == 3 * unit && !is_rest && (at % unit == 0 || at % unit == unit / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time_signature::TimeSignature;

    /// The values of a sound in a bar, in eighths: (from, base, dots).
    fn values(numerator: u8, power: u8, start: i64, end: i64, is_rest: bool) -> Vec<(i64, i64, u8)> {
        let signature = TimeSignature::new(numerator, power).unwrap();
        let length = 4 * BEAT * i64::from(numerator) / i64::from(signature.denominator());
        let bar = Bar { start: 0, length, signature, is_signed: true, is_pickup: false };
        let eighth = BEAT / 2;
        let split = split(Place::Bar(&bar), start * eighth, end * eighth, is_rest);
        split.iter().map(|(at, value)| (at / eighth, value.base / eighth, value.n_dots)).collect()
    }

    #[test]
    fn values_show_the_middle_of_the_bar() {
        assert_eq!(values(4, 2, 0, 8, false), [(0, 8, 0)]);
        assert_eq!(values(4, 2, 1, 3, false), [(1, 2, 0)], "a syncopation within half a bar");
        assert_eq!(values(4, 2, 3, 5, false), [(3, 1, 0), (4, 1, 0)], "over the middle");
        assert_eq!(values(4, 2, 2, 6, false), [(2, 4, 0)], "quarter, half, quarter");
        assert_eq!(values(4, 2, 2, 5, false), [(2, 2, 0), (4, 1, 0)]);
        assert_eq!(values(4, 2, 0, 3, false), [(0, 2, 1)]);
        assert_eq!(values(3, 2, 0, 6, false), [(0, 4, 1)]);
        assert_eq!(values(3, 2, 2, 6, false), [(2, 4, 0)]);
        assert_eq!(values(3, 2, 2, 5, false), [(2, 2, 1)], "no middle in three");
    }

    #[test]
    fn values_show_the_beats_of_compound_time() {
        assert_eq!(values(6, 3, 0, 6, false), [(0, 4, 1)]);
        assert_eq!(values(6, 3, 2, 4, false), [(2, 1, 0), (3, 1, 0)], "over the beat");
        assert_eq!(values(6, 3, 1, 3, false), [(1, 2, 0)]);
        assert_eq!(values(9, 3, 0, 9, false), [(0, 4, 1), (6, 2, 1)]);
    }

    #[test]
    fn rests_are_no_syncopations() {
        assert_eq!(values(4, 2, 1, 3, true), [(1, 1, 0), (2, 1, 0)]);
        assert_eq!(values(3, 2, 2, 6, true), [(2, 2, 0), (4, 2, 0)]);
        assert_eq!(values(4, 2, 5, 8, true), [(5, 1, 0), (6, 2, 0)]);
        assert_eq!(values(6, 3, 1, 3, true), [(1, 1, 0), (2, 1, 0)]);
    }
}
