//! bench for now
use std::sync::Arc;
use engine::answer::{AnswerRequest, Call, Controls, answer};
use engine::{Metre, Session, Weights};

/// Hash of notes
pub fn proof(file: &[u8], seed: u32, n_notes: usize) -> u64 {
    let weights = Arc::new(Weights::parse(file).unwrap());
    let request = AnswerRequest { song_seed: seed, number: 0, start_ticks: 0, end_ticks: i64::MAX, most_candidates: 1 };
    let metre = Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 };
    let notes = answer(&mut Session::new(weights), &Call::none(metre), request, &Controls::default(), n_notes);
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for note in &notes {
        for v in [note.onset_ticks as u64, note.duration_ticks.into(), note.pitch.get().into(), note.velocity.get().into()] {
            hash = (hash ^ v).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}
static FILE: &[u8] = include_bytes!("../../../model/weights/nano.antiphon");
/// bench
#[unsafe(no_mangle)]
pub extern "C" fn bench(seed: u32, n: u32) -> u64 { proof(FILE, seed, n as usize) }
