//! Which accidentals stand before heads: those that the key signature and the bar so far do not say already.

use std::collections::BTreeMap;

use crate::harmony::spelling::Spelled;

/// What holds in a bar of a staff.
pub(super) struct Accidentals {
    fifths: i8,
    /// By step and octave.
    in_bar: BTreeMap<(u8, i8), i8>,
}

impl Accidentals {
    /// At the beginning of a bar.
    pub(super) const fn new(fifths: i8) -> Self {
        Self { fifths, in_bar: BTreeMap::new() }
    }

    /// Whether a head needs its accidental. One that is tied over a bar line has it before.
    pub(super) fn needs(&mut self, head: Spelled, is_tied: bool) -> bool {
        let usual = key_alter(self.fifths, head.step);
        let place = (head.step, head.octave);
        let holds = self.in_bar.get(&place).copied().unwrap_or(usual);
        if is_tied {
            return false;
        }
        self.in_bar.insert(place, head.alter);
        holds != head.alter
    }
}

/// The accidental of a step, 0 (C) to 6 (B), in a key signature of so many sharps, or flats if negative.
fn key_alter(fifths: i8, step: u8) -> i8 {
    // Sharps come in the order F C G D A E B.
    const ORDER: [i8; 7] = [1, 3, 5, 0, 2, 4, 6];
    let place = ORDER[usize::from(step % 7)];
    if fifths > place {
        1
    } else if fifths < 0 && -fifths > 6 - place {
        -1
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_remembers_its_accidentals() {
        let head = |step, alter| Spelled { step, alter, octave: 4 };
        let mut in_d = Accidentals::new(2);
        // F sharp is in the key; F natural is not, and then F sharp must be said again.
        let said: Vec<bool> =
            [head(3, 1), head(3, 0), head(3, 0), head(3, 1)].map(|head| in_d.needs(head, false)).into();
        assert_eq!(said, [false, true, false, true]);
        assert!(!in_d.needs(head(0, 0), true), "tied");
        assert!(in_d.needs(head(0, 0), false));
        let flats: Vec<i8> = (0..7).map(|step| key_alter(-3, step)).collect();
        assert_eq!(flats, [0, 0, -1, 0, 0, -1, -1]);
    }
}
