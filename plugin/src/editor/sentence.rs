//! What Antiphon is doing, and why; or, if that is nothing, what to do.

use super::view::{Mood, Sentence};
use crate::chosen::Standing;
use crate::params::AntiphonParams;
use crate::status::{Doing, Engine, Status};

pub(crate) fn sentence(status: &Status, params: &AntiphonParams) -> Sentence {
    let say = |mood, text: &str, why: &str| Sentence { text: text.to_owned(), why: why.to_owned(), mood };
    let n_call = status.n_call.get();
    let notes = if n_call == 1 { "1 note".to_owned() } else { format!("{n_call} notes") };
    let no_pack = match params.chosen.standing() {
        Standing::Refused(why) => Some(why),
        _ => None,
    };
    match (status.engine(), status.doing()) {
        (Engine::NoWeights, _) => say(Mood::Wrong, "No answer: the model cannot be read", &status.message()),
        (_, Doing::Broken) => {
            say(Mood::Wrong, "Stopped after a fault", "Remove Antiphon from the track and add it again")
        }
        (_, Doing::Stuck) => {
            say(Mood::Wrong, "Too much at once", "Pause for a moment; the answers go on by themselves")
        }
        (_, Doing::Asleep) => {
            say(Mood::Calm, "Asleep", "The host does not run this track: switch its audio on, or arm the track")
        }
        (_, Doing::Off) if params.bypass.value() => say(Mood::Calm, "Bypassed", "Your notes only pass through"),
        (_, Doing::Off) => say(Mood::Calm, "Off", "Your notes only pass through; choose Answer to go on"),
        (Engine::Loading, _) => say(Mood::Calm, "Loading the model", "This takes a moment"),
        (_, Doing::Idle) if no_pack.is_some() => {
            let what = if params.chosen.is_network() { "network" } else { "style pack" };
            say(Mood::Wrong, &format!("Your turn, without the song's {what}"), &no_pack.unwrap_or_default())
        }
        (_, Doing::Idle) if params.mode.value() == 1 => {
            say(Mood::Calm, "Your turn", "Start the song, or play a phrase and I go on with it")
        }
        (_, Doing::Idle) => say(Mood::Calm, "Your turn: play a phrase", &hand_over(params)),
        (_, Doing::Listening) => say(Mood::Listening, &format!("Listening: {notes}"), &hand_over(params)),
        (_, Doing::Planning) => {
            let start = params.time.start.to_string().to_lowercase();
            let why = match params.time.start.value() {
                0 => "The answer is planned and comes after the silence".to_owned(),
                _ => format!("The answer is planned and comes on the {start}"),
            };
            say(Mood::Answering, &format!("Ready to answer {notes}"), &why)
        }
        (_, Doing::Answering) => {
            let stop = params.turns.play_over.value() == 0;
            let why = if stop { "Play, and I stop" } else { "Play over me if you like" };
            match (status.bar.get(), status.n_bars.get()) {
                (bar, 0) => say(Mood::Answering, &format!("Answering: bar {bar}"), "Until you play"),
                (bar, n) => say(Mood::Answering, &format!("Answering: bar {} of {n}", bar.min(n)), why),
            }
        }
    }
}

/// What ends the player's turn.
fn hand_over(params: &AntiphonParams) -> String {
    let turns = &params.turns;
    let mut ways = Vec::new();
    match turns.hand_silence.value() {
        1 => ways.push(format!("after {} of silence", turns.silence_ms)),
        2 => ways.push(format!("after {} of silence", turns.silence_beats)),
        _ => {}
    }
    if turns.trade.value() > 0 {
        ways.push(turns.trade.to_string().to_lowercase());
    }
    if turns.hand_cc.value() >= 0 {
        ways.push(format!("on {}", turns.hand_cc));
    }
    if turns.hand_key.value() >= 0 {
        ways.push(format!("on the key {}", turns.hand_key));
    }
    if ways.is_empty() {
        return "I answer when you press Hand over".to_owned();
    }
    let start = match params.time.start.value() {
        0 => String::new(),
        _ => format!(", from the {}", params.time.start.to_string().to_lowercase()),
    };
    format!("I answer {}{start}", ways.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_always_says_what_it_waits_for() {
        let (status, params) = (Status::new(), AntiphonParams::default());
        assert_eq!(sentence(&status, &params).text, "Asleep");
        status.set_engine(Engine::Ready, "nano".into());
        status.set_doing(Doing::Idle);
        let idle = sentence(&status, &params);
        assert_eq!(
            (idle.text.as_str(), idle.why.as_str()),
            ("Your turn: play a phrase", "I answer after 700 ms of silence")
        );
        status.set_engine(Engine::NoWeights, "the file is damaged; install Antiphon again".into());
        let wrong = sentence(&status, &params);
        assert!(wrong.why.contains("install") && wrong.mood == Mood::Wrong);
    }
}
