//! What the performer is told by the player's settings, as plain values.

use engine::Metre;
use engine::answer::Controls;

use crate::clock::Clock;
use crate::turn::{Length, Rules, Start};

/// How long a silence hands over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Silence {
    /// None does.
    Never,
    /// Milliseconds.
    Ms(f32),
    /// Beats of the song.
    Beats(f32),
}

/// Whose chords the answer keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chords {
    /// None: the network chooses its own.
    Off,
    /// Those of the keys that the player holds.
    OfHeldKeys,
    /// Those of a channel, 0 to 15. What comes on it is no call.
    OfChannel(u8),
}

/// The settings, with what controllers have moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Whether there are no answers at all.
    pub is_off: bool,
    /// Whether it is as if we were not there.
    pub is_bypassed: bool,
    /// Whether what the player does is passed on.
    pub is_thru: bool,
    /// Whether notes on the channel of drums are played to Antiphon. If not, they are passed on and nothing more.
    pub are_drums_heard: bool,
    /// Ends everything that sounds, when it goes on.
    pub is_panic: bool,
    /// Hands over, or takes the turn back, when it goes on.
    pub is_handed_over: bool,
    /// Plays the next candidate, when it goes on.
    pub is_another: bool,
    /// Plays the candidate before, when it goes on.
    pub is_back: bool,
    /// Whether there are answers without a call, while the song rolls.
    pub is_continuing: bool,
    /// Whether playing ends the answer.
    pub is_interruptible: bool,
    /// The controller that hands over.
    pub hand_controller: Option<u8>,
    /// The key that hands over.
    pub hand_key: Option<u8>,
    /// The channel of answers, 0 to 15; `None` for that of the call.
    pub channel: Option<u8>,
    /// The same seed gives the same answers to the same calls.
    pub seed: u32,
    /// How much earlier than its time the answer is sent.
    pub ahead_ms: f32,
    /// The silence that hands over.
    pub silence: Silence,
    /// The turn is handed over after this many bars; `None` if it is not.
    pub trade_bars: Option<u8>,
    /// Whose chords the answer keeps to.
    pub chords: Chords,
    /// Whether the beat is the player's, even while the song rolls.
    pub is_following: bool,
    /// Where in the bar an answer may begin.
    pub start: Start,
    /// How long an answer is.
    pub length: Length,
    /// What may change while an answer is being made.
    pub controls: Controls,
}

/// Of a player who has touched nothing.
impl Default for Settings {
    fn default() -> Self {
        Self {
            is_off: false,
            is_bypassed: false,
            is_thru: true,
            are_drums_heard: false,
            is_panic: false,
            is_handed_over: false,
            is_another: false,
            is_back: false,
            is_continuing: false,
            is_interruptible: true,
            hand_controller: None,
            hand_key: None,
            channel: None,
            seed: 1,
            ahead_ms: 0.0,
            silence: Silence::Ms(700.0),
            trade_bars: None,
            chords: Chords::Off,
            is_following: false,
            start: Start::AtOnce,
            length: Length::LikeTheCall,
            controls: Controls::default(),
        }
    }
}

impl Settings {
    /// Whether there are answers without a call.
    pub(crate) fn is_generator(&self, clock: &Clock) -> bool {
        self.is_continuing && clock.is_playing()
    }

    /// Notes at a time, at most.
    pub(crate) fn most_voices(&self) -> usize {
        match self.controls.voices {
            0 => usize::MAX,
            n => usize::from(n),
        }
    }

    /// What is asked of the turns now.
    #[inline]
    pub(crate) fn rules(&self, clock: &Clock) -> Rules {
        Rules {
            silence_ticks: match self.silence {
                Silence::Never => None,
                Silence::Ms(ms) => Some(clock.ticks_of_ms(f64::from(ms))),
                Silence::Beats(beats) => Some(clock.ticks_of_beats(f64::from(beats))),
            },
            trade_bars: self.trade_bars.map(i64::from),
            is_generator: self.is_generator(clock),
            start: self.start,
            length: self.length,
            is_interruptible: self.is_interruptible,
            metre: self.metre(clock),
        }
    }

    /// The bars by which the player is heard and answered: those of the song while it rolls, but for a player who is followed.
    #[inline]
    pub(crate) fn metre(&self, clock: &Clock) -> Metre {
        if self.is_following { Metre::Free } else { clock.metre() }
    }
}

/// Where the settings come from.
///
/// # Realtime safety
/// The performer calls all of it: it must not allocate, lock or wait.
pub trait SettingsSource {
    /// Another number than before if a setting has moved since.
    fn n_changes(&self) -> u32;
    /// The settings as they are now.
    fn settings(&self) -> Settings;
    /// A controller moves to a value from 0 to 1. Whether it moves a setting.
    fn hear_controller(&self, controller: u8, value: f32) -> bool;
}

/// The settings as they were read last. Where they come from may be spread over memory, so that is asked only after a change.
#[derive(Debug)]
pub(crate) struct CurrentSettings<S> {
    source: S,
    n_changes: u32,
    values: Settings,
}

impl<S: SettingsSource> CurrentSettings<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { n_changes: source.n_changes(), values: source.settings(), source }
    }

    /// Reads what has moved. The settings before that, if anything has.
    pub(crate) fn refresh(&mut self) -> Option<Settings> {
        let n_changes = self.source.n_changes();
        let mut before = None;
        if n_changes != self.n_changes {
            self.n_changes = n_changes;
            before = Some(std::mem::replace(&mut self.values, self.source.settings()));
        }
        debug_assert!(
            self.values == self.source.settings() || self.source.n_changes() != n_changes,
            "a setting is not watched"
        );
        before
    }

    /// A controller moves. Whether it moves a setting.
    pub(crate) fn hear_controller(&self, controller: u8, value: f32) -> bool {
        self.source.hear_controller(controller, value)
    }
}

impl<S> std::ops::Deref for CurrentSettings<S> {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.values
    }
}
