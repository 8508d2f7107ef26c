//! Generated music that must never change: every machine and every kernel gives these notes.

use engine::{Conditions, Event, Metre, Note, Precision};

use crate::common::{music, next_notes, note, session, tiny};

/// Onset, length, key, velocity of what the 8-bit test network says with seed 5.
const GOLDEN: [(i64, u32, u8, u8); 40] = [
    (748, 26, 75, 62),
    (908, 26, 46, 26),
    (1010, 192, 59, 6),
    (1162, 480, 53, 66),
    (1212, 26, 50, 14),
    (1372, 480, 65, 22),
    (1624, 20, 90, 14),
    (1768, 480, 95, 34),
    (1818, 624, 88, 122),
    (2034, 18, 73, 66),
    (2198, 480, 66, 14),
    (2384, 624, 48, 42),
    (2636, 480, 50, 22),
    (2888, 26, 78, 98),
    (3052, 192, 78, 122),
    (3724, 26, 46, 66),
    (3826, 1536, 85, 66),
    (3978, 192, 70, 14),
    (4086, 192, 85, 62),
    (4250, 156, 63, 118),
    (4474, 26, 47, 62),
    (4658, 26, 50, 86),
    (4844, 480, 96, 70),
    (4852, 156, 92, 54),
    (5524, 26, 83, 38),
    (5680, 16, 66, 122),
    (6160, 480, 53, 14),
    (6412, 4, 89, 38),
    (6450, 116, 38, 118),
    (6702, 124, 62, 14),
    (6786, 156, 74, 58),
    (6936, 1536, 89, 114),
    (7122, 26, 59, 50),
    (7602, 80, 91, 54),
    (7652, 26, 70, 42),
    (7742, 480, 41, 14),
    (7898, 64, 46, 58),
    (8082, 480, 66, 26),
    (8132, 26, 42, 42),
    (8306, 192, 78, 26),
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
