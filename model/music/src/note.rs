//! The shared words: what a note is, and the unit of musical time.

/// Musical time resolution. One tick is 1/48 of a beat (a quarter note): 10.4 ms at 120 BPM, and a whole number of
/// ticks for sixteenths (12), thirty-seconds (6), eighth triplets (16) and sixteenth triplets (8).
pub const TICKS_PER_BEAT: u32 = 48;

/// A MIDI key number, 0 to 127; 60 is middle C.
///
/// ```
/// assert_eq!(music::Pitch::new(60), Some(music::Pitch::MIDDLE_C));
/// assert_eq!(music::Pitch::new(128), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pitch(u8);

impl Pitch {
    /// Middle C.
    pub const MIDDLE_C: Self = Self(60);

    /// `None` above 127.
    #[must_use]
    pub const fn new(key: u8) -> Option<Self> {
        if key <= 127 { Some(Self(key)) } else { None }
    }

    /// The nearest pitch to any number, for data that may be damaged.
    #[must_use]
    pub const fn nearest(key: u8) -> Self {
        if key <= 127 { Self(key) } else { Self(127) }
    }

    /// The key number, 0 to 127.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether it is a black key of a piano.
    #[must_use]
    pub const fn is_black(self) -> bool {
        matches!(self.0 % 12, 1 | 3 | 6 | 8 | 10)
    }
}

/// A MIDI note-on velocity, 1 to 127. Zero means note-off in MIDI, so it cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Velocity(u8);

impl Velocity {
    /// Mezzo-forte, for music that says nothing of its dynamics.
    pub const MEDIUM: Self = Self(74);

    /// `None` for 0 and above 127.
    #[must_use]
    pub const fn new(velocity: u8) -> Option<Self> {
        if velocity >= 1 && velocity <= 127 { Some(Self(velocity)) } else { None }
    }

    /// The nearest velocity to any number, for data that may be damaged.
    #[must_use]
    pub const fn nearest(velocity: u8) -> Self {
        match velocity {
            0 => Self(1),
            1..=127 => Self(velocity),
            _ => Self(127),
        }
    }

    /// The velocity, 1 to 127.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A note. Times are in ticks of 1/48 beat; only in a [`Score`](crate::Score) in that score's own. Where the timeline has its
/// zero is the caller's choice (in a host: the song's start), so an onset may be negative during pre-roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// When it begins.
    pub onset_ticks: i64,
    /// How long it sounds, at least 1.
    pub duration_ticks: u32,
    /// Its key.
    pub pitch: Pitch,
    /// How hard it is struck.
    pub velocity: Velocity,
}

impl Note {
    /// When it ends.
    #[must_use]
    pub const fn end_ticks(&self) -> i64 {
        self.onset_ticks + self.duration_ticks as i64
    }

    /// The order in which notes are fed: by onset, then from the lowest pitch up, so that a chord has one spelling.
    #[must_use]
    pub const fn order(&self) -> (i64, u8) {
        (self.onset_ticks, self.pitch.0)
    }
}
