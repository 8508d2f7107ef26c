//! Sessions of random weights, and music of random notes. Both come from fixed seeds.

use std::sync::Arc;

use engine::{
    Conditions, Event, ModelConfig, Note, NoteRequest, Onset, Pitch, Precision, Sampling, Session, Velocity, Weights,
    random_file,
};
use oorandom::Rand32;

pub(crate) fn session(precision: Precision) -> Session {
    let file = random_file(ModelConfig::TINY, precision, 11).unwrap();
    Session::new(Arc::new(Weights::parse(&file).unwrap()))
}

/// The session of most tests: the smallest network, in 8 bits.
pub(crate) fn tiny() -> Session {
    session(Precision::Q8)
}

pub(crate) fn note(onset_ticks: i64, duration_ticks: u32, key: u8, velocity: u8) -> Note {
    let (pitch, velocity) = (Pitch::new(key).unwrap(), Velocity::new(velocity).unwrap());
    Note { onset_ticks, duration_ticks, pitch, velocity }
}

/// Sorted notes from tick 0 on.
pub(crate) fn music(n: usize, seed: u64) -> Vec<Note> {
    let mut random = Rand32::new(seed);
    let mut onset_ticks = 0;
    let mut notes: Vec<Note> = (0..n)
        .map(|_| {
            onset_ticks += [0i64, 0, 12, 24, 24, 36, 48, 50, 96][random.rand_range(0..9) as usize];
            let key = random.rand_range(48..84) as u8;
            note(onset_ticks, random.rand_range(1..200), key, random.rand_range(30..110) as u8)
        })
        .collect();
    notes.sort_by_key(Note::order);
    notes
}

pub(crate) fn ask(onset: Onset) -> NoteRequest {
    NoteRequest {
        conditions: Conditions::default(),
        sampling: Sampling { temperature: 1.0, top_p: 0.95 },
        lowest: Pitch::new(36).unwrap(),
        highest: Pitch::new(96).unwrap(),
        onset,
        may_end: false,
    }
}

/// The next note, wherever the model puts it.
pub(crate) fn next_note(session: &mut Session) -> Note {
    match session.next(&ask(Onset::NotBefore(i64::MIN))) {
        Event::Note(note) => note,
        Event::End { .. } => panic!("an end that was not allowed"),
    }
}

pub(crate) fn next_notes(session: &mut Session, n: usize) -> Vec<Note> {
    (0..n).map(|_| next_note(session)).collect()
}
