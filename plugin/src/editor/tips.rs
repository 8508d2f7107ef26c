//! What each control does, in a sentence that needs no manual.

/// The sentence of a parameter.
pub(super) fn tip(id: &str) -> &'static str {
    match id {
        "mode" => {
            "Answer replies to each phrase. Continue plays by itself while the song runs. Off passes your notes on."
        }
        "style" => "The music whose manner the answer takes.",
        "style2" => "A second manner, mixed in by Style mix.",
        "style_mix" => "The share of notes that come in the second style. At 0 % it is not heard.",
        "temperature" => "How bold the answer is: low is safe, 1 is as the music it learnt from, higher is wild.",
        "top_p" => "How much of what is unlikely is left out: 1 leaves out nothing, less is tamer.",
        "rhythm_freedom" => "Boldness in time and length alone, times the temperature.",
        "pitch_freedom" => "Boldness in pitch and strength alone, times the temperature.",
        "learn_from_me" => "Leans towards what you have played since the song's start. At 0 % it does not.",
        "seed" => "The same seed and the same call give the same answer. Another seed gives another.",
        "density" => "How fast notes follow each other against your call: 2 x is twice as fast. A chord counts once.",
        "complexity" => "Simpler or busier rhythms and harmonies than your call's.",
        "voices" => "The most notes that sound at a time.",
        "velocity_follow" => "How far the answer is as loud or soft as you play.",
        "key" => "The key of the answer: your call's, or one that you choose.",
        "scale" => "The scale of the answer: your call's, or one that you choose.",
        "key_lock" => "Off: any note. Lean: notes outside the scale are rare. Strict: there are none.",
        "lowest" => "The answer goes no lower than this key. Middle C is C4.",
        "highest" => "The answer goes no higher than this key. Middle C is C4.",
        "hand_silence" => "Whether I answer once you are silent, and whether that is measured in time or in beats.",
        "silence" => "So long you are silent before I answer, if Hand over by silence is Time.",
        "silence_beats" => "So long you are silent before I answer, if Hand over by silence is Beats.",
        "trade" => "You play so many bars, then I answer.",
        "hand_cc" => "A pedal or other controller that hands over. Press Learn and move it.",
        "hand_key" => "A key that hands over and is not heard. Press Learn and play it.",
        "hand_over" => "Your turn is over: I answer now. While I answer: I stop.",
        "length" => {
            "How long an answer is. Until stopped: until you play or, if you may play on, until you hand over again."
        }
        "play_over" => "What the answer does when you play while it sounds.",
        "start" => "Where in the song an answer begins. On a beat or bar it keeps in step.",
        "quantise" => "The grid that the answer's notes are drawn to.",
        "quantise_strength" => "How far they are drawn: 100 % is on the grid.",
        "ahead" => "Sends the answer so much too early, to make up for an instrument that sounds late.",
        "channel" => "The MIDI channel of the answer.",
        "thru" => "Whether what you play goes on to the instrument too: notes, wheels, pedals and pressure.",
        "bypass" => "All that you play passes through, and nothing is answered.",
        "panic" => "Ends everything that sounds, at once.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use nice_plug::prelude::Params;

    use super::*;
    use crate::params::AntiphonParams;

    #[test]
    fn every_parameter_is_explained() {
        for (id, ..) in AntiphonParams::default().param_map() {
            assert!(tip(&id).ends_with('.'), "{id}");
        }
    }
}
