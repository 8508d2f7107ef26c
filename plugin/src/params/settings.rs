//! The values of the parameters as the audio thread reads them.

use engine::Pitch;
use engine::answer::controls::{GRID_TICKS, RELATIONS};
use engine::answer::{Controls, KeyChoice, KeyLock};
use live::{Chords, Length, Settings, Silence, Start};

use super::{AntiphonParams, ParamId as Id};

impl AntiphonParams {
    /// Reads all parameters.
    ///
    /// # Realtime safety
    /// Allocates nothing, and reads each parameter once.
    pub(crate) fn settings(&self) -> Settings {
        let is_bypassed = self.is_on(Id::Bypass);
        let mode = self.int(Id::Mode);
        let is_continuing = mode == 1;
        let length = self.int(Id::Length);
        Settings {
            is_off: is_bypassed || mode == 2,
            is_bypassed,
            is_thru: is_bypassed || self.is_on(Id::Thru),
            are_drums_heard: self.int(Id::Drums) == 1,
            is_panic: self.is_on(Id::Panic),
            is_handed_over: self.is_on(Id::HandOver),
            is_another: self.is_on(Id::Another),
            is_back: self.is_on(Id::Back),
            is_continuing,
            is_interruptible: self.int(Id::PlayOver) == 0,
            hand_controller: u8::try_from(self.int(Id::HandCc)).ok(),
            hand_key: u8::try_from(self.int(Id::HandKey)).ok(),
            channel: u8::try_from(self.int(Id::Channel) - 1).ok().map(|channel| channel & 15),
            seed: self.int(Id::Seed).unsigned_abs(),
            ahead_ms: self.value(Id::AheadMs),
            silence: match self.int(Id::HandSilence) {
                0 => Silence::Never,
                2 => Silence::Beats(self.value(Id::SilenceBeats)),
                _ => Silence::Ms(self.value(Id::SilenceMs)),
            },
            trade_bars: power_of_two(self.int(Id::Trade)),
            chords: match u8::try_from(self.int(Id::Chords) - 2) {
                Ok(channel) => Chords::OfChannel(channel & 15),
                Err(_) if self.int(Id::Chords) == 1 => Chords::OfHeldKeys,
                Err(_) => Chords::Off,
            },
            is_following: self.int(Id::Tempo) == 1,
            start: match self.int(Id::Start) {
                1 => Start::NextBeat,
                2 => Start::NextBar,
                _ => Start::AtOnce,
            },
            length: match power_of_two(length) {
                _ if is_continuing || length == 5 => Length::Endless,
                Some(bars) => Length::Bars(bars.into()),
                None => Length::LikeTheCall,
            },
            controls: self.controls(),
        }
    }

    fn controls(&self) -> Controls {
        let (lowest, highest) = (self.byte(Id::Lowest), self.byte(Id::Highest));
        let temperature = self.value(Id::Temperature);
        Controls {
            style: self.byte(Id::Style),
            style2: self.byte(Id::Style2),
            style_mix: self.value(Id::StyleMix),
            temperature: temperature * self.value(Id::PitchFreedom),
            rhythm_temperature: temperature * self.value(Id::RhythmFreedom),
            top_p: self.value(Id::TopP),
            learn_from_me: self.value(Id::LearnFromMe),
            relation: RELATIONS.get(usize::from(self.byte(Id::Relation))).copied().flatten(),
            density: self.value(Id::Density),
            complexity: self.value(Id::Complexity),
            voices: self.byte(Id::Voices),
            velocity_follow: self.value(Id::VelocityFollow),
            lowest: Pitch::nearest(lowest.min(highest)),
            highest: Pitch::nearest(lowest.max(highest)),
            key: KeyChoice { tonic: self.byte(Id::Key).checked_sub(1), scale: self.byte(Id::Scale) },
            key_lock: match self.int(Id::KeyLock) {
                0 => KeyLock::Off,
                2 => KeyLock::Strict,
                _ => KeyLock::Lean,
            },
            quantise_ticks: GRID_TICKS.get(usize::from(self.byte(Id::Quantise))).copied().unwrap_or(0),
            quantise_strength: self.value(Id::QuantiseStrength),
            feel: self.value(Id::Feel),
            harmony: 0,
            candidates: self.byte(Id::BestOf).max(1),
            is_guided: true,
        }
    }

    /// The value of a parameter in its own unit, or what a controller says over it.
    fn value(&self, id: Id) -> f32 {
        let param = self.get(id);
        let over = self.learned.over(id, param.normalized());
        over.map_or_else(|| param.plain(), |normalized| param.plain_at(normalized))
    }

    /// The same as a whole number: the place of a choice.
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number, and small")]
    pub(crate) fn int(&self, id: Id) -> i32 {
        self.value(id) as i32
    }

    fn byte(&self, id: Id) -> u8 {
        u8::try_from(self.int(id).clamp(0, 127)).unwrap_or(0)
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, id: Id) -> bool {
        self.int(id) != 0
    }
}

/// 1, 2, 4, 8 for the choices 1 to 4.
fn power_of_two(choice: i32) -> Option<u8> {
    matches!(choice, 1..=4).then(|| 1 << (choice - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_touched_is_what_the_engine_takes_for_the_default() {
        assert_eq!(AntiphonParams::default().settings().controls, Controls::default());
    }
}
