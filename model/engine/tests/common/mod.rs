//! Networks of random weights, and music of random notes. Both come from fixed seeds.

// Each test file uses a part of this.
#![allow(dead_code)]

use std::sync::Arc;

use engine::config::{TensorKind, TensorShape};
use engine::{
    Ask, Conditions, Event, Header, ModelConfig, Note, Onset, Pitch, Precision, Sampling, Session, Velocity, Weights,
    WeightsError, weights,
};
use oorandom::Rand32;

pub(crate) fn header(config: ModelConfig, precision: Precision) -> Header {
    Header {
        config,
        precision,
        name: "Test".into(),
        styles: vec!["Any style".into(), "J. S. Bach, chorales".into(), "C. P. E. Bach".into(), "Ragtime".into()],
        licence: "CC0".into(),
        credits: String::new(),
        training: "random weights".into(),
        tokeniser: 1,
    }
}

/// Random values of about the size that training gives.
pub(crate) fn tensor(shape: &TensorShape, random: &mut Rand32) -> Vec<f32> {
    let mut spread = |around: f32, size: f32| -> Vec<f32> {
        (0..shape.rows * shape.columns).map(|_| around + size * (2.0 * random.rand_float() - 1.0)).collect()
    };
    match shape.kind {
        TensorKind::Linear => spread(0.0, 3.0 / (shape.columns as f32).sqrt()),
        TensorKind::Table => spread(0.0, 0.7),
        TensorKind::Vector if shape.name.ends_with("gain") => spread(1.0, 0.2),
        TensorKind::Vector => spread(0.0, 0.2),
    }
}

pub(crate) fn file(config: ModelConfig, precision: Precision) -> Vec<u8> {
    let mut random = Rand32::new(11);
    let mut give = |shape: &TensorShape| Ok::<_, WeightsError>(tensor(shape, &mut random));
    weights::write(&header(config, precision), &mut give).unwrap()
}

pub(crate) fn session(config: ModelConfig, precision: Precision) -> Session {
    Session::new(Arc::new(Weights::parse(&file(config, precision)).unwrap()))
}

pub(crate) fn tiny() -> Session {
    session(ModelConfig::TINY, Precision::Q8)
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

pub(crate) fn ask(onset: Onset) -> Ask {
    Ask {
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
