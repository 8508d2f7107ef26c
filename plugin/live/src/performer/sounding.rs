//! What sounds now, so that all of it can be released. One record for both the player's notes that are passed through
//! and the notes of an answer, since they may share a key.

use super::strikes::{Strike, Strikes};
use crate::events::{CENTRED_BEND, Gesture, HOLDING, Host, N_CHANNELS, N_KEYS, NEUTRAL_RELEASE, NoteId, Output};

/// Notes that were begun and not yet ended, at most, with those whose end the host has still to take.
const MOST_OPEN: usize = 2048;

/// A note-off that the host refused.
#[derive(Clone, Copy, Debug)]
struct Owed {
    channel: u8,
    key: u8,
    id: Option<NoteId>,
    velocity: f32,
}

/// All keys of all channels.
///
/// # Realtime safety
/// Allocates only in [`Sounding::new`].
#[derive(Debug)]
pub(crate) struct Sounding {
    /// What the player holds, whether it was passed on or not.
    pub(super) strikes: Strikes,
    /// The answer's note on each key, 0 for none.
    answers: Box<[[u32; N_KEYS]; N_CHANNELS]>,
    /// Keys on which an answer may sound, by channel: there are 8 KiB of the others.
    begun: [u128; N_CHANNELS],
    /// Notes that were begun and whose end the host has not yet taken.
    n_open: usize,
    /// Sent again until the host takes them.
    owed: Vec<Owed>,
    /// Channels whose pedal was passed on as down, for each of [`HOLDING`].
    pedals: [u16; HOLDING.len()],
    /// Those of them whose pedal went up, which the host refused to take.
    pedals_owed: [u16; HOLDING.len()],
    /// Where the pitch wheel of each channel was left, as the host knows it: 14 bits.
    bends: [u16; N_CHANNELS],
}

/// Which sounds to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The player's, who still holds the keys.
    Player,
    Answer,
    /// All; the player holds no keys any more.
    Both,
}

impl Sounding {
    pub(crate) fn new() -> Self {
        let nothing = Owed { channel: 0, key: 0, id: None, velocity: NEUTRAL_RELEASE };
        let mut owed = vec![nothing; MOST_OPEN];
        owed.clear();
        Self {
            strikes: Strikes::new(),
            // Written to, rather than asked for as zeros: the system provides memory when it is first written to.
            answers: Box::new(std::hint::black_box([[0; N_KEYS]; N_CHANNELS])),
            begun: [0; N_CHANNELS],
            n_open: 0,
            owed,
            pedals: [0; HOLDING.len()],
            pedals_owed: [0; HOLDING.len()],
            bends: [CENTRED_BEND; N_CHANNELS],
        }
    }

    /// At the start of a block: sends the note-offs that the host had no room for.
    pub(crate) fn settle(&mut self, offset: u32, host: &mut impl Host) {
        self.strikes.begin_block();
        self.pay(offset, |_| true, host);
        if self.pedals_owed != [0; HOLDING.len()] {
            for channel in 0..16 {
                for (owed, controller) in self.pedals_owed.into_iter().zip(HOLDING) {
                    if owed & 1 << channel != 0 {
                        self.thru_control(offset, channel, controller, 0.0, host);
                    }
                }
            }
        }
    }

    /// Passes a strike on, the latest of those that are held. The answer's note on its key ends first.
    pub(crate) fn thru_on(&mut self, offset: u32, strike: Strike, velocity: f32, host: &mut impl Host) -> bool {
        let Strike { channel, key, id, number, .. } = strike;
        self.end_answer(offset, channel, key, host);
        let is_sent = self.on(offset, (channel, key, id), Whose::Player, velocity, host);
        if let Some(held) = self.strikes.held_mut().iter_mut().rev().find(|held| held.number == number) {
            held.is_passed = is_sent;
        }
        is_sent
    }

    /// Passes on that a strike has ended, if it was passed on itself.
    pub(crate) fn thru_off(&mut self, offset: u32, strike: Strike, velocity: f32, host: &mut impl Host) {
        if strike.is_passed {
            self.off(offset, (strike.channel, strike.key, strike.id), velocity, host);
        }
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
        is_sent || is_owed
    }

    /// Passes the pitch wheel on. False if that is lost.
    pub(crate) fn bend(&mut self, offset: u32, channel: u8, value: u16, host: &mut impl Host) -> bool {
        let is_sent = host.send(offset, Output::Other(Gesture::Bend { channel, value }));
        if is_sent {
            self.bends[usize::from(channel & 15)] = value;
        }
        is_sent
    }

    /// The wheels of a channel were put at rest by other means.
    pub(crate) fn forget_bend(&mut self, channel: u8) {
        self.bends[usize::from(channel & 15)] = CENTRED_BEND;
    }

    /// Puts the pitch wheel of a channel at rest, unless it is. False if the host refused that.
    pub(crate) fn centre_bend(&mut self, offset: u32, channel: u8, host: &mut impl Host) -> bool {
        self.bends[usize::from(channel & 15)] == CENTRED_BEND || self.bend(offset, channel, CENTRED_BEND, host)
    }

    /// Whether a pedal was passed on as down.
    #[inline]
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
        self.end_passed(offset, |strike| (strike.channel, strike.key) == note, host);
        self.end_answer(offset, channel, key, host);
        let is_sent = self.on(offset, (channel, key, None), Whose::Answer, velocity, host);
        if is_sent {
            *self.answer(channel, key) = id;
            self.begun[usize::from(channel & 15)] |= 1 << (key & 127);
        }
        is_sent
    }

    /// Ends the answer's note `id`, unless the key has gone to another note since.
    pub(crate) fn answer_off(&mut self, offset: u32, note: (u8, u8), id: u32, host: &mut impl Host) {
        let (channel, key) = note;
        if *self.answer(channel, key) == id {
            self.end_answer(offset, channel, key, host);
        }
    }

    /// Ends what sounds. The answer has no pedals.
    pub(crate) fn release(&mut self, offset: u32, whose: Whose, host: &mut impl Host) {
        if whose != Whose::Player {
            for channel in 0..16u8 {
                for key in bits(self.begun[usize::from(channel)]) {
                    self.end_answer(offset, channel, key, host);
                }
            }
        }
        if whose != Whose::Answer {
            self.end_passed(offset, |_| true, host);
            for channel in 0..16 {
                self.let_go(offset, channel, host);
            }
        }
        if whose == Whose::Both {
            self.strikes.clear();
        }
    }

    /// Ends those of the player's notes that sound, though their keys are down.
    fn end_passed(&mut self, offset: u32, is_meant: impl Fn(&Strike) -> bool, host: &mut impl Host) {
        for place in 0..self.strikes.held_mut().len() {
            let strike = &mut self.strikes.held_mut()[place];
            if strike.is_passed && is_meant(strike) {
                strike.is_passed = false;
                let note = (strike.channel, strike.key, strike.id);
                self.off(offset, note, NEUTRAL_RELEASE, host);
            }
        }
    }

    fn end_answer(&mut self, offset: u32, channel: u8, key: u8, host: &mut impl Host) {
        if std::mem::take(self.answer(channel, key)) != 0 {
            self.begun[usize::from(channel & 15)] &= !(1 << (key & 127));
            self.off(offset, (channel, key, None), NEUTRAL_RELEASE, host);
        }
    }

    /// A key with a note-off owed gets that first, and no note before the host has taken it.
    fn on(
        &mut self,
        offset: u32,
        note: (u8, u8, Option<NoteId>),
        whose: Whose,
        velocity: f32,
        host: &mut impl Host,
    ) -> bool {
        let (channel, key, id) = note;
        let is_owed = |owed: &Owed| (owed.channel, owed.key) == (channel, key);
        self.pay(offset, is_owed, host);
        let event = Output::On { channel, key, id, velocity };
        let mut send = || match whose {
            Whose::Answer => host.send_answer(offset, event),
            _ => host.send(offset, event),
        };
        let is_sent = self.n_open < MOST_OPEN && !self.owed.iter().any(is_owed) && send();
        self.n_open += usize::from(is_sent);
        is_sent
    }

    fn off(&mut self, offset: u32, note: (u8, u8, Option<NoteId>), velocity: f32, host: &mut impl Host) {
        let (channel, key, id) = note;
        if host.send(offset, Output::Off { channel, key, id, velocity }) {
            self.n_open = self.n_open.saturating_sub(1);
        } else if self.owed.len() < MOST_OPEN {
            self.owed.push(Owed { channel, key, id, velocity });
        }
    }

    /// Sends note-offs that the host refused before.
    fn pay(&mut self, offset: u32, is_meant: impl Fn(&Owed) -> bool, host: &mut impl Host) {
        if self.owed.is_empty() {
            return;
        }
        let n_open = &mut self.n_open;
        self.owed.retain(|owed| {
            let Owed { channel, key, id, velocity } = *owed;
            let is_paid = is_meant(owed) && host.send(offset, Output::Off { channel, key, id, velocity });
            *n_open = n_open.saturating_sub(is_paid.into());
            !is_paid
        });
    }

    fn answer(&mut self, channel: u8, key: u8) -> &mut u32 {
        &mut self.answers[usize::from(channel & 15)][usize::from(key & 127)]
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
