//! What sounds now, so that all of it can be released. One record for both the player's notes that are passed through
//! and the notes of an answer, since they may share a key.

use crate::events::{HOLDING, Host, N_CHANNELS, N_KEYS, Output};

/// One key of one channel.
#[derive(Clone, Copy, Debug, Default)]
struct Sound {
    /// Note-ons of the player that were passed on and not yet ended.
    n_thru: u8,
    /// Note-offs that the host refused: sent again until it takes them.
    n_owed: u8,
    /// The answer's note, 0 for none.
    answer: u32,
}

/// All keys of all channels.
///
/// # Realtime safety
/// Allocates only in [`Sounding::new`].
#[derive(Debug)]
pub(crate) struct Sounding {
    keys: Box<[[Sound; N_KEYS]; N_CHANNELS]>,
    /// Keys that may sound, by channel: there are 16 KiB of the others.
    begun: [u128; N_CHANNELS],
    /// Whether any note-off or pedal-up is owed.
    is_in_debt: bool,
    /// Channels whose pedal was passed on as down, for each of [`HOLDING`].
    pedals: [u16; HOLDING.len()],
    /// Those of them whose pedal went up, which the host refused to take.
    pedals_owed: [u16; HOLDING.len()],
}

/// Which sounds to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Player,
    Answer,
    Both,
}

impl Sounding {
    pub(crate) fn new() -> Self {
        Self {
            // Written to, rather than asked for as zeros: the system provides memory when it is first written to.
            keys: Box::new(std::hint::black_box([[Sound::default(); N_KEYS]; N_CHANNELS])),
            begun: [0; N_CHANNELS],
            is_in_debt: false,
            pedals: [0; HOLDING.len()],
            pedals_owed: [0; HOLDING.len()],
        }
    }

    /// Sends the note-offs that the host had no room for.
    pub(crate) fn settle(&mut self, offset: u32, host: &mut impl Host) {
        if std::mem::take(&mut self.is_in_debt) {
            for channel in 0..16 {
                for key in 0..128 {
                    let n_owed = std::mem::take(&mut self.sound(channel, key).n_owed);
                    self.off(offset, channel, key, n_owed, host);
                }
                for (owed, controller) in self.pedals_owed.into_iter().zip(HOLDING) {
                    if owed & 1 << channel != 0 {
                        self.thru_control(offset, channel, controller, 0.0, host);
                    }
                }
            }
        }
    }

    /// Passes a note on. The answer's note on this key ends first.
    pub(crate) fn thru_on(&mut self, offset: u32, channel: u8, key: u8, velocity: f32, host: &mut impl Host) -> bool {
        let n_answers = u8::from(std::mem::take(&mut self.sound(channel, key).answer) != 0);
        self.off(offset, channel, key, n_answers, host);
        let sent = self.on(offset, channel, key, velocity, host);
        let n_thru = &mut self.sound(channel, key).n_thru;
        *n_thru = n_thru.saturating_add(u8::from(sent));
        sent
    }

    /// Passes a note-off on, if its note was. False if there was none.
    pub(crate) fn thru_off(&mut self, offset: u32, channel: u8, key: u8, host: &mut impl Host) -> bool {
        let n_thru = &mut self.sound(channel, key).n_thru;
        let is_passed = *n_thru > 0;
        if is_passed {
            *n_thru -= 1;
            self.off(offset, channel, key, 1, host);
        }
        is_passed
    }

    /// Passes a controller on. False if it is lost: a pedal that goes up is sent later, if need be.
    pub(crate) fn thru_control(
        &mut self,
        offset: u32,
        channel: u8,
        controller: u8,
        value: f32,
        host: &mut impl Host,
    ) -> bool {
        let is_sent = host.send(offset, Output::Control { channel, controller, value });
        let Some(place) = HOLDING.iter().position(|&holding| holding == controller) else { return is_sent };
        let (bit, is_down) = (1 << (channel & 15), value > 0.0);
        let is_owed = !is_down && !is_sent;
        let set = |set: &mut u16, to: bool| *set = if to { *set | bit } else { *set & !bit };
        set(&mut self.pedals_owed[place], is_owed);
        if is_sent {
            set(&mut self.pedals[place], is_down);
        }
        self.is_in_debt |= self.pedals_owed[place] != 0;
        is_sent || is_owed
    }

    /// Whether a pedal was passed on as down.
    pub(crate) fn is_held_by(&self, channel: u8, controller: u8) -> bool {
        let mut pedals = self.pedals.iter().zip(HOLDING);
        pedals.any(|(down, holding)| holding == controller && down & 1 << (channel & 15) != 0)
    }

    /// Lets the pedals of a channel go.
    pub(crate) fn let_go(&mut self, offset: u32, channel: u8, host: &mut impl Host) {
        for controller in HOLDING {
            if self.is_held_by(channel, controller) {
                self.thru_control(offset, channel, controller, 0.0, host);
            }
        }
    }

    /// Begins the answer's note `id` (not 0). What sounds on this key ends first.
    pub(crate) fn answer_on(
        &mut self,
        offset: u32,
        note: (u8, u8),
        velocity: f32,
        id: u32,
        host: &mut impl Host,
    ) -> bool {
        let (channel, key) = note;
        let sound = self.sound(channel, key);
        let n_before = std::mem::take(&mut sound.n_thru).saturating_add(u8::from(sound.answer != 0));
        self.off(offset, channel, key, n_before, host);
        let sent = self.on(offset, channel, key, velocity, host);
        self.sound(channel, key).answer = if sent { id } else { 0 };
        sent
    }

    /// Ends the answer's note `id`, unless the key has gone to another note since.
    pub(crate) fn answer_off(&mut self, offset: u32, note: (u8, u8), id: u32, host: &mut impl Host) {
        let (channel, key) = note;
        if self.sound(channel, key).answer == id {
            self.sound(channel, key).answer = 0;
            self.off(offset, channel, key, 1, host);
        }
    }

    /// Ends what sounds. Pedals are the player's.
    pub(crate) fn release(&mut self, offset: u32, whose: Whose, host: &mut impl Host) {
        for channel in 0..16u8 {
            for key in bits(self.begun[usize::from(channel)]) {
                let sound = self.sound(channel, key);
                let n_thru = if whose == Whose::Answer { 0 } else { std::mem::take(&mut sound.n_thru) };
                let answer = if whose == Whose::Player { 0 } else { std::mem::take(&mut sound.answer) };
                if sound.n_thru == 0 && sound.answer == 0 {
                    self.begun[usize::from(channel)] &= !(1 << key);
                }
                self.off(offset, channel, key, n_thru.saturating_add(u8::from(answer != 0)), host);
            }
            if whose != Whose::Answer {
                self.let_go(offset, channel, host);
            }
        }
    }

    /// A key with a note-off owed gets that first, and no note before the host has taken it.
    fn on(&mut self, offset: u32, channel: u8, key: u8, velocity: f32, host: &mut impl Host) -> bool {
        let n_owed = std::mem::take(&mut self.sound(channel, key).n_owed);
        self.off(offset, channel, key, n_owed, host);
        self.begun[usize::from(channel & 15)] |= 1 << (key & 127);
        self.sound(channel, key).n_owed == 0 && host.send(offset, Output::On { channel, key, velocity })
    }

    fn off(&mut self, offset: u32, channel: u8, key: u8, n: u8, host: &mut impl Host) {
        for _ in 0..n {
            if !host.send(offset, Output::Off { channel, key }) {
                let n_owed = &mut self.sound(channel, key).n_owed;
                *n_owed = n_owed.saturating_add(1);
                self.is_in_debt = true;
            }
        }
    }

    fn sound(&mut self, channel: u8, key: u8) -> &mut Sound {
        &mut self.keys[usize::from(channel & 15)][usize::from(key & 127)]
    }
}

/// The numbers of the bits that are set.
pub(crate) fn bits(mut set: u128) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let lowest = u8::try_from(set.trailing_zeros()).ok().filter(|&bit| bit < 128)?;
        set &= set - 1;
        Some(lowest)
    })
}
