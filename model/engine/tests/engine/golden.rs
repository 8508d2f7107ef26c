//! Generated music that must never change: every machine and every kernel gives these notes.

use engine::{Conditions, Event, Metre, Note, Precision};

use crate::common::{music, next_notes, note, session, tiny};

/// Onset, length, key, velocity of what the 8-bit test network says with seed 5.
const GOLDEN: [(i64, u32, u8, u8); 40] = [
    (554, 720, 44, 94),
    (632, 14, 89, 22),
    (718, 768, 72, 102),
    (732, 108, 89, 22),
    (814, 56, 89, 118),
    (1126, 108, 51, 86),
    (1414, 124, 49, 118),
    (1576, 108, 95, 22),
    (1604, 14, 44, 102),
    (1625, 74, 78, 102),
    (1633, 116, 94, 94),
    (1897, 62, 76, 118),
    (2161, 80, 95, 94),
    (2449, 108, 95, 102),
    (2543, 3, 89, 22),
    (2927, 160, 89, 94),
    (2946, 108, 89, 118),
    (2998, 62, 89, 22),
    (3670, 184, 89, 118),
    (3774, 108, 36, 22),
    (3838, 102, 93, 22),
    (4102, 108, 89, 102),
    (4486, 108, 89, 102),
    (5062, 14, 56, 22),
    (5350, 108, 56, 22),
    (5432, 14, 63, 22),
    (5624, 108, 50, 22),
    (5912, 44, 81, 22),
    (5942, 528, 79, 22),
    (6230, 256, 80, 22),
    (6518, 90, 69, 70),
    (6620, 80, 47, 102),
    (6884, 80, 91, 102),
    (7184, 124, 91, 22),
    (7236, 160, 95, 102),
    (7340, 108, 91, 22),
    (7359, 224, 89, 94),
    (7695, 56, 38, 22),
    (7777, 108, 80, 102),
    (8077, 108, 55, 22),
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
