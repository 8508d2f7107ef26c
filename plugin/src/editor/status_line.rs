//! What Antiphon is doing, and why; or, if that is nothing, what to do.

use super::view::{StatusKind, StatusLine};
use crate::models::LoadState;
use crate::params::{AntiphonParams, ParamId};
use crate::status::{Doing, Engine, Status};

/// Of the mode.
const CONTINUE: i32 = 1;
/// Of *when I play over*.
const STOP: i32 = 0;

pub(crate) fn status_line(status: &Status, params: &AntiphonParams) -> StatusLine {
    let say = |kind, text: &str, why: &str| StatusLine { text: text.to_owned(), why: why.to_owned(), kind };
    let n_call = status.n_call.get();
    let notes = if n_call == 1 { "1 note".to_owned() } else { format!("{n_call} notes") };
    let no_pack = match params.model.load_state() {
        LoadState::Refused(why) => Some(why),
        _ => None,
    };
    match (status.engine(), status.doing()) {
        (Engine::NoWeights, _) => say(StatusKind::Wrong, "No answers: no model", &status.message()),
        (_, Doing::Broken) => say(
            StatusKind::Wrong,
            "Stopped after a fault",
            "A fault of Antiphon's own: no notes pass. Remove it from the track and add it again",
        ),
        (_, Doing::Stuck) => say(
            StatusKind::Wrong,
            "Too much at once",
            "The notes came faster than I can read. Pause for a moment, and I go on by myself",
        ),
        (_, Doing::Asleep) => say(
            StatusKind::Calm,
            "Asleep",
            "The host does not run this track: start its audio engine, arm the track, or switch its monitoring on",
        ),
        (_, Doing::Off) if params.is_on(ParamId::Bypass) => say(
            StatusKind::Calm,
            "Bypassed",
            "Your notes only pass through; switch Bypass off under Output or in the host",
        ),
        (_, Doing::Off) => {
            say(StatusKind::Calm, "Off", "Your notes only pass through; choose Answer or Continue to go on")
        }
        (Engine::Loading, _) => {
            say(StatusKind::Calm, "Loading the model", "This takes a moment; your notes pass through")
        }
        (_, Doing::Frozen) => say(
            StatusKind::Wrong,
            "The song position stands still",
            "The host says that the song rolls, but not where it is. I count on by myself; stop the song and start it again",
        ),
        (_, Doing::Idle) if no_pack.is_some() => {
            let what = if params.model.is_network() { "network" } else { "style pack" };
            let why = format!("I play without the song's {what}: {}", no_pack.unwrap_or_default());
            say(StatusKind::Wrong, "Your turn, without the pack", &why)
        }
        (_, Doing::Idle) if params.int(ParamId::Mode) == CONTINUE => say(
            StatusKind::Calm,
            "Your turn: play, or start",
            "Start the song and I play by myself, or play a phrase and I go on with it",
        ),
        (_, Doing::Idle) => say(StatusKind::Calm, "Your turn: play a phrase", &hand_over(params)),
        (_, Doing::Listening) => say(StatusKind::Listening, &format!("Listening: {notes}"), &hand_over(params)),
        (_, Doing::Planning) => {
            let text = if n_call == 0 { "Ready to play".to_owned() } else { format!("Ready: {notes} heard") };
            say(StatusKind::Ready, &text, &ready(params))
        }
        (_, Doing::Answering) => {
            let verb = if params.int(ParamId::Mode) == CONTINUE { "Continuing" } else { "Answering" };
            let why = match (params.int(ParamId::PlayOver), status.n_bars.get()) {
                (STOP, _) => "Play, and I stop",
                (_, 0) => "Play over me if you like; Hand over stops me",
                _ => "Play over me if you like",
            };
            let text = match (status.bar.get(), status.n_bars.get()) {
                (bar, 0) => format!("{verb}: bar {bar}"),
                (bar, n) => format!("{verb}: bar {} of {n}", bar.min(n)),
            };
            say(StatusKind::Answering, &text, why)
        }
    }
}

/// When an answer that is planned comes.
fn ready(params: &AntiphonParams) -> String {
    let start = params.get(ParamId::Start).to_string().to_lowercase();
    match (ways(params).is_empty(), params.int(ParamId::Start)) {
        (false, _) if params.int(ParamId::Mode) != CONTINUE => format!("The answer is planned. {}", hand_over(params)),
        (_, 0) => "What I play is planned, and comes at once".to_owned(),
        _ => format!("What I play is planned, and comes on the {start}"),
    }
}

/// What ends the player's turn, in words; nothing but the button if there are none.
fn ways(params: &AntiphonParams) -> Vec<String> {
    let text = |id| params.get(id).to_string();
    let mut ways = Vec::new();
    match params.int(ParamId::HandSilence) {
        1 => ways.push(format!("after {} of silence", text(ParamId::SilenceMs))),
        2 => ways.push(format!("after {} of silence", text(ParamId::SilenceBeats))),
        _ => {}
    }
    if params.int(ParamId::Trade) > 0 {
        ways.push(text(ParamId::Trade).to_lowercase());
    }
    if params.int(ParamId::HandCc) >= 0 {
        ways.push(format!("on {}", text(ParamId::HandCc)));
    }
    if params.int(ParamId::HandKey) >= 0 {
        ways.push(format!("on the key {}", text(ParamId::HandKey)));
    }
    ways
}

/// When the answer comes.
fn hand_over(params: &AntiphonParams) -> String {
    let ways = ways(params);
    if ways.is_empty() {
        return "I answer when you press Hand over".to_owned();
    }
    let start = match params.int(ParamId::Start) {
        0 => String::new(),
        _ => format!(", from the {}", params.get(ParamId::Start).to_string().to_lowercase()),
    };
    format!("I answer {}{start}", ways.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_always_says_what_it_waits_for() {
        let (status, params) = (Status::new(), AntiphonParams::default());
        assert_eq!(status_line(&status, &params).text, "Asleep");
        status.set_engine(Engine::Ready, "nano".into());
        status.set_doing(Doing::Idle);
        let idle = status_line(&status, &params);
        assert_eq!(
            (idle.text.as_str(), idle.why.as_str()),
            ("Your turn: play a phrase", "I answer after 700 ms of silence")
        );
        status.set_engine(Engine::NoWeights, "the file is damaged; install Antiphon again".into());
        let wrong = status_line(&status, &params);
        assert!(wrong.why.contains("install") && wrong.kind == StatusKind::Wrong);
    }
}
