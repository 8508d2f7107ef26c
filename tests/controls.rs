//! What the controls do to an answer that is on its way.

use std::collections::BTreeSet;

use host::{Clap, Instance, Message, Pace, Played, Rig, Settings, pair};

use crate::common::{OFFLINE, answer, assert_released, open, play_call, sample_of};
use crate::turns::set_text;

/// An answer of eight bars to the call, with these settings.
fn long_answer(settings: &[(&str, &str)]) -> Vec<Played> {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Answer length", "8 bars");
    for (name, text) in settings {
        set_text(&mut rig, name, text);
    }
    let notes = answer(&mut rig, 48);
    assert_released(&notes);
    notes
}

/// How much of the answer is in the scale of the call, D minor.
fn share_in_key(notes: &[Played]) -> f64 {
    let n_inside = notes.iter().filter(|note| [2, 4, 5, 7, 9, 10, 0, 1].contains(&(note.key % 12))).count();
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let share = n_inside as f64 / notes.len() as f64;
    share
}

#[test]
fn the_answer_keeps_the_key_of_the_call() {
    let shares = ["Off", "Lean", "Strict"].map(|lock| {
        let share = |seed: u32| share_in_key(&long_answer(&[("Key lock", lock), ("Seed", &seed.to_string())]));
        (1..6).map(share).sum::<f64>() / 5.0
    });
    println!("in the key of the call, by lock off, lean, strict: {shares:?}");
    assert!(shares[1] > 0.9 && shares[2] == 1.0, "{shares:?}");
}

#[test]
fn a_key_and_scale_can_be_chosen() {
    let notes = long_answer(&[("Key", "F#"), ("Scale", "Major pentatonic"), ("Key lock", "Strict")]);
    assert!(!notes.is_empty() && notes.iter().all(|note| [6, 8, 10, 1, 3].contains(&(note.key % 12))), "{notes:?}");
}

#[test]
fn one_voice_is_one_note_at_a_time() {
    let notes = long_answer(&[("Voices", "1"), ("Density", "4")]);
    assert!(notes.len() > 4);
    assert!(notes.windows(2).all(|w| w[0].off_samples <= Some(w[1].on_samples)), "{notes:?}");
}

#[test]
fn a_quantised_answer_is_on_the_grid() {
    let notes = long_answer(&[("Quantise", "1/8"), ("Start", "Next bar"), ("Rhythm freedom", "150")]);
    let eighth = sample_of(&open(OFFLINE, Pace::Unpaced), 0.5);
    assert!(notes.len() > 4 && notes.iter().all(|note| note.on_samples % eighth == 0), "{notes:?}");
}

#[test]
fn velocity_follows_the_call() {
    let mean = |velocity: u8, follow: &str| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        set_text(&mut rig, "Velocity follow", follow);
        for beat in 0..6 {
            rig.send_note(sample_of(&rig, f64::from(beat)), 5000, 60 + 2 * beat, velocity);
        }
        rig.run(sample_of(&rig, 20.0)).unwrap();
        let notes = pair(&rig.heard);
        notes.iter().map(|note| u32::from(note.velocity)).sum::<u32>() / u32::try_from(notes.len()).unwrap()
    };
    let (soft, loud) = (mean(25, "100"), mean(115, "100"));
    assert!(soft < 45 && loud > 95, "{soft} and {loud}");
}

/// The answer while a parameter is changed at a beat, in blocks of this size.
fn automated(block: u32, name: &str, beat: f64, value: f64) -> Vec<Played> {
    let mut rig = open(Settings { max_block: block, ..OFFLINE }, Pace::Unpaced);
    set_text(&mut rig, "Answer length", "8 bars");
    play_call(&mut rig, 0);
    let id = rig.parameter(name).unwrap().id;
    rig.send(sample_of(&rig, beat) + 17, Message::Parameter { id, value });
    rig.run(sample_of(&rig, 32.0)).unwrap();
    pair(&rig.heard)
}

#[test]
fn automation_changes_a_phrase_in_flight_at_once_and_on_the_same_note_at_any_block_size() {
    let plain = automated(512, "Lowest key", 100.0, 0.0);
    let expected = automated(512, "Lowest key", 14.0, 84.0);
    let rig: Rig<Clap> = open(OFFLINE, Pace::Unpaced);
    let (before, after) = (sample_of(&rig, 14.0), sample_of(&rig, 14.75));
    let until = |notes: &[Played]| notes.iter().filter(|n| n.on_samples < before).copied().collect::<Vec<_>>();
    assert_eq!(until(&expected).len(), until(&plain).len());
    assert!(expected.iter().any(|note| note.on_samples < before && note.key < 84));
    let late: Vec<_> = expected.iter().filter(|note| note.on_samples >= after).collect();
    assert!(!late.is_empty() && late.iter().all(|note| note.key >= 84), "{late:?}");
    for block in [1, 64, 1000, 4096] {
        assert_eq!(automated(block, "Lowest key", 14.0, 84.0), expected, "blocks of {block}");
    }
}

/// The song of a rig in which a player has had a parameter learn a controller in the window.
pub(crate) fn with_a_learnt_controller(rig: &mut Rig<Clap>, controller: u8, id: &str) -> Vec<u8> {
    rig.run(64).unwrap();
    let saved = rig.plugin.save().unwrap();
    let (length, text) = saved.split_at(8);
    let text = std::str::from_utf8(text).unwrap();
    assert_eq!(length, (text.len() as u64).to_le_bytes(), "a length, and then text");
    assert!(text.contains(r#""controllers":"{}""#), "{text}");
    let learnt = format!(r#""controllers":"{{\"{controller}\":\"{id}\"}}""#);
    let learnt = text.replace(r#""controllers":"{}""#, &learnt);
    let mut blob = (learnt.len() as u64).to_le_bytes().to_vec();
    blob.extend(learnt.bytes());
    blob
}

#[test]
fn a_controller_that_was_learnt_moves_its_parameter_and_is_saved() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    let blob = with_a_learnt_controller(&mut rig, 20, "lowest");
    let play = |value: Option<u8>| {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        rig.plugin.load(&blob).unwrap();
        rig.set("Thru", 0.0).unwrap();
        if let Some(value) = value {
            rig.send(100, Message::Midi([0xB0, 20, value]));
        }
        assert_eq!(rig.plugin.save().unwrap(), blob);
        answer(&mut rig, 16)
    };
    assert!(play(None).iter().any(|note| note.key < 80));
    let high = play(Some(85));
    assert!(!high.is_empty() && high.iter().all(|note| note.key >= 85), "{high:?}");

    // Automation takes over, and what the controller said does not come back with the value that it was said over.
    let mut rig = open(OFFLINE, Pace::Unpaced);
    rig.plugin.load(&blob).unwrap();
    rig.set("Thru", 0.0).unwrap();
    let id = rig.parameter("Lowest key").unwrap().id;
    rig.send(100, Message::Midi([0xB0, 20, 85]));
    for (at, value) in [(200, 40.0), (300, 36.0)] {
        rig.send(at, Message::Parameter { id, value });
    }
    assert_eq!(answer(&mut rig, 16), play(None));
}

#[test]
fn a_control_that_moves_in_the_silence_before_the_answer_holds_from_its_first_note_on() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Hand over by silence", "Beats");
    set_text(&mut rig, "Silence in beats", "8");
    play_call(&mut rig, 0);
    let id = rig.parameter("Lowest key").unwrap().id;
    rig.send(sample_of(&rig, 5.0), Message::Parameter { id, value: 84.0 });
    rig.run(sample_of(&rig, 16.0)).unwrap();
    let notes = pair(&rig.heard);
    assert_eq!(notes.first().map(|note| note.on_samples), Some(sample_of(&rig, 11.5)));
    assert!(notes.iter().all(|note| note.key >= 84), "{notes:?}");
}

#[test]
fn an_answer_stays_on_the_channel_of_its_call() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "When I play over", "Play on");
    set_text(&mut rig, "Answer length", "4 bars");
    play_call(&mut rig, 0);
    let at = sample_of(&rig, 8.0);
    rig.send(at, Message::NoteOn { channel: 5, key: 40, velocity: 80 });
    rig.send(at + 2000, Message::NoteOff { channel: 5, key: 40 });
    rig.run(sample_of(&rig, 16.0)).unwrap();
    let notes = pair(&rig.heard);
    assert!(notes.iter().any(|note| note.on_samples > at) && notes.iter().all(|note| note.channel == 0), "{notes:?}");
}

#[test]
fn another_seed_is_another_piece_in_another_key() {
    let classes = |seed: u32| -> BTreeSet<u8> {
        let mut rig = open(OFFLINE, Pace::Unpaced);
        for (name, text) in [("Mode", "Continue"), ("Key lock", "Strict"), ("Seed", &seed.to_string())] {
            set_text(&mut rig, name, text);
        }
        rig.run(sample_of(&rig, 48.0)).unwrap();
        pair(&rig.heard).iter().map(|note| note.key % 12).collect()
    };
    // Twelve seeds go round the circle of fifths; not every piece uses all of its scale.
    let keys: BTreeSet<_> = (1..=12).map(classes).collect();
    assert!(keys.len() > 8, "{keys:?}");
}

#[test]
fn automation_reaches_a_generator_that_has_played_more_than_it_looks_back() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    for (name, text) in [("Mode", "Continue"), ("Complexity", "100"), ("Temperature", "0.5"), ("Seed", "2")] {
        set_text(&mut rig, name, text);
    }
    rig.run(sample_of(&rig, 400.0)).unwrap();
    let n_notes = pair(&rig.heard).len();
    assert!(n_notes > 1100, "{n_notes} notes are less than it looks back");
    for (lowest, highest) in [(84, 96), (36, 50)] {
        let moved = rig.now();
        rig.set("Lowest key", f64::from(lowest)).unwrap();
        rig.set("Highest key", f64::from(highest)).unwrap();
        rig.run(sample_of(&rig, 8.0)).unwrap();
        let from = moved + sample_of(&rig, 0.75);
        let keys: Vec<u8> =
            pair(&rig.heard).iter().filter(|note| note.on_samples > from).map(|note| note.key).collect();
        assert!(!keys.is_empty() && keys.iter().all(|key| (lowest..=highest).contains(key)), "{keys:?}");
    }
}

#[test]
fn a_turn_that_was_taken_back_keeps_no_generator_silent() {
    let mut rig = open(OFFLINE, Pace::Unpaced);
    set_text(&mut rig, "Hand-over controller", "66");
    play_call(&mut rig, 0);
    rig.send(sample_of(&rig, 8.0), Message::Midi([0xB0, 66, 127]));
    rig.run(sample_of(&rig, 12.0)).unwrap();
    set_text(&mut rig, "Mode", "Continue");
    let from = rig.now();
    rig.run(sample_of(&rig, 8.0)).unwrap();
    assert!(pair(&rig.heard).iter().any(|note| note.on_samples >= from));
}

#[test]
fn density_and_complexity_are_heard_in_the_number_of_notes() {
    // Onsets and notes of four answers of eight bars.
    let count = |name: &str, text: &str| -> (usize, usize) {
        let mut count = (0, 0);
        for seed in 1..=4 {
            let mut rig = open(OFFLINE, Pace::Unpaced);
            for (name, text) in [("Answer length", "8 bars"), (name, text), ("Seed", &seed.to_string())] {
                set_text(&mut rig, name, text);
            }
            let mut onsets: Vec<u64> = answer(&mut rig, 40).iter().map(|note| note.on_samples).collect();
            count.1 += onsets.len();
            onsets.dedup();
            count.0 += onsets.len();
        }
        count
    };
    let [few, some, many] = ["0.25", "1", "4"].map(|text| count("Density", text));
    assert!(2 * few.0 <= some.0 && 2 * some.0 <= many.0, "{few:?}, {some:?}, {many:?}");
    let [simple, complex] = ["-100", "100"].map(|text| count("Complexity", text));
    assert!(2 * simple.0 <= complex.0, "{simple:?}, {complex:?}");
    assert!(4 * simple.1 * complex.0 <= 3 * complex.1 * simple.0, "fuller chords: {simple:?}, {complex:?}");
}
