//! Generated music that must never change: every machine and every kernel gives these notes.

use engine::{Conditions, Event, Metre, Note, Precision};

use crate::common::{music, next_notes, note, session, tiny};

/// Onset, length, key, velocity of what the 8-bit test network says with seed 5.
const GOLDEN: [(i64, u32, u8, u8); 40] = [
    (602, 160, 89, 26),
    (914, 56, 44, 118),
    (1682, 224, 91, 94),
    (1760, 108, 44, 22),
    (1908, 528, 79, 22),
    (1972, 108, 48, 22),
    (2260, 116, 79, 118),
    (2452, 108, 89, 94),
    (2716, 184, 79, 22),
    (2768, 23, 44, 94),
    (2916, 14, 95, 22),
    (3228, 240, 90, 118),
    (3242, 184, 44, 94),
    (3506, 3, 89, 70),
    (3552, 186, 89, 70),
    (3571, 228, 95, 94),
    (3675, 184, 95, 22),
    (4059, 256, 44, 94),
    (4131, 56, 89, 102),
    (4223, 108, 80, 22),
    (4315, 624, 64, 94),
    (4334, 90, 95, 102),
    (4353, 108, 95, 22),
    (4457, 528, 68, 22),
    (4841, 108, 94, 94),
    (5141, 90, 55, 22),
    (5315, 108, 53, 22),
    (5603, 3, 37, 70),
    (5689, 56, 94, 94),
    (5977, 624, 94, 22),
    (6265, 108, 68, 126),
    (6413, 3, 95, 126),
    (6797, 80, 55, 118),
    (7121, 42, 48, 94),
    (7269, 432, 95, 118),
    (7443, 108, 50, 22),
    (7489, 304, 44, 22),
    (7581, 184, 79, 22),
    (7705, 90, 81, 118),
    (8281, 44, 57, 22),
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
