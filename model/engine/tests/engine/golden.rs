//! Generated music that must never change: every machine and every kernel gives these notes.

use engine::{Conditions, Event, Metre, Note, Precision};

use crate::common::{music, next_notes, note, session, tiny};

/// Onset, length, key, velocity of what the 8-bit test network says with seed 5.
const GOLDEN: [(i64, u32, u8, u8); 40] = [
    (602, 160, 89, 70),
    (890, 56, 44, 118),
    (992, 186, 38, 22),
    (1006, 108, 89, 102),
    (1082, 14, 89, 86),
    (1160, 108, 83, 118),
    (1448, 14, 72, 118),
    (1530, 90, 37, 86),
    (1866, 32, 63, 118),
    (1968, 528, 37, 126),
    (2640, 44, 95, 22),
    (2718, 138, 75, 22),
    (2732, 108, 89, 102),
    (3020, 160, 95, 102),
    (3392, 108, 37, 94),
    (3776, 90, 37, 42),
    (4112, 108, 89, 118),
    (4448, 624, 44, 94),
    (4530, 184, 37, 78),
    (4704, 624, 39, 70),
    (4796, 108, 75, 22),
    (4810, 80, 95, 94),
    (5194, 108, 89, 118),
    (5358, 8, 48, 22),
    (5372, 80, 63, 22),
    (5400, 44, 82, 22),
    (5486, 108, 91, 22),
    (5822, 3, 89, 86),
    (5984, 184, 91, 94),
    (6272, 528, 48, 118),
    (6584, 108, 68, 118),
    (6660, 62, 37, 86),
    (7044, 90, 81, 94),
    (7716, 224, 79, 86),
    (7890, 184, 95, 22),
    (8038, 108, 48, 22),
    (8710, 528, 89, 118),
    (8884, 108, 43, 22),
    (8903, 62, 55, 22),
    (9077, 42, 44, 22),
];

#[test]
fn the_test_network_says_what_it_always_said() {
    let mut session = tiny();
    session.set_metre(Metre::Bars { bar_line_ticks: 0, bar_ticks: 192 });
    session.seed(5);
    music(12, 6).iter().for_each(|note| session.feed(*note, Conditions::default()));
    let said = next_notes(&mut session, 40);
    assert_eq!(said, GOLDEN.map(|(onset, length, key, velocity)| note(onset, length, key, velocity)));
}

#[test]
fn eight_bits_are_near_to_floats() {
    let score = |precision| {
        let mut session = session(precision);
        let score = |note: Note| session.score(Event::Note(note), Conditions::default());
        music(60, 7).into_iter().flat_map(score).collect::<Vec<f32>>()
    };
    let (floats, bytes) = (score(Precision::F32), score(Precision::Q8));
    let n = floats.len() as f32;
    let apart: f32 = floats.iter().zip(&bytes).map(|(a, b)| (a - b).abs()).sum::<f32>() / n;
    let bias = (floats.iter().sum::<f32>() - bytes.iter().sum::<f32>()).abs() / n;
    assert!(apart > 0.0 && apart < 0.1, "{apart} nats apart");
    assert!(bias < 0.03, "{bias} nats worse");
}
