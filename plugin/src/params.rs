//! The parameters: ids, units and defaults. Ids and the order of choices are in saved songs, so they never change;
//! new choices come last.

use std::sync::Arc;

use nice_plug::formatters;
use nice_plug::prelude::*;

use crate::link::Controls;
use crate::turn::{Length, Start};
use crate::weights;

const MODES: &[&str] = &["Answer", "Continue", "Off"];
const STARTS: &[&str] = &["At once", "Next beat", "Next bar"];
const LENGTHS: &[&str] = &["Like the call", "1 bar", "2 bars", "4 bars", "8 bars", "Until I play"];
const PLAY_OVERS: &[&str] = &["Stop", "Play on"];
const CHANNELS: &[&str] =
    &["As played", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];
const LAST_STYLE: i32 = 31;
/// Ends the text of styles that a larger model may have.
pub(crate) const NOT_IN_THIS_MODEL: &str = "(not in this model)";

/// All parameters.
#[derive(Params)]
pub(crate) struct AntiphonParams {
    /// Answer, continue, or only pass notes through.
    #[id = "mode"]
    pub(crate) mode: IntParam,
    /// The style of the answer, by its place in the model's list.
    #[id = "style"]
    pub(crate) style: IntParam,
    /// How bold the answer is.
    #[id = "temperature"]
    pub(crate) temperature: FloatParam,
    /// How much of the unlikely is left out.
    #[id = "top_p"]
    pub(crate) top_p: FloatParam,
    /// Notes per beat, times the call's.
    #[id = "density"]
    pub(crate) density: FloatParam,
    /// Lowest key of the answer.
    #[id = "lowest"]
    pub(crate) lowest: IntParam,
    /// Highest key of the answer.
    #[id = "highest"]
    pub(crate) highest: IntParam,
    /// The same seed gives the same answers to the same calls.
    #[id = "seed"]
    pub(crate) seed: IntParam,
    /// How long an answer is.
    #[id = "length"]
    pub(crate) length: IntParam,
    /// How long the player is silent before the answer.
    #[id = "silence"]
    pub(crate) silence_ms: FloatParam,
    /// Where in the bar an answer may begin.
    #[id = "start"]
    pub(crate) start: IntParam,
    /// What happens to the answer when the player plays.
    #[id = "play_over"]
    pub(crate) play_over: IntParam,
    /// Channel of the answer.
    #[id = "channel"]
    pub(crate) channel: IntParam,
    /// Whether the player's own notes are passed on.
    #[id = "thru"]
    pub(crate) thru: BoolParam,
    /// Passes the player's notes on, and does nothing else.
    #[id = "bypass"]
    pub(crate) bypass: BoolParam,
    /// Ends everything that sounds, when it goes on.
    #[id = "panic"]
    pub(crate) panic: BoolParam,
}

impl Default for AntiphonParams {
    fn default() -> Self {
        Self {
            mode: choice("Mode", MODES, 0),
            style: style(),
            temperature: FloatParam::new("Temperature", 0.9, FloatRange::Linear { min: 0.1, max: 1.5 })
                .with_step_size(0.01),
            top_p: FloatParam::new("Top p", 0.95, FloatRange::Linear { min: 0.5, max: 1.0 }).with_step_size(0.01),
            density: FloatParam::new(
                "Density",
                1.0,
                // Twice as dense is as far to the right as half as dense is to the left.
                FloatRange::SymmetricalSkewed { min: 0.25, max: 4.0, factor: 0.41, center: 1.0 },
            )
            .with_unit(" x")
            .with_step_size(0.01),
            lowest: key("Lowest key", 36),
            highest: key("Highest key", 96),
            seed: IntParam::new("Seed", 1, IntRange::Linear { min: 0, max: 9999 }),
            length: choice("Answer length", LENGTHS, 0),
            silence_ms: FloatParam::new(
                "Silence",
                700.0,
                FloatRange::Skewed { min: 100.0, max: 5000.0, factor: FloatRange::skew_factor(-1.0) },
            )
            .with_unit(" ms")
            .with_step_size(1.0),
            start: choice("Start", STARTS, 0),
            play_over: choice("When I play over", PLAY_OVERS, 0),
            channel: choice("Output channel", CHANNELS, 0),
            thru: BoolParam::new("Thru", true),
            bypass: BoolParam::new("Bypass", false)
                .with_value_to_string(formatters::v2s_bool_bypass())
                .with_string_to_value(formatters::s2v_bool_bypass())
                .make_bypass(),
            panic: BoolParam::new("Panic", false),
        }
    }
}

impl AntiphonParams {
    /// Whether there are answers at all.
    pub(crate) fn is_off(&self) -> bool {
        self.bypass.value() || self.mode.value() == 2
    }

    /// Whether the player's notes are passed on.
    pub(crate) fn is_thru(&self) -> bool {
        self.bypass.value() || self.thru.value()
    }

    pub(crate) fn start(&self) -> Start {
        match self.start.value() {
            1 => Start::NextBeat,
            2 => Start::NextBar,
            _ => Start::AtOnce,
        }
    }

    pub(crate) fn length(&self) -> Length {
        match (self.mode.value(), self.length.value()) {
            (1, _) | (_, 5) => Length::Endless,
            (_, power @ 1..=4) => Length::Bars(1 << (power - 1)),
            _ => Length::LikeTheCall,
        }
    }

    /// Whether playing ends the answer. An answer "until I play" always does.
    pub(crate) fn is_interruptible(&self) -> bool {
        self.play_over.value() == 0 || self.length.value() == 5
    }

    /// The channel of answers to a call on `played`.
    pub(crate) fn channel(&self, played: u8) -> u8 {
        u8::try_from(self.channel.value() - 1).unwrap_or(played) & 15
    }

    pub(crate) fn seed(&self) -> u64 {
        u64::from(self.seed.value().unsigned_abs())
    }

    pub(crate) fn controls(&self) -> Controls {
        let (lowest, highest) = (midi_key(&self.lowest), midi_key(&self.highest));
        Controls {
            style: u8::try_from(self.style.value()).unwrap_or(0),
            temperature: self.temperature.value(),
            top_p: self.top_p.value(),
            density: self.density.value(),
            lowest: lowest.min(highest),
            highest: lowest.max(highest),
        }
    }
}

fn midi_key(param: &IntParam) -> u8 {
    u8::try_from(param.value().clamp(0, 127)).unwrap_or(60)
}

fn key(name: &str, default: i32) -> IntParam {
    let by_name = formatters::s2v_i32_key_formatter();
    IntParam::new(name, default, IntRange::Linear { min: 0, max: 127 })
        .with_value_to_string(formatters::v2s_i32_key_formatter())
        .with_string_to_value(Arc::new(move |text| text.trim().parse().ok().or_else(|| by_name(text))))
}

fn choice(name: &str, names: &'static [&'static str], default: i32) -> IntParam {
    let last = i32::try_from(names.len() - 1).unwrap_or(0);
    IntParam::new(name, default, IntRange::Linear { min: 0, max: last })
        .with_value_to_string(Arc::new(move |value| at(names, value).unwrap_or("").to_owned()))
        .with_string_to_value(Arc::new(move |text| find(names, text)))
}

fn style() -> IntParam {
    let name = |value: i32| match usize::try_from(value).ok().and_then(|place| weights::styles().get(place)) {
        Some(name) => name.clone(),
        None => format!("{value} {NOT_IN_THIS_MODEL}"),
    };
    IntParam::new("Style", 0, IntRange::Linear { min: 0, max: LAST_STYLE })
        .with_value_to_string(Arc::new(name))
        .with_string_to_value(Arc::new(move |text| {
            let names: Vec<&str> = weights::styles().iter().map(String::as_str).collect();
            find(&names, text).or_else(|| text.split_whitespace().next()?.parse().ok())
        }))
}

fn at(names: &[&'static str], value: i32) -> Option<&'static str> {
    names.get(usize::try_from(value).ok()?).copied()
}

/// The place of a name: all of it, or its first word alone ("2" for "2 bars").
fn find(names: &[&str], text: &str) -> Option<i32> {
    let text = text.trim();
    let whole = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let is_first_word = |name: &&str| name.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(text));
    let place = whole.or_else(|| {
        let mut hits = names.iter().enumerate().filter(|(_, name)| is_first_word(name));
        hits.next().filter(|_| hits.next().is_none()).map(|(place, _)| place)
    })?;
    i32::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_can_be_read_back_from_its_text() {
        let params = AntiphonParams::default();
        for param in [&params.mode, &params.start, &params.length, &params.channel, &params.lowest, &params.style] {
            let steps = param.step_count().unwrap();
            for step in 0..=steps {
                #[expect(clippy::cast_precision_loss, reason = "at most 127")]
                let normalized = step as f32 / steps as f32;
                let text = param.normalized_value_to_string(normalized, true);
                let back = param.string_to_normalized_value(&text).map(|n| param.preview_plain(n));
                assert_eq!(back, Some(param.preview_plain(normalized)), "{} {text}", param.name());
            }
        }
    }

    #[test]
    fn a_first_word_is_enough_if_only_one_has_it() {
        assert_eq!(find(LENGTHS, "2"), Some(2));
        assert_eq!(find(STARTS, "next"), None);
        assert_eq!(find(STARTS, "NEXT BAR"), Some(2));
        assert_eq!(find(CHANNELS, "1"), Some(1));
        assert_eq!(find(CHANNELS, "17"), None);
    }
}
