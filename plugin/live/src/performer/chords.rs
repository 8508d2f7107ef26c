//! The chord to which the answer keeps, from keys that are down.

use engine::conditions::harmony;

use super::Performer;
use super::strikes::Strikes;
use crate::events::{DRUMS, Host};
use crate::monitor::Monitor;
use crate::settings::{Chords, SettingsSource};
use crate::turn::Phase;
use crate::worker::Worker;

/// What a key that goes down is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// Part of a call.
    pub(crate) is_heard: bool,
    /// Part of the chord.
    pub(crate) is_chord: bool,
}

/// The last chord. It stays until there is another one, so that hands may move.
#[derive(Debug, Default)]
pub(super) struct HeldChord {
    /// As the condition; 0 for none so far.
    value: u8,
}

impl HeldChord {
    /// As the condition; 0 for open.
    pub(super) fn value(&self) -> u8 {
        self.value
    }

    /// Listens to the keys that are down. Fewer than three pitch classes are no chord yet. Whether it is another one.
    ///
    /// # Realtime safety
    /// Nothing is allocated.
    pub(super) fn hear(&mut self, strikes: &Strikes) -> bool {
        let (mut keys, mut n_keys) = ([0; 128], 0);
        for strike in strikes.held().iter().filter(|strike| strike.is_chord).take(keys.len()) {
            keys[n_keys] = strike.key;
            n_keys += 1;
        }
        let Some(chord) = harmony::of_keys(&keys[..n_keys]) else { return false };
        let value = harmony::value(Some(chord));
        std::mem::replace(&mut self.value, value) != value
    }

    /// There is no chord any more.
    pub(super) fn forget(&mut self) {
        self.value = 0;
    }
}

impl<S: SettingsSource, W: Worker, M: Monitor> Performer<S, W, M> {
    /// What a key on this channel is for. What is held while an answer sounds steers it, and neither ends it nor is a call.
    pub(super) fn meaning(&self, channel: u8, is_on: bool) -> Meaning {
        let is_music = channel != DRUMS || self.settings.are_drums_heard;
        match self.settings.chords {
            Chords::OfChannel(chords) if channel == chords => Meaning { is_heard: false, is_chord: is_on },
            Chords::OfHeldKeys => {
                let is_steering = matches!(self.turn.phase(), Phase::Answering { .. });
                Meaning { is_heard: is_on && is_music && !is_steering, is_chord: is_on && is_music }
            }
            _ => Meaning { is_heard: is_on && is_music, is_chord: false },
        }
    }

    /// A key of the chord has gone down: what comes soon keeps to it.
    pub(super) fn chord_down(&mut self, now: u32, host: &mut impl Host) {
        if self.chord.hear(&self.sounding.strikes) {
            let action = self.turn.steer(self.clock.tick_at(now));
            self.act(now, action, host);
        }
    }

    /// A key has gone up. A chord of the player's own hands is over when all are up and no answer sounds that keeps to it.
    pub(super) fn chord_up(&mut self) {
        let is_answering = matches!(self.turn.phase(), Phase::Answering { .. });
        if self.settings.chords == Chords::OfHeldKeys && !is_answering && !self.turn.is_any_held() {
            self.chord.forget();
        }
    }
}
