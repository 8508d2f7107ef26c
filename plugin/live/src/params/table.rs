//! The table of parameters: all that is to be said of each, in the order in which hosts list them.
//!
//! Ids and the order of choices are in saved songs, so they never change; new choices come last.

use engine::answer::controls::{GRID_NAMES, RELATION_NAMES};
use engine::answer::scale::{KEY_NAMES, SCALE_NAMES};

use super::spec::Group::{None as NoGroup, Output, Pitch, Style, Texture, Time, Turns};
use super::spec::{Kind, Range, Spec, choice, linear, percent, skewed, switch};

const MODES: &[&str] = &["Answer", "Continue", "Off"];
const LENGTHS: &[&str] = &["Like the call", "1 bar", "2 bars", "4 bars", "8 bars", "Until stopped"];
const PLAY_OVERS: &[&str] = &["Stop", "Play on"];
const TEMPI: &[&str] = &["Host's", "Follow me"];
const STARTS: &[&str] = &["At once", "Next beat", "Next bar"];
const SILENCES: &[&str] = &["Off", "Time", "Beats"];
const TRADES: &[&str] = &["Off", "Every bar", "Every 2 bars", "Every 4 bars", "Every 8 bars"];
const KEY_LOCKS: &[&str] = &["Off", "Lean", "Strict"];
const VOICES: &[&str] = &["Like the call", "1", "2", "3", "4", "5", "6", "7", "8"];
const CHANNELS: &[&str] =
    &["As played", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];
const CHORDS: &[&str] = &[
    "Off",
    "My held keys",
    "Channel 1",
    "Channel 2",
    "Channel 3",
    "Channel 4",
    "Channel 5",
    "Channel 6",
    "Channel 7",
    "Channel 8",
    "Channel 9",
    "Channel 10",
    "Channel 11",
    "Channel 12",
    "Channel 13",
    "Channel 14",
    "Channel 15",
    "Channel 16",
];
const PREVIEWS: &[&str] = &["Off", "Answers", "Both"];
const DRUMS: &[&str] = &["Pass by", "Are heard"];
/// Twice as dense is as far to the right as half as dense is to the left.
const DENSITIES: Range = Range::SymmetricalSkewed { min: 0.25, max: 4.0, factor: 0.41, center: 1.0 };

macro_rules! table {
    ($($param:ident => $spec:expr,)*) => {
        /// A parameter's place in the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ParamId {
            $(#[doc = stringify!($param)] $param,)*
        }

        impl ParamId {
            /// All parameters, in the order of the table.
            pub const ALL: [Self; [$(Self::$param),*].len()] = [$(Self::$param),*];
        }

        static SPECS: [Spec; ParamId::ALL.len()] = [$($spec),*];
    };
}

table! {
    Mode => Spec::new("mode", "Mode", NoGroup, choice(MODES, 0)).tip(
        "Answer replies to each phrase. Continue plays by itself while the song runs. Off passes your notes on."),

    Style => Spec::new("style", "Style", Style, Kind::Style).learnable().tip(
        "The music whose manner the answer takes."),
    Style2 => Spec::new("style2", "Second style", Style, Kind::Style).learnable().tip(
        "A second manner, mixed in by Style mix."),
    StyleMix => Spec::new("style_mix", "Style mix", Style, percent(0.0, 0.0, 1.0)).learnable().tip(
        "The share of notes that come in the second style. At 0 % it is not heard."),
    Temperature => Spec::new("temperature", "Temperature", Style, linear(0.9, [0.1, 1.5], 0.01, "")).learnable().tip(
        "How bold the answer is: low is safe, 1 is as the music it learnt from, higher is wild."),
    TopP => Spec::new("top_p", "Top p", Style, linear(0.95, [0.5, 1.0], 0.01, "")).learnable().tip(
        "How much of what is unlikely is left out: 1 leaves out nothing, less is tamer."),
    RhythmFreedom => Spec::new("rhythm_freedom", "Rhythm freedom", Style, percent(1.0, 0.0, 2.0)).learnable().tip(
        "Boldness in time and length alone, times the temperature."),
    PitchFreedom => Spec::new("pitch_freedom", "Pitch freedom", Style, percent(1.0, 0.0, 2.0)).learnable().tip(
        "Boldness in pitch and strength alone, times the temperature."),
    LearnFromMe => Spec::new("learn_from_me", "Learn from me", Style, percent(0.45, 0.0, 1.0)).learnable().tip(
        "Leans towards what you have played since the song's start. At 0 % it does not."),
    Relation => Spec::new("relation", "Answer", Style, choice(RELATION_NAMES, 0)).learnable().tip(
        "What the answer does with your call: say it again, vary it, say something else, or whatever comes."),
    Seed => Spec::new("seed", "Seed", Style, Kind::Integer { default: 1, min: 0, max: 9999 }).tip(
        "The same seed and the same call give the same answer. Another seed gives another."),
    BestOf => Spec::new("best_of", "Best of", Style, Kind::Integer { default: 4, min: 1, max: 8 }).learnable().tip(
        "I make so many answers in the silence before mine, and play the best. Where there is no silence, I play the first."),

    Density => Spec::new("density", "Density", Texture,
        Kind::Float { default: 1.0, range: DENSITIES, step: 0.01, unit: " x" }).learnable().tip(
        "How fast notes follow each other against your call: 2 x is twice as fast. A chord counts once."),
    Complexity => Spec::new("complexity", "Complexity", Texture, percent(0.0, -1.0, 1.0)).learnable().tip(
        "Simpler or busier rhythms and harmonies than your call's."),
    Voices => Spec::new("voices", "Voices", Texture, choice(VOICES, 0)).learnable().tip(
        "The most notes that sound at a time."),
    VelocityFollow => Spec::new("velocity_follow", "Velocity follow", Texture, percent(0.75, 0.0, 1.0)).learnable().tip(
        "How near the answer keeps to how loud you play. At 75 % it swells and fades about it, as composers' answers do."),

    Key => Spec::new("key", "Key", Pitch, choice(KEY_NAMES, 0)).tip(
        "The key of the answer: your call's, or one that you choose."),
    Scale => Spec::new("scale", "Scale", Pitch, choice(SCALE_NAMES, 0)).tip(
        "The scale of the answer: your call's, or one that you choose."),
    KeyLock => Spec::new("key_lock", "Key lock", Pitch, choice(KEY_LOCKS, 1)).tip(
        "Off: any note. Lean: notes outside a key that you choose are rare, outside your call's somewhat rarer. Strict: there are none."),
    Chords => Spec::new("chords", "Chords", Pitch, choice(CHORDS, 0)).tip(
        "The chords that the answer keeps to. My held keys: what you hold while it sounds; it then neither stops nor takes that for a call."),
    Lowest => Spec::new("lowest", "Lowest key", Pitch, Kind::Key { default: 36 }).learnable().tip(
        "The answer goes no lower than this key. Middle C is C4."),
    Highest => Spec::new("highest", "Highest key", Pitch, Kind::Key { default: 96 }).learnable().tip(
        "The answer goes no higher than this key. Middle C is C4."),

    HandSilence => Spec::new("hand_silence", "Hand over by silence", Turns, choice(SILENCES, 1)).tip(
        "Whether I answer once you are silent, and whether that is in time or in beats. Keys count, not the pedal."),
    SilenceMs => Spec::new("silence", "Silence", Turns, skewed(700.0, [100.0, 5000.0], 1.0, " ms")).tip(
        "So long you are silent before I answer, if Hand over by silence is Time."),
    SilenceBeats => Spec::new("silence_beats", "Silence in beats", Turns, skewed(1.0, [0.25, 16.0], 0.25, " beats")).tip(
        "So long you are silent before I answer, if Hand over by silence is Beats."),
    Trade => Spec::new("trade", "Trade", Turns, choice(TRADES, 0)).tip(
        "You play so many bars, then I answer."),
    HandCc => Spec::new("hand_cc", "Hand-over controller", Turns, Kind::ControllerOrOff).tip(
        "A pedal or other controller that hands over. Press Learn and move it."),
    HandKey => Spec::new("hand_key", "Hand-over key", Turns, Kind::KeyOrOff).tip(
        "A key that hands over and is not heard. Press Learn and play it."),
    HandOver => Spec::new("hand_over", "Hand over now", Turns, switch(false)).tip(
        "Your turn is over: I answer now. While I answer: I stop."),
    Another => Spec::new("another", "Another answer", Turns, switch(false)).tip(
        "Plays another answer to the same call: from its beginning, or from the next bar if it has begun."),
    Back => Spec::new("another_back", "Answer before", Turns, switch(false)).tip(
        "Plays the answer that you had before Another answer, in the same way."),
    Length => Spec::new("length", "Answer length", Turns, choice(LENGTHS, 0)).tip(
        "How long an answer is. Until stopped: until you play or, if you may play on, until you hand over again."),
    PlayOver => Spec::new("play_over", "When I play over", Turns, choice(PLAY_OVERS, 0)).tip(
        "What the answer does when you play while it sounds."),

    Tempo => Spec::new("tempo", "Tempo", Time, choice(TEMPI, 0)).tip(
        "Follow me: tempo and beat are found in what you play, and I answer in them. While the host stands still I always do so."),
    Start => Spec::new("start", "Start", Time, choice(STARTS, 0)).tip(
        "Where in the song an answer begins. On a beat or bar it keeps in step. Where I follow you, a bar is a beat of yours."),
    Quantise => Spec::new("quantise", "Quantise", Time, choice(GRID_NAMES, 0)).tip(
        "The grid that the answer's notes are drawn to."),
    QuantiseStrength => Spec::new("quantise_strength", "Quantise strength", Time, percent(1.0, 0.0, 1.0)).learnable().tip(
        "How far they are drawn: 100 % is on the grid."),
    Feel => Spec::new("feel", "Feel", Time, percent(0.5, 0.0, 1.0)).learnable().tip(
        "How far the answer is played as loosely as you play: in time, touch and accents. 0 % is on the grid, as written."),
    AheadMs => Spec::new("ahead", "Play ahead", Time, linear(0.0, [0.0, 100.0], 0.1, " ms")).tip(
        "Sends the answer so much too early, to make up for an instrument that sounds late."),

    Channel => Spec::new("channel", "Output channel", Output, choice(CHANNELS, 0)).tip(
        "The MIDI channel of the answer."),
    Thru => Spec::new("thru", "Thru", Output, switch(true)).tip(
        "Whether what you play goes on to the instrument too: notes, wheels, pedals and pressure."),
    Drums => Spec::new("drums", "Drums on channel 10", Output, choice(DRUMS, 0)).tip(
        "Whether notes on MIDI channel 10, mostly drums, are played to me too. Else I only pass them on."),
    Preview => Spec::new("preview", "Preview sound", Output, choice(PREVIEWS, 0)).tip(
        "The built-in piano, until the notes reach an instrument of yours. Answers: what I play. Both: what you play too, if Thru is on."),

    Bypass => Spec::new("bypass", "Bypass", NoGroup, Kind::Bypass).tip(
        "All that you play passes through, and nothing is answered."),
    Panic => Spec::new("panic", "Panic", NoGroup, switch(false)).tip(
        "Ends everything that sounds, at once."),
}

impl ParamId {
    /// What the table says of it.
    #[must_use]
    pub fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// The parameter that songs and automation know by this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|param| param.spec().id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_parameter_is_explained_and_found_by_its_id() {
        for param in ParamId::ALL {
            let Spec { id, name, tip, .. } = param.spec();
            assert!(!name.is_empty() && tip.ends_with('.'), "{id}");
            assert_eq!(ParamId::from_id(id), Some(param));
        }
        let ids: BTreeSet<_> = ParamId::ALL.map(|param| param.spec().id).into();
        assert_eq!(ids.len(), ParamId::ALL.len(), "an id is there twice");
        assert_eq!(ParamId::from_id("no such id"), None);
    }
}
