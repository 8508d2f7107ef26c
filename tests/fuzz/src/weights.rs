//! Weight files, from anybody.

use std::sync::Arc;

use engine::{
    Conditions, Event, ModelConfig, NoteRequest, Onset, Pitch, Precision, Sampling, Session, Weights, random_file,
};

use crate::container;

/// A file is refused with a reason, or it can be played.
///
/// # Panics
/// If it does not hold.
pub fn check(bytes: &[u8]) {
    container::read(bytes, Weights::parse, play);
}

/// What is accepted can be played.
pub(crate) fn play(weights: Weights) {
    assert!(!weights.header().styles.is_empty());
    let mut session = Session::new(Arc::new(weights));
    session.seed(1);
    let (lowest, highest) = (Pitch::new(36).expect("a key"), Pitch::new(96).expect("a key"));
    for _ in 0..3 {
        let request = NoteRequest {
            conditions: Conditions::default(),
            sampling: Sampling { temperature: 1.0, top_p: 0.95 },
            lowest,
            highest,
            onset: Onset::NotBefore(0),
            may_end: false,
        };
        let Event::Note(note) = session.next(&request) else { panic!("it may not end") };
        assert!((lowest..=highest).contains(&note.pitch), "{note:?}");
    }
}

/// As small as a network may be, so that many are tried.
const SMALLEST: ModelConfig =
    ModelConfig { n_blocks: 1, d_model: 32, n_heads: 2, n_kv_heads: 1, d_ff: 32, d_head_hidden: 32, n_context: 16 };
/// More than a header has.
const HEAD_BYTES: usize = 1024;

/// A network of random numbers, and the heads of two: the numbers behind them are zeros then.
///
/// # Panics
/// If one cannot be made.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let head = |precision| file(precision).into_iter().take(HEAD_BYTES).collect();
    vec![file(Precision::Q8), head(Precision::Q8), head(Precision::F32)]
}

pub(crate) fn file(precision: Precision) -> Vec<u8> {
    random_file(SMALLEST, precision, 1).expect("a small network")
}
