//! What a page can ask of the duet, as JSON, and what it is told.

use engine::answer::{AnswerRequest, Call, Controls, answer};
use engine::{Metre, Session};
use live::params::ParamId;
use live::timeline::{LineKind, Who};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::files::{self, Dropped, Format};
use crate::midi::Message;
use crate::page::{AHEAD_MS, MAX_BLOCK_SAMPLES, Page, SAMPLE_RATE_HZ, Timed};

/// A request. Some come with a file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "ask", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Request {
    /// Which parameters there are, and how time is counted.
    Table,
    /// Play with the network in the file.
    Load,
    /// Set a parameter.
    Set {
        /// Its id.
        id: String,
        /// In its own unit.
        value: f32,
    },
    /// The song begins to roll from its start, or stops.
    Roll {
        /// Whether it rolls.
        is_playing: bool,
    },
    /// The song goes on like this.
    Song {
        /// Beats a minute.
        tempo: f64,
        /// Beats of a bar.
        beats: u16,
        /// How many of them make a whole note.
        unit: u16,
    },
    /// Forget what was played.
    Restart,
    /// Let time pass, a block at most.
    Advance {
        /// Up to this sample.
        to: u64,
        /// What the player does: samples and messages.
        input: Vec<(u64, Message)>,
    },
    /// Think for a while: one message of the performer's.
    Think,
    /// What is to be drawn.
    Show {
        /// Ticks before now.
        past: i64,
        /// Ticks after now.
        future: i64,
    },
    /// Take in the file: music, or a style pack.
    Open,
    /// Play the built-in styles only.
    Unload,
    /// Write the last take as a file.
    Take {
        /// Of this kind.
        format: Format,
    },
    /// Make so many notes without a call, and tell their hash: the same on every machine.
    Prove {
        /// The song's seed.
        seed: u32,
        /// How many.
        n_notes: usize,
    },
}

/// What a page is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// An object.
    Json(Value),
    /// A file.
    File(Vec<u8>),
}

/// Does what is asked.
///
/// # Errors
/// A sentence that says what is wrong, and what to do.
pub fn handle(page: &mut Page, request: Request, file: &[u8]) -> Result<Reply, String> {
    let reply = match request {
        Request::Table => json!({
            "params": ParamId::ALL.map(ParamId::spec).as_slice(),
            "rate": SAMPLE_RATE_HZ,
            "block": MAX_BLOCK_SAMPLES,
            "aheadMs": AHEAD_MS,
        }),
        Request::Load => {
            page.load(file).map_err(|error| error.to_string())?;
            styles(page)
        }
        Request::Set { id, value } => {
            let param = ParamId::from_id(&id).ok_or_else(|| format!("there is no parameter {id}"))?;
            page.set(param, value);
            json!({ "value": page.value(param) })
        }
        Request::Roll { is_playing } => {
            page.roll_song(is_playing);
            Value::Null
        }
        Request::Song { tempo, beats, unit } => {
            page.change_song(tempo, (beats.into(), unit.into()));
            Value::Null
        }
        Request::Restart => {
            page.restart();
            Value::Null
        }
        Request::Advance { to, input } => advance(page, to, input),
        Request::Think => json!({ "isMore": page.think() }),
        Request::Show { past, future } => show(page, past, future),
        Request::Open => open(page, file)?,
        Request::Unload => {
            page.choose(None);
            styles(page)
        }
        Request::Take { format } => {
            let take = page.last_take().ok_or("there is nothing to save yet: play something")?;
            return files::take(&take, format).map(Reply::File);
        }
        Request::Prove { seed, n_notes } => {
            let weights = page.weights().ok_or("there is no network yet")?;
            json!({ "hash": hash_of_notes(&mut Session::new(weights.clone()), seed, n_notes) })
        }
    };
    Ok(Reply::Json(reply))
}

fn advance(page: &mut Page, to: u64, input: Vec<(u64, Message)>) -> Value {
    for (at_samples, message) in input {
        page.hear(Timed { at_samples, message });
    }
    let mut output = Vec::new();
    page.advance(to, &mut output);
    let output: Vec<(u64, Message)> = output.into_iter().map(|timed| (timed.at_samples, timed.message)).collect();
    json!({ "now": page.now_samples(), "output": output })
}

/// Times are in parts of a tick.
fn show(page: &Page, past: i64, future: i64) -> Value {
    let (roll, state) = (page.roll(past, future), page.state());
    let parts = live::timeline::PARTS_PER_TICK;
    let notes = roll.notes.iter().map(|note| {
        let written = note.written.map(|written| (written.on_parts, written.length_parts));
        (
            u8::from(note.who == Who::Antiphon),
            note.span.on_parts,
            note.span.off_parts,
            note.span.key,
            note.span.velocity,
            written,
        )
    });
    let lines = roll.lines.iter().map(|line| match line.kind {
        LineKind::Bar(number) => (line.at_parts, "bar", number),
        LineKind::Beat | LineKind::FoundBeat => (line.at_parts, "beat", 0),
        LineKind::Division => (line.at_parts, "division", 0),
    });
    json!({
        "now": roll.now_ticks * parts,
        "tempo": page.song().tempo,
        "found": page.found_tempo(),
        "notes": notes.collect::<Vec<_>>(),
        "planned": roll.planned.iter().map(|span| (span.on_parts, span.off_parts, span.key, span.velocity)).collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
        "doing": format!("{:?}", state.doing),
        "answerBar": state.answer_bar,
        "nCall": state.n_call,
        "handOverMs": state.hand_over_ms,
        "counts": state.counts,
    })
}

fn open(page: &mut Page, file: &[u8]) -> Result<Value, String> {
    let base = page.weights().ok_or("the network is not there yet; try again in a moment")?.clone();
    match files::open(file, &base)? {
        Dropped::Music(music) => Ok(json!({ "music": music })),
        Dropped::Weights(weights, name) => {
            page.choose(Some(weights.clone()));
            Ok(json!({ "pack": name, "styles": weights.header().styles }))
        }
    }
}

fn styles(page: &Page) -> Value {
    let header = page.weights().map(|weights| weights.header());
    json!({
        "model": header.map(|header| &header.name),
        "styles": header.map(|header| &header.styles),
        "kernel": engine::kernel_name(),
    })
}

/// FNV-1a of so many notes that a network makes without a call, as 16 hexadecimal digits.
pub fn hash_of_notes(session: &mut Session, seed: u32, n_notes: usize) -> String {
    let request = AnswerRequest { song_seed: seed, number: 0, start_ticks: 0, end_ticks: i64::MAX, most_candidates: 1 };
    let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
    let notes = answer(session, &Call::none(metre), request, &Controls::default(), n_notes);
    let hash = notes.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, note| {
        let times = note.onset_ticks.to_le_bytes().into_iter().chain(note.duration_ticks.to_le_bytes());
        let bytes = times.chain([note.pitch.get(), note.velocity.get()]);
        bytes.fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    });
    format!("{hash:016x} {}", notes.len())
}
