//! Other answers to the same call.

use host::{Message, Pace, Played};

use crate::common::{OFFLINE, answer, assert_released, open, sample_of};
use crate::turns::set_text;

/// An answer from beat 8 to 40, with these buttons pressed at these beats.
fn take(presses: &[(f64, &str)]) -> Vec<Played> {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Answer length", "8 bars");
    set_text(&mut rig, "Start", "Next bar");
    for &(beat, name) in presses {
        let id = rig.parameter(name).unwrap().id;
        rig.send(sample_of(&rig, beat), Message::Parameter { id, value: 1.0 });
        rig.send(sample_of(&rig, beat + 0.2), Message::Parameter { id, value: 0.0 });
    }
    let notes = answer(&mut rig, 44);
    assert_released(&notes);
    notes
}

#[test]
fn another_answer_comes_at_the_next_bar_and_the_one_before_it_comes_back() {
    let bar = |beat: u64| beat * 12_000;
    let before = |notes: &[Played], beat: u64| -> Vec<(u64, u8)> {
        notes.iter().map(|note| (note.on_samples, note.key)).filter(|(on, _)| *on < bar(beat)).collect()
    };
    let plain = take(&[]);
    assert!(plain[0].on_samples == bar(8) && plain.len() > 20, "{plain:?}");
    let other = take(&[(12.5, "Another answer")]);
    assert_eq!(before(&other, 16), before(&plain, 16), "the bar that has begun is played to its end");
    assert_ne!(before(&other, 40), before(&plain, 40));
    assert_eq!(take(&[(12.5, "Another answer"), (13.2, "Answer before")]), plain);
    let third = take(&[(12.5, "Another answer"), (13.2, "Another answer")]);
    assert_ne!(before(&third, 40), before(&plain, 40));
    assert_ne!(before(&third, 40), before(&other, 40));
}

#[test]
fn before_it_begins_another_answer_is_another_from_its_first_note() {
    let plain = take(&[]);
    let other = take(&[(7.0, "Another answer")]);
    assert_eq!(other[0].on_samples, plain[0].on_samples);
    assert_ne!(other[..4], plain[..4]);
    assert_eq!(take(&[(7.0, "Another answer"), (7.3, "Answer before")]), plain);
    // Nobody has asked for an answer yet.
    assert_eq!(take(&[(2.0, "Another answer")]), plain);
}
