//! What the audio thread reads of the parameters: a copy that lies together, made anew when one of them has moved. The
//! parameters themselves lie in some fifty cache lines, and between two blocks memory leaves the cache.

use engine::answer::Controls;

use crate::clock::Clock;
use crate::turn::{Length, Rules, Start};

/// How long a silence hands over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Silence {
    Never,
    Ms(f32),
    Beats(f32),
}

/// The values of the parameters, with those that controllers have moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Settings {
    /// Whether there are no answers at all.
    pub(crate) is_off: bool,
    /// Whether it is as if we were not there.
    pub(crate) is_bypassed: bool,
    /// Whether what the player does is passed on.
    pub(crate) is_thru: bool,
    pub(crate) is_panic: bool,
    pub(crate) is_handed_over: bool,
    pub(crate) is_continuing: bool,
    pub(crate) is_interruptible: bool,
    /// The controller that hands over.
    pub(crate) hand_controller: Option<u8>,
    /// The key that hands over.
    pub(crate) hand_key: Option<u8>,
    /// The channel of answers; `None` for that of the call.
    pub(crate) channel: Option<u8>,
    pub(crate) seed: u32,
    /// How much earlier than its time the answer is sent.
    pub(crate) ahead_ms: f32,
    pub(crate) silence: Silence,
    pub(crate) trade_bars: Option<u8>,
    pub(crate) start: Start,
    pub(crate) length: Length,
    /// What may change while an answer is being made.
    pub(crate) controls: Controls,
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
            metre: clock.metre(),
        }
    }
}
