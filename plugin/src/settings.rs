//! What the audio thread reads of the parameters: a copy that lies together, made anew when one of them has moved. The
//! parameters themselves lie in some fifty cache lines, and between two blocks memory leaves the cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use engine::Pitch;
use engine::answer::controls::GRID_TICKS;
use engine::answer::{Controls, KeyChoice, KeyLock};
use live::{Length, Settings, Silence, Start};
use nice_plug::prelude::{BoolParam, FloatParam, IntParam, Param};

use crate::params::AntiphonParams;

/// Counts the moves of all parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<AtomicU32>);

impl Changes {
    /// Something has moved; what it moved to can be read by now.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// Another number than before if something has moved since.
    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
}

/// A parameter that counts its moves. One that does not is not heard by the audio thread.
pub(crate) trait Watched {
    fn watched(self, changes: &Changes) -> Self;
}

macro_rules! watched {
    ($($param:ident)*) => {
        $(impl Watched for $param {
            fn watched(self, changes: &Changes) -> Self {
                let changes = changes.clone();
                self.with_callback(Arc::new(move |_| changes.add()))
            }
        })*
    };
}

watched!(FloatParam IntParam BoolParam);

impl AntiphonParams {
    /// Reads all parameters.
    pub(crate) fn settings(&self) -> Settings {
        let Self { turns, time, output, .. } = self;
        let is_bypassed = self.bypass.value();
        let is_continuing = self.mode.value() == 1;
        let is_endless = turns.length.value() == 5;
        Settings {
            is_off: is_bypassed || self.mode.value() == 2,
            is_bypassed,
            is_thru: is_bypassed || output.thru.value(),
            is_panic: self.panic.value(),
            is_handed_over: turns.hand_over.value(),
            is_continuing,
            is_interruptible: turns.play_over.value() == 0,
            hand_controller: u8::try_from(turns.hand_cc.value()).ok(),
            hand_key: u8::try_from(turns.hand_key.value()).ok(),
            channel: u8::try_from(output.channel.value() - 1).ok().map(|channel| channel & 15),
            seed: self.style.seed.value().unsigned_abs(),
            ahead_ms: time.ahead_ms.value(),
            silence: match turns.hand_silence.value() {
                0 => Silence::Never,
                2 => Silence::Beats(turns.silence_beats.value()),
                _ => Silence::Ms(turns.silence_ms.value()),
            },
            trade_bars: power_of_two(&turns.trade),
            start: match time.start.value() {
                1 => Start::NextBeat,
                2 => Start::NextBar,
                _ => Start::AtOnce,
            },
            length: match power_of_two(&turns.length) {
                _ if is_continuing || is_endless => Length::Endless,
                Some(bars) => Length::Bars(bars.into()),
                None => Length::LikeTheCall,
            },
            controls: self.controls(),
        }
    }

    fn controls(&self) -> Controls {
        let Self { style, texture, pitch, time, .. } = self;
        let (lowest, highest) = (self.byte("lowest", &pitch.lowest), self.byte("highest", &pitch.highest));
        let temperature = self.float("temperature", &style.temperature);
        Controls {
            style: self.byte("style", &style.style),
            style2: self.byte("style2", &style.style2),
            style_mix: self.float("style_mix", &style.style_mix),
            temperature: temperature * self.float("pitch_freedom", &style.pitch_freedom),
            rhythm_temperature: temperature * self.float("rhythm_freedom", &style.rhythm_freedom),
            top_p: self.float("top_p", &style.top_p),
            learn_from_me: self.float("learn_from_me", &style.learn_from_me),
            density: self.float("density", &texture.density),
            complexity: self.float("complexity", &texture.complexity),
            voices: self.byte("voices", &texture.voices),
            velocity_follow: self.float("velocity_follow", &texture.velocity_follow),
            lowest: Pitch::nearest(lowest.min(highest)),
            highest: Pitch::nearest(lowest.max(highest)),
            key: KeyChoice {
                tonic: self.byte("key", &pitch.key).checked_sub(1),
                scale: self.byte("scale", &pitch.scale),
            },
            key_lock: match pitch.key_lock.value() {
                0 => KeyLock::Off,
                2 => KeyLock::Strict,
                _ => KeyLock::Lean,
            },
            quantise_ticks: usize::try_from(time.quantise.value())
                .ok()
                .and_then(|place| GRID_TICKS.get(place))
                .copied()
                .unwrap_or(0),
            quantise_strength: self.float("quantise_strength", &time.quantise_strength),
            is_guided: true,
        }
    }

    /// The value of a parameter, or what a controller says over it.
    fn float(&self, id: &str, param: &FloatParam) -> f32 {
        let over = self.learned.over(id, param.unmodulated_normalized_value());
        over.map_or_else(|| param.value(), |normalized| param.preview_plain(normalized))
    }

    fn byte(&self, id: &str, param: &IntParam) -> u8 {
        let over = self.learned.over(id, param.unmodulated_normalized_value());
        let value = over.map_or_else(|| param.value(), |normalized| param.preview_plain(normalized));
        u8::try_from(value.clamp(0, 127)).unwrap_or(0)
    }
}

/// 1, 2, 4, 8 for the choices 1 to 4.
fn power_of_two(param: &IntParam) -> Option<u8> {
    match param.value() {
        power @ 1..=4 => Some(1 << (power - 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_touched_is_what_the_engine_takes_for_the_default() {
        assert_eq!(AntiphonParams::default().settings().controls, Controls::default());
    }
}
