//! The page: one file with all that it needs, which asks nobody for anything.
//!
//! `page.html` is its text, `page.css` how it looks, `page.js` what it does. Of the trials it holds names and sounds, not whose they are:
//! sounds are in the order in which they are heard.

use std::collections::BTreeMap;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::key::{Key, Side};
use super::order::Trial;
use super::sound::Sounds;

/// First in every listener's file, which the page writes and `returned` reads.
pub(super) const FORMAT: &str = "antiphon-listening-1";

/// What each of two answers is asked, by the names that a listener's file has for it, in its order.
pub(super) const SCALES: [&str; 3] = ["coherence", "originality", "answers"];

/// What the page is told.
#[derive(Serialize)]
struct Data<'a> {
    format: &'a str,
    page: &'a str,
    minutes: f64,
    has_scales: bool,
    trials: Vec<Heard<'a>>,
    sounds: Vec<String>,
}

/// A trial, by places of sounds.
#[derive(Serialize)]
struct Heard<'a> {
    name: &'a str,
    call: usize,
    a: usize,
    b: usize,
    /// Seconds after the call's beginning.
    answer_at: f64,
    /// Until all is silent.
    seconds: f64,
}

/// Writes it.
pub(super) fn page(key: &Key, order: &[Trial], sounds: &[Sounds]) -> Result<String> {
    // Where a scene's sounds are, and which side its first answer had when they were put there.
    let mut places: BTreeMap<usize, (usize, Side)> = BTreeMap::new();
    let mut data = Data {
        format: FORMAT,
        page: &key.page,
        minutes: 0.0,
        has_scales: key.has_scales,
        trials: Vec::new(),
        sounds: Vec::new(),
    };
    for trial in order {
        let sound = &sounds[trial.scene];
        let &mut (call, side) = places.entry(trial.scene).or_insert_with(|| {
            let [subject, other] = &sound.answers;
            let (a, b) = if trial.subject == Side::A { (subject, other) } else { (other, subject) };
            data.sounds.extend([&sound.call, a, b].map(|file| STANDARD.encode(file)));
            (data.sounds.len() - 3, trial.subject)
        });
        let (a, b) = if trial.subject == side { (call + 1, call + 2) } else { (call + 2, call + 1) };
        data.minutes += (2.0 * sound.seconds() + if key.has_scales { 30.0 } else { 8.0 }) / 60.0;
        let (answer_at, seconds) = (sound.answer_at_seconds, sound.seconds());
        data.trials.push(Heard { name: &trial.name, call, a, b, answer_at, seconds });
    }
    // Within a script element only "</" could end it, and base64 and numbers have none.
    let data = serde_json::to_string(&data)?;
    Ok(include_str!("page.html")
        .replacen("/* page.css */", include_str!("page.css"), 1)
        .replacen("/* page.js */", include_str!("page.js"), 1)
        .replacen("{ data }", &data, 1))
}
