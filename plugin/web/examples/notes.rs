//! What the page has to play, as this machine plays it: for tests that compare a browser with it.
//!
//! `cargo run -p web --example notes -- answer` prints the answer to the call of the tests: samples and MIDI messages, as JSON.
//! `cargo run -p web --example notes -- hash 10000` prints the hash of so many notes, and how long one took.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use engine::{Session, Weights};
use live::params::ParamId;
use web::page::{Page, SAMPLE_RATE_HZ, Timed};

static NANO: &[u8] = include_bytes!("../../../model/weights/nano.antiphon");
static CALL: &[u8] = include_bytes!("../../../tests/fixtures/call.mid");

/// A sample, and what is sent at it.
type Message = (u64, [u8; 3]);

/// Busy machines, on which browsers are tested, have time to plan the answer too.
const SILENCE_MS: f32 = 4000.0;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["answer"] => println!("{}", serde_json::to_string(&answer()?)?),
        ["hash", n_notes] => {
            let n_notes: u32 = n_notes.parse()?;
            let mut session = Session::new(Arc::new(Weights::parse(NANO)?));
            let begun = Instant::now();
            let hash = web::request::hash_of_notes(&mut session, 1, usize::try_from(n_notes)?);
            let ms = begun.elapsed().as_secs_f64() * 1e3;
            let kernel = engine::kernel_name();
            println!("{}", serde_json::json!({ "hash": hash, "ms": ms, "kernel": kernel }));
        }
        _ => return Err("say answer, or hash and how many notes".into()),
    }
    Ok(())
}

/// What comes out in half a minute, in samples since the song's start.
fn answer() -> Result<Vec<Message>, Box<dyn Error>> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some bars")]
    let sample = |seconds: f64| (seconds * f64::from(SAMPLE_RATE_HZ)).round() as u64;
    let call = music::file::read(CALL)?.score.as_call();
    let signature = call.signature(0);
    let mut page = Page::default();
    page.load(NANO)?;
    page.set(ParamId::SilenceMs, SILENCE_MS);
    page.change_song(call.tempi.bpm(0), (signature.numerator().into(), signature.denominator().into()));
    page.roll_song(true);
    for (at_samples, message) in call.messages(sample) {
        page.hear(Timed { at_samples, message });
    }
    let mut output = Vec::new();
    while page.now_samples() < 30 * u64::from(SAMPLE_RATE_HZ) {
        page.advance(u64::MAX, &mut output);
        while page.think() {}
    }
    Ok(output.into_iter().map(|timed| (timed.at_samples, timed.message)).collect())
}
