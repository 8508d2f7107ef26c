//! Generated music that must never change: every machine and every kernel gives these notes.

use engine::{Conditions, Event, Metre, Note, Precision};

use crate::common::{music, next_notes, note, session, tiny};

/// Onset, length, key, velocity of what the 8-bit test network says with seed 5.
const GOLDEN: [(i64, u32, u8, u8); 40] = [
    (554, 124, 44, 94),
    (632, 14, 89, 22),
    (718, 768, 69, 70),
    (794, 228, 95, 94),
    (1562, 720, 44, 94),
    (1934, 256, 76, 118),
    (2222, 14, 69, 118),
    (2462, 56, 81, 118),
    (2540, 90, 51, 22),
    (2616, 16, 68, 22),
    (2804, 108, 93, 22),
    (3140, 102, 66, 22),
    (3428, 104, 44, 22),
    (3692, 184, 95, 94),
    (3734, 32, 95, 22),
    (3838, 100, 44, 118),
    (4222, 90, 44, 22),
    (4486, 80, 95, 102),
    (4507, 56, 89, 118),
    (4601, 21, 96, 22),
    (4705, 528, 51, 86),
    (4733, 108, 95, 102),
    (4837, 108, 94, 22),
    (4941, 256, 48, 42),
    (5229, 108, 44, 22),
    (5601, 3, 47, 22),
    (6177, 108, 70, 22),
    (6465, 768, 95, 102),
    (6639, 100, 75, 102),
    (6927, 90, 81, 22),
    (7311, 108, 55, 94),
    (7387, 90, 95, 30),
    (7651, 62, 91, 86),
    (7859, 150, 51, 70),
    (8099, 44, 89, 22),
    (8307, 108, 78, 22),
    (8409, 100, 44, 22),
    (8583, 624, 53, 102),
    (8611, 32, 39, 118),
    (9139, 44, 44, 102),
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
