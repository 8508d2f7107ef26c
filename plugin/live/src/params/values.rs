//! What the values of the parameters mean to the duet.

use engine::Pitch;
use engine::answer::controls::{GRID_TICKS, RELATIONS};
use engine::answer::{Controls, KeyChoice, KeyLock};

use super::ParamId as Id;
use crate::settings::{Chords, Settings, Silence};
use crate::turn::{Length, Start};

/// The settings of these values, each in its parameter's own unit: the place of a choice, 1 for a switch that is on.
///
/// # Realtime safety
/// Allocates nothing, and reads each parameter but a few once.
pub fn settings(value: impl Fn(Id) -> f32) -> Settings {
    let value = &value;
    let int = |id| whole(value(id));
    let is_on = |id| int(id) != 0;
    let is_bypassed = is_on(Id::Bypass);
    let mode = int(Id::Mode);
    let is_continuing = mode == 1;
    let length = int(Id::Length);
    Settings {
        is_off: is_bypassed || mode == 2,
        is_bypassed,
        is_thru: is_bypassed || is_on(Id::Thru),
        are_drums_heard: int(Id::Drums) == 1,
        is_panic: is_on(Id::Panic),
        is_handed_over: is_on(Id::HandOver),
        is_another: is_on(Id::Another),
        is_back: is_on(Id::Back),
        is_continuing,
        is_interruptible: int(Id::PlayOver) == 0,
        hand_controller: u8::try_from(int(Id::HandCc)).ok(),
        hand_key: u8::try_from(int(Id::HandKey)).ok(),
        channel: u8::try_from(int(Id::Channel) - 1).ok().map(|channel| channel & 15),
        seed: int(Id::Seed).unsigned_abs(),
        ahead_ms: value(Id::AheadMs),
        silence: match int(Id::HandSilence) {
            0 => Silence::Never,
            2 => Silence::Beats(value(Id::SilenceBeats)),
            _ => Silence::Ms(value(Id::SilenceMs)),
        },
        trade_bars: power_of_two(int(Id::Trade)),
        chords: match u8::try_from(int(Id::Chords) - 2) {
            Ok(channel) => Chords::OfChannel(channel & 15),
            Err(_) if int(Id::Chords) == 1 => Chords::OfHeldKeys,
            Err(_) => Chords::Off,
        },
        is_following: int(Id::Tempo) == 1,
        start: match int(Id::Start) {
            1 => Start::NextBeat,
            2 => Start::NextBar,
            _ => Start::AtOnce,
        },
        length: match power_of_two(length) {
            _ if is_continuing || length == 5 => Length::Endless,
            Some(bars) => Length::Bars(bars.into()),
            None => Length::LikeTheCall,
        },
        controls: controls(value),
    }
}

fn controls(value: &impl Fn(Id) -> f32) -> Controls {
    let int = |id| whole(value(id));
    let byte = |id| u8::try_from(int(id).clamp(0, 127)).unwrap_or(0);
    let (lowest, highest) = (byte(Id::Lowest), byte(Id::Highest));
    let temperature = value(Id::Temperature);
    Controls {
        style: byte(Id::Style),
        style2: byte(Id::Style2),
        style_mix: value(Id::StyleMix),
        temperature: temperature * value(Id::PitchFreedom),
        rhythm_temperature: temperature * value(Id::RhythmFreedom),
        top_p: value(Id::TopP),
        learn_from_me: value(Id::LearnFromMe),
        relation: RELATIONS.get(usize::from(byte(Id::Relation))).copied().flatten(),
        density: value(Id::Density),
        complexity: value(Id::Complexity),
        voices: byte(Id::Voices),
        velocity_follow: value(Id::VelocityFollow),
        lowest: Pitch::nearest(lowest.min(highest)),
        highest: Pitch::nearest(lowest.max(highest)),
        key: KeyChoice { tonic: byte(Id::Key).checked_sub(1), scale: byte(Id::Scale) },
        key_lock: match int(Id::KeyLock) {
            0 => KeyLock::Off,
            2 => KeyLock::Strict,
            _ => KeyLock::Lean,
        },
        quantise_ticks: GRID_TICKS.get(usize::from(byte(Id::Quantise))).copied().unwrap_or(0),
        quantise_strength: value(Id::QuantiseStrength),
        feel: value(Id::Feel),
        harmony: 0,
        candidates: byte(Id::BestOf).max(1),
        is_guided: true,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is a whole number, and small")]
fn whole(value: f32) -> i32 {
    value as i32
}

/// 1, 2, 4, 8 for the choices 1 to 4.
fn power_of_two(choice: i32) -> Option<u8> {
    matches!(choice, 1..=4).then(|| 1 << (choice - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_touched_is_what_the_duet_takes_for_the_default() {
        assert_eq!(settings(|id| id.spec().kind.bounds()[1]), Settings::default());
    }
}
