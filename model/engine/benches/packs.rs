//! What a step costs with a style pack: `cargo bench -p engine --bench packs -- WEIGHTS FOLDER`. Prints JSON, and leaves two
//! packs in the folder, One.antiphon and Other.antiphon, for `cargo xtask bench plugin` to play.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use engine::pack::{self, Adapter};
use engine::{Conditions, Note, NoteRequest, Onset, Pack, PackHeader, Pitch, Sampling, Session, Velocity, Weights};

/// As `model adapt` makes them.
const RANK: usize = 8;
const N_STEPS: usize = 2000;
const CONTEXT_NOTES: usize = 512;
const SPACING_TICKS: i64 = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).filter(|a| a != "--bench").map(PathBuf::from).collect();
    let [weights, folder] = &paths[..] else { return Err("give the weights and a folder for packs".into()) };
    let base = Weights::parse(&std::fs::read(weights)?)?;
    // They bring a style, but change no weight.
    for name in ["One", "Other"] {
        std::fs::write(folder.join(name).with_extension("antiphon"), pack(&base, name, 0.0)?)?;
    }
    let n_styles = base.header().styles.len();
    let [plain_us, packed_us] = step_us(base)?;
    println!("{}", serde_json::json!({ "n_styles": n_styles, "plain_us": plain_us, "packed_us": packed_us }));
    Ok(())
}

/// A pack for these weights, with adapters of numbers up to `size`.
fn pack(base: &Weights, name: &str, size: f32) -> Result<Vec<u8>, Box<dyn Error>> {
    let number = |i: usize| size * (f32::from(u8::try_from(i * 37 % 101).unwrap_or(0)) / 50.0 - 1.0);
    let numbers = |n: usize| (0..n).map(number).collect::<Vec<f32>>();
    let adapters: Vec<_> = pack::layers(base.config())
        .iter()
        .map(|layer| Adapter { b: numbers(layer.rows * RANK), a: numbers(layer.columns * RANK) })
        .collect();
    let header = PackHeader {
        name: name.into(),
        author: String::new(),
        licence: "CC0-1.0".into(),
        sources: Vec::new(),
        card: String::new(),
        tokeniser: base.header().tokeniser,
        base: base.header().name.clone(),
        base_sha256: pack::hex(&base.checksum()),
        config: *base.config(),
        rank: RANK,
    };
    let styles = base.tensors().find(|(shape, _)| shape.name == "embed.style");
    // Like the first style that has a name.
    let (shape, styles) = styles.ok_or("the weights have no styles")?;
    let style = styles.get(shape.columns..2 * shape.columns).ok_or("the weights have one style only")?;
    Ok(pack::write(&header, style, &adapters)?)
}

/// Medians of the time of a step without and with a pack, in turns, so that both see the same machine.
fn step_us(base: Weights) -> Result<[f64; 2], Box<dyn Error>> {
    let packed = Pack::parse(&pack(&base, "One", 0.01)?)?.apply(&base)?;
    let mut sessions = [base, packed].map(|weights| Session::new(Arc::new(weights)));
    let note = |i: i64| Note {
        onset_ticks: i * SPACING_TICKS,
        duration_ticks: 12,
        pitch: Pitch::MIDDLE_C,
        velocity: Velocity::MEDIUM,
    };
    let n_notes = i64::try_from(CONTEXT_NOTES.min(sessions[0].weights().config().n_context - 2))?;
    let ask = NoteRequest {
        conditions: Conditions::default(),
        sampling: Sampling { temperature: 1.0, top_p: 0.95 },
        lowest: Pitch::new(21).unwrap_or(Pitch::MIDDLE_C),
        highest: Pitch::new(108).unwrap_or(Pitch::MIDDLE_C),
        onset: Onset::NotBefore(n_notes * SPACING_TICKS),
        may_end: false,
    };
    let marks = sessions.each_mut().map(|session| {
        session.feed_all((0..n_notes).map(|i| (note(i), Conditions::default())));
        session.checkpoint()
    });
    let mut us = [const { Vec::new() }; 2];
    for _ in 0..N_STEPS {
        for ((session, mark), us) in sessions.iter_mut().zip(&marks).zip(&mut us) {
            session.rewind(mark);
            let begun = Instant::now();
            std::hint::black_box(session.next(&ask));
            us.push(begun.elapsed().as_secs_f64() * 1e6);
        }
    }
    Ok(us.map(|mut us| {
        us.sort_by(f64::total_cmp);
        us[us.len() / 2]
    }))
}
