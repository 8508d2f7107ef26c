//! The parameters in their groups.

use std::sync::Arc;

use engine::answer::controls::GRID_NAMES;
use engine::answer::scale::{KEY_NAMES, SCALE_NAMES};
use nice_plug::prelude::*;

use super::text::{choice, controller_or_off, key, key_or_off, percent, style};
use crate::chosen::Chosen;
use crate::settings::{Changes, Watched};

const LENGTHS: &[&str] = &["Like the call", "1 bar", "2 bars", "4 bars", "8 bars", "Until stopped"];
const PLAY_OVERS: &[&str] = &["Stop", "Play on"];
const STARTS: &[&str] = &["At once", "Next beat", "Next bar"];
const SILENCES: &[&str] = &["Off", "Time", "Beats"];
const TRADES: &[&str] = &["Off", "Every bar", "Every 2 bars", "Every 4 bars", "Every 8 bars"];
const KEY_LOCKS: &[&str] = &["Off", "Lean", "Strict"];
const VOICES: &[&str] = &["Like the call", "1", "2", "3", "4", "5", "6", "7", "8"];
const CHANNELS: &[&str] =
    &["As played", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];

/// Whose manner, and how free.
#[derive(Params)]
pub(crate) struct StyleParams {
    /// The style of the answer, by its place in the model's list.
    #[id = "style"]
    pub(crate) style: IntParam,
    /// The style to mix with.
    #[id = "style2"]
    pub(crate) style2: IntParam,
    /// The share of the notes that come in the second style.
    #[id = "style_mix"]
    pub(crate) style_mix: FloatParam,
    /// How bold the answer is.
    #[id = "temperature"]
    pub(crate) temperature: FloatParam,
    /// How much of the unlikely is left out.
    #[id = "top_p"]
    pub(crate) top_p: FloatParam,
    /// The temperature of time and length, times the other.
    #[id = "rhythm_freedom"]
    pub(crate) rhythm_freedom: FloatParam,
    /// The temperature of pitch and strength, times the other.
    #[id = "pitch_freedom"]
    pub(crate) pitch_freedom: FloatParam,
    /// How far the answer leans towards what the player has played since the song's start.
    #[id = "learn_from_me"]
    pub(crate) learn_from_me: FloatParam,
    /// The same seed gives the same answers to the same calls.
    #[id = "seed"]
    pub(crate) seed: IntParam,
}

/// How much happens.
#[derive(Params)]
pub(crate) struct TextureParams {
    /// Notes per beat, times the call's.
    #[id = "density"]
    pub(crate) density: FloatParam,
    /// More notes and fuller chords than the call's, or fewer and thinner.
    #[id = "complexity"]
    pub(crate) complexity: FloatParam,
    /// Notes at a time, at most; 0 for what the call has.
    #[id = "voices"]
    pub(crate) voices: IntParam,
    /// How far the answer's loudness goes with the call's.
    #[id = "velocity_follow"]
    pub(crate) velocity_follow: FloatParam,
}

/// Which keys may be played.
#[derive(Params)]
pub(crate) struct PitchParams {
    /// The tonic; 0 for the call's.
    #[id = "key"]
    pub(crate) key: IntParam,
    /// The scale; 0 for the call's mode.
    #[id = "scale"]
    pub(crate) scale: IntParam,
    /// How strictly the answer keeps to key and scale.
    #[id = "key_lock"]
    pub(crate) key_lock: IntParam,
    /// Lowest key of the answer.
    #[id = "lowest"]
    pub(crate) lowest: IntParam,
    /// Highest key of the answer.
    #[id = "highest"]
    pub(crate) highest: IntParam,
}

/// Whose turn it is.
#[derive(Params)]
pub(crate) struct TurnParams {
    /// Whether silence hands over, and how it is measured.
    #[id = "hand_silence"]
    pub(crate) hand_silence: IntParam,
    /// How long the player is silent before the answer, in time.
    #[id = "silence"]
    pub(crate) silence_ms: FloatParam,
    /// How long the player is silent before the answer, in beats.
    #[id = "silence_beats"]
    pub(crate) silence_beats: FloatParam,
    /// Bars after which the turn is handed over.
    #[id = "trade"]
    pub(crate) trade: IntParam,
    /// The pedal or other controller that hands over; -1 for none.
    #[id = "hand_cc"]
    pub(crate) hand_cc: IntParam,
    /// The key that hands over and is not heard; -1 for none.
    #[id = "hand_key"]
    pub(crate) hand_key: IntParam,
    /// Hands over, or takes the turn back, when it goes on.
    #[id = "hand_over"]
    pub(crate) hand_over: BoolParam,
    /// How long an answer is.
    #[id = "length"]
    pub(crate) length: IntParam,
    /// What happens to the answer when the player plays.
    #[id = "play_over"]
    pub(crate) play_over: IntParam,
}

/// When notes come.
#[derive(Params)]
pub(crate) struct TimeParams {
    /// Where in the bar an answer may begin.
    #[id = "start"]
    pub(crate) start: IntParam,
    /// The grid that notes are drawn to.
    #[id = "quantise"]
    pub(crate) quantise: IntParam,
    /// How far they are drawn.
    #[id = "quantise_strength"]
    pub(crate) quantise_strength: FloatParam,
    /// How much too early the answer is sent, to make up for the delay of what plays it.
    #[id = "ahead"]
    pub(crate) ahead_ms: FloatParam,
}

/// Where notes go.
#[derive(Params)]
pub(crate) struct OutputParams {
    /// Channel of the answer.
    #[id = "channel"]
    pub(crate) channel: IntParam,
    /// Whether what the player does is passed on.
    #[id = "thru"]
    pub(crate) thru: BoolParam,
}

impl StyleParams {
    /// The styles are the model's and the chosen pack's.
    pub(super) fn new(changes: &Changes, chosen: &Arc<Chosen>) -> Self {
        Self {
            style: style("Style", chosen).watched(changes),
            style2: style("Second style", chosen).watched(changes),
            style_mix: percent("Style mix", 0.0, 0.0, 1.0).watched(changes),
            temperature: FloatParam::new("Temperature", 0.9, FloatRange::Linear { min: 0.1, max: 1.5 })
                .with_step_size(0.01)
                .watched(changes),
            top_p: FloatParam::new("Top p", 0.95, FloatRange::Linear { min: 0.5, max: 1.0 })
                .with_step_size(0.01)
                .watched(changes),
            rhythm_freedom: percent("Rhythm freedom", 1.0, 0.0, 2.0).watched(changes),
            pitch_freedom: percent("Pitch freedom", 1.0, 0.0, 2.0).watched(changes),
            learn_from_me: percent("Learn from me", 0.1, 0.0, 1.0).watched(changes),
            seed: IntParam::new("Seed", 1, IntRange::Linear { min: 0, max: 9999 }).watched(changes),
        }
    }
}

impl TextureParams {
    pub(super) fn new(changes: &Changes) -> Self {
        Self {
            density: FloatParam::new(
                "Density",
                1.0,
                // Twice as dense is as far to the right as half as dense is to the left.
                FloatRange::SymmetricalSkewed { min: 0.25, max: 4.0, factor: 0.41, center: 1.0 },
            )
            .with_unit(" x")
            .with_step_size(0.01)
            .watched(changes),
            complexity: percent("Complexity", 0.0, -1.0, 1.0).watched(changes),
            voices: choice("Voices", VOICES, 0).watched(changes),
            velocity_follow: percent("Velocity follow", 0.75, 0.0, 1.0).watched(changes),
        }
    }
}

impl PitchParams {
    pub(super) fn new(changes: &Changes) -> Self {
        Self {
            key: choice("Key", KEY_NAMES, 0).watched(changes),
            scale: choice("Scale", SCALE_NAMES, 0).watched(changes),
            key_lock: choice("Key lock", KEY_LOCKS, 1).watched(changes),
            lowest: key("Lowest key", 36).watched(changes),
            highest: key("Highest key", 96).watched(changes),
        }
    }
}

impl TurnParams {
    pub(super) fn new(changes: &Changes) -> Self {
        Self {
            hand_silence: choice("Hand over by silence", SILENCES, 1).watched(changes),
            silence_ms: FloatParam::new(
                "Silence",
                700.0,
                FloatRange::Skewed { min: 100.0, max: 5000.0, factor: FloatRange::skew_factor(-1.0) },
            )
            .with_unit(" ms")
            .with_step_size(1.0)
            .watched(changes),
            silence_beats: FloatParam::new(
                "Silence in beats",
                1.0,
                FloatRange::Skewed { min: 0.25, max: 16.0, factor: FloatRange::skew_factor(-1.0) },
            )
            .with_unit(" beats")
            .with_step_size(0.25)
            .watched(changes),
            trade: choice("Trade", TRADES, 0).watched(changes),
            hand_cc: controller_or_off("Hand-over controller").watched(changes),
            hand_key: key_or_off("Hand-over key").watched(changes),
            hand_over: BoolParam::new("Hand over now", false).watched(changes),
            length: choice("Answer length", LENGTHS, 0).watched(changes),
            play_over: choice("When I play over", PLAY_OVERS, 0).watched(changes),
        }
    }
}

impl TimeParams {
    pub(super) fn new(changes: &Changes) -> Self {
        Self {
            start: choice("Start", STARTS, 0).watched(changes),
            quantise: choice("Quantise", GRID_NAMES, 0).watched(changes),
            quantise_strength: percent("Quantise strength", 1.0, 0.0, 1.0).watched(changes),
            ahead_ms: FloatParam::new("Play ahead", 0.0, FloatRange::Linear { min: 0.0, max: 100.0 })
                .with_unit(" ms")
                .with_step_size(0.1)
                .watched(changes),
        }
    }
}

impl OutputParams {
    pub(super) fn new(changes: &Changes) -> Self {
        Self {
            channel: choice("Output channel", CHANNELS, 0).watched(changes),
            thru: BoolParam::new("Thru", true).watched(changes),
        }
    }
}
