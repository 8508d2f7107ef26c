//! Who jams: phrases at random, each from the one before, so that the same seed plays the same.

use host::Message;

use super::beats;

/// Where the answer may begin, as the parameter calls it.
pub(super) const STARTS: [&str; 3] = ["At once", "Next beat", "Next bar"];
/// How long it is.
pub(super) const LENGTHS: [&str; 4] = ["Like the call", "1 bar", "2 bars", "4 bars"];
/// The player's channel. Answers come on another, so that they can be told from what passes through.
const CHANNEL: u8 = 0;

/// A phrase, in samples from the start of the song.
pub(super) struct Phrase {
    pub(super) is_thru: bool,
    /// Of [`STARTS`] and [`LENGTHS`].
    pub(super) start: usize,
    pub(super) length: usize,
    /// When the settings are made; the first key goes down a little later.
    pub(super) begins: u64,
    pub(super) events: Vec<(u64, Message)>,
    pub(super) last_up: u64,
    /// When the button is pressed.
    pub(super) pressed: Option<u64>,
}

/// One stroke: from when to when, in beats from the phrase's start, with its key and velocity.
type Stroke = (f64, f64, u8, u8);

pub(super) struct Player {
    random: u64,
    /// The phrase before, to be played again.
    last: Vec<Stroke>,
    n_phrases: u64,
    /// In beats.
    now: f64,
    is_thru: bool,
}

impl Player {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            last: Vec::new(),
            n_phrases: 0,
            now: 2.0,
            is_thru: true,
        }
    }

    pub(super) fn phrase(&mut self) -> Phrase {
        // With nothing held: what passes through is either whole or not there.
        if self.n_phrases > 0 && self.n_phrases.is_multiple_of(8) {
            self.is_thru = !self.is_thru;
        }
        self.n_phrases += 1;
        // Now and then over the loop's end.
        if self.below(5) == 0 {
            let until_wrap = 16.0 - self.now.rem_euclid(16.0);
            self.now += (until_wrap - 0.3 - 2.0 * self.fraction()).max(0.0);
        }
        let from = self.now + 0.25;
        if self.last.is_empty() || self.below(6) > 0 {
            self.last = self.strokes();
        }
        let strokes = self.last.clone();
        let mut events = Vec::new();
        for &(on, off, key, velocity) in &strokes {
            events.push((beats(from + on), Message::NoteOn { channel: CHANNEL, key, velocity }));
            events.push((beats(from + off), Message::NoteOff { channel: CHANNEL, key }));
        }
        let last_on = strokes.iter().map(|stroke| stroke.0).fold(0.0, f64::max);
        let last_off = strokes.iter().map(|stroke| stroke.1).fold(0.0, f64::max);
        if self.below(3) == 0 {
            for (at, value) in [(0.1, 127), (last_off - 0.05 + self.fraction(), 0)] {
                events.push((beats(from + at), Message::Midi([0xB0 | CHANNEL, 64, value])));
            }
        }
        // With the last keys down or just let go, as one who does not want to wait.
        let pressed = (self.below(5) == 0).then(|| beats(from + last_on + 0.3 + 0.5 * self.fraction()));
        let phrase = Phrase {
            is_thru: self.is_thru,
            start: self.choose(STARTS.len()),
            length: self.choose(LENGTHS.len()),
            begins: beats(self.now),
            events,
            last_up: beats(from + last_off),
            pressed,
        };
        // Mostly time for an answer, or a part of one; at times the phrase only takes a breath.
        let rest = if self.below(6) == 0 { 0.3 + self.fraction() } else { 3.0 + 9.0 * self.fraction() };
        self.now = from + last_off + 0.5 + rest;
        phrase
    }

    /// Lines and chords, short and long, some keys struck again while they are down.
    fn strokes(&mut self) -> Vec<Stroke> {
        let (mut at, mut strokes) = (0.0, Vec::new());
        let is_chordal = self.below(3) == 0;
        for _ in 0..2 + self.below(11) {
            let n_keys = if is_chordal { 2 + self.below(3) } else { 1 };
            let length = 0.1 + 1.4 * self.fraction();
            for _ in 0..n_keys {
                let key = if self.below(6) == 0 { 60 } else { self.number(36, 60) };
                strokes.push((at, at + length + 0.1 * self.fraction(), key, self.number(20, 108)));
            }
            at += [0.25, 0.5, 0.5, 1.0, 0.05 + self.fraction()][self.choose(5)];
        }
        strokes
    }

    fn below(&mut self, n: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) % n
    }

    fn choose(&mut self, n: usize) -> usize {
        usize::try_from(self.below(u64::try_from(n).unwrap_or(1))).unwrap_or(0)
    }

    /// One of so many numbers.
    fn number(&mut self, from: u8, n: u8) -> u8 {
        from + u8::try_from(self.below(n.into())).unwrap_or(0)
    }

    #[expect(clippy::cast_precision_loss, reason = "20 bits")]
    fn fraction(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}
