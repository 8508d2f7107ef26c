//! Controllers, bends, programs and pressures that are notes by their looks: a wrong status byte can make a whole track of
//! notes into any of them, with not a byte that breaks a rule.

use std::collections::BTreeMap;

use super::event::Event;
use super::left_out::{LeftOut, What};
use super::pairing::{Player, Timed};

/// Fewer controllers or bends are no melody, and fewer pressures are no playing.
const FEW: usize = 8;
/// Pedals and other switches go up and down as notes do.
const SWITCHES: std::ops::RangeInclusive<u8> = 64..=69;

/// How many, and the byte of the first.
#[derive(Clone, Copy, Default)]
struct Count {
    n: usize,
    byte: usize,
}

impl Count {
    const fn add(&mut self, byte: usize) {
        if self.n == 0 {
            self.byte = byte;
        }
        self.n += 1;
    }
}

/// What else than notes a player sends.
#[derive(Default)]
struct Looks {
    /// The last controller and its value.
    controller: Option<(u8, u8)>,
    /// Controllers that went up and at once back to nothing, and how often.
    pairs: BTreeMap<u8, Count>,
    bends: Count,
    has_middle: bool,
    pressures: Count,
    /// When the program was chosen that no note was played with yet.
    program: Option<u64>,
    unused: Count,
}

/// Names them.
pub(super) fn find_lookalikes(events: &[Timed], left_out: &mut Vec<LeftOut>) {
    let mut all: BTreeMap<Player, Looks> = BTreeMap::new();
    for timed in events {
        let byte = timed.placed.byte;
        let player = |channel| (timed.track, timed.port, channel);
        match timed.placed.event {
            Event::Controller { channel, controller, value } if !SWITCHES.contains(&controller) => {
                let looks = all.entry(player(channel)).or_default();
                if value == 0 && looks.controller.is_some_and(|(before, up)| before == controller && up > 0) {
                    looks.pairs.entry(controller).or_default().add(byte);
                }
                looks.controller = Some((controller, value));
            }
            Event::Bend { channel, is_middle } => {
                let looks = all.entry(player(channel)).or_default();
                looks.bends.add(byte);
                looks.has_middle |= is_middle;
            }
            // Many files begin with a pressure of nothing.
            Event::ChannelPressure { channel, value: 1.. } => {
                all.entry(player(channel)).or_default().pressures.add(byte)
            }
            Event::Program { channel } => {
                let looks = all.entry(player(channel)).or_default();
                if looks.program.replace(timed.ticks).is_some_and(|before| before < timed.ticks) {
                    looks.unused.add(byte);
                }
            }
            Event::On { channel, .. } => all.entry(player(channel)).or_default().program = None,
            _ => {}
        }
    }
    for ((track, ..), looks) in all {
        let mut note = |byte, what| left_out.push(LeftOut { track: Some(track + 1), byte, what });
        let n_pairs = looks.pairs.values().map(|pairs| pairs.n).sum();
        if looks.pairs.len() >= 3 && n_pairs >= FEW {
            let first = looks.pairs.values().map(|pairs| pairs.byte).min();
            note(first.unwrap_or(0), What::ControllersLikeNotes(n_pairs));
        }
        if looks.bends.n >= FEW && !looks.has_middle {
            note(looks.bends.byte, What::BendsLikeNotes(looks.bends.n));
        }
        if (1..FEW).contains(&looks.pressures.n) {
            note(looks.pressures.byte, What::FewPressures(looks.pressures.n));
        }
        if looks.unused.n > 0 {
            note(looks.unused.byte, What::UnusedPrograms(looks.unused.n));
        }
    }
}
